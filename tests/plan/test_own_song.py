"""A recording of the user's own in the plan: what becomes of it, what it rests on, mistakes about it."""

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
    assert plan.targets() == ["results/song/My_song_1.json"]
    assert plan.summary() == "results/song/My_song_1/summary.txt"
    base = "results/separate/song-My_song_1/vocals+drums+bass+other"
    found = paths(plan.last())
    assert found["before"] == f"{base}/conv_tasnet/no-f0/seed0/test/1-of-1.json"
    assert found["after"] == f"{base}/adapter/no-f0/seed0/test/1-of-1.json"
    assert found["marks"] == "results/make_marks/song-My_song_1/own/test/1-of-1.json"
    entry = plan.configuration.dataset("song-My_song_1")
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
    assert found["after"] == f"results/separate/song-My_song_1/high+low/{method}/seed0/test/1-of-1.json"
    assert found["f0"] == "results/estimate_f0/song-My_song_1/own/test/1-of-1.json"
    assert not {"before", "marks"} & set(found)
    (training,) = plan.last().behind(Train)
    assert training.folder == f"results/train/song-My_song_1/high+low/{method}/seed0"
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
