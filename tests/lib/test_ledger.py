"""The ledger of claims: what stands beside each, by hand values; its tables and figure; mistakes in its tables."""

from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy

from workflow_scripts.lib.core.csv_text import csv_text
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.outcomes import FAILED
from workflow_scripts.lib.figures.forest import forest_figure
from workflow_scripts.lib.figures.ledger import RECORDED, SYNTHESISED, ledger_latex, ledger_page, ledger_summary
from workflow_scripts.lib.figures.style import save_figure
from workflow_scripts.lib.statistics.claim_rows import Beside, Claim, Judged, read_besides, read_claims
from workflow_scripts.lib.statistics.failures import COLUMNS as FAILURES
from workflow_scripts.lib.statistics.ledger import COLUMNS, Results, make_ledger

SONGS = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
BETTER = np.array([0.9, 1.0, 1.1, 1.0, 0.9, 1.1])  # of b over a, song by song

VALUE = Claim(
    "a-value", "Paper", "Table 1", "Songs", "as they are", "value", "A", "", "SDR", "mean", "all", 3.5, 0.05, "", None,
    None, "dB", "", "page 1", "",
)  # fmt: skip
ORDER = replace(VALUE, id="b-over-a", kind="order", method="B", over="A", value=None, tolerance=None)
BESIDE = Beside("a-value", "songs", "a", "", "SDR", "mean", "all", "", "equal")
PAIR = replace(BESIDE, id="b-over-a", row="b/stems", over="a", definitions="differs: in all")


def scores_of(comparison: str = "songs", **rows: np.ndarray) -> pd.DataFrame:
    """A value of a whole track for each row (`method__f0`), of the only source `vocals`."""
    found = [
        (
            comparison,
            "data",
            f"t{song}",
            "club" if song < 3 else "studio",
            "vocals",
            *name.split("__"),
            seed,
            metric,
            value,
        )
        for name, values in rows.items()
        for metric, sign in (("SDR", 1.0), ("PES", -1.0))
        for song, seeds in enumerate(np.atleast_2d(values.T).T.reshape(len(values), -1))
        for seed, value in enumerate(seeds * sign)
    ]
    names = ["comparison", "dataset", "track", "family", "source", "method", "f0", "seed", "metric", "value"]
    return pd.DataFrame(found, columns=names).assign(frame=pd.array([pd.NA] * len(found), dtype="Int32"))


def results_of(scores=None, failures=(), synthesised=False, margin=0.5, name="songs") -> Results:
    scores = scores_of(**{"a__no-f0": SONGS, "b__stems": SONGS + BETTER}) if scores is None else scores
    judged = Judged("songs", name, "Songs", synthesised, "")
    return Results(
        {"songs": judged}, scores, pd.DataFrame(failures, columns=[*FAILURES, "comparison"]), margin, ["PES"]
    )


def judged(claims, besides, **given) -> list[pd.Series]:
    ledger = make_ledger(claims, besides, results_of(**given))
    assert list(ledger) == COLUMNS
    return [row for _, row in ledger.iterrows()]


def t_interval(values: np.ndarray) -> tuple[float, float]:
    return scipy.stats.t.interval(0.95, len(values) - 1, values.mean(), scipy.stats.sem(values))


def test_a_value_stands_beside_ours_with_the_interval_of_the_difference():
    [row] = judged([VALUE], [BESIDE])
    low, high = t_interval(SONGS)
    assert (row["ours"], row["difference"]) == (3.5, 0.0)
    assert (row["low"], row["high"]) == pytest.approx((low - 3.5, high - 3.5))
    assert (row["tracks"], row["seeds"], row["failed"], row["verdict"]) == (6, 1, 0, "inconclusive")
    assert judged([VALUE], [BESIDE], margin=2.0)[0]["verdict"] == "inconclusive"  # a reach of 1.963, 0.05 of rounding
    [near] = judged([VALUE], [BESIDE], margin=2.1)
    [far] = judged([replace(VALUE, value=5.6)], [BESIDE], margin=2.1)
    assert (near["verdict"], far["verdict"], far["difference"]) == ("reproduced", "differs", pytest.approx(-2.1))
    [median] = judged([replace(VALUE, value=3.0)], [replace(BESIDE, aggregation="median")])
    # Of six songs the lowest and highest hold the median in 96.875 %, the second ones in 78.125 %: a tenth of the way.
    low = 1 + (5 * 0.1) / (1 + 4 * 0.1)
    assert (median["ours"], median["difference"], median["low"]) == pytest.approx((3.5, 0.5, low - 3.0))


