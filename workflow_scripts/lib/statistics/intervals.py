"""Bootstrap intervals over tracks."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

RESAMPLES = 2000
LEVEL = 0.95


class Interval(NamedTuple):
    """low, high: NaN where there is no interval; reason: why there is none, otherwise empty."""

    low: float
    high: float
    reason: str


def bootstrap_interval(
    samples: Sequence[np.ndarray], statistic: Callable[..., np.ndarray], generator: np.random.Generator
) -> Interval:
    """95 % percentile bootstrap interval of `statistic(*samples, axis=-1)`; the tracks are drawn with replacement.

    samples: one or more arrays [track] of values of the same tracks, in the unit of the interval; tracks are drawn in
    all of them together.

    Simulated on exponential data, the 95 % interval of a mean holds the truth in 77 % of cases with 4 tracks, 87 %
    with 10 and 93 % with 50: with few tracks it is too narrow, and bias correction (BCa) gains 2 points at most.
    """
    samples = [np.asarray(sample, dtype=float) for sample in samples]
    tracks = samples[0].size
    if tracks < 2:
        return Interval(np.nan, np.nan, "one track" if tracks else "no value")
    if not all(np.isfinite(sample).all() for sample in samples):
        return Interval(np.nan, np.nan, "infinite value")
    drawn = stats.bootstrap(
        samples,
        statistic,
        n_resamples=RESAMPLES,
        vectorized=True,
        paired=len(samples) > 1,
        confidence_level=LEVEL,
        method="percentile",
        rng=generator,
    ).confidence_interval
    return Interval(float(drawn.low), float(drawn.high), "")


def pooled_mean(total: np.ndarray, count: np.ndarray, axis: int = -1) -> np.ndarray:
    """Mean over all pooled values, from their sum and number in each track, [..., track] -> [...]."""
    return np.sum(total, axis=axis) / np.sum(count, axis=axis)
