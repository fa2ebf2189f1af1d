"""No track is lost on its way through shards into tables, figures and the file of all scores: hand values."""

import io
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow_scripts.compare.compare import compare
from workflow_scripts.lib.audio import io as audio
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.datasets.table import Track, read_shard, read_tracks, shard, write_tracks
from workflow_scripts.lib.statistics.rows import ResultRow, to_json
from workflow_scripts.lib.statistics.scores import read_scores
from workflow_scripts.report.report import report
from workflow_scripts.score.score import score

DECIBELS = (1.0, 2.0, 4.0, 8.0, 16.0)  # SNR of each track by construction: any lost one moves the mean
ROWS = to_json([ResultRow("near", "no-f0", 0, "Near", bound=False, trained=False, adapted=False)])
SHARDS = ("1-of-3", "2-of-3", "3-of-3")


@given(st.integers(0, 30), st.integers(1, 12))
def test_every_track_is_in_exactly_one_shard_and_shards_differ_by_one_track_at_most(tracks, shards):
    parts = [shard(range(tracks), f"{k}-of-{shards}") for k in range(1, shards + 1)]
    assert sorted(track for part in parts for track in part) == list(range(tracks))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_split_without_tracks_is_refused_and_a_shard_without_tracks_is_empty(tmp_path):
    write_tracks(tmp_path, [Track("one", "train", "one", "", "", 0.1, 8000, 1, "voice", "x")])
    assert read_shard(tmp_path, "train", "2-of-2") == []
    with pytest.raises(UserError, match="has no track in the split 'test', which is asked for; it has some in train"):
        read_shard(tmp_path, "test", "1-of-1")


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """A folder with data, estimates and scores; an SNR of d dB is that of the estimate (1 - 10^(-d/20)) s of s."""
    root = tmp_path_factory.mktemp("shards")
    tracks = [
        Track(f"t{k}", "test", f"t{k}", "", "odd" if k % 2 else "even", 0.1, 8000, 1, "voice", "x")
        for k in range(len(DECIBELS))
    ]
    write_tracks(root / "data", tracks)
    signal = 0.5 * np.sin(np.arange(800))[None]
    for track in tracks:
        for name in ("mixture", "voice"):
            audio.write(track.folder(root / "data") / f"{name}.wav", signal, 8000)
    for part in SHARDS:
        folder = root / "estimates" / part
        for track in shard(read_tracks(root / "data"), part):
            gain = 1 - 10 ** (-DECIBELS[int(track.track[1:])] / 20)
            audio.write(folder / track.track / "voice.wav", gain * signal, 8000)
        cost = {"cpu_seconds": 1.0, "wall_seconds": 2.0, "peak_memory_mib": 3.0}
        (folder / "provenance.json").write_text(json.dumps({"cost": cost}))
        score(
            comparison="x", dataset="data", data=root / "data.json", sources=["voice"], split="test", part=part,
            rows=ROWS, estimates=[root / "estimates" / f"{part}.json"], metrics=["SNR"], families=["ratios"],
            scoring="{}", out=root / "scores" / f"{part}.json", code="",
        )  # fmt: skip
    return root


def scores_of(root):
    return [root / "scores" / f"{part}.json" for part in SHARDS]


def test_the_scores_of_all_shards_are_those_of_all_tracks(scored):
    found = read_scores(scores_of(scored)).set_index("track")["value"]
    assert sorted(found.index) == ["t0", "t1", "t2", "t3", "t4"]
    np.testing.assert_allclose(found.sort_index(), DECIBELS, atol=1e-3)


@pytest.mark.parametrize(("aggregation", "expected"), [("mean", np.mean(DECIBELS)), ("median", 4.0)])
def test_a_table_is_of_the_tracks_of_every_shard(scored, tmp_path, aggregation, expected):
    estimates = [scored / "estimates" / f"{part}.json" for part in SHARDS]
    compare(
        scores=scores_of(scored), estimates=estimates, models=[], adapted=[], rows=ROWS, metrics=["SNR"],
        families=["ratios"], aggregation=aggregation, groups=["odd"], scoring="{}", remark="", contrasts="[]",
        out=tmp_path / "out.json", code="",
    )  # fmt: skip
    for folder, tracks, value in ((".", 5, expected), ("odd", 2, 5.0)):
        table = pd.read_csv(io.StringIO((tmp_path / "out" / folder / "table.csv").read_text()))
        (row,) = table[table["aggregation"] == f"{aggregation} over tracks"].to_dict("records")
        assert (row["tracks"], row["value"]) == (tracks, pytest.approx(value, abs=1e-3))


def test_the_file_of_all_scores_holds_every_track_once(scored, tmp_path):
    report(
        scores=scores_of(scored), tables=[], f0=[], figures=[], ledgers=[], register=tmp_path / "register.json",
        summary=tmp_path / "s.txt", parquet=tmp_path / "p",
    )  # fmt: skip
    assert sorted(pd.read_parquet(tmp_path / "p")["track"]) == ["t0", "t1", "t2", "t3", "t4"]
