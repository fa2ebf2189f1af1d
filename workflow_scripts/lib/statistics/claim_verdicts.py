"""The rule by which a claim is judged: what an interval says of a published number, or of an order of two methods.

All that is judged is the 95 % interval [low, high] of a difference, over tracks and over seeds where there are several.
Written down with its error rates in `docs/claims.md`; the rates are simulated by `python -m tests.error_rates`.
"""

import math

from workflow_scripts.lib.statistics.intervals import Interval, t_quantile

REPRODUCED, DIFFERS, INCONCLUSIVE, NOT_ATTEMPTED = VERDICTS = (
    "reproduced", "differs", "inconclusive", "not attempted",
)  # fmt: skip


def judge_value(interval: Interval, tolerance: float, margin: float | None) -> str:
    """A published number, by the interval of ours minus it.

    Reproduced: the difference, wherever within its tolerance the published number lies, is shown to be smaller than the
    margin (two one-sided tests, Schuirmann 1987, at 2.5 % each). Otherwise it differs where the interval leaves out all
    that the published number may be. Inconclusive: neither.

    tolerance: how far the published number may be from that which is meant.  margin: the greatest difference that does
    not matter, None where nobody said which; then nothing is reproduced.
    """
    if _is_inside(interval, margin, tolerance):
        return REPRODUCED
    return DIFFERS if interval.low > tolerance or interval.high < -tolerance else INCONCLUSIVE


def judge_order(interval: Interval, least: float = 0.0) -> str:
    """That A is better than B by more than `least`, by the interval of the difference A - B, higher being better."""
    if interval.low > least:
        return REPRODUCED
    return DIFFERS if interval.high < least else INCONCLUSIVE


def judge_equality(interval: Interval, margin: float | None) -> str:
    """That A and B are nearly the same, by the interval of the difference A - B.

    Reproduced where it lies within the margin, differs where it lies beyond it, on one side.
    """
    if margin is None:
        return INCONCLUSIVE
    if _is_inside(interval, margin):
        return REPRODUCED
    return DIFFERS if interval.low > margin or interval.high < -margin else INCONCLUSIVE


def difference_interval(
    ours: float, interval: Interval, value: float, error: float | None, runs: int | None
) -> Interval:
    """The interval of ours minus a published value.  interval: of ours.  error: standard error of the value over runs.

    What the published runs differ in widens it: the squares of both reaches add up, that of the published mean being
    Student's t for so many runs.
    """
    if interval.reason:
        return interval
    theirs = error * t_quantile(runs - 1) if error and runs and runs > 1 else 0.0
    low, high = (math.hypot(reach, theirs) for reach in (ours - interval.low, interval.high - ours))
    return Interval(ours - value - low, ours - value + high, "")


def _is_inside(interval: Interval, margin: float | None, tolerance: float = 0.0) -> bool:
    return margin is not None and -margin <= interval.low - tolerance and interval.high + tolerance <= margin
