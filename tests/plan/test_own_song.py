"""A recording of the user's own in the plan: what becomes of it, what it rests on, mistakes about it."""

import json
import re

import pytest
import soundfile

from tests.plan.given import default, paths
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.plan.model_jobs import Train
from workflow_scripts.plan.plan import Plan


@pytest.fixture
def files(tmp_path):
    """Paths of a recording, marks and F0."""
    noise = 0.1 * stream("own song").standard_normal((22050 * 2, 1))
    soundfile.write(tmp_path / "My song (1).flac", noise, 22050)
    (tmp_path / "marks.txt").write_text("0.5\t1.5\t-vocals\n")
    (tmp_path / "f0.csv").write_text("Time,Voice,Hz\n0,high,440\n0,low,220\n1,high,0\n")
    return {"song": tmp_path / "My song (1).flac", "marks": tmp_path / "marks.txt", "f0": tmp_path / "f0.csv"}


@pytest.fixture
def config():
    adapter = {
        "label": "Adapter", "module": "one_shot", "needs": ["marks", "adaptation"], "start": "conv_tasnet",
        "marks": "exact",
    }  # fmt: skip
    return default(own_song={"guided_method": "adapter"}, methods={"adapter": adapter})


def _given(config, files, *names):
    return config | {name: str(files[name]) for name in names}


def test_a_song_with_marks_is_separated_with_a_model_of_the_data_set_named_adapted_to_it(config, files):
    plan = Plan(_given(config, files, "song", "marks"))
    assert plan.targets() == ["results/song/My_song_1-872c26f4.json"]
    assert plan.summary() == "results/song/My_song_1-872c26f4/summary.txt"
    base = "results/separate/song-My_song_1-872c26f4/vocals+drums+bass+other"
    found = paths(plan.last())
    assert found["before"] == f"{base}/conv_tasnet/no-f0/seed0/test/1-of-1.json"
    assert found["after"] == f"{base}/adapter/no-f0/seed0/test/1-of-1.json"
    assert found["marks"] == "results/make_marks/song-My_song_1-872c26f4/own/test/1-of-1.json"
    entry = plan.configuration.dataset("song-My_song_1-872c26f4")
    assert (entry.kind, entry.rate, entry.channels) == ("recording", 8000, 2)
    (training,) = plan.last().behind(Train)
    assert training.folder.startswith("results/train/songs_stereo_8k/vocals+drums+bass+other/conv_tasnet/")
    assert plan.configuration.marks_source("own").settings == {"root": str(files["marks"])}


def test_the_content_of_song_and_marks_counts_not_their_time(config, files, tmp_path):
    given = _given(config, files, "song", "marks") | {"data_cache": str(tmp_path / "cache")}
    before = Plan(given).last().fingerprint
    files["marks"].touch()
    assert Plan(given).last().fingerprint == before
    files["marks"].write_text("0.5\t1.4\t-vocals\n")
    assert Plan(given).last().fingerprint != before


def test_an_ensemble_has_the_voices_of_its_f0_table_and_learns_from_the_recording_itself(config, files):
    plan = Plan(_given(config, files, "song", "f0"))
    found = paths(plan.last())
    method = "parametric_unsupervised_test/own"
    assert found["after"] == f"results/separate/song-My_song_1-872c26f4/high+low/{method}/seed0/test/1-of-1.json"
    assert found["f0"] == "results/estimate_f0/song-My_song_1-872c26f4/own/test/1-of-1.json"
    assert not {"before", "marks"} & set(found)
    (training,) = plan.last().behind(Train)
    assert training.folder == f"results/train/song-My_song_1-872c26f4/high+low/{method}/seed0"
    estimated = Plan(_given(config, files, "song") | {"f0": "mixture"})
    assert "/soprano+alto+tenor+bass/parametric_unsupervised_test/mixture/" in paths(estimated.last())["after"]


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
    (("song", "marks"), {"methods": {"conv_tasnet": {"needs": 3}}}, "the key 'needs' is 3; allowed is a"),
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
        ("f0", "time,voice\n0,high\n", "needed is one column each of time, voice and Hz; there are 0 of 'hz'"),
        ("f0", "", "needed is one column each of time, voice and Hz"),
        ("f0", "time,voice,Hz\n", "has no row under the names of its columns"),
        ("f0", "time,voice,Hz\n0,,440\n", "row 2: names no voice; write one in the column voice"),
        ("f0", "time,voice,Hz\n0,high/low,440\n", "the name 'high/low' has '/'; rename it"),
        ("f0", "time,voice,Hz\n0,rest,440\n", "the name 'rest' is 'rest', which is that of what no stem holds"),
        ("f0", "time,voice,Hz\n0,Mixture,440\n", "the name 'Mixture' is 'mixture', which is that of the sum"),
        ("f0", "time,voice,Hz\n0,high,440\n0,High,440\n", "'high' and 'High' differ in capitals only"),
        ("f0", "time,voice,Hz\n0,-high,440\n", "the name '-high' begins with '-'"),
        ("f0", "time,voice,Hz\n0,{high},440\n", "the name '{high}' has '{'"),
        ("f0", f"time,voice,Hz\n0,{'x' * 250},440\n", "is longer than 40 bytes"),
        ("f0", "time,voice,Hz\n0,high,440\n1000,high,440\n", "with a row every 1000 s, but the audio lasts 2.000 s"),
        ("f0", "5,440\n5.5,440\n", "no voice has a pitch within the track, which ends at 2.0 s"),
        ("f0", "0,440,0.9\n0.01,440,0.9\n", "row 1: has more than time and Hz; name the columns"),
        ("f0", "0,01,440,5\n", "put tabs or semicolons between the cells"),
        ("f0", "0,1e300\n", "Hz is 1e+300; a pitch lies between 10 and 20000 Hz"),
        ("marks", "0\t1900\t-vocals\n", "ends at 1900, but the audio lasts 2.000 s; these look like milliseconds"),
        ("marks", "0\t44100\t-vocals\n", "these look like samples, and labels are in seconds"),
        ("marks", "1\t3\t-vocals\n", "leaves the audio, which lasts 2.000 s"),
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


