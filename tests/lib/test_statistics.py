"""Aggregates, intervals and paired tests on scores."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests import coverage
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.statistics.aggregates import seed_values, summarise, track_values
from workflow_scripts.lib.statistics.intervals import (
    mean_interval,
    mean_over_tracks,
    median_interval,
    ratio_interval,
    with_seeds,
)
from workflow_scripts.lib.statistics.paired_tests import compare_pairs, holm, paired_tests, signed_rank, smallest_p
from workflow_scripts.lib.statistics.verdicts import SUPPORTED, best_methods

INF = np.inf
NAN = np.nan


def frames(values: dict, metric: str = "SDR", seed: int = 0) -> pd.DataFrame:
    """Scores per frame from {(method, source, track): values}."""
    rows = [
        (track, source, method, "", seed, metric, number, value)
        for (method, source, track), list_ in values.items()
        for number, value in enumerate(list_)
    ]
    return table(rows)


def wholes(values: dict, metric: str = "SI-SDR", seed: int = 0, f0: str = "") -> pd.DataFrame:
    """Scores of whole tracks from {(method, source): values by track}."""
    rows = [
        (f"t{number:02d}", source, method, f0, seed, metric, pd.NA, value)
        for (method, source), list_ in values.items()
        for number, value in enumerate(list_)
    ]
    return table(rows)


def table(rows: list) -> pd.DataFrame:
    scores = pd.DataFrame(rows, columns=["track", "source", "method", "f0", "seed", "metric", "frame", "value"])
    return scores.astype({"frame": "Int32", "value": float})


def order_of(scores: pd.DataFrame) -> list:
    return list(scores[["method", "f0"]].drop_duplicates().itertuples(index=False, name=None))


def summary_of(scores: pd.DataFrame) -> pd.DataFrame:
    return summarise(scores, order_of(scores)).set_index(["method", "source", "aggregation"])


def test_both_aggregations_of_frames_agree_with_hand_values():
    scores = frames({("a", "bass", "t1"): [1.0, 2.0, NAN, 9.0], ("a", "bass", "t2"): [4.0], ("a", "bass", "t3"): [5.0]})
    summary = summary_of(scores)
    assert summary.loc[("a", "bass", "median of medians"), "value"] == 4.0  # medians 2, 4, 5
    assert summary.loc[("a", "bass", "mean over frames"), "value"] == pytest.approx(21 / 5)  # 1 + 2 + 9 + 4 + 5


def test_metrics_of_whole_tracks_have_aggregations_of_their_own_name():
    summary = summary_of(wholes({("a", "bass"): [1.0, 2.0, 9.0]}))
    assert summary.loc[("a", "bass", "median over tracks"), "value"] == 2.0
    assert summary.loc[("a", "bass", "mean over tracks"), "value"] == 4.0
    assert set(summary.index.get_level_values("aggregation")) == {"median over tracks", "mean over tracks"}


def test_undefined_and_infinite_values_are_counted_and_treated_as_stated():
    summary = summary_of(
        frames({("a", "bass", "t1"): [1.0, INF, INF, NAN], ("a", "bass", "t2"): [3.0, NAN, -INF, 5.0]})
    )
    median = summary.loc[("a", "bass", "median of medians")]
    mean = summary.loc[("a", "bass", "mean over frames")]
    assert (median["scored"], median["left_out"], median["infinite"]) == (6, 2, 3)
    assert median["value"] == INF  # of the tracks' medians inf and 3
    assert median["interval"] == "infinite value"
    assert mean["value"] == pytest.approx(3.0)  # of 1, 3 and 5


def test_the_average_over_sources_is_taken_within_each_track():
    scores = frames(
        {("a", s, t): [v] for (s, t), v in {("x", "1"): 0, ("y", "1"): 10, ("x", "2"): 7, ("y", "2"): 9}.items()}
    )
    assert summary_of(scores).loc[("a", "all", "median of medians"), "value"] == pytest.approx(6.5)  # of 5 and 8


def test_a_single_source_has_no_average_over_sources():
    summary = summary_of(wholes({("a", "vocals"): [1.0, 2.0]}))
    assert set(summary.index.get_level_values("source")) == {"vocals"}


def test_leaving_out_a_hard_source_gains_nothing():
    scores = wholes(
        {("a", "easy"): [9.0, 9.0], ("a", "hard"): [1.0, 1.0], ("b", "easy"): [9.0, 9.0], ("b", "hard"): [NAN, 1.0]}
    )
    row = summary_of(scores).loc[("b", "all", "mean over tracks")]
    assert row["value"] == 5.0
    assert (row["tracks"], row["tracks_left_out"]) == (1, 1)


def test_a_source_that_no_method_can_be_scored_on_does_not_remove_the_track():
    scores = wholes({("a", "x"): [2.0, 4.0], ("a", "y"): [NAN, 6.0], ("b", "x"): [3.0, 4.0], ("b", "y"): [NAN, 6.0]})
    row = summary_of(scores).loc[("a", "all", "mean over tracks")]
    assert row["value"] == pytest.approx((2.0 + 5.0) / 2)
    assert row["tracks"] == 2


def test_tracks_that_a_method_was_not_scored_on_are_counted():
    scores = pd.concat([wholes({("a", "x"): [1.0, 2.0, 3.0]}), wholes({("b", "x"): [1.0, 2.0]})])
    assert summary_of(scores).loc[("b", "x", "mean over tracks"), "tracks_left_out"] == 1


def test_seeds_are_averaged_within_a_track_and_what_they_differ_in_widens_the_interval():
    values = stream("seeds").normal(size=8)
    one = wholes({("a", "x"): values})
    three = pd.concat([wholes({("a", "x"): values + shift}, seed=seed) for seed, shift in enumerate((-1, 0, 1))])
    for name, aggregation in (("mean", "mean over tracks"), ("median", "median over tracks")):
        single, several = (summary_of(s).loc[("a", "x", aggregation)] for s in (one, three))
        assert (several["seeds"], several["tracks"], several["scored"]) == (3, 8, 24)
        middle = getattr(np, name)(values)
        assert several["value"] == pytest.approx(middle) == single["value"]
        of_seeds = 1 / 3  # squared standard error of -1, 0 and 1
        for end, sign in (("low", -1), ("high", 1)):
            of_tracks = ((single[end] - middle) / 2.364624) ** 2  # t of 7 degrees of freedom
            freedom = (of_tracks + of_seeds) ** 2 / (of_tracks**2 / 7 + of_seeds**2 / 2)
            reach = stats.t.ppf(0.975, freedom) * np.sqrt(of_tracks + of_seeds)
            assert several[end] == pytest.approx(middle + sign * reach, rel=1e-6)


def test_the_interval_of_a_mean_is_that_of_the_t_test():
    values = stream("scipy").normal(size=12)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    np.testing.assert_allclose(mean_interval(values)[:2], expected)
    # Equal counts make a ratio a mean.
    np.testing.assert_allclose(ratio_interval(7 * values, np.full(12, 7.0))[:2], expected)


def test_the_interval_of_a_median_has_hand_values_and_takes_six_tracks():
    # Of 8 values the 1st and 8th hold the median in 254 of 256 cases, the 2nd and 7th in 238.
    part = (254 / 256 - 0.95) / (16 / 256)
    inwards = 7 * part / (1 + 6 * part)
    values = np.arange(1.0, 9)[stream("order").permutation(8)] ** 2
    low, high, _ = median_interval(values)
    assert (low, high) == pytest.approx((1 + inwards * 3, 64 - inwards * 15))
    assert median_interval(np.arange(6.0))[:2] == pytest.approx((5 / 14, 5 - 5 / 14))  # 62 and 50 of 64
    assert median_interval(np.arange(5.0)).reason == "5 tracks"
    assert np.isnan(median_interval(np.arange(5.0)).low)


def test_one_seed_or_equal_ones_leave_an_interval_over_tracks_as_it_is():
    values = np.arange(5.0)
    plain = mean_interval(values)
    assert with_seeds(2.0, plain, 5, [2.0]) == with_seeds(2.0, plain, 5, [2.0] * 3) == plain
    assert with_seeds(2.0, mean_interval(np.arange(1.0)), 1, [1.0, 3.0]).reason == "one track"
    assert with_seeds(2.0, plain, 5, [1.0, INF]).reason == "infinite value"
    assert np.isnan(mean_over_tracks(np.empty((0, 3)))[0])


def test_two_samples_of_seeds_and_tracks_have_the_interval_of_welch():
    """Where nothing is of both, the variances are those of two independent means, as in Welch's test."""
    tracks, seeds = stream("welch").normal(size=9), stream("welch", 1).normal(size=4)
    tracks, seeds = tracks - tracks.mean(), seeds - seeds.mean()
    _, interval = mean_over_tracks(tracks[:, None] + seeds)
    welch = stats.ttest_ind(tracks, seeds, equal_var=False).confidence_interval(0.95)
    np.testing.assert_allclose(interval[:2], welch)


