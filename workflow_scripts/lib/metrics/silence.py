"""What is heard where a source is silent, and which frames are too quiet to be scored.

PES and EPS after Schulze-Forster, Doire, Richard, Badeau, WASPAA 2019, as released with the one-shot system of
WASPAA 2021. There the values of the last source were written for all sources; here each source has its own.
"""

import numpy as np

from workflow_scripts.lib.metrics.frames import Frames

OFFSET = 1e-12  # of the released code: perfect silence is -120 dB
FLOOR_SAMPLES = 16_000  # samples of one channel that an energy floor is quoted for: 1 s at 16 kHz


def predicted_energy_at_silence(references: np.ndarray, estimates: np.ndarray, frames: Frames) -> np.ndarray:
    """PES in dB of each frame: 10 log10(sum of squares of the estimate + 1e-12) where the reference is exactly zero.

    Two signals [source, channel, time] -> [source, frame]. Each channel is looked at alone and a frame's value is the
    mean over its silent channels; NaN where there is none. Lower is better. Not normalised by the frame's length.
    """
    return _energy_where_zero(references, estimates, frames)


def energy_at_predicted_silence(references: np.ndarray, estimates: np.ndarray, frames: Frames) -> np.ndarray:
    """EPS in dB of each frame: 10 log10(sum of squares of the reference + 1e-12) where the estimate is exactly zero.

    As PES with the roles exchanged; a frame in which both are zero counts with -120 dB, as in the released code.
    """
    return _energy_where_zero(estimates, references, frames)


def mean_and_count(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values [source, frame] -> mean over the defined ones (NaN where there is none), and their number, [source]."""
    counts = np.isfinite(values).sum(axis=1)
    totals = np.where(np.isfinite(values), values, 0).sum(axis=1)
    return np.where(counts > 0, totals / np.maximum(counts, 1), np.nan), counts


def too_quiet(references: np.ndarray, mixture: np.ndarray, frames: Frames, energy_floor: float) -> np.ndarray:
    """The silence rule of arXiv 2201.09592: frames of a source that are left out because it is too quiet there.

    A frame is left out where the sum of squares of the reference, the mixture's absolute peak over the whole track
    scaled to 1, lies under `energy_floor`. The floor is quoted for 16,000 samples of one channel (the paper: 10) and
    grows in proportion to samples times channels, so that it always means the same power (10: -32 dB under a full
    square wave). The paper takes the peak of each four-second excerpt, with four voices even where it scores two.

    Args:
        references: [source, channel, time]. mixture: [channel, time].

    Returns: [source, frame] bool.
    """
    floor = energy_floor * frames.length * len(mixture) / FLOOR_SAMPLES
    peak = np.abs(mixture).max() or 1.0
    return _channel_energies(references, frames).sum(axis=1) / peak**2 < floor


def _energy_where_zero(zero: np.ndarray, sounding: np.ndarray, frames: Frames) -> np.ndarray:
    framed = frames.cut(zero)
    quiet = np.array([[~frames_of_channel.any(axis=-1) for frames_of_channel in source] for source in framed])
    level = 10 * np.log10(_channel_energies(sounding, frames) + OFFSET)
    counts = quiet.sum(axis=1)
    totals = np.where(quiet, level, 0).sum(axis=1)
    return np.where(counts > 0, totals / np.maximum(counts, 1), np.nan)


def _channel_energies(signals: np.ndarray, frames: Frames) -> np.ndarray:
    """Sum of squares -> [source, channel, frame]."""
    framed = frames.cut(signals)
    return np.array([[np.einsum("ft,ft->f", channel, channel) for channel in source] for source in framed])
