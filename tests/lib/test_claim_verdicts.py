"""The rule of verdicts on claims: by hand values, and by its error rates (`python -m tests.error_rates`)."""

import numpy as np
import pytest

from tests import error_rates
from workflow_scripts.lib.statistics.claim_verdicts import (
    DIFFERS,
    INCONCLUSIVE,
    REPRODUCED,
    difference_interval,
    judge_equality,
    judge_order,
    judge_value,
)
from workflow_scripts.lib.statistics.intervals import Interval

NAN = float("nan")


def between(low: float, high: float) -> Interval:
    return Interval(low, high, "")


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-0.44, 0.44, REPRODUCED),  # with the rounding of 0.05 within half a dB
        (-0.46, 0.1, INCONCLUSIVE),  # with it beyond, though without it within
        (-0.1, 0.46, INCONCLUSIVE),
        (0.06, 0.44, REPRODUCED),  # surely different, and surely by less than matters
        (0.06, 0.46, DIFFERS),
        (0.04, 0.46, INCONCLUSIVE),  # the published number may be 0.05 higher
        (-0.46, -0.06, DIFFERS),
        (-0.46, -0.04, INCONCLUSIVE),
        (2.0, 3.0, DIFFERS),
        (-9.0, 9.0, INCONCLUSIVE),
        (NAN, NAN, INCONCLUSIVE),
    ],
)
def test_a_value_is_reproduced_within_the_margin_and_differs_beyond_its_rounding(low, high, verdict):
    assert judge_value(between(low, high), 0.05, 0.5) == verdict


def test_without_a_margin_no_value_is_reproduced_but_it_may_differ():
    assert judge_value(between(-0.01, 0.01), 0.05, None) == INCONCLUSIVE
    assert judge_value(between(0.06, 0.1), 0.05, None) == DIFFERS


@pytest.mark.parametrize(
    ("low", "high", "least", "verdict"),
    [
        (0.01, 2.0, 0.0, REPRODUCED),
        (0.0, 2.0, 0.0, INCONCLUSIVE),
        (-2.0, -0.01, 0.0, DIFFERS),
        (-0.1, 0.1, 0.0, INCONCLUSIVE),
        (3.1, 4.0, 3.0, REPRODUCED),
        (2.9, 4.0, 3.0, INCONCLUSIVE),
        (1.0, 2.9, 3.0, DIFFERS),  # better, but not by as much as is claimed
        (NAN, NAN, 0.0, INCONCLUSIVE),
    ],
)
def test_an_order_is_judged_by_the_side_of_zero_or_of_the_least_difference(low, high, least, verdict):
    assert judge_order(between(low, high), least) == verdict


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-0.5, 0.5, REPRODUCED),
        (-0.6, 0.1, INCONCLUSIVE),
        (0.4, 0.9, INCONCLUSIVE),
        (0.6, 0.9, DIFFERS),
        (-2, -1, DIFFERS),
    ],
)
def test_two_rows_are_nearly_the_same_within_the_margin(low, high, verdict):
    assert judge_equality(between(low, high), 0.5) == verdict
    assert judge_equality(between(low, high), None) == INCONCLUSIVE


def test_the_difference_keeps_the_sides_of_an_interval_and_is_widened_by_what_published_runs_differ_in():
    low, high, _ = difference_interval(6.0, between(5.0, 6.5), 5.8, None, None)
    assert (low, high) == pytest.approx((-0.8, 0.7))
    # Student's t for 5 runs is 2.776: 0.1 of standard error reach 0.2776 dB.
    low, high, _ = difference_interval(6.0, between(5.0, 6.5), 5.8, 0.1, 5)
    assert (low, high) == pytest.approx((0.2 - np.hypot(1.0, 0.27764), 0.2 + np.hypot(0.5, 0.27764)), abs=1e-5)
    none = Interval(NAN, NAN, "one track")
    assert difference_interval(6.0, none, 5.8, 0.1, 5) == none


# What a 95 % interval promises, and, with a truth on the edge of the margin, what two one-sided tests do; 2,000 draws
# of a rate of 2.5 % lie under 3.6 % in 999 of 1,000 cases.
AT_MOST = 0.036


@pytest.mark.parametrize("spread", [0.5, 1.0])
@pytest.mark.parametrize("tracks", [8, 20])
def test_a_value_off_by_the_margin_is_seldom_reproduced_and_an_equal_one_seldom_differs(tracks, spread):
    off = error_rates.rates(error_rates.value_judge("normal", tracks, spread, 1.0), 2_000, [tracks])
    equal = error_rates.rates(error_rates.value_judge("normal", tracks, spread, 0.0), 2_000, [tracks])
    assert off[REPRODUCED] <= AT_MOST
    assert equal[DIFFERS] <= 0.05


def test_an_order_that_is_none_comes_out_on_each_side_in_one_of_forty_cases():
    found = error_rates.rates(error_rates.order_judge("normal", 8, 0.0), 4_000, [8])
    for verdict in (REPRODUCED, DIFFERS):
        assert found[verdict] == pytest.approx(0.025, abs=0.008)


def test_what_is_clearly_so_is_found():
    assert error_rates.rates(error_rates.value_judge("normal", 20, 0.5, 0.0), 500, [1])[REPRODUCED] > 0.95
    assert error_rates.rates(error_rates.value_judge("normal", 8, 0.5, 2.0), 500, [2])[DIFFERS] > 0.95
    assert error_rates.rates(error_rates.order_judge("normal", 20, 1.0), 500, [3])[REPRODUCED] > 0.9
    assert error_rates.rates(error_rates.equality_judge(20, 0.5, 0.0), 500, [4])[REPRODUCED] > 0.95