def test_intervals_hold_the_truth_as_often_as_they_say():
    draws = 1000  # so that a share of 0.95 is known to 0.007
    for interval_of, of_median in ((mean_interval, False), (median_interval, True)):
        for shape in ("normal", "heavy tails"):
            assert coverage.coverage_over_tracks(interval_of, of_median, shape, 8, draws) == pytest.approx(
                0.95, abs=0.025
            )
    assert coverage.coverage_over_tracks(median_interval, True, "skewed", 8, draws) == pytest.approx(0.95, abs=0.025)
    assert coverage.coverage_over_tracks(mean_interval, False, "skewed", 8, draws) == pytest.approx(0.90, abs=0.025)
    for spread in (0.0, 0.3, 1.0):
        shares = coverage.coverage_over_seeds(lambda values: mean_over_tracks(values)[1], 8, 3, spread, draws)
        assert shares == pytest.approx(0.95, abs=0.025)
    assert coverage.coverage_over_seeds(coverage.of_tracks_alone, 8, 3, 1.0, draws) < 0.8  # what leaving them out does


def test_pairs_are_compared_seed_by_seed_and_a_row_of_one_seed_with_each():
    rng = stream("seed pairs")
    song, seed_effect = rng.normal(0, 3, 8), [0.0, 5.0, -4.0]
    a = pd.concat([wholes({("a", "x"): song + 1 + effect}, seed=seed) for seed, effect in enumerate(seed_effect)])
    b = pd.concat([wholes({("b", "x"): song + effect}, seed=seed) for seed, effect in enumerate(seed_effect)])
    one = wholes({("one", "x"): song})
    rows = [(name, "") for name in ("a", "b", "one")]
    values = seed_values(pd.concat([a, b[b["seed"] > 0], one]), "SI-SDR", "mean")
    tests = compare_pairs(values, "SI-SDR", "mean", [(rows[0], rows[1]), (rows[0], rows[2])])
    same, single = tests.iloc[0], tests.iloc[1]
    assert (same["seeds"], single["seeds"]) == (2, 3)
    # What both seeds have in common is no difference, whichever third seed one of them lacks.
    assert (same["effect"], same["low"], same["high"]) == pytest.approx((1, 1, 1))
    reach = stats.t.ppf(0.975, 2) * np.std(seed_effect, ddof=1) / np.sqrt(3)
    assert single["effect"] == pytest.approx(1 + 1 / 3)
    assert single["high"] - single["effect"] == pytest.approx(reach)


