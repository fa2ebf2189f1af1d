"""One recording of the user's own: what the plan makes of it, what it refuses, and the stems that come out."""

import copy
import re

import numpy as np
import pandas as pd
import pytest
import soundfile

from tests.workflow.test_plan import DEFAULT
from workflow_scripts import declared
from workflow_scripts.lib.audio import io
from workflow_scripts.lib.audio.f0 import F0, write_f0
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.provenance import recorded
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.datasets import kinds
from workflow_scripts.lib.metrics import before_after
from workflow_scripts.plan import Plan
from workflow_scripts.plan_codes import Codes
from workflow_scripts.song.write_song import write_song

SOURCES = ["vocals", "drums", "bass", "other"]


@pytest.fixture
def files(tmp_path):
    """Paths of a recording, marks and F0."""
    noise = 0.1 * stream("own song").standard_normal((22050 * 2, 1))
    soundfile.write(tmp_path / "My song (1).flac", noise, 22050)
    (tmp_path / "marks.txt").write_text("0.5\t1.5\t-vocals\n")
    (tmp_path / "f0.csv").write_text("Time,Voice,Hz\n0,high,440\n0,low,220\n1,high,0\n")
    return {"song": tmp_path / "My song (1).flac", "marks": tmp_path / "marks.txt", "f0": tmp_path / "f0.csv"}


@pytest.fixture
def config(monkeypatch):
    has = declared.has
    monkeypatch.setattr(
        declared, "has", lambda module, name: (module, name) == ("nmf_supervised", "adapt") or has(module, name)
    )
    adapter = {
        "label": "Adapter", "module": "nmf_supervised", "needs": ["marks", "adaptation"], "start": "nmf_supervised",
        "marks": "exact",
    }  # fmt: skip
    own = {"own_song": {"guided_method": "adapter"}, "methods": {"adapter": adapter}}
    return copy.deepcopy(DEFAULT) | own


def _given(config, files, *names):
    return config | {name: str(files[name]) for name in names}


def test_a_song_with_marks_is_separated_with_a_model_of_the_data_set_named_adapted_to_it(config, files):
    plan = Plan(_given(config, files, "song", "marks"))
    assert plan.targets() == ["results/song/My_song_1.json"]
    base = "results/separate/song-My_song_1/vocals+drums+bass+other"
    found = plan.song_inputs(None)
    assert found["before"] == f"{base}/nmf_supervised/no-f0/seed0/test/1-of-1.json"
    assert found["after"] == f"{base}/adapter/no-f0/seed0/test/1-of-1.json"
    assert found["marks"] == "results/make_marks/song-My_song_1/own/test/1-of-1.json"
    entry = plan.dataset("song-My_song_1")
    assert (entry["kind"], entry["rate"], entry["channels"]) == ("recording", 8000, 2)
    assert plan._folder("song-My_song_1", "v", "adapter", "no-f0", 0).startswith("results/train/songs_stereo_8k/v/nmf")
    assert plan.marks_source("own")["settings"] == {"root": str(files["marks"])}


def test_the_content_of_song_and_marks_counts_not_their_time(config, files, tmp_path):
    given = _given(config, files, "song", "marks") | {"data_cache": str(tmp_path / "cache")}
    before = Codes(Plan(given)).write_song()
    files["marks"].touch()
    assert Codes(Plan(given)).write_song() == before
    files["marks"].write_text("0.5\t1.4\t-vocals\n")
    assert Codes(Plan(given)).write_song() != before


def test_an_ensemble_has_the_voices_of_its_f0_table_and_learns_from_the_recording_itself(config, files):
    plan = Plan(_given(config, files, "song", "f0"))
    found = plan.song_inputs(None)
    method = "parametric_unsupervised_test/own"
    assert found["after"] == f"results/separate/song-My_song_1/high+low/{method}/seed0/test/1-of-1.json"
    assert found["f0"] == "results/estimate_f0/song-My_song_1/own/test/1-of-1.json"
    assert not {"before", "marks"} & set(found)
    folder = plan._folder("song-My_song_1", "high+low", "parametric_unsupervised_test", "own", 0)
    assert folder == f"results/train/song-My_song_1/high+low/{method}/seed0"
    estimated = Plan(_given(config, files, "song") | {"f0": "mixture"})
    assert "/soprano+alto+tenor+bass/parametric_unsupervised_test/mixture/" in estimated.song_inputs(None)["after"]


