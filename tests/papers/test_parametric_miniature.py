"""config/papers/parametric.yaml in little: from the archive, handed out by a server on this machine, to the ledger."""

import csv
import json

import pytest

from tests.papers.__main__ import run
from workflow_scripts.lib.datasets.table import read_tracks


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The folder of the run, and what it printed."""
    folder = tmp_path_factory.mktemp("parametric")
    done = run("parametric", folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return folder, done.stdout


def test_the_published_test_is_excerpts_of_4_s_and_all_pairs_of_their_voices(ran):
    results = ran[0] / "results/prepare"
    excerpts, pairs = (read_tracks(results / name) for name in ("csd_excerpts", "csd_pair_excerpts"))
    songs = {"El Rossinyol 2", "Locus Iste 3", "Nino Dios 4"}
    assert {track.track for track in excerpts} == {f"{song} at 0004.00 s" for song in songs}
    assert len(pairs) == 18 and {track.stems for track in pairs} == {"upper;lower"}
    assert {track.seconds for track in [*excerpts, *pairs]} == {4.0}
    assert [track.split for track in read_tracks(results / "bcbsq_pairs")].count("valid") == 12


def test_every_row_of_the_paper_is_scored(ran):
    for comparison, rows in (("parametric_four_voices", 11), ("parametric_two_voices", 10)):
        with open(ran[0] / f"results/compare/{comparison}/table.csv", encoding="utf-8", newline="") as lines:
            found = list(csv.DictReader(lines))
        assert len({(row["method"], row["f0"]) for row in found}) == rows
    assert (ran[0] / "results/draw_robustness/parametric_robustness").is_dir()


def test_the_ledger_judges_orders_alone_since_the_voices_are_made(ran):
    ledger = json.loads((ran[0] / "results/judge/parametric/ledger.json").read_text(encoding="utf-8"))
    text = json.dumps(ledger)
    assert "parametric_four_voices" in text
    assert "claims of arXiv 2201.09592: 0 reproduced, 0 differs, 0 inconclusive" in ran[1]
    assert "order alone, on synthesised data" in ran[1]


def test_the_register_names_the_archive_and_how_to_cite_it(ran):
    with open(ran[0] / "results/register/data.csv", encoding="utf-8", newline="") as lines:
        rows = {(row["dataset"], row["split"]): row for row in csv.DictReader(lines)}
    assert rows["csd", "test"]["source"].endswith("/ChoralSingingDataset.zip")
    assert len(rows["csd", "test"]["checksum"]) == 32
    assert rows["csd_pair_excerpts", "test"]["tracks"] == "18"
    assert "@misc{pgmusic" in (ran[0] / "results/register/data.bib").read_text()