def test_an_order_is_judged_by_the_paired_difference_and_not_by_the_songs():
    [row] = judged([ORDER], [PAIR])
    low, high = t_interval(BETTER)
    assert (row["difference"], row["low"], row["high"]) == pytest.approx((1.0, low, high), abs=1e-6)
    assert (row["verdict"], row["tracks"]) == ("reproduced", 6)
    assert np.isnan(row["ours"])
    assert row["remark"] == ""
    assert judged([ORDER], [PAIR], margin=1.2)[0]["remark"] == "by less than the margin"
    [other] = judged([ORDER], [replace(PAIR, row="a", over="b/stems")])
    assert (other["verdict"], other["difference"]) == ("differs", pytest.approx(-1.0))
    [more] = judged([replace(ORDER, value=1.05)], [PAIR])
    [too_much] = judged([replace(ORDER, value=1.5)], [PAIR])
    assert (more["verdict"], too_much["verdict"]) == ("inconclusive", "differs")


def test_of_a_metric_whose_lower_values_are_better_the_lower_row_is():
    [row] = judged([ORDER], [replace(PAIR, metric="PES")])  # PES of b is 1 lower
    assert (row["verdict"], row["difference"]) == ("reproduced", pytest.approx(1.0))
    assert row["low"] == pytest.approx(t_interval(BETTER)[0], abs=1e-6)


def test_two_rows_that_are_said_to_be_nearly_the_same_are_held_to_the_margin():
    equal = replace(ORDER, kind="equal")
    assert [judged([equal], [PAIR], margin=margin)[0]["verdict"] for margin in (0.5, 1.05, 1.2)] == [
        "differs", "inconclusive", "reproduced",
    ]  # fmt: skip


def test_seeds_widen_the_interval_and_are_counted():
    [one] = judged([ORDER], [PAIR])
    seeds = np.stack([SONGS + BETTER - 0.5, SONGS + BETTER, SONGS + BETTER + 0.5], axis=1)
    [three] = judged([ORDER], [PAIR], scores=scores_of(**{"a__no-f0": SONGS, "b__stems": seeds}))
    assert (three["seeds"], three["difference"]) == (3, pytest.approx(1.0))
    assert three["low"] < one["low"] - 0.3


def test_a_group_of_songs_is_judged_by_itself():
    [club] = judged([VALUE], [replace(BESIDE, group="club")])
    assert (club["ours"], club["tracks"]) == (2.0, 3)
    [none] = judged([VALUE], [replace(BESIDE, group="opera")])
    assert none["remark"] == "the comparison songs has no SDR of the row a for opera"


def test_on_synthesised_data_orders_alone_are_judged():
    value, order = judged([VALUE, ORDER], [BESIDE, PAIR], synthesised=True)
    assert (value["verdict"], value["remark"]) == ("not attempted", "no value is judged on synthesised data")
    assert order["verdict"] == "reproduced" and order["synthesised"] is True


