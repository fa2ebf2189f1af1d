"""Unlabelled songs: which give mixtures and which solo recordings, what is read of them, how they are drawn."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import torch

from tests.lib import toy
from workflow_scripts.lib.audio import io as audio
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.datasets.budget import Budget, UnpairedBudget
from workflow_scripts.lib.datasets.corpus import Corpus
from workflow_scripts.lib.datasets.excerpts import Excerpts
from workflow_scripts.lib.datasets.table import Track, write_tracks
from workflow_scripts.lib.datasets.unpaired import split_unlabelled, unpaired_excerpts
from workflow_scripts.lib.training.learning import learn

RATE = 8000
STEMS = ("bass", "drums", "voice")
SOURCES = ("voice", "accompaniment")
SONGS = {"train": {"near": 4, "far": 8}, "valid": {"near": 1, "far": 1}, "test": {"far": 2}}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Songs of two families whose stems are constants: stem k of song n is n + k/10, in thousandths."""
    root, tracks = tmp_path_factory.mktemp("data"), []
    for split, families in SONGS.items():
        for family, count in families.items():
            for number in range(count):
                name = f"{family}-{split}-{number}"
                parts = {stem: np.full((1, RATE), 1e-3 * (number + k / 10)) for k, stem in enumerate(STEMS, 1)}
                for stem, samples in {**parts, "mixture": sum(parts.values())}.items():
                    audio.write(root / split / name / f"{stem}.wav", samples, RATE)
                tracks.append(Track(name, split, name, "", family, 1.0, RATE, 1, ";".join(STEMS), f"hash of {name}"))
    write_tracks(root, tracks)
    return root


@pytest.fixture
def read(monkeypatch):
    """The files that were opened, as track/file."""
    files, opened = [], soundfile.read

    def traced(path, *arguments, **options):
        files.append("/".join(str(path).split("/")[-2:]))
        return opened(path, *arguments, **options)

    monkeypatch.setattr(soundfile, "read", traced)
    return files


def _excerpts(corpus):
    def make(tracks, solo=None, name="excerpts"):
        return Excerpts(
            corpus.data, tracks, corpus.sources, seconds=0.25, batch=12, references=False, solo=solo, name=name
        )

    return make


def _songs(split):
    return [{track.song for track in tracks} for tracks in (split.mixtures, *split.solos.values())]


@pytest.mark.parametrize("family", ["far", None])
@pytest.mark.parametrize("songs", [1, 3])
def test_no_song_is_used_twice_and_none_that_is_paired_or_held_out_is_used_at_all(data, family, songs):
    corpus = Corpus(data, SOURCES, budget=Budget(songs=songs, family="near"))
    split = split_unlabelled(corpus, UnpairedBudget(family))
    parts = _songs(split)
    paired = {track.song for track in corpus.tracks}
    assert len(parts) == 3 and all(parts) and len(paired) == songs
    used = [song for part in [paired, *parts] for song in part]
    assert len(used) == len(set(used)) == songs + (8 if family else 12 - songs)
    assert all("-train-" in song for song in used)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert split.names() == split_unlabelled(corpus, UnpairedBudget(family)).names()
    assert split.fingerprint() == split_unlabelled(corpus, UnpairedBudget(family)).fingerprint()


def test_shared_songs_give_mixtures_and_all_solos_and_none_that_is_paired(data):
    corpus = Corpus(data, SOURCES, budget=Budget(songs=2, family="near"))
    split = split_unlabelled(corpus, UnpairedBudget(songs="shared"))
    free = {f"near-train-{k}" for k in (2, 3)} | {f"far-train-{k}" for k in range(8)}
    assert _songs(split) == [free] * 3
    assert split.fingerprint() != split_unlabelled(corpus, UnpairedBudget()).fingerprint()


def test_a_budget_takes_the_first_songs_of_its_family(data):
    names = [track.track for track in Corpus(data, SOURCES, budget=Budget(songs=2, family="far")).tracks]
    assert names == ["far-train-0", "far-train-1"]
    assert (
        len(Corpus(data, SOURCES, budget=Budget(family="far")).tracks) == 8 and len(Corpus(data, SOURCES).tracks) == 12
    )


def test_each_part_reads_its_own_songs_and_no_file_that_would_make_a_pair(data, read):
    corpus = Corpus(data, SOURCES, budget=Budget(songs=2, family="near"))
    split = split_unlabelled(corpus, UnpairedBudget("far"))
    unpaired = unpaired_excerpts(split, _excerpts(corpus))
    everything = {"mixtures": unpaired.mixtures, **unpaired.solos}
    expected = {"mixtures": {"mixture.wav"}, "voice": {"voice.wav"}, "accompaniment": {"bass.wav", "drums.wav"}}
    for part, excerpts in everything.items():
        read.clear()
        for number in range(4):
            assert all(scene.references is None and scene.f0 is None for scene in excerpts.batch(0, number))
        tracks = split.mixtures if part == "mixtures" else split.solos[part]
        assert {file.split("/")[1] for file in read} == expected[part]
        assert {file.split("/")[0] for file in read} <= {track.track for track in tracks}


