"""Excerpts and what a method is trained on, on tracks whose samples and F0 tell where they were cut."""

import numpy as np
import pytest
import torch

from workflow_scripts.lib.audio import io
from workflow_scripts.lib.audio.f0 import F0, HOP_SECONDS, frame_count, write_f0
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.datasets.budget import Budget
from workflow_scripts.lib.datasets.corpus import Corpus
from workflow_scripts.lib.datasets.excerpts import Excerpts
from workflow_scripts.lib.datasets.table import Track, read_tracks, write_tracks

RATE = 8000
STEMS = ("bass", "drums", "voice")
SECONDS = {("train", "a1"): 1.0, ("train", "a2"): 2.0, ("train", "b1"): 3.0, ("valid", "v"): 1.5, ("test", "t"): 0.3}


def prepared(root, rate=RATE):
    """Tracks whose stems count their samples: stem k is (k + 1) * n * 1e-6 at sample n, left, and minus it, right."""
    tracks = []
    for (split, name), seconds in SECONDS.items():
        ramp = np.arange(round(seconds * rate)) * 1e-6
        parts = {stem: (k + 1) * np.stack([ramp, -ramp]) for k, stem in enumerate(STEMS)}
        for stem, samples in {**parts, "mixture": sum(parts.values())}.items():
            io.write(root / split / name / f"{stem}.wav", samples, rate)
        tracks.append(Track(name, split, name[0], "", "", seconds, rate, 2, ";".join(STEMS), f"hash of {name}"))
    write_tracks(root, tracks)
    return root


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return prepared(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def f0(tmp_path_factory):
    """Tables whose frame m says 100 + m Hz, in two folders."""
    root = tmp_path_factory.mktemp("f0")
    for (split, name), seconds in SECONDS.items():
        hz = 100.0 + np.arange(frame_count(seconds))[None]
        write_f0(root / split / f"{name}.csv", F0(("voice",), hz, np.ones_like(hz)))
    return [root / "train", root / "valid", root / "test"]


def _excerpts(data, f0=(), split="train", sources=("voice", "accompaniment"), **options):
    return Excerpts(data, read_tracks(data, split), sources, f0, **{"seconds": 0.5, "batch": 4} | options)


def _start(scene):
    """Sample of the track at which an excerpt begins, as its own samples say."""
    return round(scene.mixture[0, 0].item() / 6e-6)


def test_mixture_references_and_f0_are_cut_at_the_same_place_on_the_f0_grid(data, f0):
    excerpts, generator = _excerpts(data, f0), stream("draw")
    starts = []
    for _ in range(40):
        scene = excerpts.draw(generator)
        assert scene.mixture.shape == (2, 4000) and scene.references.shape == (2, 2, 4000)
        assert scene.mixture.dtype == scene.references.dtype == torch.float32
        starts.append(_start(scene))
        frame = starts[-1] / (HOP_SECONDS * RATE)
        assert frame == round(frame)
        np.testing.assert_allclose(scene.f0.hz[0], 100 + frame + np.arange(frame_count(0.5)))
        counted = 1e-6 * (starts[-1] + np.arange(4000))
        np.testing.assert_allclose(scene.references[0, 0], 3 * counted, rtol=1e-5, atol=1e-9)
        np.testing.assert_allclose(scene.references[1, 1], -3 * counted, rtol=1e-5, atol=1e-9)
        np.testing.assert_allclose(scene.references.sum(0), scene.mixture, rtol=1e-5, atol=1e-9)
    assert len(set(starts)) > 20


def test_at_a_rate_off_the_grid_the_f0_is_less_than_a_sample_away(tmp_path):
    data = prepared(tmp_path / "data", rate=11025)
    hz = 100.0 + np.arange(frame_count(3.0))[None]
    for (_, name), seconds in SECONDS.items():
        write_f0(
            tmp_path / "f0" / f"{name}.csv",
            F0(("voice",), hz[:, : frame_count(seconds)], np.ones((1, frame_count(seconds)))),
        )
    excerpts, generator = _excerpts(data, [tmp_path / "f0"]), stream("draw")
    scenes = [excerpts.draw(generator) for _ in range(10)]
    assert all(abs(_start(scene) - (scene.f0.hz[0, 0] - 100) * HOP_SECONDS * 11025) <= 0.51 for scene in scenes)


def test_longer_tracks_are_drawn_more_often(data):
    excerpts, generator = _excerpts(data, cache_bytes=0, references=False), stream("often")
    drawn = [excerpts._draw_start(generator, 0.5)[0].track for _ in range(600)]
    counts = {name: drawn.count(name) for name in ("a1", "a2", "b1")}
    assert abs(counts["a1"] - 100) < 40 and abs(counts["a2"] - 200) < 50 and abs(counts["b1"] - 300) < 50


def test_drawn_from_songs_every_track_is_as_likely_as_any_other(data):
    excerpts, generator = _excerpts(data, references=False, draw_from="songs"), stream("evenly")
    drawn = [excerpts._draw_start(generator, 0.5)[0].track for _ in range(600)]
    assert all(abs(drawn.count(name) - 200) < 45 for name in ("a1", "a2", "b1"))


@pytest.mark.parametrize("cache", [0, 2**30])
def test_an_excerpt_may_reach_beyond_both_ends_with_zeros_there(data, f0, cache):
    excerpts, generator = _excerpts(data, f0, cache_bytes=cache, overhang=0.16), stream("over")
    before = after = 0
    for _ in range(200):
        scene = excerpts.draw(generator)
        ramp, hz = scene.mixture[0].numpy() / 6e-6, scene.f0.hz[0]
        first = int(np.argmax(ramp > 0)) - 1  # of the sample that counts 0, or before the excerpt
        last = len(ramp) - int(np.argmax(ramp[::-1] > 0)) - 1
        assert first <= 1280 and last >= 4000 - 1280 - 1
        if first > 0:  # 128 samples a frame of F0
            before += 1
            assert not scene.references[..., :first].any() and not hz[: first // 128].any()
            assert hz[first // 128] == 100 and ramp[first + 5] == pytest.approx(5, rel=1e-4)
        if last < 3999:
            after += 1
            assert round(ramp[last]) + 1 in (8000, 16000, 24000) and not scene.mixture[:, last + 1 :].any()
    assert before > 10 and after > 10


def test_fixed_excerpts_with_overhang_lie_so_that_their_middles_cover_the_track_once(data):
    scenes = _excerpts(data, split="valid", overhang=0.112).every_excerpt(0.512)
    starts = [round(scene.mixture[0, 1000].item() / 6e-6) - 1000 for scene in scenes]
    middle = round((0.512 - 2 * 0.112) * RATE)
    assert starts == [-896 + k * middle for k in range(5)]


@pytest.mark.parametrize("cache", [0, 200_000, 2**30])
def test_a_batch_depends_on_seed_and_number_alone_whatever_was_drawn_or_kept_in_memory_before(data, f0, cache):
    fresh, used = _excerpts(data, f0), _excerpts(data, f0, cache_bytes=cache)
    for number in range(12):
        used.batch(0, number)
    first, second = fresh.batch(0, 7), used.batch(0, 7)
    assert len(first) == 4
    for one, two in zip(first, second, strict=True):
        assert torch.equal(one.mixture, two.mixture) and torch.equal(one.references, two.references)
        assert one.seed == two.seed and np.array_equal(one.f0.hz, two.f0.hz)
    assert [_start(scene) for scene in fresh.batch(0, 8)] != [_start(scene) for scene in first]
    assert [_start(scene) for scene in fresh.batch(1, 7)] != [_start(scene) for scene in first]


def test_memory_holds_no_more_than_its_bound(data):
    excerpts = _excerpts(data, cache_bytes=500_000)
    for number in range(12):
        excerpts.batch(0, number)
    held = sum(samples.nbytes for samples in excerpts._decoded.values())
    assert 0 < held <= 500_000


def test_the_processes_of_a_training_share_a_batch(data):
    whole = [_start(scene) for scene in _excerpts(data).batch(3, 1)]
    shares = [[_start(scene) for scene in _excerpts(data, share=(k, 2)).batch(3, 1)] for k in (0, 1)]
    assert shares == [whole[0::2], whole[1::2]]


def test_fixed_excerpts_lie_end_to_end_on_the_grid(data, f0):
    scenes = _excerpts(data, f0).every_excerpt(0.48)
    starts = [_start(scene) for scene in scenes]
    step = round(0.48 * RATE)
    assert starts == [0, step] + [k * step for k in range(4)] + [k * step for k in range(6)]
    assert [scene.f0.hz[0, 0] for scene in scenes[:2]] == [100, 130]


def test_a_track_shorter_than_an_excerpt_is_followed_by_silence_without_f0(data, f0):
    (scene,) = _excerpts(data, f0, split="test").every_excerpt()
    assert scene.mixture.shape == (2, 4000) and scene.f0.hz.shape == (1, frame_count(0.5))
    assert scene.mixture[0, 1:2400].all() and not scene.mixture[:, 2400:].any()
    assert scene.f0.hz[0, :19].all() and not scene.f0.hz[0, 19:].any()
    drawn = _excerpts(data, f0, split="test").draw(stream("short"))
    assert torch.equal(drawn.mixture, scene.mixture)


def test_without_references_no_stem_is_opened(tmp_path):
    data = prepared(tmp_path / "data")
    for stem in STEMS:
        for path in data.rglob(f"{stem}.wav"):
            path.unlink()
    scenes = _excerpts(data, references=False).batch(0, 1)
    assert len(scenes) == 4 and all(scene.references is None for scene in scenes)
    with pytest.raises(UserError, match=r"voice\.wav: cannot be read as audio"):
        _excerpts(data).batch(0, 1)


def test_a_track_without_an_f0_table_is_refused_by_name(data, f0):
    with pytest.raises(UserError, match="The track 'v' has no F0 table"):
        _excerpts(data, f0[:1], split="valid")


def test_a_budget_takes_the_first_songs_whole(data):
    names = {
        songs: [track.track for track in Corpus(data, ("voice",), budget=Budget(songs=songs)).tracks]
        for songs in (1, 2, None)
    }
    assert names == {1: ["a1", "a2"], 2: ["a1", "a2", "b1"], None: ["a1", "a2", "b1"]}
    with pytest.raises(UserError, match=r"has 2 songs in the split 'train', but budget\.songs asks for 3"):
        _ = Corpus(data, ("voice",), budget=Budget(songs=3)).tracks


def test_validation_takes_its_own_split_or_the_mixtures_that_are_to_be_separated(data):
    assert [track.track for track in Corpus(data, ("voice",)).valid] == ["v"]
    assert [track.track for track in Corpus(data, ("voice",), split="test").valid] == ["t"]


def test_a_data_set_without_validation_tracks_is_refused(tmp_path, data):
    write_tracks(tmp_path, read_tracks(data, "train"))
    with pytest.raises(UserError, match="has no track in the split 'valid', which training needs"):
        _ = Corpus(tmp_path, ("voice",)).valid


def test_the_fingerprint_of_a_corpus_follows_its_tracks_and_its_f0(data, f0, tmp_path):
    plain = Corpus(data, ("voice",), f0=tuple(f0))
    (tmp_path / "v.csv").write_text((f0[1] / "v.csv").read_text().replace("101.0", "102.0"))
    others = [
        Corpus(data, ("bass",), f0=tuple(f0)),
        Corpus(data, ("voice",)),
        Corpus(data, ("voice",), budget=Budget(songs=1), f0=tuple(f0)),
        Corpus(data, ("voice",), f0=(tmp_path, *f0)),
    ]
    assert plain.fingerprint() == Corpus(data, ("voice",), f0=tuple(f0)).fingerprint()
    assert len({corpus.fingerprint() for corpus in (plain, *others)}) == 5
