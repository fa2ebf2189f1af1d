"""The layouts of published data sets and the embedded corpora become the same track table."""

import hashlib
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from tests.lib.folders import MUSDB, PARTS, content, prepare, put, refusal, song, tone, wav
from workflow_scripts.lib.audio.f0 import HOP_SECONDS, read_f0
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.settings import checked
from workflow_scripts.lib.datasets.layouts import csd
from workflow_scripts.lib.datasets.layouts.contract import Origin
from workflow_scripts.lib.datasets.layouts.csd import find_singers, key_of
from workflow_scripts.lib.datasets.musdb import VALIDATION_TRACKS
from workflow_scripts.lib.datasets.prepared_root import make_prepared_root
from workflow_scripts.lib.datasets.table import read_scene, read_tracks

needs_ffmpeg = pytest.mark.skipif(
    not (shutil.which("ffmpeg") and shutil.which("ffprobe")), reason="ffmpeg and ffprobe are not on the PATH"
)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "mine"


@pytest.fixture
def out(tmp_path):
    (tmp_path / "results").mkdir()
    return tmp_path / "results" / "mine"


# MUSDB18

MUSDB_SETUP = Path(sys.prefix) / "lib" / f"python3.{sys.version_info.minor}" / "site-packages/musdb/configs/mus.yaml"


def test_the_validation_tracks_are_those_of_musdb():
    assert set(VALIDATION_TRACKS) == set(yaml.safe_load(MUSDB_SETUP.read_text())["validation_tracks"])


def test_training_tracks_on_the_list_validate_and_test_tracks_never_do(root, out):
    song(root / "train/ANiMAL - Rockshow", 150, stems=MUSDB)
    song(root / "train/Other - Song", 170, stems=MUSDB)
    song(root / "test/Leaf - Summerghost", 190, stems=MUSDB)
    tracks = prepare(root, out, "musdb_hq", stems=MUSDB)
    assert {t.track: t.split for t in tracks} == {
        "ANiMAL - Rockshow": "valid",
        "Other - Song": "train",
        "Leaf - Summerghost": "test",
    }
    mine = prepare(root, out, "musdb_hq", stems=MUSDB, valid=["Other - Song"])
    assert {t.track for t in mine if t.split == "valid"} == {"Other - Song"}


def test_where_ffmpeg_is_missing_the_way_to_get_it_is_told(root, out, monkeypatch):
    root.mkdir()
    (root / "a.stem.mp4").write_bytes(b"x")
    monkeypatch.setenv("PATH", str(root))
    refusal(root, out, "ffmpeg", "apt-get install ffmpeg", "conda install ffmpeg", kind="musdb_stems", stems=MUSDB)


@needs_ffmpeg
def test_stem_files_become_the_samples_that_stempeg_reads(root, out):
    import stempeg

    (root / "test").mkdir(parents=True)
    shutil.copy(stempeg.example_stem_path(), root / "test")
    (track,) = prepare(root, out, "musdb_stems", stems=MUSDB)
    streams, rate = stempeg.read_stems(stempeg.example_stem_path())
    mixture, references, prepared_rate = read_scene(out, track, MUSDB)
    assert (track.track, track.split, prepared_rate) == ("The Easton Ellises - Falcon 69", "test", int(rate))
    assert mixture.shape == streams[0].T.shape
    # musdb decodes to 16 bits, which clips.
    decoded = np.clip(streams.transpose(0, 2, 1), -1, 1)
    np.testing.assert_allclose(mixture, decoded[0], atol=1.01 * 2**-15)
    np.testing.assert_allclose(references, decoded[1:], atol=1.01 * 2**-15)
    assert not any(path.is_symlink() for path in track.folder(out).iterdir())


@needs_ffmpeg
def test_a_damaged_stem_file_is_refused(root, out):
    root.mkdir()
    (root / "A - B.stem.mp4").write_bytes(b"no video")
    refusal(root, out, root / "A - B.stem.mp4", "decoded", kind="musdb_stems", stems=MUSDB)


def test_a_folder_without_stem_files_is_refused(root, out):
    song(root / "train/a", stems=MUSDB)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("workflow_scripts.lib.datasets.layouts.musdb_stems.require_ffmpeg", lambda: None)
        refusal(root, out, root, ".stem.mp4", kind="musdb_stems", stems=MUSDB)


