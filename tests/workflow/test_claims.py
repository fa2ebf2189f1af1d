"""Published claims in whole runs: one claim by its two rows, the ledger of a run, and what is refused."""

import json

import pandas as pd
import pytest

from tests.workflow.conftest import Project
from workflow_scripts.lib.core.code_graph import ROOT

CONFIG = ROOT / "tests/workflow/claims.yaml"


@pytest.fixture(scope="module")
def claimed(tmp_path_factory) -> tuple[Project, str]:
    """A project in which one claim was judged, and what that printed."""
    project = Project(tmp_path_factory.mktemp("claimed"))
    done = project.run("--keep-going", "claim_us-over-nmf1", config=CONFIG)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return project, done.stdout + done.stderr


def test_one_claim_is_judged_by_its_two_rows_and_by_no_other_job(claimed):
    project, told = claimed
    folder = project.folder / "results/judge/claim_us-over-nmf1"
    assert {path.name for path in folder.glob("[!.]*")} == {
        "ledger.csv", "ledger.json", "table.md", "table.tex", "summary.txt", "provenance.json", "forest.pdf",
        "forest.svg", "forest.png",
    }  # fmt: skip
    [row] = pd.read_csv(folder / "ledger.csv").to_dict("records")
    assert (row["id"], row["comparison"], row["tracks"]) == ("us-over-nmf1", "vocal_ensemble", 4)
    scores = pd.read_parquet(project.folder / "results/score/claim_us-over-nmf1/1-of-1/scores.parquet")
    means = scores.groupby(["method", "track"])["value"].mean().unstack("method")
    assert set(means) == {"nmf1", "parametric_unsupervised"} and set(scores["metric"]) == {"SI-SDR-frames"}
    assert row["low"] < row["difference"] < row["high"]
    assert row["difference"] == pytest.approx((means["parametric_unsupervised"] - means["nmf1"]).mean(), abs=0.2)
    separated = {path.name for path in (project.folder / "results/separate/chorales").glob("*/*")}
    assert separated == {"nmf1", "parametric_unsupervised"}
    assert not (project.folder / "results/compare").exists()
    assert "To make: claim_us-over-nmf1, in 9 jobs" in told and "order alone, on synthesised data: " in told
    assert "10 of 9" not in told and f"us-over-nmf1: {row['verdict']}, unsupervised model better than NMF1" in told


def test_the_run_of_its_comparison_uses_the_same_estimates_and_ends_with_the_ledger(claimed):
    project, _ = claimed
    made = project.planned(config=CONFIG)
    assert {"judge", "score", "compare", "report"} <= made and "train" not in made
    done = project.run(config=CONFIG)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    facts = json.loads((project.folder / "results/judge/parametric/ledger.json").read_text())
    judged = [row for row in facts["claims"] if row["verdict"] != "not attempted"]
    assert [row["id"] for row in judged] == ["us-over-nmf1"] and len(facts["claims"]) > 400
    assert {row["remark"] for row in facts["claims"] if row["id"] == "us-over-nmf2"} == {
        "the comparison vocal_ensemble has no SI-SDR-frames of the row nmf2/stems"
    }
    assert f"  {facts['said']}" in done.stdout.splitlines()
    assert "  results/judge/parametric/: published claims beside ours" in done.stdout
    assert project.planned(config=CONFIG) == set()
    assert "not attempted" in (project.folder / "results/judge/parametric/table.md").read_text()


def test_a_claim_that_is_not_known_ends_at_once_with_one_sentence(claimed):
    project, _ = claimed
    done = project.run("--keep-going", "claim_us-over-nmf", config=CONFIG)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.endswith("There is no claim 'us-over-nmf' in config/claims; did you mean 'us-over-nmf2'?\n")
