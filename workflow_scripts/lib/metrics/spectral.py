"""Spectral metrics of Schulze-Forster et al., IEEE/ACM TASLP 31, 2023 (arXiv 2201.09592), as in the released code.

They compare magnitudes, so they can score a synthesised voice whose phases are its own. Each frame (1 s in the
paper) is analysed on its own, at 16 kHz with a 512-sample Hann window every 256 samples; other rates take the same
32 ms and 16 ms, and stereo, which the paper does not have, is pooled as stated at each function.
"""

from functools import lru_cache

import numpy as np
import scipy.fft
import scipy.signal

from workflow_scripts.lib.metrics.frames import Frames, decibels

HOP_SECONDS = 0.016
SNR_OFFSET = 1e-8  # added to the ratio, so -80 dB is the least
MEL_BANDS, COEFFICIENTS, LOG_OFFSET = 128, 13, 1e-6


def spectral_snr(references: np.ndarray, estimates: np.ndarray, frames: Frames, rate: int) -> np.ndarray:
    """sp-SNR in dB: 10 log10(sum S^2 / sum (E - S)^2 + 1e-8), S, E magnitudes of a frame, all channels summed.

    Two signals [source, channel, time] at `rate` Hz -> [source, frame]; +infinity for equal magnitudes, NaN where
    reference or estimate is all zeros.
    """
    return _framewise(references, estimates, frames, lambda s, e: _snr(*_magnitudes(s, e, rate)))


def spectral_si_snr(references: np.ndarray, estimates: np.ndarray, frames: Frames, rate: int) -> np.ndarray:
    """sp-SI-SNR in dB: as sp-SNR after scaling S by <S, E> / <S, S> over the frame."""

    def score(reference: np.ndarray, estimate: np.ndarray) -> float:
        s, e = _magnitudes(reference, estimate, rate)
        return _snr(s * ((s * e).sum() / (s * s).sum()), e)

    return _framewise(references, estimates, frames, score)


def mel_cepstral_distance(references: np.ndarray, estimates: np.ndarray, frames: Frames, rate: int) -> np.ndarray:
    """Mel cepstral distance: Euclidean distance of the 13 coefficients (c0 included), mean over STFT frames, then over
    channels; without unit, and dependent on the level, so scale signals by the mixture's peak as the paper does.

    Two signals [source, channel, time] at `rate` Hz -> [source, frame]; NaN where reference or estimate is all zeros.
    """

    def score(reference: np.ndarray, estimate: np.ndarray) -> float:
        difference = mel_cepstrum(reference, rate) - mel_cepstrum(estimate, rate)
        return np.sqrt((difference**2).sum(axis=-1)).mean()

    return _framewise(references, estimates, frames, score)


def mel_cepstrum(signal: np.ndarray, rate: int) -> np.ndarray:
    """Signal [..., time] -> mel cepstrum [..., STFT frame, coefficient], torchaudio's MFCC of 13 coefficients.

    Power spectrum (centred frames, reflected ends), 128 triangular bands between 0 Hz and half the rate on the HTK mel
    scale with peaks of 1, natural logarithm of band + 1e-6, orthonormal DCT-II.
    """
    power = _stft(signal, _half_window(rate)) ** 2
    bands = np.log(power @ _mel_bands(power.shape[-1], rate) + LOG_OFFSET)
    return scipy.fft.dct(bands, norm="ortho", axis=-1, workers=1)[..., :COEFFICIENTS]


def _framewise(references: np.ndarray, estimates: np.ndarray, frames: Frames, score) -> np.ndarray:  # noqa: ANN001
    values = np.full((len(references), frames.count), np.nan)
    true, guessed = frames.cut(references), frames.cut(estimates)
    for source, frame in np.ndindex(values.shape):
        pair = true[source, :, frame], guessed[source, :, frame]
        if pair[0].any() and pair[1].any():
            values[source, frame] = score(*pair)
    return values


def _snr(s: np.ndarray, e: np.ndarray) -> float:
    error = ((e - s) ** 2).sum()
    return np.inf if error == 0 else decibels((s * s).sum() / error + SNR_OFFSET, 1.0)


def _magnitudes(reference: np.ndarray, estimate: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Magnitudes of a frame; zeros are added until the last window lies wholly behind the frame, as in DDSP."""
    half = _half_window(rate)
    time = reference.shape[-1]
    tail = (-(-time // half) + 1) * half - time
    s, e = (_stft(np.pad(signal, ((0, 0), (0, tail))), half) for signal in (reference, estimate))
    return s, e


def _stft(signal: np.ndarray, half: int) -> np.ndarray:
    """Signal [..., time] -> magnitudes [..., STFT frame, bin], periodic Hann of 2 * half samples every `half` samples,
    frames centred, the ends reflected."""
    padded = np.pad(signal, [(0, 0)] * (signal.ndim - 1) + [(half, half)], mode="reflect")
    framed = np.lib.stride_tricks.sliding_window_view(padded, 2 * half, axis=-1)[..., ::half, :]
    window = scipy.signal.windows.hann(2 * half, sym=False)
    return np.abs(scipy.fft.rfft(framed * window, axis=-1, workers=1))


def _half_window(rate: int) -> int:
    return round(HOP_SECONDS * rate)


@lru_cache(maxsize=4)
def _mel_bands(bins: int, rate: int) -> np.ndarray:
    """Triangular bands [bin, band] on the HTK mel scale, 2595 log10(1 + f / 700)."""
    frequencies = np.linspace(0, rate / 2, bins)
    edges = 700 * (10 ** (np.linspace(0, np.log10(1 + rate / 1400), MEL_BANDS + 2)) - 1)
    rising = (frequencies[:, None] - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - frequencies[:, None]) / np.diff(edges)[1:]
    return np.maximum(0, np.minimum(rising, falling))
