"""config/papers/parametric.yaml in little: from the archive, handed out by a server on this machine, to the ledger."""

import csv
import functools
import http.server
import json
import threading

import pytest

from tests.papers.parametric_data import make
from tests.workflow.conftest import Project
from workflow_scripts.lib.core.code_graph import ROOT
from workflow_scripts.lib.datasets.table import read_tracks

CONFIGURATIONS = [ROOT / f"config/papers/{name}.yaml" for name in ("parametric", "parametric_mini")]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words):
        pass


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The project after the run, and what was printed."""
    folder = tmp_path_factory.mktemp("data")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        make(folder, f"http://127.0.0.1:{server.server_port}")
        project = Project(tmp_path_factory.mktemp("paper"))
        done = project.run(*map(str, CONFIGURATIONS[1:]), str(folder / "data.yaml"), config=CONFIGURATIONS[0])
        server.shutdown()
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return project.folder, done.stdout


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