MISTAKES = [
    (("song",), {}, "but nothing says what it holds; write when each source plays as Audacity labels"),
    (("marks",), {}, "which needs a recording; add song=PATH."),
    (("song", "marks", "f0"), {}, "song is given with marks and with f0; give marks for a song"),
    (("marks",), {"song": "none.wav"}, "config: song is 'none.wav', where there is no file; give the path of one."),
    (("song",), {"marks": "none.txt"}, "config: marks is 'none.txt', where there is no file"),
    (("song",), {"f0": "stems"}, "own_song.f0 has 'stems', found from stems, but a recording has none"),
    (("song",), {"f0": "mixtur"}, "config: f0 is 'mixtur', no file and no F0 source; did you mean 'mixture'?"),
    (("song", "marks"), {"own_song": {"guided_method": "adaptor"}}, "guided_method is 'adaptor'; did you mean"),
    (("song",), {"f0": "user"}, "config: f0.user.settings.root is 'my_f0', where there is nothing; set it to your"),
    (("song", "f0"), {"own_song": {"ensemble_method": "nmf"}}, "ensemble_method is 'nmf'; did you mean 'nmf2'?"),
    (("song", "marks"), {"own_song": {"guided_data": "song"}}, "guided_data is 'song'; did you mean 'songs'?"),
    (
        ("song", "marks"),
        {"own_song": {"guidedmethod": "x"}},
        "'own_song.guidedmethod' is unknown; did you mean 'guided_method'?",
    ),
    (("song", "marks"), {"methods": {"adapter": None}}, "config: the key 'methods.adapter' is None; allowed is a map"),
    (("song", "marks"), {"methods": {"nmf_supervised": {"needs": 3}}}, "the key 'needs' is 3; allowed is a"),
    ((), {"run": []}, "config: run is empty; name at least one of the comparisons in it."),
]


@pytest.mark.parametrize(("names", "more", "sentence"), MISTAKES, ids=[each[2][-30:] for each in MISTAKES])
def test_a_mistake_about_ones_own_song_is_told_in_one_sentence(config, files, names, more, sentence):
    config = _given(config, files, *names)
    for key, value in more.items():
        config[key] = config[key] | value if isinstance(value, dict) else value
    with pytest.raises(UserError, match=re.escape(sentence)) as error:
        Plan(config)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("f0", "time,Hz\n0,440\n", "the first line is 'time,Hz'; needed are the columns time, voice and Hz"),
        ("f0", "time,voice,pitch\n0,high,440\n", "the first line is 'time,voice,pitch'"),
        ("f0", "time;voice;Hz\n0;high;440\n", "the first line is 'time;voice;Hz'"),
        ("f0", "", "the first line is ''"),
        ("f0", "time,voice,Hz\n", "no row names a voice"),
        ("f0", "time,voice,Hz\n0,high/low,440\n", "'high/low'; allowed is a text"),
        ("marks", "0.5\t1.5\t-vocal\n", "marks.txt, line 1: there is no source 'vocal'; did you mean 'vocals'?"),
        ("marks", "1.5\t0.5\t-vocals\n", "starts at 1.5 s and ends before that, at 0.5 s; exchange the two."),
        ("marks", "0\t1\tvocals\n0.5\t2\t-vocals\n", "'vocals' is marked as silent from 0.5 s to 1 s, but as playing"),
        ("marks", "", "holds no mark; write at least one stretch"),
    ],
)
def test_a_wrong_file_of_f0_or_marks_is_refused_before_any_job(config, files, file, content, sentence):
    files[file].write_text(content)
    with pytest.raises(UserError, match=re.escape(sentence)) as error:
        Plan(_given(config, files, "song", file))
    assert "\n" not in str(error.value)


