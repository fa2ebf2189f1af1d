"""What the files of a folder of recordings tell before any job."""

import pytest

from tests.lib.folders import put, song, tone
from tests.plan.given import default
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.names import slug, wrong_in_stem
from workflow_scripts.plan.plan import Plan
from workflow_scripts.plan.recordings import lengths_of

STEMS = ("vocals", "drums")


@pytest.fixture
def root(tmp_path):
    song(tmp_path / "rec/one", stems=STEMS)
    return tmp_path / "rec"


def plan(root, stems=STEMS, more=None, looks=True, **comparison):
    """The plan of one comparison of recordings at `root`; `more`: other keys of the configuration."""
    mine = {"kind": "folder", "stems": list(stems), "voices": list(stems[:1]), "settings": {"root": str(root)}}
    given = {"dataset": "mine", "sources": list(stems), "methods": ["mixture"], "metrics": ["SI-SDR"]} | comparison
    cache = str(root.parent / "cache")
    config = default(run=["mine"], datasets={"mine": mine}, comparisons={"mine": given}, data_cache=cache)
    return Plan(config | (more or {}), looks)


def refused(sentence, *given, **comparison):
    with pytest.raises(UserError, match=sentence) as error:
        plan(*given, **comparison)
    assert "\n" not in str(error.value)


def test_lengths_are_those_of_the_longest_file(root):
    put(root / "one/vocals.wav", tone(200, 2100))
    assert lengths_of(plan(root).configuration, "mine") == {"test": {"one": 2100 / 8000}}


def test_jobs_do_not_look_at_the_recordings_again(root):
    (root / "one/vocals.wav").write_bytes(b"no audio")
    plan(root, looks=False)
    refused("cannot be read as audio", root)


def test_a_stem_called_accompaniment_is_just_that_stem(tmp_path):
    song(tmp_path / "rec/one", stems=("vocals", "accompaniment"))
    plan(tmp_path / "rec", ("vocals", "accompaniment"))


@pytest.mark.parametrize(
    ("split", "methods", "sentence"),
    [
        ("test", ["mixture"], "comparisons.mine scores the split 'test' .* has no track in .*; it has some in train"),
        ("valid", ["mixture"], "scores the split 'valid'"),
        ("train", ["mixture"], None),
    ],
)
def test_a_split_without_tracks_is_refused(tmp_path, split, methods, sentence):
    song(tmp_path / "rec/train/one", stems=STEMS)
    if sentence:
        refused(sentence, tmp_path / "rec", split=split, methods=methods)
    else:
        plan(tmp_path / "rec", split=split, methods=methods)


def test_a_method_that_learns_needs_a_training_split(root):
    refused("the method 'nmf_supervised' learns from the split 'train'", root, methods=["nmf_supervised"])


def test_a_method_that_learns_step_by_step_needs_a_validation_split_too(tmp_path):
    for split in ("train", "test"):
        song(tmp_path / "rec" / split / f"of-{split}", stems=STEMS)
    plan(tmp_path / "rec", methods=["nmf_supervised"])
    said = "the method 'conv_tasnet' chooses its best weights on the split 'valid'"
    refused(said, tmp_path / "rec", methods=["conv_tasnet"])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda root: (root / "one/vocals.wav").write_bytes(b"no audio"), "vocals.wav: cannot be read as audio"),
        (lambda root: put(root / "one/vocals.wav", tone(200, 4000)), "lasts 0.250 s, but .*vocals.wav lasts 0.500 s"),
        (lambda root: put(root / "one/vocals.wav", tone(200, rate=1000), 1000), "allowed are 4000 to 768000 Hz"),
        (lambda root: put(root / "one/guitar.wav", tone(200)), "guitar.wav: 'guitar' is neither"),
        (lambda root: song(root / ("x" * 201), stems=STEMS), "a name of 201 bytes is too long"),
        (lambda root: (root / "one/vocals.wav").rename(root / "one/vocals.m4a"), ".m4a files are not read; convert it"),
    ],
)
def test_what_names_and_headers_tell_is_refused(root, change, sentence):
    change(root)
    refused(sentence, root)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("0,440\n0.1,441\n", None),
        ("time,voice,Hz\n0,vocal,440\n", "row 2: there is no voice 'vocal'"),
        ("0,440\n100,441\n", "look like milliseconds"),
    ],
)
def test_f0_of_the_users_is_read_before_any_job(root, text, sentence):
    (root.parent / "one.csv").write_text(text)
    more = {"f0": {"user": {"settings": {"root": str(root.parent)}}}}
    given = {"methods": ["nmf1"], "f0": ["user"], "sources": ["vocals"], "more": more}
    if sentence:
        refused(sentence, root, **given)
    else:
        plan(root, **given)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("0\t0.1\t-vocals\n", None),
        ("0\t240\t-vocals\n", "one.txt, line 1: .* look like milliseconds"),
        ("0\t1\t-vocals\n", "leaves the audio, which lasts 0.250 s"),
        ("0\t0.1\t-flute\n", "no source 'flute'"),
    ],
)
def test_marks_of_the_users_are_read_before_any_job(root, text, sentence):
    (root.parent / "one.txt").write_text(text)
    method = {"label": "x", "module": "mixture", "needs": ["marks"], "marks": "user"}
    more = {"marks": {"user": {"settings": {"root": str(root.parent)}}}, "methods": {"marked": method}}
    if sentence:
        refused(sentence, root, methods=["marked"], more=more)
    else:
        plan(root, methods=["marked"], more=more)


@pytest.mark.parametrize(
    "name", ["", " a", "a ", ".a", "-a", "\u2212a", "a/b", "a\\b", "a;b", "a+b", "{a}", "a*", "$a$", "a\n", "Mixture"]
)
def test_a_name_that_no_file_can_have_is_none_of_a_stem(root, name):
    assert wrong_in_stem(name)
    refused("'stems.0'", root, (name, "drums"))


@pytest.mark.parametrize("names", [("Vocals", "vocals"), ("\u00e9", "e\u0301")])
def test_names_that_are_one_on_some_file_systems_are_refused(root, names):
    refused("is there twice", root, names)


def test_slugs_are_readable_and_differ_where_names_do():
    names = ["a b", "a_b", "a-b", "\u6771\u4eac", "\u5927\u962a", "Caf\u00e9", "Cafe", "x" * 200, "x" * 201, "_a", "a"]
    found = [slug(name) for name in names]
    assert len(set(found)) == len(names) and max(map(len, found)) <= 80
    assert found[1:3] == ["a_b", "a-b"] and found[5].startswith("Cafe-") and found[6] == "Cafe"
    assert slug("Cafe\u0301") == slug("Caf\u00e9")
