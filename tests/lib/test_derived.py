"""Data sets that are made from another: choices of voices, excerpts."""

import json
from itertools import combinations

import numpy as np
import pytest

from tests.lib.folders import RATE, put, tone, wav
from tests.lib.folders import song as track_folder
from workflow_scripts.data.prepare import prepare
from workflow_scripts.lib.audio.f0 import F0, HOP_SECONDS, frame_count, read_f0, write_f0
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.datasets.table import read_scene, read_tracks

PARTS = ("soprano", "alto", "tenor", "bass")


def prepared(folder, name, kind, settings, stems, of=None):
    dataset = {"settings": settings, "stems": stems, "voices": stems, "rate": None, "channels": None}
    made_from = folder / f"{of}.json" if of else None
    prepare(
        kind=kind, dataset=json.dumps(dataset), out=folder / f"{name}.json", cache=folder / "cache", processes=1,
        code="", of=made_from,
    )  # fmt: skip
    return folder / name


@pytest.fixture(scope="module")
def quartets(tmp_path_factory):
    """Two songs of four voices; the test song has an exact F0, which the kind `folder` does not bring along."""
    folder = tmp_path_factory.mktemp("derived")
    for split, hz, seconds in (("train", 100, 1.0), ("test", 130, 3.3)):
        track_folder(folder / "in" / split / f"song {hz}", hz, round(seconds * RATE), PARTS)
    root = prepared(folder, "quartets", "folder", {"root": str(folder / "in")}, PARTS)
    frames = frame_count(3.3)
    hz = np.arange(4)[:, None] * 1000.0 + np.arange(frames)
    write_f0(root / "test/song 130/f0.csv", F0(PARTS, hz, np.ones((4, frames))))
    return folder


@pytest.mark.parametrize("voices", [("high", "low"), ("one", "two", "three")])
def test_every_choice_of_voices_is_a_track_with_the_mixture_of_just_these(quartets, voices):
    name = f"of_{len(voices)}"
    root = prepared(quartets, name, "subsets", {}, voices, of="quartets")
    chosen = list(combinations(PARTS, len(voices)))
    tracks = {track.track: track for track in read_tracks(root)}
    assert set(tracks) == {f"song {hz} {'-'.join(each)}" for hz in (100, 130) for each in chosen}
    for each in chosen:
        track = tracks[f"song 130 {'-'.join(each)}"]
        assert (track.split, track.song, track.stem_names) == ("test", "song 130", voices)
        mixture, references, _ = read_scene(root, track, voices)
        tones = (tone(130 * (1 + PARTS.index(part)), round(3.3 * RATE))[:, 0] for part in each)
        expected = np.stack([samples / 2**15 for samples in tones])
        np.testing.assert_array_equal(references[:, 0], expected)
        np.testing.assert_allclose(mixture[0], expected.sum(axis=0), atol=1e-7)
        f0 = read_f0(track.folder(root) / "f0.csv")
        assert f0.voices == voices
        assert f0.hz[:, 5].tolist() == [1000.0 * PARTS.index(part) + 5 for part in each]
    assert not (tracks["song 100 soprano-alto" + "-tenor" * (len(voices) - 2)].folder(root) / "f0.csv").exists()


def test_excerpts_lie_side_by_side_from_the_first_on_and_a_rest_is_left_out(quartets):
    root = prepared(quartets, "cut", "excerpts", {"seconds": 1.0, "first": 0.8}, PARTS, of="quartets")
    tracks = {track.track: track for track in read_tracks(root)}
    assert set(tracks) == {"song 100", "song 130 at 0000.80 s", "song 130 at 0001.80 s"}
    assert tracks["song 100"].seconds == 1.0 and tracks["song 100"].split == "train"
    second = tracks["song 130 at 0001.80 s"]
    assert second.seconds == 1.0
    whole = wav(quartets / "quartets/test/song 130/tenor.wav")[0]
    part = wav(second.folder(root) / "tenor.wav")[0]
    np.testing.assert_array_equal(part, whole[round(1.8 * RATE) : round(2.8 * RATE)])
    f0 = read_f0(second.folder(root) / "f0.csv").hz
    assert f0.shape == (4, frame_count(1.0))
    assert f0[1, 0] == 1000 + round(1.8 / HOP_SECONDS) and f0[1, 1] - f0[1, 0] == 1


def test_all_splits_can_be_cut_and_silent_excerpts_are_left_out(quartets, tmp_path):
    silent = np.concatenate([np.zeros_like(tone(200, RATE)), tone(200, RATE)])
    for part in PARTS:
        put(tmp_path / f"in/train/a/{part}.wav", silent)
    prepared(tmp_path, "base", "folder", {"root": str(tmp_path / "in")}, PARTS)
    settings = {"seconds": 0.5, "first": 0.0, "splits": ["train"]}
    root = prepared(tmp_path, "cut", "excerpts", settings, PARTS, of="base")
    assert [track.track for track in read_tracks(root)] == ["a at 0001.00 s", "a at 0001.50 s"]


def test_excerpts_longer_than_all_tracks_leave_no_track_which_is_said(quartets):
    settings = {"seconds": 60.0, "splits": ["train", "test"]}
    with pytest.raises(UserError, match="quartets: holds no track"):
        prepared(quartets, "none", "excerpts", settings, PARTS, of="quartets")
    assert not (quartets / "none").exists()