def test_the_interval_of_a_mean_over_frames_is_over_tracks_with_all_their_frames():
    rng = stream("frames")
    counts = rng.integers(5, 40, size=30)
    level = rng.normal(0, 3, size=30)
    scores = frames({("a", "x", f"{t:02d}"): level[t] + rng.normal(0, 0.1, counts[t]) for t in range(30)})
    row = summary_of(scores).loc[("a", "x", "mean over frames")]
    weights = counts / counts.mean()
    error = np.std(weights * (level - np.average(level, weights=counts))) / np.sqrt(30)  # of a ratio, by linearisation
    assert (row["high"] - row["low"]) / (2 * stats.t.ppf(0.975, 29) * error) == pytest.approx(1, abs=0.03)
    assert (row["high"] + row["low"]) / 2 == pytest.approx(row["value"])


def test_one_track_has_no_interval_and_says_so():
    row = summary_of(wholes({("a", "x"): [3.0]})).loc[("a", "x", "mean over tracks")]
    assert row["value"] == 3.0
    assert np.isnan(row["low"])
    assert np.isnan(row["high"])
    assert row["interval"] == "one track"


def test_a_metric_that_is_nowhere_defined_is_reported_not_dropped():
    row = summary_of(frames({("a", "x", "t1"): [NAN, NAN]})).loc[("a", "x", "median of medians")]
    assert np.isnan(row["value"])
    assert (row["tracks"], row["scored"], row["left_out"], row["interval"]) == (0, 0, 2, "no value")


def test_a_row_does_not_depend_on_the_methods_beside_it():
    rng = stream("rows")
    alone = wholes({("b", "x"): rng.normal(size=6)})
    beside = pd.concat([wholes({("a", "x"): rng.normal(size=6)}), alone])
    first, second = (summary_of(s).loc[("b", "x", "median over tracks")] for s in (alone, beside))
    pd.testing.assert_series_equal(first, second)


