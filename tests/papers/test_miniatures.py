"""The papers in miniature: from an archive, by a server on this machine, to the tables; here with fewer rows.

All rows: `python -m tests.papers PAPER FOLDER`.
"""

import json
import shutil

import pandas as pd
import pytest

from tests.papers.__main__ import run
from workflow_scripts.lib.core.code_graph import ROOT
from workflow_scripts.plan.cost import plan_of

NEEDS = {"one_shot": pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is missing")}
# Of each paper: its target, the comparison, and the rows here.
CASES = {
    "adversarial": (
        "paper_adversarial_collections", "adversarial_collections",
        ["mixture", "adversarial_supervised_published", "adversarial_published", "adversarial_remix_published", "irm"],
    ),
    "one_shot": (
        "paper_one_shot_table1", "one_shot_muted",
        ["guided_published", "guided_published_muted", "conv_tasnet_imported", "conv_tasnet_imported_muted"],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Folder of the results of a paper, run once; what it printed lies beside them."""
    kept = {}

    def of(paper):
        if paper not in kept:
            target, comparison, rows = CASES[paper]
            folder = kept[paper] = tmp_path_factory.mktemp(paper)
            fewer = f"comparisons={{{comparison}: {{methods: [{', '.join(rows)}]}}}}"
            ended = run(paper, folder, "--config", fewer, "--", target, capture_output=True, text=True)
            assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-6000:]
            (folder / "told.txt").write_text(ended.stdout + ended.stderr)
        return kept[paper] / "results", (kept[paper] / "told.txt").read_text()

    return of


@pytest.mark.parametrize("paper", [pytest.param(paper, marks=NEEDS.get(paper, ())) for paper in CASES])
def test_a_target_makes_its_own_tables_and_figures_from_the_archive(done, paper):
    results, told = done(paper)
    _, comparison, rows = CASES[paper]
    assert f"To make: {comparison}, in " in told and "To fetch: " in told
    assert (results / "compare" / comparison / "summary.txt").read_text().strip() in told
    assert [path.name for path in (results / "compare").iterdir() if path.is_dir()] == [comparison]
    assert (results / "draw" / f"{comparison}.json").is_file() and not (results / "report").exists()
    table = pd.read_csv(results / "compare" / comparison / "table.csv")
    labels = plan_of([str(ROOT / f"config/papers/{paper}.yaml")], dry=True).configuration
    assert set(table["method"]) == {labels.method(name).label for name in rows}
    headline = table[table["metric"] == table["metric"].iloc[0]]
    assert headline["value"].notna().any()


def test_the_collections_have_their_parts_tables_and_bsseval_v3(done):
    results, _ = done("adversarial")
    tracks = pd.read_csv(results / "prepare/adversarial_collections/tracks.csv")
    counts = tracks.groupby(["family", "split"]).size().unstack()
    assert (counts[["train", "valid", "test"]] == [3, 1, 2]).all(axis=None) and len(counts) == 3
    folder = results / "compare/adversarial_collections"
    assert {path.name for path in folder.iterdir() if path.is_dir()} == {"DSD100", "MedleyDB", "CCMixter"}
    scores = pd.read_csv(folder / "DSD100/table.csv")
    mixture = scores[scores["method"].str.startswith("Mixture") & (scores["metric"] == "NSDR-v3")]
    assert len(mixture) > 0 and mixture["value"].abs().max() < 1e-9
    trained = results / "train/adversarial_collections/vocals+accompaniment/adversarial_published/no-f0/seed0"
    record = json.loads((trained / "provenance.json").read_text())
    assert "Amar_Rest" in json.dumps(record)  # an unlabelled song


@NEEDS["one_shot"]
def test_adapted_models_serve_with_and_without_the_marks(done):
    results, _ = done("one_shot")
    adapted = results / "adapt/musdb18_ten_muted/other+bass+drums+vocals"
    assert [path.name for path in adapted.iterdir()] == ["guided_published"]
    assert not (results / "train").exists()
    table = pd.read_csv(results / "compare/one_shot_muted/table.csv")
    silent = table[(table["metric"] == "PES")].groupby("method")["value"].max()
    muted = silent["P-L1:D, muted where marked silent"]
    assert muted < silent["P-L1:D (published size)"]