def test_a_solo_recording_stands_in_the_place_of_the_mixture(data):
    corpus = Corpus(data, SOURCES, budget=Budget(songs=2, family="near"))
    unpaired = unpaired_excerpts(split_unlabelled(corpus, UnpairedBudget("far")), _excerpts(corpus))
    for source, total in {"voice": 0.3, "accompaniment": 0.3}.items():
        scene = unpaired.solos[source].batch(0, 1)[0]
        assert scene.mixture.shape == (1, RATE // 4)
        level = 1e3 * scene.mixture.mean().item()
        number = (level - total) / (1 if source == "voice" else 2)
        assert number == pytest.approx(round(number), abs=1e-3)


def test_the_parts_are_drawn_independently_and_each_repeats_itself(data):
    corpus = Corpus(data, SOURCES, budget=Budget(songs=2, family="near"))
    tracks = split_unlabelled(corpus, UnpairedBudget("far")).mixtures
    make = _excerpts(corpus)
    first, second = make(tracks, name="one"), make(tracks, name="two")
    seeds = [[scene.seed for scene in each.batch(0, 3)] for each in (first, second, make(tracks, name="one"))]
    assert len(seeds[0]) == 12 and seeds[0] == seeds[2] != seeds[1]


def test_an_unknown_family_is_told_with_the_key_and_the_nearest(data):
    with pytest.raises(
        UserError, match=r"no training song of the family 'neer' \(budget.family\); did you mean 'near'"
    ):
        _ = Corpus(data, SOURCES, budget=Budget(family="neer")).tracks
    with pytest.raises(UserError, match=r"family 'fur' \(unpaired.family\); did you mean 'far'"):
        split_unlabelled(Corpus(data, SOURCES, budget=Budget(songs=1)), UnpairedBudget("fur"))


def test_too_few_songs_are_told_with_what_there_is_and_what_is_needed(data):
    with pytest.raises(UserError, match=r"has 4 songs of the family 'near' in the split 'train', but .* asks for 5"):
        _ = Corpus(data, SOURCES, budget=Budget(songs=5, family="near")).tracks
    with pytest.raises(UserError, match=r"has 2 training songs of the family 'near' outside .* 2 sources need 3"):
        split_unlabelled(Corpus(data, SOURCES, budget=Budget(songs=2, family="near")), UnpairedBudget("near"))
    with pytest.raises(UserError, match="has 0 training songs outside the paired budget"):
        split_unlabelled(Corpus(data, SOURCES), UnpairedBudget())


def test_a_method_is_given_the_unpaired_excerpts_and_the_weights_to_start_from(data, tmp_path, read):
    seen = []

    def trainee(given, settings, seed, device, accelerator):
        seen.append(given)
        return toy.Toy()

    corpus = Corpus(data, SOURCES, budget=Budget(songs=2, family="near"))
    job = toy.job(corpus, UnpairedBudget("far"), {"weight": torch.ones(2)})
    method = SimpleNamespace(trainee=trainee)
    learn(method, SimpleNamespace(), job, gpus=0, state=tmp_path / "state.pt", stream=io.StringIO())
    (given,) = seen
    assert given.start["weight"].tolist() == [1, 1]
    assert list(given.unpaired.solos) == list(SOURCES)
    everything = [given.train, given.unpaired.mixtures, *given.unpaired.solos.values()]
    assert len({excerpts.name for excerpts in everything}) == 4
    assert not read  # nothing is read before it is asked for
    given.unpaired.solos["voice"].batch(0, 1)
    assert {file.split("/")[1] for file in read} == {"voice.wav"}


def test_a_training_says_what_it_was_given_and_from_which_songs(data):
    corpus = Corpus(data, SOURCES, budget=Budget(songs=2, family="near"))
    paired = [track.sha256 for track in corpus.tracks]
    assert toy.job(corpus).inputs() == {"data": paired}
    unlabelled = split_unlabelled(corpus, UnpairedBudget("far"))
    parts = {"mixtures": unlabelled.mixtures} | {f"solo {source}": unlabelled.solos[source] for source in SOURCES}
    given = toy.job(corpus, UnpairedBudget("far")).inputs()
    assert given == {"data": paired, "unpaired": {part: [each.track for each in of] for part, of in parts.items()}}
