"""Planned contrasts between methods, and the figure of robustness to F0 errors."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.figures.contrasts import contrasts_page, contrasts_summary
from workflow_scripts.lib.figures.robustness import robustness_figure
from workflow_scripts.lib.statistics.contrasts import contrast_tests, planned_pairs
from workflow_scripts.lib.statistics.robustness import robustness_points
from workflow_scripts.lib.statistics.rows import Contrast, ErrorRow

ORDER = [("A", "exact"), ("A", "stems"), ("B", "exact"), ("B", "stems"), ("C", "")]
TRACKS = 8


def scores_of(order=ORDER, metric="SI-SDR", means=None, tracks=TRACKS) -> pd.DataFrame:
    rng = stream("contrasts", metric)
    rows = [
        ("x", f"t{track}", source, method, f0, seed, metric, pd.NA, (means or {}).get((method, f0), 0) + rng.normal())
        for method, f0 in order
        for source in ("soprano", "bass")
        for track in range(tracks)
        for seed in (0, 1)
    ]
    names = ["comparison", "track", "source", "method", "f0", "seed", "metric", "frame", "value"]
    return pd.DataFrame(rows, columns=names).astype({"frame": "Int32"})


def contrasts_of(pairs, means=None, tracks=TRACKS):
    return contrast_tests(
        scores_of(means=means, tracks=tracks), ["SI-SDR"], ORDER, [Contrast(*pair) for pair in pairs], "mean"
    )


def test_methods_are_contrasted_with_the_same_f0_and_with_those_that_use_none():
    assert planned_pairs(ORDER, [Contrast("A", "B"), Contrast("A", "C")]) == [
        (("A", "exact"), ("B", "exact")),
        (("A", "stems"), ("B", "stems")),
        (("A", "exact"), ("C", "")),
        (("A", "stems"), ("C", "")),
    ]


def test_a_contrast_is_the_mean_paired_difference_with_wilcoxons_p_corrected_over_the_contrasts_of_one_f0():
    tests = contrasts_of([["A", "B"], ["A", "C"]])
    values = scores_of().groupby(["method", "f0", "track", "source"])["value"].mean().groupby(level=[0, 1, 2]).mean()
    differences = {
        (b, f0): (values["A", f0] - values[b, f0 if b == "B" else ""]).to_numpy()
        for b in "BC"
        for f0 in ("exact", "stems")
    }
    overall = tests[tests["source"] == "all"]
    assert len(overall) == len(differences) == 4
    for row in overall.itertuples():
        mine = differences[row.method_b, row.f0_a]
        assert row.effect == pytest.approx(mine.mean(), abs=1e-6)
        assert row.p == pytest.approx(stats.wilcoxon(mine).pvalue)
        family = sorted(stats.wilcoxon(differences[b, row.f0_a]).pvalue for b in "BC")
        expected = max(2 * family[0], row.p) if row.p == family[1] else 2 * row.p
        assert row.p_corrected == pytest.approx(min(1, expected))
        assert row.low < row.effect < row.high


def test_a_clear_difference_is_told_with_its_interval():
    text = contrasts_summary(contrasts_of([["A", "B"]], {("A", "exact"): 5.0}))
    assert "A (F0: exact) - B (F0: exact): +" in text and "p 0.0078, 8 tracks" in text
    assert max(map(len, text.splitlines())) <= 100


def test_where_no_outcome_of_so_few_tracks_could_be_significant_the_least_p_is_told():
    few = contrasts_of([["A", "C"], ["A", "B"]], {("A", "exact"): 5.0}, tracks=6)  # two tests: 2 x 2 / 2 ** 6
    assert few["smallest_p"].unique() == [2 * 2 ** (1 - 6)]
    assert "p 0.062 (at best 0.062), 6 tracks" in contrasts_summary(few)
    assert "| 0.062 (at best 0.062) |" in contrasts_page(few)
    enough = contrasts_of([["A", "C"]], tracks=6)
    assert "at best" not in contrasts_summary(enough)


def test_without_contrasts_nothing_is_said():
    tests = contrasts_of([])
    assert tests.empty and contrasts_page(tests) == contrasts_summary(tests) == ""


ERRORS = [
    ErrorRow("exact-offset_hz--10", "exact", {"offset_hz": -10}),
    ErrorRow("exact-offset_hz-5", "exact", {"offset_hz": 5}),
    ErrorRow("exact-left_out-bass", "exact", {"left_out": ["bass"]}),
]
SOURCES = ["exact", *[each.f0 for each in ERRORS]]


def points(means=None):
    order = [(method, f0) for method in ("A", "B") for f0 in SOURCES]
    scores = scores_of(order, means=means)
    scores.loc[(scores["f0"] == "exact-left_out-bass") & (scores["source"] == "bass"), "value"] = -np.inf
    return robustness_points(scores, "SI-SDR", ERRORS, "mean"), scores


def test_each_way_to_err_has_the_f0_without_error_among_its_points_in_ascending_order():
    table, scores = points()
    mine = table[table["method"] == "A"]
    assert list(mine.loc[mine["way"] == "offset_hz", "value"]) == [-10, 0, 5]
    assert list(mine.loc[mine["way"] == "left_out", "value"]) == ["none", "bass"]
    exact = scores[(scores["method"] == "A") & (scores["f0"] == "exact")]
    at_zero = mine[(mine["way"] == "offset_hz") & (mine["value"] == 0)].iloc[0]
    assert at_zero["mean"] == pytest.approx(exact["value"].mean())
    assert at_zero["low"] < at_zero["mean"] < at_zero["high"] and at_zero["tracks"] == TRACKS


def test_a_voice_that_is_left_out_is_not_counted():
    table, scores = points()
    kept = scores[(scores["method"] == "B") & (scores["f0"] == "exact-left_out-bass") & (scores["source"] == "soprano")]
    row = table[(table["method"] == "B") & (table["value"] == "bass")].iloc[0]
    assert row["mean"] == pytest.approx(kept["value"].mean())


def test_the_figure_has_a_panel_a_way_and_a_line_a_method():
    figure = robustness_figure(points()[0], "SI-SDR", title="chorales", remark="Synthetic.")
    assert [axes.get_xlabel().split()[0] for axes in figure.axes] == ["offset", "voices"]
    assert all(len(axes.containers) == 2 for axes in figure.axes)
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["A", "B"]
    assert [label.get_text() for label in figure.axes[1].get_xticklabels()] == ["none", "bass"]