def test_stems_and_rest_add_up_to_the_recording_and_the_summary_says_what_changed(files, tmp_path):
    kinds.prepare(
        "recording", {"root": str(files["song"])}, tmp_path / "data", stems=SOURCES, voices=(), rate=8000, channels=2,
        processes=1, cache=tmp_path,
    )  # fmt: skip
    (tmp_path / "data.json").write_text("{}")
    mixture, rate = io.read(tmp_path / "data/test/My song (1)/mixture.wav")
    quarter = np.arange(mixture.shape[-1]) * 4 // mixture.shape[-1]
    for stage, vocals in (("before", 0.4), ("after", 0.4 * np.isin(quarter, (0, 3)))):
        parts = dict(zip(SOURCES, (vocals, 0.3, 0.2, 0.1), strict=True))
        for source, part in parts.items():
            io.write(tmp_path / stage / "My song (1)" / f"{source}.wav", part * mixture, rate)
        (tmp_path / f"{stage}.json").write_text("{}")
    with recorded(tmp_path / "marks.json", "") as folder:
        folder.mkdir(exist_ok=True)
        (folder / "My song (1).txt").write_text("0.5\t1.5\t-vocals\n")
    folders = {name: tmp_path / f"{name}.json" for name in ("data", "before", "after", "marks")}
    out = tmp_path / "out.json"
    write_song(song=files["song"], **folders, sources=SOURCES, names=["old", "new"], out=out, code="")

    original, own_rate = io.read(files["song"])
    written = {name: io.read(tmp_path / f"out/{name}.wav") for name in (*SOURCES, "rest")}
    assert {found for _, found in written.values()} == {own_rate} == {22050}
    np.testing.assert_allclose(sum(samples for samples, _ in written.values()), original, atol=1e-6)
    table = pd.read_csv(tmp_path / "out/summary.csv").set_index(["source", "stage"])
    level = 10 * np.log10(np.mean((0.4 * mixture[:, quarter % 3 != 0]) ** 2))
    assert table.loc[("vocals", "before"), "silent"] == pytest.approx(level, abs=0.01)
    assert table.loc[("vocals", "after"), "silent"] == -120
    assert table.loc[("drums", "after"), "share"] == pytest.approx(9, abs=0.01)
    text = (tmp_path / "out/summary.txt").read_text()
    assert "before (old) and after (new)" in text and "-> -120.0" in text and "not marked" in text


def test_the_summary_of_an_ensemble_says_what_f0_each_voice_had(files, tmp_path):
    kinds.prepare(
        "recording", {"root": str(files["song"])}, tmp_path / "data", stems=("high", "low"), voices=("high", "low"),
        rate=8000, channels=1, processes=1, cache=tmp_path,
    )  # fmt: skip
    (tmp_path / "data.json").write_text("{}")
    mixture, rate = io.read(tmp_path / "data/test/My song (1)/mixture.wav")
    for voice in ("high", "low"):
        io.write(tmp_path / "after" / "My song (1)" / f"{voice}.wav", 0.5 * mixture, rate)
    (tmp_path / "after.json").write_text("{}")
    hz = np.array([[0, 0, 440, 442, 444], [0, 0, 0, 0, 0]], float)
    write_f0(tmp_path / "f0" / "My song (1).csv", F0(("high", "low"), hz, np.ones((2, 5))))
    (tmp_path / "f0.json").write_text("{}")
    given = {name: tmp_path / f"{name}.json" for name in ("data", "after", "f0", "out")}
    write_song(song=files["song"], **given, sources=["high", "low"], names=["Model"], code="")
    title, heads, high, low, *rest = (tmp_path / "out/summary.txt").read_text().splitlines()
    assert title == "My song (1).flac: Model"
    assert re.split("  +", heads)[-2:] == ["time with F0, %", "median F0, Hz"]
    assert high.split()[2:] == ["25.0", "60.0", "442.0"]
    assert low.split()[2:] == ["25.0", "0.0", "-"]
    assert rest[0].startswith("Stems add up to the mixture at 8000 Hz but for -120.0 dB.")


def test_consistency_is_the_level_of_what_the_estimates_leave_out():
    mixture = stream("consistency").standard_normal((2, 1000))
    assert before_after.consistency(np.stack([mixture * 0.5, mixture * 0.4]), mixture) == pytest.approx(20)
    assert before_after.consistency(np.stack([mixture, mixture * 0]), mixture) == 120
    assert np.isnan(before_after.level(mixture, np.zeros(1000, bool)))
    assert before_after.level(mixture * 0) == -120