@pytest.mark.parametrize(
    "content",
    [
        "0,440\n0.01,441\n", "time,Hz\n0,440\n", "TIME,VALUE,LABEL\n0,440,New Point\n", "0\t440\n0.01\t441\n",
        "0;440\n0,01;441,5\n", "0 440\n", "\ufeff\r\n0,440,\r\n\r\n0.01,441,\r\n,,\r\n",
    ],
)  # fmt: skip
def test_a_file_of_two_columns_is_one_voice_called_after_it(config, files, content):
    files["f0"] = files["f0"].with_name("lead.csv")
    files["f0"].write_text(content)
    plan = Plan(_given(config, files, "song", "f0"))
    assert "/lead/parametric_unsupervised_test/own/" in paths(plan.last())["after"]


def test_a_folder_of_f0_has_a_file_a_voice(config, files, tmp_path):
    for voice in ("low", "high"):
        (tmp_path / "voices").mkdir(exist_ok=True)
        (tmp_path / f"voices/{voice}.csv").write_text("0,440\n")
    plan = Plan(_given(config, files | {"f0": tmp_path / "voices"}, "song", "f0"))
    assert "/high+low/parametric_unsupervised_test/own/" in paths(plan.last())["after"]


@pytest.mark.parametrize(
    ("names", "sentence"),
    [(("\u6771\u4eac", "\u5927\u962a"), None), (("a b", "a_b"), None), (("a", "a"), "rename one")],
)
def test_no_song_takes_the_folder_of_another(config, files, tmp_path, monkeypatch, names, sentence):
    monkeypatch.chdir(tmp_path)
    found = []
    for number, name in enumerate(names):
        file = tmp_path / str(number) / f"{name}.flac"
        file.parent.mkdir()
        file.write_bytes(files["song"].read_bytes())
        given = _given(config, files | {"song": file}, "song", "marks")
        if sentence and found:
            with pytest.raises(UserError, match=f"would take the place of those of .*0/{name}.flac.*{sentence}"):
                Plan(given)
            return
        song = Plan(given).configuration.song.name
        found.append(song)
        (tmp_path / f"results/prepare/song-{song}").mkdir(parents=True)
        (tmp_path / f"results/prepare/song-{song}/manifest.json").write_text(json.dumps({"file": str(file)}))
        assert Plan(given).configuration.song.name == song  # its own results stand in no song's way
    assert len(set(found)) == 2 and all(re.fullmatch(r"[\w-]+", song, re.ASCII) for song in found)


def test_a_path_that_yaml_cuts_is_refused_with_the_way_to_quote_it(config, files, tmp_path):
    (tmp_path / "Song #1.wav").write_bytes(b"")
    for song in (str(tmp_path / "Song"), {"Song": "one.wav"}, ["live"], 7):
        with pytest.raises(UserError, match="second pair of quotes"):
            Plan(_given(config, files, "marks") | {"song": song})


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"rate": 1}, "has 1 samples a second; allowed are 4000 to 768000 Hz"),
        ({"channels": 6}, "has 6 channels, but the data set has 2"),
        ({"frames": 0}, "holds no samples"),
    ],
)
def test_a_recording_that_cannot_be_used_is_refused_before_any_job(config, files, tmp_path, change, sentence):
    form = {"rate": 8000, "channels": 1, "frames": 16000} | change
    files["song"] = tmp_path / "new.wav"
    soundfile.write(files["song"], stream("x").standard_normal((form["frames"], form["channels"])) / 9, form["rate"])
    with pytest.raises(UserError, match=sentence):
        Plan(_given(config, files, "song", "marks"))