def test_rows_come_in_the_order_of_the_configuration():
    scores = wholes({("a", "x"): [1.0, 2.0], ("b", "x"): [1.0, 2.0]})
    summary = summarise(scores, [("b", ""), ("never run", ""), ("a", "")])
    assert list(summary["method"]) == ["b", "b", "a", "a"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.drop(columns="seed"), "no column seed"),
        (lambda s: s.replace({"source": {"x": "all"}}), "named 'all'"),
        (lambda s: pd.concat([s, s]), "more than once"),
        (lambda s: s.assign(method="other"), "does not list"),
        (lambda s: s.assign(dataset=["d1", "d2"]), "one at a time"),
        (lambda s: pd.concat([s, s.assign(frame=1)]), "both for frames and for whole tracks"),
    ],
)
def test_unusable_score_tables_are_refused_in_one_sentence(change, words):
    scores = change(wholes({("a", "x"): [1.0, 2.0]}))
    with pytest.raises(UserError, match=words):
        summarise(scores, [("a", "")])


def test_holm_agrees_with_hand_values_and_ignores_tests_not_made():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.5, NAN, 0.02]), [0.5, NAN, 0.04])
    assert holm([]).size == 0


def test_the_signed_rank_test_agrees_with_scipy_and_with_counting():
    difference = stream("rank").normal(0.5, 1, size=9)
    assert signed_rank(difference) == ("exact", stats.wilcoxon(difference, method="exact").pvalue)
    assert signed_rank(np.array([1.0, 2.0, 3.0, 4.0])) == ("exact", 0.125)  # 2 of the 16 signs
    assert signed_rank(np.array([1.0, 1.0, 1.0, 1.0]))[1] == pytest.approx(0.125)  # ties
    assert signed_rank(np.array([0.0, 0.0])) == ("none: no difference", 1.0)
    assert np.isnan(signed_rank(np.empty(0))[1])


@pytest.mark.parametrize("tracks", [1, 2, 4, 7])
def test_the_smallest_p_is_the_one_of_differences_of_one_sign(tracks):
    assert signed_rank(np.arange(1.0, tracks + 1))[1] == pytest.approx(smallest_p(tracks))


def three_methods(tracks: int) -> pd.DataFrame:
    """`good` beats `fair` and `poor` on every track; `oracle` beats them all."""
    rng = stream("three", tracks)
    base = rng.normal(0, 3, tracks)
    gains = {"poor": 0.0, "fair": 0.1, "good": 4.0, "oracle": 9.0}
    return wholes({(name, "x"): base + gain + rng.normal(0, 0.3, tracks) for name, gain in gains.items()})


def best_of(scores: pd.DataFrame, bounds=("oracle",), lower_is_better=()) -> pd.Series:
    order = order_of(scores)
    summary = summarise(scores, order)
    tests = paired_tests(scores, "SI-SDR", order, "mean", bounds)
    best = best_methods(summary[summary["kind"] == "mean"], tests, bounds, lower_is_better)
    assert len(best) == 1
    return best.iloc[0]


def test_bounds_take_no_part_in_the_tests():
    scores = three_methods(6)
    tests = paired_tests(scores, "SI-SDR", order_of(scores), "mean", ("oracle",))
    assert len(tests) == 3
    assert "oracle" not in set(tests["method_a"]) | set(tests["method_b"])


def test_the_effect_is_the_mean_paired_difference_and_turns_with_the_pair():
    scores = three_methods(10)
    order = order_of(scores)
    forth = paired_tests(scores, "SI-SDR", order, "mean").iloc[0]
    back = paired_tests(scores, "SI-SDR", order[::-1], "mean").iloc[-1]
    value = scores.pivot(index="track", columns="method", values="value")
    assert forth["effect"] == pytest.approx((value["poor"] - value["fair"]).mean(), abs=1e-6)
    assert (back["method_a"], back["effect"]) == (forth["method_b"], pytest.approx(-forth["effect"]))
    np.testing.assert_allclose([back["low"], back["high"]], [-forth["high"], -forth["low"]], atol=2e-2)
    assert back["p"] == pytest.approx(forth["p"])


def test_a_clear_leader_over_many_tracks_is_best():
    best = best_of(three_methods(12))
    assert (best["method"], best["supported"], best["remark"]) == ("good", True, SUPPORTED)


