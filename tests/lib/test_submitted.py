"""Estimates and scores of others: how they are read, and the scripts that take them."""

import json
import math

import numpy as np
import pandas as pd
import pytest
import soundfile

from tests.lib.folders import RATE, prepare, put, song, tone
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.provenance import SUBMISSION
from workflow_scripts.lib.datasets.submitted import find_estimates, passed_over
from workflow_scripts.lib.statistics.costs import read_costs
from workflow_scripts.lib.statistics.given_scores import GivenScore, read_given_scores
from workflow_scripts.lib.statistics.rows import ResultRow
from workflow_scripts.submissions.import_estimates import import_estimates
from workflow_scripts.submissions.import_scores import import_scores
from workflow_scripts.submissions.write_mixtures import write_mixtures

STEMS = ("vocals", "drums")
LEVELS = {"SDR": "frame", "SI-SDR": "track"}
OF_SHARD = {"split": "test", "code": "c", "submission": "band"}


@pytest.fixture
def data(tmp_path):
    """Manifest of a prepared data set of three tracks."""
    for name in ("a", "b", "c"):
        song(tmp_path / "recordings" / name, stems=STEMS)
    prepare(tmp_path / "recordings", tmp_path / "mine", stems=STEMS)
    return tmp_path / "mine.json"


def table(path, *lines):
    path.write_text("\n".join(lines) + "\n")
    return path


# Reading


def test_frames_may_be_told_by_number_or_by_the_second_in_which_they_begin(tmp_path):
    head = "track;source;metric;value;"
    numbers = table(tmp_path / "a.csv", f"{head}frame", "x;v;SDR;1,5;0", "x;v;SDR;-2;3", "x;v;SI-SDR;7;")
    seconds = table(tmp_path / "b.csv", f"{head}seconds", "x;v;SDR;1,5;0", "x;v;SDR;-2;4.5", "x;v;SI-SDR;7;")
    found = read_given_scores(numbers, LEVELS, 1.5)
    assert found == read_given_scores(seconds, LEVELS, 1.5)
    assert found == [
        GivenScore("x", "v", "SDR", 0, 1.5), GivenScore("x", "v", "SDR", 3, -2.0),
        GivenScore("x", "v", "SI-SDR", None, 7.0),
    ]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), [("inf", math.inf), ("-Inf", -math.inf), ("NaN", None), ("", None)])
def test_values_may_be_infinite_or_undefined(tmp_path, text, value):
    path = table(tmp_path / "a.csv", "track,source,metric,value", f"x,v,SI-SDR,{text}")
    (score,) = read_given_scores(path, LEVELS, 1.0)
    assert math.isnan(score.value) if value is None else score.value == value


def test_names_are_found_however_unicode_writes_them(tmp_path):
    put(tmp_path / "Cafe\u0301/vocals.wav", tone(200))
    put(tmp_path / ".trash/vocals.wav", tone(200))
    put(tmp_path / "extra/bass.flac", tone(200))
    files = find_estimates(tmp_path, "test", ["Caf\u00e9"], ["vocals"])
    assert list(files) == ["Caf\u00e9"] and files["Caf\u00e9"]["vocals"].is_file()
    assert passed_over(tmp_path, files) == ["extra/bass.flac"]


# The scripts