def test_what_is_not_there_is_told():
    lost = [("t0", "club", "b", "stems", 0, FAILED, "diverged\nat once", "songs")]
    cases = [
        judged([replace(VALUE, not_attempted="it is sold")], []),
        judged([VALUE], [replace(BESIDE, comparison="others")]),
        judged([ORDER], [PAIR], scores=scores_of(**{"a__no-f0": SONGS})),
        judged([ORDER], [PAIR], scores=scores_of(**{"a__no-f0": SONGS}), failures=lost),
        judged([VALUE], [replace(BESIDE, metric="SIR")]),
        judged([ORDER], [PAIR], scores=scores_of(b__stems=SONGS), failures=lost),  # of the other row
    ]
    assert {row["verdict"] for [row] in cases} == {"not attempted"}
    assert [row["remark"] for [row] in cases] == [
        "it is sold",
        "the comparison others is not run",
        "the comparison songs has no SDR of the row b/stems",
        "the row b/stems failed: diverged at once",
        "the comparison songs has no SIR of the row a",
        "the comparison songs has no SDR of the row a",
    ]
    scores = scores_of(**{"a__no-f0": SONGS, "b__stems": SONGS + BETTER})
    without = scores[(scores["track"] != "t0") | (scores["method"] != "b")]
    [row] = judged([ORDER], [PAIR], scores=without, failures=lost)
    assert (row["failed"], row["tracks"], row["verdict"]) == (1, 5, "reproduced")


def test_a_claim_is_judged_on_each_comparison_that_is_run_and_on_scores_of_another_name():
    scores = scores_of("claim_x", **{"a__no-f0": SONGS, "b__stems": SONGS + BETTER})
    rows = judged(
        [ORDER], [PAIR, replace(PAIR, comparison="others"), replace(PAIR, group="club")], scores=scores, name="claim_x"
    )
    assert [(row["comparison"], row["group"], row["tracks"]) for row in rows] == [
        ("songs", "", 6),
        ("songs", "club", 3),
    ]


def test_one_song_and_an_unknown_unit_leave_no_verdict_but_say_why():
    one = scores_of(**{"a__no-f0": SONGS[:1], "b__stems": SONGS[:1] + 1})
    value, order = judged([replace(VALUE, unit="1"), ORDER], [BESIDE, PAIR], scores=one)
    assert value["remark"] == "no interval: one track; no margin is stated for the unit 1"
    assert (order["verdict"], order["remark"]) == ("inconclusive", "no interval: one track")


# Tables and figure


@pytest.fixture
def ledger() -> pd.DataFrame:
    """Each verdict, on recorded and on synthesised data, and claims that were not attempted."""
    claims = [
        VALUE,
        replace(VALUE, id="far", value=9.0, mark="figure"),
        ORDER,
        replace(VALUE, id="sold", not_attempted="sold & gone"),
    ]
    besides = [BESIDE, replace(BESIDE, id="far"), PAIR]
    recorded = make_ledger(claims, besides, results_of())
    return pd.concat([recorded, make_ledger([ORDER], [PAIR], results_of(synthesised=True))], ignore_index=True)


def test_the_page_has_a_part_for_each_kind_of_data_and_one_for_reasons(ledger):
    page = ledger_page(ledger, "claims of Paper", 0.5)
    recorded, rest = page.split(f"### {SYNTHESISED}")
    synthesised, missing = rest.split("### Not attempted")
    assert f"### {RECORDED}" in recorded and "b/stems - a" in recorded and "b/stems - a" in synthesised
    assert "9 ± 0.05 (figure)" in recorded and "-5.50 [-7.46, -3.54]" in recorded
    assert "sold &amp; gone" in missing and "1: sold" in missing
    first = (
        "1 reproduced, 1 differs, 1 inconclusive, 1 not attempted; order alone, on synthesised data: 1 reproduced, 0"
    )
    assert first in page
    assert "margin of 0.5 dB" in page and "read off a plot" in page and "second-hand" not in page


def test_the_same_stands_in_latex_and_in_lines_for_the_terminal(ledger):
    latex = ledger_latex(ledger, "claims of Paper", 0.5, "paper")
    assert latex.count(r"\begin{table}") == 3 and r"sold \& gone" in latex and "-5.50 {[}-7.46" in latex
    summary = ledger_summary(ledger, "claims of Paper")
    assert "far: differs, SDR of A; Songs, as they are: -5.50 [-7.46, -3.54]" in summary
    one = ledger_summary(ledger[ledger["id"] == "sold"], "claims of Paper")
    assert one.endswith("sold: not attempted, sold & gone\n")