def test_four_tracks_cannot_support_a_best_method_and_the_remark_says_so():
    best = best_of(three_methods(4))
    assert (best["method"], best["supported"]) == ("good", False)
    assert not best["possible"]
    assert best["remark"] == "with 4 tracks and 3 paired tests p is 0.38 or more"  # 3 x 0.125


def test_a_leader_that_shares_too_few_tracks_with_one_rival_cannot_be_supported():
    scores = three_methods(12)
    few = scores[~((scores["method"] == "fair") & (scores["track"] > "t03"))]
    best = best_of(few)
    assert (best["method"], best["possible"], best["supported"]) == ("good", False, False)
    assert "with 4 tracks and 3 paired tests" in best["remark"]
    assert best_of(scores)["possible"]


def test_a_leader_that_one_other_method_equals_is_not_best():
    scores = three_methods(12)
    twin = scores[scores["method"] == "good"].copy()
    twin["value"] += np.where(np.arange(len(twin)) % 2, 0.02, -0.019)
    best = best_of(pd.concat([scores, twin.assign(method="twin")]))
    assert not best["supported"]
    assert best["remark"] in ("not supported against good", "not supported against twin")


def test_for_distances_the_lowest_leads():
    scores = three_methods(12)
    scores["value"] *= -1
    assert best_of(scores, lower_is_better=("SI-SDR",))["method"] == "good"
    assert best_of(scores, lower_is_better=("SI-SDR",))["supported"]
    assert best_of(scores)["method"] in ("poor", "fair")


def test_one_method_alone_is_not_best():
    best = best_of(wholes({("a", "x"): np.arange(20.0), ("oracle", "x"): np.arange(20.0) + 1}))
    assert not best["supported"]
    assert best["remark"] == "no other method"


def test_methods_are_compared_on_the_tracks_that_both_have():
    scores = wholes({("a", "x"): [1.0, NAN, 3.0, INF], ("b", "x"): [0.0, 5.0, 1.0, 2.0]})
    pair = paired_tests(scores, "SI-SDR", order_of(scores), "median").iloc[0]
    assert (pair["tracks"], pair["effect"]) == (2, 1.5)


def test_round_off_between_equal_methods_is_no_difference():
    values = stream("round").normal(size=10)
    scores = wholes({("a", "x"): values, ("b", "x"): values + 1e-10})
    pair = paired_tests(scores, "SI-SDR", order_of(scores), "mean").iloc[0]
    assert (pair["test"], pair["p"], pair["effect"]) == ("none: no difference", 1.0, 0.0)


def test_one_method_with_two_f0_sources_is_two_rows():
    scores = pd.concat([wholes({("a", "x"): [1.0, 2.0]}, f0=f0) for f0 in ("exact", "stems")])
    pairs = paired_tests(scores, "SI-SDR", order_of(scores), "mean")
    assert pairs[["f0_a", "f0_b"]].to_numpy().tolist() == [["exact", "stems"]]


def test_an_unknown_metric_is_refused():
    with pytest.raises(UserError, match="No score has the metric"):
        track_values(wholes({("a", "x"): [1.0]}), "SDRR", "mean")


def test_a_pair_is_compared_where_both_of_its_rows_have_values_whichever_other_pairs_there_are():
    scores = wholes({("a", "x"): [1.0, 2.0], ("b", "x"): [0.0, 0.0], ("a", "y"): [5.0, 6.0], ("c", "y"): [NAN, 1.0]})
    values = seed_values(scores, "SI-SDR", "mean")
    a, b, c = ("a", ""), ("b", ""), ("c", "")
    both = compare_pairs(values, "SI-SDR", "mean", [(a, b), (c, a)])
    alone = compare_pairs(values, "SI-SDR", "mean", [(c, a)])
    found = both[both["source"] != "all"]
    assert found[["source", "method_a", "method_b", "tracks"]].to_numpy().tolist() == [
        ["x", "a", "b", 2],
        ["y", "c", "a", 1],
    ]
    pd.testing.assert_frame_equal(both[both["method_a"] == "c"].reset_index(drop=True), alone)


def test_a_row_that_is_nowhere_defined_on_a_source_is_in_none_of_its_pairs():
    scores = three_methods(8)
    without = paired_tests(scores, "SI-SDR", order_of(scores), "mean")
    undefined = pd.concat([scores, wholes({("none", "x"): [NAN] * 8})])
    tests = paired_tests(undefined, "SI-SDR", order_of(undefined), "mean")
    pd.testing.assert_frame_equal(tests, without)