def test_estimates_come_out_as_they_went_in_whatever_the_format(tmp_path, data):
    signal = np.random.default_rng(1).uniform(-1, 1, RATE // 4)
    for name in ("a", "b", "c"):
        put(tmp_path / f"given/{name}/vocals.flac", signal, subtype="PCM_24")
        put(tmp_path / f"given/{name}/drums.wav", signal.astype("f4") * 2, subtype="FLOAT")  # over full scale
    out = tmp_path / "out.json"
    import_estimates(root=tmp_path / "given", data=data, sources=[*STEMS], part="2-of-2", out=out, **OF_SHARD)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["b", "provenance.json"]
    for name, suffix in (("vocals", "flac"), ("drums", "wav")):
        made, rate = soundfile.read(tmp_path / f"out/b/{name}.wav")
        assert rate == RATE and len(made) == RATE // 4
        assert np.array_equal(made, soundfile.read(tmp_path / f"given/b/{name}.{suffix}")[0])
    assert json.loads((tmp_path / "out/provenance.json").read_text())[SUBMISSION] == "band"


@pytest.mark.parametrize(
    ("samples", "sentence"),
    [
        (np.full(RATE // 4, np.nan), "a/drums.wav: has samples that are NaN or infinite"),
        (np.zeros(RATE // 4 - 3), "a/drums.wav: has 1997 samples, but the mixture of 'a' has 2000"),
    ],
)
def test_the_job_refuses_what_does_not_fit_and_leaves_no_manifest(tmp_path, data, samples, sentence):
    for name in ("a", "b", "c"):
        song(tmp_path / "given" / name, stems=STEMS)
    put(tmp_path / "given/a/drums.wav", samples, subtype="FLOAT")
    given = {"root": tmp_path / "given", "data": data, "sources": [*STEMS], "out": tmp_path / "out.json"} | OF_SHARD
    with pytest.raises(UserError, match=sentence):
        import_estimates(part="1-of-1", **given)
    assert not (tmp_path / "out.json").exists()


def test_a_track_of_another_shard_is_missed_too(tmp_path, data):
    song(tmp_path / "given/a", stems=STEMS)
    given = {"root": tmp_path / "given", "data": data, "sources": [*STEMS], "out": tmp_path / "out.json"} | OF_SHARD
    with pytest.raises(UserError, match=r"lacks the track 'b' \(2 of 3 tracks are missing\)"):
        import_estimates(part="1-of-3", **given)


def test_scores_become_a_table_such_as_the_scorer_writes(tmp_path, data):
    lines = [f"{track},vocals,SDR,{number},{frame}" for number, track in enumerate("abcd") for frame in (0, 1)]
    given = table(tmp_path / "scores.csv", "track,source,metric,value,frame", *lines, "a,vocals,SIR,9,0")
    told = {"comparison": "x", "dataset": "mine", "levels": json.dumps(LEVELS), "hop": 1.0} | OF_SHARD
    for part in ("1-of-4", "2-of-4", "4-of-4"):
        out = tmp_path / f"{part}.json"
        import_scores(table=given, data=data, sources=["vocals"], part=part, out=out, **told)
    made = pd.read_parquet(tmp_path / "2-of-4/scores.parquet")
    assert made[["track", "metric", "frame", "value"]].values.tolist() == [["b", "SDR", 0, 1.0], ["b", "SDR", 1, 1.0]]
    columns = "comparison dataset track family source metric frame value method f0 seed"
    assert list(made) == columns.split() and str(made["frame"].dtype) == "Int32"
    assert made.iloc[0][["comparison", "dataset", "family", "method", "f0", "seed"]].tolist() == [
        "x", "mine", "", "band", "no-f0", 0,
    ]  # fmt: skip
    assert pd.read_parquet(tmp_path / "4-of-4/scores.parquet").empty
    assert len(pd.read_csv(tmp_path / "1-of-4/failures.csv")) == 0


def test_what_others_made_has_no_cost_that_could_be_taken_for_small(tmp_path, data):
    put(tmp_path / "given/a/vocals.wav", tone(200))
    for name in "bc":
        put(tmp_path / f"given/{name}/vocals.wav", tone(200))
    out, own = tmp_path / "out.json", tmp_path / "own.json"
    import_estimates(root=tmp_path / "given", data=data, sources=["vocals"], part="1-of-1", out=out, **OF_SHARD)
    (tmp_path / "own").mkdir()
    cost = {"cpu_seconds": 1.0, "wall_seconds": 2.0, "peak_memory_mib": 3.0}
    (tmp_path / "own/provenance.json").write_text(json.dumps({"cost": cost}))
    rows = [ResultRow(name, "no-f0", 0, name, False, False, False) for name in ("band", "own")]
    assert read_costs(rows, [out, own], [], [])["method"].tolist() == ["own"]


def test_the_mixtures_come_with_all_that_estimates_must_be(tmp_path, data):
    asked = json.dumps({"first": ["vocals", "accompaniment"]})
    write_mixtures(data=data, comparisons=asked, out=tmp_path / "mixtures.json", code="c")
    for name in "abc":
        assert (tmp_path / f"mixtures/{name}.wav").read_bytes() == (
            tmp_path / f"mine/test/{name}/mixture.wav"
        ).read_bytes()
    assert (tmp_path / "mixtures/tracks.csv").read_text().splitlines()[:2] == [
        "track,samples,rate,channels", "a,2000,8000,1",
    ]  # fmt: skip
    assert "comparison first: vocals, accompaniment\n" in (tmp_path / "mixtures/README.txt").read_text()
