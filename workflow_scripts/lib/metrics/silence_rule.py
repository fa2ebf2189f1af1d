"""Which frames of a source are too quiet to be scored, by the rule of arXiv 2201.09592."""

import numpy as np

from workflow_scripts.lib.metrics.estimate import Estimate, TrackReferences
from workflow_scripts.lib.metrics.frames import Frames, channel_energies

FLOOR_SAMPLES = 16_000  # samples of one channel that an energy floor is quoted for: 1 s at 16 kHz


def too_quiet(references: np.ndarray, mixture: np.ndarray, frames: Frames, energy_floor: float) -> np.ndarray:
    """Frames of a source that are left out because it is too quiet there.

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
    return channel_energies(references, frames).sum(axis=1) / peak**2 < floor


def quiet_frames(track: TrackReferences) -> np.ndarray:
    """Where the track's silence rule leaves a frame out, [source, frame] bool; nowhere without one."""
    if track.scoring.energy_floor is None:
        return np.zeros((len(track.references), track.frames.count), dtype=bool)
    return too_quiet(track.references, track.mixture, track.frames, track.scoring.energy_floor)


def leave_out_quiet(estimate: Estimate, values: np.ndarray) -> np.ndarray:
    """Values [source, frame], NaN where the silence rule leaves a frame out."""
    return np.where(estimate.track.once(quiet_frames), np.nan, values)
