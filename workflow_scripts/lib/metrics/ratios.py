"""Plain energy ratios of whole tracks. All channels and samples are summed; signals are [source, channel, time]."""

import numpy as np

from workflow_scripts.lib.metrics.frames import Frames, decibels, energies

USDR_OFFSET = 1e-7  # of the Music Demixing challenges (Mitsufuji et al., Frontiers in Signal Processing 1, 2022)


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


def improvement(score: np.ndarray, of_mixture: np.ndarray) -> np.ndarray:
    """What a score gains over the mixture taken as the estimate, in dB; NaN where both are the same infinity."""
    with np.errstate(invalid="ignore"):
        return np.subtract(score, of_mixture)


def _energies(references: np.ndarray, estimates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    whole = Frames(references.shape[-1], references.shape[-1], 1)
    return energies(references, whole)[:, 0], energies(estimates, whole, minus=references)[:, 0]
