"""Which frames of a source are too quiet to be scored, by the rule of arXiv 2201.09592."""

import numpy as np

from workflow_scripts.lib.metrics.estimate import Estimate, TrackReferences
from workflow_scripts.lib.metrics.frames import Frames, channel_energies

EXCERPT_SECONDS = 4  # of the paper, whose test songs are cut into excerpts that do not overlap
FLOOR_SAMPLES = 16_000  # samples of one channel that an energy floor is quoted for: 1 s at 16 kHz


def excerpt_peaks(mixture: np.ndarray, frames: Frames, rate: int) -> np.ndarray:
    """The mixture's absolute peak in the excerpt that each frame lies in, [frame]; 1 where that is silent.

    The excerpts are 4 s long and begin at sample 0; the last one is what is left. A frame that lies in several takes
    the highest of their peaks.

    Args:
        mixture: [channel, time].  rate: in Hz.
    """
    length = EXCERPT_SECONDS * rate
    peaks = np.maximum.reduceat(np.abs(mixture).max(axis=0), np.arange(0, mixture.shape[-1], length))
    firsts = np.arange(frames.count) * frames.hop
    lasts = firsts + frames.length - 1
    found = [peaks[first : last + 1].max() for first, last in zip(firsts // length, lasts // length, strict=True)]
    return np.array([peak or 1.0 for peak in found])


def too_quiet(references: np.ndarray, frames: Frames, peaks: np.ndarray, energy_floor: float) -> np.ndarray:
    """Frames of a source that are left out because it is too quiet there.

    A frame is left out where the sum of squares of the reference, divided by the square of its peak, lies under
    `energy_floor`. The floor is quoted for 16,000 samples of one channel (the paper: 10) and grows in proportion to
    samples times channels, so that it always means the same power (10: -32 dB under a full square wave). The paper
    takes the peak of the mixture of four voices even where it scores two.

    Args:
        references: [source, channel, time].  peaks: of `excerpt_peaks`, [frame].

    Returns: [source, frame] bool.
    """
    floor = energy_floor * frames.length * references.shape[1] / FLOOR_SAMPLES
    return channel_energies(references, frames).sum(axis=1) / peaks**2 < floor


def peaks_of(track: TrackReferences) -> np.ndarray:
    """`excerpt_peaks` of the track's frames."""
    return excerpt_peaks(track.mixture, track.frames, track.rate)


def quiet_frames(track: TrackReferences) -> np.ndarray:
    """Where the track's silence rule leaves a frame out, [source, frame] bool; nowhere without one."""
    if track.scoring.energy_floor is None:
        return np.zeros((len(track.references), track.frames.count), dtype=bool)
    return too_quiet(track.references, track.frames, track.once(peaks_of), track.scoring.energy_floor)


def leave_out_quiet(estimate: Estimate, values: np.ndarray) -> np.ndarray:
    """Values [source, frame], NaN where the silence rule leaves a frame out."""
    return np.where(estimate.track.once(quiet_frames), np.nan, values)
