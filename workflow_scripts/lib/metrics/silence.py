"""What is heard where a source is silent.

PES and EPS after Schulze-Forster, Doire, Richard, Badeau, WASPAA 2019, as released with the one-shot system of
WASPAA 2021. There the values of the last source were written for all sources; here each source has its own.
"""

import numpy as np

from workflow_scripts.lib.metrics.contract import Metric
from workflow_scripts.lib.metrics.estimate import Estimate, Score
from workflow_scripts.lib.metrics.frames import Frames, channel_energies

OFFSET = 1e-12  # of the released code: perfect silence is -120 dB

METRICS = (
    Metric(
        "PES", "dB", "frame", "lower",
        "Predicted energy at silence, 10 log10(sum of squares of the estimate + 1e-12) where the reference is "
        "exactly zero, {frames}, mean over the channels that are silent, undefined elsewhere.",
    ),
    Metric(
        "EPS", "dB", "frame", "lower",
        "Energy at predicted silence, 10 log10(sum of squares of the reference + 1e-12) where the estimate is "
        "exactly zero, {frames}, mean over the channels that are silent, undefined elsewhere.",
    ),
)  # fmt: skip


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


def _energy_where_zero(zero: np.ndarray, sounding: np.ndarray, frames: Frames) -> np.ndarray:
    """Energy in dB of the signals `sounding` where the signals `zero` are, both [source, channel, time], channel by
    channel -> mean over the channels that are zero [source, frame]."""
    framed = frames.cut(zero)
    quiet = np.array([[~frames_of_channel.any(axis=-1) for frames_of_channel in source] for source in framed])
    level = 10 * np.log10(channel_energies(sounding, frames) + OFFSET)
    counts = quiet.sum(axis=1)
    totals = np.where(quiet, level, 0).sum(axis=1)
    return np.where(counts > 0, totals / np.maximum(counts, 1), np.nan)


def pes(estimate: Estimate) -> np.ndarray:
    """PES in dB [source, frame]."""
    return predicted_energy_at_silence(estimate.track.references, estimate.signals, estimate.track.frames)


def eps(estimate: Estimate) -> np.ndarray:
    """EPS in dB [source, frame]."""
    return energy_at_predicted_silence(estimate.track.references, estimate.signals, estimate.track.frames)


SCORES: dict[str, Score] = {"PES": pes, "EPS": eps}