# Choral Singing Dataset


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("CSD_ER_soprano_2", ("ER", "soprano", 2)),
        ("CSD_ND_bass_4", ("ND", "bass", 4)),
        ("nino_Bajos_104", ("ND", "bass", 1)),
        ("nino_tenor3-06-2", ("ND", "tenor", 3)),
        ("rossinyol_Tenor4-09", ("ER", "tenor", 4)),
        ("rossinyol_ContraAlt_2-06", ("ER", "alto", 2)),
        ("locus_Soprano_310", ("LI", "soprano", 3)),
        ("CSD_ER_soprano_notes", None),
        ("CSD_ER_soprano_5", None),
        ("nino_piano_104", None),
    ],
)
def test_both_layouts_of_the_choral_singing_dataset_are_read(name, key):
    assert key_of(name) == key


def choir(folder, samples=400):
    for i, code in enumerate(("ER", "LI", "ND")):
        for j, part in enumerate(PARTS):
            for singer in (1, 2, 3, 4):
                put(folder / f"CSD_{code}_{part}_{singer}.wav", tone(100 + 50 * i + 11 * j + 3 * singer, samples + j))
    return folder


def read_csd(root):
    return csd.read(Origin(root, PARTS, root), csd.Settings())


def test_the_published_quartets_are_the_default(root):
    tracks = read_csd(choir(root))
    assert [(t.track, t.split, t.song) for t in tracks] == [
        ("El Rossinyol 2", "test", "El Rossinyol"),
        ("Locus Iste 3", "test", "Locus Iste"),
        ("Nino Dios 4", "test", "Nino Dios"),
    ]
    assert tracks[1].stems["alto"].path == root / "CSD_LI_alto_3.wav"
    assert tracks[1].singers == ("soprano 3", "alto 3", "tenor 3", "bass 3")


def test_quartets_of_any_singers_can_be_chosen_but_no_singer_serves_two_splits(root, out):
    choir(root)
    settings = {"layout": "csd", "archives": []}
    quartets = {"train": {"ND": [1, [2, 1, 1, 2]]}, "test": {"ER": [3]}}
    tracks = prepare(root, out, "fetched", stems=PARTS, **settings, layout_settings={"quartets": quartets})
    assert [t.track for t in tracks] == ["Nino Dios 1", "Nino Dios 2-1-1-2", "El Rossinyol 3"]
    quartets["test"]["ER"] = [2]
    refusal(root, out, "'soprano 2'", kind="fetched", stems=PARTS, **settings, layout_settings={"quartets": quartets})


def test_a_missing_singer_is_refused_with_the_name_of_the_file(root):
    (choir(root) / "CSD_LI_tenor_3.wav").unlink()
    with pytest.raises(UserError, match=r"CSD_LI_tenor_3\.wav"):
        read_csd(root)


def test_a_singer_in_both_layouts_is_refused(root):
    put(choir(root) / "old/nino_Bajos_104.wav", tone(100))
    with pytest.raises(UserError, match="same singer"):
        find_singers(root)


@pytest.mark.parametrize(
    "quartets", [{"tests": {}}, {"test": {"EX": [1]}}, {"test": {"ER": [5]}}, {"test": {"ER": [[1, 2]]}}]
)
def test_quartets_that_are_not_to_be_had_are_refused(quartets):
    with pytest.raises(UserError, match="quartets"):
        checked(csd.Settings, {"quartets": quartets}, "settings")


# Embedded data


def embedded(out, processes=1, stems=MUSDB, voices=("vocals",), rate=None, channels=None, **settings):
    make_prepared_root(
        "embedded",
        {"corpus": "songs", "seconds": 4} | settings,
        out,
        stems=stems,
        voices=voices,
        rate=rate,
        channels=channels,
        processes=processes,
        cache=out.parent,
    )
    return read_tracks(out)


PIECES = ["studio-train-1", "studio-valid-1", "studio-test-1"]


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    out = tmp_path_factory.mktemp("embedded") / "songs"
    return out, embedded(out, pieces=PIECES)


