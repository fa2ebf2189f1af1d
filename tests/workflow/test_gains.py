"""What the scripts of the figures of gains and of adaptation write."""

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.lib.test_gains import curves, scores_of
from workflow_scripts.lib.core.outcomes import FAILED
from workflow_scripts.lib.statistics.failures import COLUMNS
from workflow_scripts.report.draw_adaptation import draw_adaptation
from workflow_scripts.report.draw_gains import draw_gains


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
    lost = pd.DataFrame([("t0", "", "bad", "no-f0", 0, FAILED, "diverged")], columns=COLUMNS)
    lost.to_csv(tmp_path / "scores/failures.csv", index=False)
    gains = [
        {"label": row["label"], "baseline": "B0", "marks": "exact", "group": row["method"], "adapted": True}
        for row in LABELS[1:]
    ]
    draw_gains(
        scores=[tmp_path / "scores.json"], adapted=adaptations, rows=json.dumps(LABELS), gains=json.dumps(gains),
        metrics=["SDR", "PES"], families=["bsseval", "silence"], aggregation="median", remark="",
        out=tmp_path / "drawn.json", code="",
    )  # fmt: skip
    points = pd.read_csv(tmp_path / "drawn/gains.csv")
    assert len(points) == 2 * 2 * 3
    assert points.groupby("method")["parameters"].unique().str[0].to_dict() == {"L1": 8000, "L5": 100}
    assert {path.name for path in (tmp_path / "drawn").glob("*.png")} == {"gains.png", "parameters.png"}
    assert "Failed: Bad (1 estimate)" in (tmp_path / "drawn/gains.svg").read_text()  # in a comment beside the glyphs


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
