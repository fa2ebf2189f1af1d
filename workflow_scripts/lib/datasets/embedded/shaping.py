"""Noise with a spectrum that changes over time."""

import numpy as np


def shaped_noise(levels: np.ndarray, samples: int, generator: np.random.Generator) -> np.ndarray:
    """Gaussian noise [time] whose short-time amplitude spectrum follows levels [frame, bin], frame m at m half-frames.

    Frames of 2 * (bins - 1) samples overlap by half under a sine window, so that their powers add to one; a level of
    1 in all bins is noise of standard deviation 1.
    """
    frames, bins = levels.shape
    size, hop = 2 * (bins - 1), bins - 1
    spectra = np.fft.rfft(generator.standard_normal((frames, size)), axis=1) * levels
    pieces = np.fft.irfft(spectra, size, axis=1) * np.sin(np.pi * (np.arange(size) + 0.5) / size)
    out = np.zeros((frames + 1, hop))
    out[:-1] += pieces[:, :hop]
    out[1:] += pieces[:, hop:]
    return out.ravel()[hop : hop + samples]
