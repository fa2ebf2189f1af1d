"""Marks: files of them, finding them from stems, making them worse."""

import math
from itertools import pairwise

import librosa
import numpy as np
import pytest
from scipy.signal import butter, filtfilt

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.core.settings import checked
from workflow_scripts.lib.datasets import activity, marks
from workflow_scripts.lib.datasets.embedded import songs
from workflow_scripts.lib.datasets.kinds.embedded import resample_piece
from workflow_scripts.lib.datasets.marks import PLAYS, SILENT, Mark
from workflow_scripts.lib.datasets.marks_sources import degraded, file

SOURCES = ("vocals", "drums", "bass", "other")


def _file(folder, text, name="song.txt"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def _read(folder, text, name="song.txt", seconds=20.0):
    return marks.read_marks(_file(folder, text, name), SOURCES, seconds)


def test_audacity_labels_of_any_order_overlapping_and_with_spectral_lines_are_read(tmp_path):
    found = _read(
        tmp_path,
        "12.500000\t20.000000\t-vocals\n\\\t100.0\t2000.0\n3.0\t7.0\tbass\n5.0\t9.0\tBass\n\n0.000000\t12.500000\tvocals\n"
        "9.0\t10,5\t+bass\n11\t12\t- Drums\n",
    )
    assert found == [
        Mark(0.0, 12.5, "vocals", PLAYS),
        Mark(3.0, 10.5, "bass", PLAYS),
        Mark(11.0, 12.0, "drums", SILENT),
        Mark(12.5, 20.0, "vocals", SILENT),
    ]


def test_csv_says_the_same_as_labels(tmp_path):
    labels = _read(tmp_path, "1.5\t3\tvocals\n4\t5\t-bass\n")
    table = _read(tmp_path, "State,source,start,end\nsilent,bass,4,5\nplays,vocals,1.5,3.0\n", "song.csv")
    assert len(labels) == 2
    assert labels == table


def test_marks_that_leave_the_audio_a_little_are_cut_at_its_ends(tmp_path):
    assert _read(tmp_path, "-0.2\t3\tvocals\n19\t20.4\t-vocals\n20.1\t20.3\tbass\n") == [
        Mark(0.0, 3.0, "vocals", PLAYS),
        Mark(19.0, 20.0, "vocals", SILENT),
    ]


MISTAKES = [
    ("1\t2\tvocal\n", "line 1: there is no source 'vocal'; did you mean 'vocals'?"),
    ("1\t2\tbass\n1\t2\n", "line 2: there is no source ''; allowed: bass, drums, other, vocals"),
    ("1\t2\tbass\n\\\t1\t2\n5\t4\tbass\n", "line 3: the mark of 'bass' starts at 5 s and ends before that, at 4 s"),
    ("5\t5\tbass\n", "line 1: the mark of 'bass' is a point at 5 s; drag it out"),
    ("5\t21\tbass\n", "line 1: the mark of 'bass' from 5 s to 21 s leaves the audio, which lasts 20.000 s"),
    ("-2\t1\tbass\n", "leaves the audio"),
    ("0\t19000\tbass\n", "ends at 19000, but the audio lasts 20.000 s; these look like milliseconds"),
    ("1\t4\tbass\n3\t5\t-bass\n", "line 2: 'bass' is marked as silent from 3 s to 4 s, but as playing there too"),
    ("1 4 bass\n", "line 1: '1 4 bass' is no label"),
    ("one\t4\tbass\n", "line 1: 'one' is no time; a number of seconds"),
    ("nan\t4\tbass\n", "line 1: 'nan' is no time"),
]


@pytest.mark.parametrize(("text", "sentence"), MISTAKES, ids=[each[1][-30:] for each in MISTAKES])
def test_a_bad_mark_is_refused_in_one_sentence_with_file_and_line(tmp_path, text, sentence):
    with pytest.raises(UserError) as caught:
        _read(tmp_path, text)
    assert sentence in str(caught.value) and str(tmp_path / "song.txt") in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("start,end,source\n1,2,bass\n", "line 1: needed is one column each of start, end, source and state"),
        ("start,end,source,state\n1,2,bass,quiet\n", "line 2: the state is 'quiet'; did you mean 'silent'"),
        ("start,end,source,state\n1,,bass,silent\n", "line 2: '' is no time"),
    ],
)
def test_a_bad_table_of_marks_is_refused(tmp_path, text, sentence):
    with pytest.raises(UserError, match=sentence):
        _read(tmp_path, text, "song.csv")


