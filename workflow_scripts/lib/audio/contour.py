"""F0 contours from one time grid to another, without inventing pitches between a voiced frame and an unvoiced one."""

import numpy as np


def resample(times: np.ndarray, hz: np.ndarray, target: np.ndarray, reach: float, between: str) -> np.ndarray:
    """Contour hz [frame] at `times` [frame] in s, ascending -> the contour at `target` [new frame] in s; 0 = unvoiced.

    reach: a frame holds for at most this many seconds to either side; beyond it, the contour is unvoiced.
    between: "nearest" takes the nearest frame, the earlier of two at one distance; "linear" interpolates in Hz between
        two voiced frames that lie no farther apart than twice the reach, and takes the nearest frame elsewhere, so
        that no value lies between 0 Hz and a pitch; "across" interpolates everything, zeros too, as published with
        arXiv 2201.09592 (glides from 0 Hz at every onset).
    """
    if len(times) == 0:
        return np.zeros(len(target))
    if between == "across":
        return np.interp(target, times, hz)
    index, distance = nearest_frame(times, target)
    values = np.where(distance <= reach + 1e-9, hz[index], 0.0)
    return values if between == "nearest" else _linear_in_runs(times, hz, target, reach, values)


def nearest_frame(times: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each target time: index of the nearest of `times` (not empty, ascending), and the distance to it in s."""
    right = np.searchsorted(times, target).clip(0, len(times) - 1)
    left = (right - 1).clip(0)
    # A billionth of a second in favour of the earlier frame, so that rounding decides no tie.
    index = np.where(np.abs(target - times[left]) <= np.abs(times[right] - target) + 1e-9, left, right)
    return index, np.abs(times[index] - target)


def _linear_in_runs(
    times: np.ndarray, hz: np.ndarray, target: np.ndarray, reach: float, otherwise: np.ndarray
) -> np.ndarray:
    """[new frame] in Hz, interpolated inside voiced runs, and `otherwise` [new frame] elsewhere."""
    right = np.searchsorted(times, target).clip(1, max(1, len(times) - 1)).clip(max=len(times) - 1)
    left = (right - 1).clip(0)
    inside = (target >= times[left]) & (target <= times[right]) & (times[right] - times[left] <= 2 * reach + 1e-9)
    inside &= (hz[left] > 0) & (hz[right] > 0)
    return np.where(inside, np.interp(target, times, hz), otherwise)


def fit(values: np.ndarray, frames: int) -> np.ndarray:
    """Values [..., frame] cut, or filled up with zeros, to `frames` frames."""
    short = max(0, frames - values.shape[-1])
    return np.pad(values[..., :frames], [(0, 0)] * (values.ndim - 1) + [(0, short)])