def test_the_forest_has_a_panel_for_values_and_orders_of_each_kind_of_data(ledger, tmp_path):
    figure = forest_figure(ledger, "claims of Paper", 0.5)
    titles = [axes.get_title(loc="left").split(":")[0] for axes in figure.axes]
    assert titles == ["On recorded music", "On recorded music", "On synthesised data"]
    values, orders, _ = figure.axes
    points = [line for line in values.lines if line.get_marker() in ("o", "s", "X")]
    assert [line.get_marker() for line in points] == ["s", "X"]
    assert [line.get_xdata()[0] for line in points] == [0.0, -5.5]
    assert [line.get_marker() for line in orders.lines if line.get_marker() in ("o", "s", "X")] == ["o"]
    save_figure(figure, tmp_path / "forest")
    assert (tmp_path / "forest.pdf").stat().st_size > 1000
    assert forest_figure(ledger[ledger["id"] == "sold"], "x", 0.5) is None


# The tables of claims


def write(path: Path, of: type, rows: list) -> Path:
    cells = [{name: "" if value is None else value for name, value in asdict(row).items()} for row in rows]
    path.write_text(csv_text(cells, [each.name for each in fields(of)]))
    return path


def test_claims_are_read_as_they_were_written(tmp_path):
    claims = [VALUE, ORDER, replace(VALUE, id="c", error=0.06, runs=5)]
    assert read_claims(write(tmp_path / "a.csv", Claim, claims)) == claims
    known = {claim.id: claim for claim in claims}
    assert read_besides(write(tmp_path / "b.csv", Beside, [BESIDE, PAIR]), known) == [BESIDE, PAIR]
    assert read_besides(tmp_path / "none.csv", known) == []


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        (replace(VALUE, kind="vlaue"), "the kind of a-value is 'vlaue'; did you mean 'value'?"),
        (replace(VALUE, id="b-over-a"), "the id b-over-a is there twice"),
        (replace(VALUE, over="B"), "a-value needs a method in `over` if it is no value"),
        (replace(ORDER, id="x", over=""), "x needs a method in `over` if it is no value"),
        (replace(VALUE, value=None), "a-value is a value without a number"),
        (replace(VALUE, value="6,9"), "value is '6,9', which is no number; write it with a decimal point"),
        (replace(VALUE, runs="inf"), "runs is 'inf', which is no number"),
    ],
)
def test_a_wrong_claim_is_told_in_one_sentence(tmp_path, claim, sentence):
    with pytest.raises(UserError) as told:
        read_claims(write(tmp_path / "claims.csv", Claim, [ORDER, claim]))
    assert str(told.value).startswith(f"{tmp_path}/claims.csv: {sentence}")


@pytest.mark.parametrize(
    ("beside", "sentence"),
    [
        (replace(BESIDE, id="a-valeu"), "names the claim 'a-valeu', which is not there; did you mean 'a-value'?"),
        (replace(BESIDE, over="b"), "a-value needs a row in `over`, another than `row`, just where its claim has"),
        (replace(PAIR, over=""), "b-over-a needs a row in `over`"),
        (replace(PAIR, over="b/stems"), "b-over-a needs a row in `over`, another than `row`"),
        (replace(BESIDE, aggregation="mode"), "a-value has the aggregation 'mode'; take median or mean"),
        (replace(BESIDE, definitions="differs"), "the definitions of a-value are neither 'equal' nor 'differs: '"),
    ],
)
def test_a_wrong_row_beside_a_claim_is_told_in_one_sentence(tmp_path, beside, sentence):
    with pytest.raises(UserError) as told:
        read_besides(write(tmp_path / "rows.csv", Beside, [beside]), {each.id: each for each in (VALUE, ORDER)})
    assert str(told.value).startswith(f"{tmp_path}/rows.csv: {sentence}")


def test_a_table_with_other_columns_is_told(tmp_path):
    (tmp_path / "claims.csv").write_text("id,paper\nx,y\n")
    with pytest.raises(UserError, match=r"claims\.csv: has not just the columns id, paper, table, .*; name them so"):
        read_claims(tmp_path / "claims.csv")