def test_an_embedded_corpus_has_the_same_form_as_any_other(songs):
    out, tracks = songs
    assert [(t.split, t.song) for t in tracks] == [(piece.split("-")[1], piece) for piece in PIECES]
    for track in tracks:
        assert (track.seconds, track.stem_names) == (4.0, MUSDB)
        mixture, references, _ = read_scene(out, track, MUSDB)
        np.testing.assert_array_equal(mixture, references.sum(axis=0))
        f0 = read_f0(track.folder(out) / "f0.csv")
        assert f0.voices == ("vocals",)
        assert f0.times[-1] <= 4.0 < f0.times[-1] + 2 * HOP_SECONDS


def test_the_setup_for_musdb_names_streams_and_targets_as_musdbs_own(songs):
    own, theirs = (yaml.safe_load(path.read_text()) for path in (songs[0] / "musdb.yaml", MUSDB_SETUP))
    for key in ("sources", "mixture", "stem_ids", "targets"):
        assert own[key] == theirs[key]


def test_an_embedded_corpus_is_bit_identical_on_every_run(songs, tmp_path):
    out, _ = songs
    embedded(tmp_path / "again", processes=2, pieces=PIECES)
    assert content(tmp_path / "again") == content(out)


def test_the_hashes_of_embedded_data_are_those_of_the_same_files_in_a_folder(songs, tmp_path):
    out, tracks = songs
    again = prepare(out, tmp_path / "again", stems=MUSDB)
    assert [(t.track, t.split, t.sha256) for t in again] == [(t.track, t.split, t.sha256) for t in tracks]


@pytest.mark.parametrize("rate", [4096, 8192])
def test_at_the_low_rates_of_the_adversarial_paper_the_embedded_songs_are_the_same_songs_band_limited(
    songs, tmp_path, rate
):
    tracks = embedded(tmp_path / "low", pieces=PIECES[:1], rate=rate, channels=1)
    (track,), original = tracks, songs[1][0]
    assert (track.rate, track.channels, track.seconds, track.song) == (rate, 1, original.seconds, original.song)
    mixture, references, _ = read_scene(tmp_path / "low", track, MUSDB)
    np.testing.assert_array_equal(mixture, references.sum(axis=0))
    whole, own = read_scene(songs[0], original, MUSDB)[1:]
    gains = []
    for stem, low in zip(whole.mean(axis=1), references[:, 0], strict=True):
        band, count = np.fft.rfft(stem), low.size
        part, bins = np.fft.rfft(low), np.arange(int(0.4 * count))  # 0.8 of the band, clear of the resampler's edge
        expected = band[bins] * (count / stem.size)
        gains.append((np.vdot(expected, part[bins]) / np.vdot(expected, expected)).real)
        assert np.linalg.norm(part[bins] - gains[-1] * expected) < 0.02 * np.linalg.norm(part[bins])
    assert len(gains) == 4 and own == 22050
    np.testing.assert_allclose(gains, gains[0], rtol=2e-3)  # the balance of the stems is kept


@needs_ffmpeg
def test_musdb_reads_the_embedded_songs_with_their_validation_tracks(songs):
    import musdb

    out, tracks = songs
    names = {}
    for subset, split in (("train", "train"), ("train", "valid"), ("test", None)):
        found = musdb.DB(str(out), setup_file="musdb.yaml", is_wav=True, subsets=subset, split=split)
        names[split or subset] = [track.name for track in found]
    assert names == {split: [t.track for t in tracks if t.split == split] for split in ("train", "valid", "test")}
    vocals = found[0].targets["vocals"].audio
    np.testing.assert_allclose(vocals, wav(tracks[-1].folder(out) / "vocals.wav")[0], atol=1e-9)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"corpus": "song"}, "did you mean 'songs'?"),
        ({"pieces": ["studio-train-l"]}, "did you mean 'studio-train-"),
        ({"seconds": -1}, "seconds"),
        ({"stems": ("vocals", "drums"), "pieces": PIECES[:1]}, "name all of them"),
        ({"voices": ("drums",), "pieces": PIECES[:1]}, "vocals"),
    ],
)
def test_settings_that_an_embedded_corpus_has_not_are_refused(tmp_path, change, word):
    with pytest.raises(UserError) as caught:
        embedded(tmp_path / "songs", **change)
    assert word in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_no_two_pieces_of_the_embedded_data_have_one_hash(songs):
    out, tracks = songs
    files = [path for track in tracks for path in track.folder(out).glob("*.wav")]
    assert len(files) == 15
    assert len({hashlib.sha256(path.read_bytes()).hexdigest() for path in files}) == 15
