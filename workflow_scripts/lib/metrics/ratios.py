"""Plain energy ratios of whole tracks. All channels and samples are summed; signals are [source, channel, time]."""

import numpy as np

from workflow_scripts.lib.metrics.contract import Metric
from workflow_scripts.lib.metrics.estimate import Score
from workflow_scripts.lib.metrics.frames import Frames, decibels, energies

USDR_OFFSET = 1e-7  # of the Music Demixing challenges (Mitsufuji et al., Frontiers in Signal Processing 1, 2022)

METRICS = (
    Metric(
        "uSDR", "dB", "track", "higher",
        "10 log10((|s|^2 + 1e-7) / (|e - s|^2 + 1e-7)) over all samples and channels of the track, the measure of "
        "the Music Demixing challenges, undefined for a silent reference.",
    ),
    Metric(
        "SNR", "dB", "track", "higher",
        "Signal-to-noise ratio 10 log10(|s|^2 / |e - s|^2) over all samples and channels of the track, undefined "
        "for a silent reference.",
    ),
)  # fmt: skip


def snr(references: np.ndarray, estimates: np.ndarray) -> np.ndarray:
    """10 log10(|s|^2 / |e - s|^2) in dB -> [source]; +infinity for an exact estimate, NaN for a silent reference."""
    true, error = _energies(references, estimates)
    return np.where(true == 0, np.nan, decibels(true, error))


def usdr(references: np.ndarray, estimates: np.ndarray) -> np.ndarray:
    """10 log10((|s|^2 + 1e-7) / (|e - s|^2 + 1e-7)) in dB -> [source], the challenges' whole-track measure.

    It depends slightly on the level, and departs from the challenges in being NaN for a silent reference, where
    only the offset would be scored.
    """
    true, error = _energies(references, estimates)
    return np.where(true == 0, np.nan, decibels(true + USDR_OFFSET, error + USDR_OFFSET))


def _energies(references: np.ndarray, estimates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Energies of the references and of the errors over the whole track, each [source]."""
    whole = Frames(references.shape[-1], references.shape[-1], 1)
    return energies(references, whole)[:, 0], energies(estimates, whole, minus=references)[:, 0]


SCORES: dict[str, Score] = {
    "uSDR": lambda estimate: usdr(estimate.track.references, estimate.signals),
    "SNR": lambda estimate: snr(estimate.track.references, estimate.signals),
}
