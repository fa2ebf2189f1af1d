"""Which comparisons have figures of gains and of adaptation, which rows stand in them, and what the scripts write."""

import copy
import json
from pathlib import Path

import pandas as pd
import pytest

from tests.lib.test_gains import curves, scores_of
from tests.workflow.test_plan import DEFAULT
from workflow_scripts.plan import Plan
from workflow_scripts.plan_codes import Codes
from workflow_scripts.report.draw_adaptation import draw_adaptation
from workflow_scripts.report.draw_gains import draw_gains


@pytest.fixture
def plan():
    config = copy.deepcopy(DEFAULT)
    config["run"] = ["vocal_ensemble", "singing_voice", "guided", "guided_muted", "guided_frames", "guided_marks"]
    return Plan(config)


def test_comparisons_whose_rows_adapt_have_these_figures_and_no_others(plan):
    guided = ["guided", "guided_muted", "guided_frames", "guided_marks"]
    assert plan.with_gains() == plan.with_adaptation() == guided
    assert json.loads(plan.gains("singing_voice")) == []  # further training is no adaptation
    plan.run["guided_muted"]["methods"].remove("conv_tasnet")
    assert plan.with_gains() == [name for name in guided if name != "guided_muted"]
    assert plan.with_adaptation() == guided


def test_every_row_that_uses_the_model_of_another_row_stands_beside_it_in_the_order_of_the_table(plan):
    rows = json.loads(plan.gains("guided"))
    methods = [name for name in plan.run["guided"]["methods"] if name.startswith(("guided", "conv_tasnet_"))]
    assert [row["label"] for row in rows] == [plan.method(name)["label"] for name in methods]
    assert {row["baseline"] for row in rows} == {plan.method("conv_tasnet")["label"]}
    assert [row["adapted"] for row in rows] == [name.startswith("guided") for name in methods]
    told = {row["label"]: row["marks"] for row in rows}
    assert told["P-L1:D (small)"] == "exact" and told["P-L1:D, told nothing"] == "all sources all the time"


def test_rows_that_differ_in_their_marks_are_alike_and_those_with_other_settings_are_not(plan):
    rows = [row for row in json.loads(plan.gains("guided_marks")) if row["adapted"]]
    assert len(rows) == len({row["marks"] for row in rows}) == 10
    assert len({row["alike"] for row in rows}) == 1
    strategies = [row for row in json.loads(plan.gains("guided")) if row["label"].startswith("P-L")]
    assert len({row["alike"] for row in strategies}) == len(strategies) - 1 == 5


def test_what_the_figures_show_is_in_their_fingerprints(plan):
    config = copy.deepcopy(DEFAULT) | {"run": ["guided"]}
    config["methods"]["guided_l1"] = {"settings": {"epochs": 1}}
    changed = Plan(config)
    assert Codes(changed).draw_gains("guided") != Codes(plan).draw_gains("guided")
    assert Codes(changed).draw_adaptation("guided") != Codes(plan).draw_adaptation("guided")
    config["methods"]["guided_l1"] = {"label": "Another"}
    assert Codes(Plan(config)).draw_gains("guided") != Codes(plan).draw_gains("guided")


def _adapted(folder: Path, facts: dict, tracks: list[str]) -> Path:
    """What an adaptation leaves, with the curves of these tracks; its manifest."""
    folder.mkdir(parents=True)
    (folder / "provenance.json").write_text(json.dumps(facts))
    for track in tracks:
        rows = curves().query("method == 'l1' and track == @track")
        rows[["epoch", "step", "loss"]].to_csv(folder / f"{track}.csv", index=False)
    return folder.with_name(folder.name + ".json")


LABELS = [
    {"method": name, "label": label, "f0": "no-f0", "seed": 0, "bound": False, "trained": False, "adapted": adapted}
    for name, label, adapted in (("b0", "B0", False), ("l1", "L1", True), ("l5", "L5", True), ("bad", "Bad", True))
]


@pytest.fixture
def adaptations(tmp_path) -> list[Path]:
    """The manifests of two shards of three methods, of which one failed."""
    facts = {"l1": {"trained_parameters": 8000}, "l5": {"trained_parameters": 100}, "bad": {}}
    return [
        _adapted(tmp_path / name / str(shard), facts[name], [f"t{shard}"] if facts[name] else [])
        for shard in range(2)
        for name in facts
    ]


def test_the_points_stand_beside_the_figures_with_the_trained_parameters_of_each_method(adaptations, tmp_path):
    names = {"B0": "b0", "L1": "l1", "L5": "l5"}
    scores = scores_of().assign(f0="no-f0")
    (tmp_path / "scores").mkdir()
    scores = scores[scores["method"].isin(names)].replace({"method": names})
    scores.to_parquet(tmp_path / "scores/scores.parquet")
    gains = [
        {"label": row["label"], "baseline": "B0", "marks": "exact", "alike": row["method"], "adapted": True}
        for row in LABELS[1:]
    ]
    draw_gains(
        scores=[tmp_path / "scores.json"], adapted=adaptations, rows=json.dumps(LABELS), gains=json.dumps(gains),
        metrics=["SDR", "PES"], aggregation="median", remark="", out=tmp_path / "drawn.json", code="",
    )  # fmt: skip
    points = pd.read_csv(tmp_path / "drawn/gains.csv")
    assert len(points) == 2 * 2 * 3
    assert points.groupby("method")["parameters"].unique().str[0].to_dict() == {"L1": 8000, "L5": 100}
    assert {path.name for path in (tmp_path / "drawn").glob("*.png")} == {"gains.png", "parameters.png"}


def test_the_course_of_every_track_stands_in_one_table_in_the_order_of_the_comparison(adaptations, tmp_path):
    (tmp_path / "l1/0/unmarked.csv").write_text("\n")
    draw_adaptation(
        adapted=adaptations, rows=json.dumps(LABELS), comparison="x", remark="", out=tmp_path / "drawn.json", code=""
    )
    table = pd.read_csv(tmp_path / "drawn/curves.csv")
    assert table[["label", "track", "epoch"]].to_numpy().tolist() == [
        [label, f"t{shard}", epoch] for label in ("L1", "L5") for shard in range(2) for epoch in (1, 2, 3)
    ]
    assert (tmp_path / "drawn/adaptation.pdf").exists()