def test_a_user_without_a_file_or_with_an_empty_one_is_told_what_to_write(tmp_path):
    settings = file.Settings(str(tmp_path))
    with pytest.raises(UserError, match=r"has no marks of the track 'song'; write them as song\.txt"):
        file.read(settings, "song", SOURCES, 20.0)
    path = _file(tmp_path, "\n")
    for root in (tmp_path, path):
        with pytest.raises(UserError, match=r"song\.txt: holds no mark; write at least one stretch"):
            file.read(file.Settings(str(root)), "song", SOURCES, 20.0)
    path.write_bytes(b"1\t2\t\xffbass\n")
    with pytest.raises(UserError, match=r"song\.txt: is no text of labels"):
        file.read(settings, "song", SOURCES, 20.0)


@pytest.mark.parametrize("rate", [8000, 44100])
def test_marks_written_and_read_again_give_the_same_samples(tmp_path, rate):
    length = 7 * rate + 3
    runs = stream("marks").choice([PLAYS, SILENT, 0], (4, 30)).astype(np.float32)
    found = runs[:, np.arange(length) * 30 // length]
    marks.write_marks(tmp_path / "song.txt", marks.marks_of(found, SOURCES, rate))
    again = marks.read_marks(tmp_path / "song.txt", SOURCES, length / rate)
    assert len(again) > 20
    np.testing.assert_array_equal(marks.states(again, SOURCES, SOURCES, length, rate), found)


def test_what_no_mark_covers_is_not_marked_and_the_accompaniment_follows_from_the_stems():
    given = [
        Mark(0, 1, "vocals", PLAYS), Mark(0, 2, "drums", SILENT), Mark(0, 2, "bass", SILENT),
        Mark(1, 3, "other", PLAYS), Mark(0, 1, "other", SILENT),
    ]  # fmt: skip
    found = marks.states(given, ("vocals", "accompaniment"), SOURCES, 4, 1)
    np.testing.assert_array_equal(found, [[1, 0, 0, 0], [-1, 1, 1, 0]])


# From stems


def _stems(rate=8000):
    """Two stereo sources of 4 s: noise that pauses from 1 s to 2 s, left only; quieter noise until 3 s."""
    noise = 0.1 * stream("stems").standard_normal((2, 2, 4 * rate))
    noise[0, :, rate : 2 * rate] = 0
    noise[0, 1] = 0
    noise[1, :, 3 * rate :] = 0
    noise[1] *= 0.3
    return noise


def _published(stems, theta, rate):
    """The rule step by step, with loops, for one channel; stems [source, time]."""
    size = 2 * round(2048 * rate / 44100)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1, size + 1) / (size + 1))
    envelopes = []
    for stem in stems:
        padded = np.concatenate([np.zeros(size // 2), stem])
        padded = np.concatenate([padded, np.zeros(math.ceil(len(padded) / size) * size - len(padded))])
        frames = [
            np.mean(np.sqrt(np.where(padded[i : i + size] > 0, padded[i : i + size], 0)) * window)
            for i in range(0, len(padded) - size + 1, size // 2)
        ]
        long = librosa.resample(np.array(frames), orig_sr=len(frames), target_sr=stems.shape[-1])
        envelopes.append(long[: stems.shape[-1]])
    total = np.sum(envelopes, axis=0)
    shares = len(stems) * np.array(envelopes) / total.max()
    shares[:, total < 0.01] = 0
    smooth = filtfilt(*butter(2, 0.075), shares, axis=1)
    return 1 / (1 + np.exp(-20 * (smooth - theta))) >= 0.5


@pytest.mark.parametrize("theta", [0.01, 0.15])
def test_the_envelope_rule_is_the_published_one_channel_by_channel(theta):
    stems = _stems()
    found = activity.envelope_rule(stems, np.full(2, theta), 8000)
    for channel in range(2):
        expected = _published(stems[:, channel], theta, 8000)
        assert 0.1 < expected.mean() < 0.95
        assert (found[:, channel] == expected).mean() > 0.9999
    assert not found[0, 1].any()


def test_a_threshold_of_its_own_for_each_source_moves_that_source_alone():
    stems = _stems()
    plain, one = (
        activity.activity(stems, ("a", "b"), 8000, activity.Settings(rule="envelope", theta=theta))
        for theta in (0.05, {"a": 0.05, "b": 0.9})
    )
    np.testing.assert_array_equal(plain[0], one[0])
    assert (one[1] == PLAYS).sum() < (plain[1] == PLAYS).sum()
    with pytest.raises(UserError, match="theta has no value for 'b'; it has a"):
        activity.thresholds(("a", "b"), {"a": 1.0})


def test_the_silence_rule_finds_exact_silence_of_a_minimum_length_in_all_channels():
    stems = _stems()
    found = activity.activity(stems, ("a", "b"), 8000, activity.Settings(minimum=0.5))
    expected = np.ones((2, 32000))
    expected[0, 8000:16000] = expected[1, 24000:] = -1
    np.testing.assert_array_equal(found, expected)
    assert (activity.activity(stems, ("a", "b"), 8000, activity.Settings(minimum=1.1)) == PLAYS).all()
    assert (activity.activity(stems, ("a", "b"), 8000, activity.Settings(floor_db=0.0)) == SILENT).all()


# Made worse


def _regular():
    return [Mark(2.0 * k, 2.0 * k + 2, source, SILENT if k % 2 else PLAYS) for source in SOURCES for k in range(50)]


@pytest.mark.parametrize(("jitter", "deviation"), [("normal", 0.1), ("uniform", 0.1 / math.sqrt(3))])
def test_jitter_has_the_named_width_keeps_order_and_never_overlaps(jitter, deviation):
    settings = degraded.Settings(jitter_seconds=0.1, jitter=jitter)
    found = degraded.degrade(_regular(), 100.0, settings, 0, "song")
    assert len(found) == 200
    shifts = np.array([mark.start - 2 * round(mark.start / 2) for mark in found if mark.start > 1])
    assert np.std(shifts) == pytest.approx(deviation, rel=0.15)
    for source in SOURCES:
        own = [mark for mark in found if mark.source == source]
        assert (own[0].start, own[-1].end) == (0.0, 100.0)
        assert all(one.end == two.start for one, two in pairwise(own))


def test_the_same_seed_and_track_give_the_same_errors_and_others_give_others():
    settings = degraded.Settings(jitter_seconds=0.1, dropped=0.5)
    first, again, other, track = (
        degraded.degrade(_regular(), 100.0, settings, seed, track)
        for seed, track in ((0, "song"), (0, "song"), (1, "song"), (0, "tune"))
    )
    assert len(first) == 100
    assert first == again
    assert first != other and first != track


def test_dropped_marks_become_not_marked_and_more_of_them_are_dropped_among_others():
    few, many = (
        degraded.degrade(_regular(), 100.0, degraded.Settings(dropped=share), 0, "song") for share in (0.25, 0.75)
    )
    assert (len(few), len(many)) == (150, 50)
    assert set(many) < set(few) < set(_regular())
    found = marks.states(many, SOURCES, SOURCES, 1000, 10)
    assert (found == 0).mean() == 0.75


def test_only_the_marks_of_silence_can_be_kept():
    found = degraded.degrade(_regular(), 100.0, degraded.Settings(keep="silent"), 0, "song")
    assert len(found) == 100 and {mark.state for mark in found} == {SILENT}
    with pytest.raises(UserError, match="'keep' is 'silence'; did you mean 'silent'"):
        checked(degraded.Settings, {"keep": "silence"}, "settings")


# The embedded songs as marked data


@pytest.fixture(scope="module")
def low():
    """Two whole embedded songs at 8 kHz."""
    return [resample_piece(songs.render(piece), 8000, None) for piece in ("studio-test-1", "club-test-1")]


def test_embedded_songs_have_intros_without_voice_drop_outs_and_stretches_of_one_source_alone(low):
    settings = activity.Settings(floor_db=-60)
    for song in low:
        stems = np.stack(list(song.stems.values())) / 32768
        found = activity.activity(stems, tuple(song.stems), song.rate, settings)
        silent = (found == SILENT).mean(axis=1)
        assert (silent > 0.03).all() and (silent < 0.6).all()
        assert found[0, 0] == SILENT and (found[:, song.rate] == PLAYS).sum() == 1  # one source alone, not the voice
        assert ((found == PLAYS).sum(axis=0) == 1).mean() > 0.1
        assert sum(mark.state == SILENT for mark in marks.marks_of(found, tuple(song.stems), song.rate)) >= 6
