"""Every origin becomes the same prepared root and track table, or is refused in one sentence."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from workflow_scripts.lib.audio.f0 import HOP_SECONDS, read_f0
from workflow_scripts.lib.core.config import checked, read_yaml
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.datasets import kinds, origin
from workflow_scripts.lib.datasets.csd import find_singers, key_of, read_csd
from workflow_scripts.lib.datasets.musdb_hq import VALIDATION_TRACKS
from workflow_scripts.lib.datasets.table import read_scene, read_tracks
from workflow_scripts.lib.datasets.workers import map_processes

REPOSITORY = Path(__file__).parents[2]
RATE = 8000
STEMS = ("voice", "piano")
MUSDB = ("drums", "bass", "other", "vocals")
PARTS = ("soprano", "alto", "tenor", "bass")
needs_ffmpeg = pytest.mark.skipif(
    not (shutil.which("ffmpeg") and shutil.which("ffprobe")), reason="ffmpeg and ffprobe are not on the PATH"
)


def tone(hz, samples=RATE // 4, channels=1, rate=RATE):
    """A tone of amplitude 0.25, [time, channel] int16."""
    signal = np.rint(2**13 * np.sin(2 * np.pi * hz * np.arange(samples) / rate)).astype(np.int16)
    return np.repeat(signal[:, None], channels, axis=1)


def put(path, samples, rate=RATE, subtype="PCM_16"):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, subtype=subtype)
    return path


def song(folder, hz=200, samples=RATE // 4, stems=STEMS):
    """A track of tones, each stem of its own pitch, without a mixture."""
    for number, stem in enumerate(stems, start=1):
        put(folder / f"{stem}.wav", tone(hz * number, samples))
    return folder


def prepare(root, out, kind="folder", *, stems=STEMS, voices=(), rate=None, channels=None, processes=1, **settings):
    kinds.prepare(
        kind,
        {"root": str(root)} | settings,
        out,
        stems=stems,
        voices=voices,
        rate=rate,
        channels=channels,
        processes=processes,
        cache=out.parent / "cache",
    )
    return read_tracks(out)


def refusal(root, out, *words, **options):
    """The sentence with which a folder is refused; holds all `words`, and nothing is left behind."""
    before = sorted(out.parent.iterdir())
    with pytest.raises(UserError) as caught:
        prepare(root, out, **options)
    sentence = str(caught.value)
    assert all(str(word) in sentence for word in words), sentence
    assert "\n" not in sentence
    assert sorted(out.parent.iterdir()) == before
    return sentence


def wav(path):
    samples, rate = soundfile.read(path, always_2d=True)
    assert samples.size
    return samples, rate


def content(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def root(tmp_path):
    return tmp_path / "mine"


@pytest.fixture
def out(tmp_path):
    (tmp_path / "results").mkdir()
    return tmp_path / "results" / "mine"


# What is accepted


def test_a_folder_without_splits_is_all_test(root, out):
    song(root / "b"), song(root / "a", 300)
    tracks = prepare(root, out)
    assert [(t.track, t.split, t.song, t.singers) for t in tracks] == [("a", "test", "a", ""), ("b", "test", "b", "")]
    assert {(t.rate, t.channels, t.seconds, t.stem_names) for t in tracks} == {(RATE, 1, 0.25, STEMS)}


def test_splits_are_read_and_the_table_is_sorted_by_split_and_name(root, out):
    for number, name in enumerate(("test/c", "train/b", "valid/d", "train/a")):
        song(root / name, 200 + 50 * number)
    assert [(t.split, t.track) for t in prepare(root, out)] == [
        ("train", "a"),
        ("train", "b"),
        ("valid", "d"),
        ("test", "c"),
    ]


def test_names_with_spaces_and_other_alphabets_are_kept(root, out):
    song(root / "Niño Dios, d'amor 夜")
    track = prepare(root, out)[0]
    assert track.track == "Niño Dios, d'amor 夜"
    assert (track.folder(out) / "mixture.wav").is_file()


def test_a_missing_mixture_is_the_sum_of_the_stems(root, out):
    song(root / "a")
    mixture, references, rate = read_scene(out, prepare(root, out)[0], STEMS)
    assert rate == RATE
    assert mixture.shape == (1, RATE // 4)
    np.testing.assert_array_equal(mixture, references.sum(axis=0))
    assert json.loads((out / "manifest.json").read_text())["tracks"]["a"]["mixture"] == "sum of the stems"


def test_a_sum_beyond_full_scale_is_not_clipped(root, out):
    for stem in STEMS:
        put(root / "a" / f"{stem}.wav", np.full((500, 1), 30000, np.int16))
    prepare(root, out)
    samples, _ = wav(out / "test/a/mixture.wav")
    np.testing.assert_array_equal(samples, 60000 / 2**15)


def test_files_that_need_no_change_are_links_and_no_file_of_the_user_changes(root, out):
    song(root / "a")
    put(root / "a/mixture.wav", tone(200) + tone(400))
    before = content(root)
    prepare(root, out)
    assert content(root) == before
    link = out / "test/a/voice.wav"
    assert link.is_symlink()
    assert Path(os.readlink(link)) == (root / "a/voice.wav").resolve()


def test_sixteen_bit_flac_becomes_sixteen_bit_wav_of_the_same_samples(root, out):
    song(root / "a")
    (root / "a/voice.wav").unlink()
    put(root / "a/voice.FLAC", tone(200))
    prepare(root, out)
    prepared = out / "test/a/voice.wav"
    assert soundfile.info(prepared).subtype == "PCM_16"
    np.testing.assert_array_equal(soundfile.read(prepared, dtype="int16", always_2d=True)[0], tone(200))


def test_a_track_shorter_than_any_window_is_kept(root, out):
    song(root / "a", samples=3)
    track = prepare(root, out)[0]
    assert track.seconds == 3 / RATE
    assert soundfile.info(out / "test/a/mixture.wav").frames == 3


def test_another_rate_is_resampled_to_that_of_the_first_track(root, out):
    song(root / "a")
    for number, stem in enumerate(STEMS, start=1):
        put(root / "b" / f"{stem}.wav", tone(300 * number, samples=8000, rate=2 * RATE), 2 * RATE)
    tracks = prepare(root, out)
    assert [t.rate for t in tracks] == [RATE, RATE]
    samples, rate = wav(out / "test/b/voice.wav")
    assert (len(samples), rate) == (4000, RATE)
    np.testing.assert_allclose(
        samples[500:-500, 0], 0.25 * np.sin(2 * np.pi * 300 * np.arange(4000) / RATE)[500:-500], atol=1e-4
    )


def test_stems_of_two_rates_in_one_track_still_sum_to_the_mixture(root, out):
    song(root / "a")
    put(root / "a/piano.wav", tone(400, samples=11025 // 4, rate=11025), 11025)
    track = prepare(root, out)[0]
    mixture, references, _ = read_scene(out, track, STEMS)
    np.testing.assert_allclose(mixture, references.sum(axis=0), atol=1e-7)
    assert track.seconds == 0.25


def test_the_rate_that_the_data_set_names_is_used(root, out):
    song(root / "a")
    assert prepare(root, out, rate=4000)[0].rate == 4000
    assert soundfile.info(out / "test/a/piano.wav").frames == 1000


def test_lengths_that_differ_a_little_are_padded_with_zeros(root, out):
    song(root / "a")
    put(root / "a/voice.wav", tone(200, RATE // 4 + 400))
    assert prepare(root, out)[0].seconds == 0.3
    samples, _ = wav(out / "test/a/piano.wav")
    np.testing.assert_array_equal(samples[: RATE // 4], tone(400) / 2**15)
    assert len(samples) == RATE // 4 + 400
    assert not samples[RATE // 4 :].any()


def test_a_silent_stem_is_accepted_and_written_down(root, out):
    song(root / "a")
    put(root / "a/voice.wav", np.zeros((RATE // 4, 1), np.int16))
    assert prepare(root, out)[0].stem_names == STEMS
    assert json.loads((out / "manifest.json").read_text())["tracks"]["a"]["silent_stems"] == ["voice"]


def test_silence_in_two_splits_is_not_one_recording_in_two_splits(root, out):
    for number, split in enumerate(("train", "test")):
        song(root / split / f"{split} track", 200 + 30 * number)
        put(root / split / f"{split} track" / "voice.wav", np.zeros((RATE // 4, 1), np.int16))
    assert len(prepare(root, out)) == 2


@pytest.mark.parametrize(("given", "wanted"), [(1, 2), (2, 1)])
def test_mono_is_repeated_and_stereo_is_averaged(root, out, given, wanted):
    for number, stem in enumerate(STEMS, start=1):
        put(root / "a" / f"{stem}.wav", tone(200 * number, channels=given))
    assert prepare(root, out, channels=wanted)[0].channels == wanted
    samples, _ = wav(out / "test/a/voice.wav")
    np.testing.assert_array_equal(samples, tone(200, channels=wanted) / 2**15)


def test_a_mixture_that_was_rounded_on_its_own_is_the_sum(root, out):
    song(root / "a", samples=2000)
    quiet = {stem: tone(200 * n, 2000) // 2**12 for n, stem in enumerate(STEMS, start=1)}
    for stem, samples in quiet.items():
        put(root / "a" / f"{stem}.wav", samples)
    put(root / "a/mixture.wav", sum(quiet.values()) + np.int16(1))
    assert len(prepare(root, out)) == 1


def test_a_mixture_of_its_own_is_kept_where_the_setting_says_so(root, out):
    song(root / "a")
    put(root / "a/mixture.wav", tone(200))
    prepare(root, out, mixture_is_sum=False)
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["mixture_is_sum"] is False
    # The piano is missing in the mixture, and is as strong as the voice.
    assert manifest["tracks"]["a"]["mixture_error_db"] == pytest.approx(0.0, abs=0.01)
    np.testing.assert_array_equal(wav(out / "test/a/mixture.wav")[0], tone(200) / 2**15)


def test_hidden_files_and_files_that_are_no_audio_are_passed_over(root, out):
    song(root / "a")
    (root / ".DS_Store").write_bytes(b"x")
    (root / "a/._voice.wav").write_bytes(b"x")
    (root / "a/notes.txt").write_text("x")
    (root / ".git").mkdir()
    assert len(prepare(root, out)) == 1


def test_audio_that_is_to_be_ignored_is_ignored(root, out):
    put(song(root / "a") / "click.wav", tone(900))
    assert len(prepare(root, out, ignore=["click"])) == 1
    assert not (out / "test/a/click.wav").exists()


def test_metadata_gives_song_singers_and_family(root, out):
    song(root / "a"), song(root / "b", 300)
    (root / "metadata.csv").write_text("track,singers,song,family\nb,Ann; Bo,Locus Iste,choir\n", encoding="utf-8-sig")
    a, b = prepare(root, out)
    assert (a.song, a.singers, a.family) == ("a", "", "")
    assert (b.song, b.singers, b.family) == ("Locus Iste", "Ann;Bo", "choir")


def test_the_hash_is_of_the_samples_and_not_of_the_files(root, out):
    song(root / "a")
    first = prepare(root, out)[0].sha256
    put(root / "a/voice.flac", tone(200))
    (root / "a/voice.wav").unlink()
    assert prepare(root, out)[0].sha256 == first
    put(root / "a/voice.flac", tone(201))
    assert prepare(root, out)[0].sha256 != first


def test_two_processes_write_what_one_writes(root, out):
    for number in range(3):
        song(root / f"track {number}", 200 + 30 * number)
    one = prepare(root, out)
    assert prepare(root, out.with_name("two"), processes=2) == one
    assert content(out.with_name("two")) == content(out)


# What is refused


def test_a_file_without_samples_is_refused(root, out):
    song(root / "a")
    file = put(root / "a/voice.wav", np.zeros((0, 1), np.int16))
    refusal(root, out, file, "no samples")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_no_numbers_are_refused_with_their_place(root, out, value):
    song(root / "a")
    samples = np.zeros((2000, 1))
    samples[1000:1003] = value
    file = put(root / "a/piano.wav", samples, subtype="FLOAT")
    refusal(root, out, file, "0.125 s")


def test_lengths_that_differ_much_are_refused_with_both_lengths_and_the_way_out(root, out):
    song(root / "a")
    put(root / "a/voice.wav", tone(200, RATE))
    refusal(root, out, root / "a/piano.wav", "0.250 s", root / "a/voice.wav", "1.000 s", "length_tolerance")
    assert prepare(root, out, length_tolerance=1)[0].seconds == 1.0


def test_a_track_of_silence_is_refused(root, out):
    for stem in STEMS:
        put(root / "a" / f"{stem}.wav", np.zeros((100, 1), np.int16))
    refusal(root, out, root / "a", "silent")


def test_a_missing_stem_is_refused_with_what_was_found(root, out):
    song(root / "a")
    (root / "a/voice.wav").unlink()
    refusal(root, out, root / "a", "'voice'", "found are piano")


def test_an_unknown_stem_is_refused_with_the_nearest_name(root, out):
    (song(root / "a") / "voice.wav").rename(root / "a/voise.wav")
    refusal(root, out, root / "a/voise.wav", "did you mean 'voice'?")


def test_a_mixture_that_is_not_the_sum_is_refused_with_the_error(root, out):
    song(root / "a")
    put(root / "a/mixture.wav", tone(200) + tone(400) // 10 * 9)
    # A tenth of one of two equal powers: 10 log10(0.01 / (1 + 0.81)) dB.
    refusal(root, out, root / "a/mixture.wav", "-22.6 dB", "mixture_is_sum")


@pytest.mark.parametrize("data", [b"", b"this is no sound at all", b"RIFF\x00\x00\x00\x00WAVEjunk"])
def test_a_file_that_is_no_audio_is_refused(root, out, data):
    song(root / "a")
    (root / "a/voice.wav").write_bytes(data)
    refusal(root, out, root / "a/voice.wav", "audio")


def test_a_damaged_file_is_refused(root, out):
    song(root / "a", samples=20000)
    noise = np.random.default_rng(0).integers(-9000, 9000, (20000, 1)).astype(np.int16)
    (root / "a/voice.wav").unlink()
    file = put(root / "a/voice.flac", noise)
    file.write_bytes(file.read_bytes()[:20000])
    refusal(root, out, file)


def test_a_link_to_nothing_is_refused_and_not_taken_for_a_missing_stem(root, out):
    song(root / "a")
    (root / "a/voice.wav").unlink()
    (root / "a/voice.wav").symlink_to(root / "gone.wav")
    refusal(root, out, root / "a/voice.wav", "cannot be read")


def test_audio_of_another_format_is_refused_with_the_way_out(root, out):
    song(root / "a")
    (root / "a/voice.mp3").write_bytes(b"x")
    refusal(root, out, root / "a/voice.mp3", "WAV or FLAC")


def test_more_channels_than_the_data_set_has_are_refused(root, out):
    song(root / "a")
    file = put(root / "a/voice.wav", tone(200, channels=3))
    refusal(root, out, file, "3 channels", channels=2)


def test_two_files_of_one_stem_are_refused(root, out):
    put(song(root / "a") / "voice.flac", tone(200))
    refusal(root, out, "voice.wav", "voice.flac")


@pytest.mark.parametrize(("first", "second"), [("train/a", "test/a"), ("test/Song", "test/song")])
def test_two_tracks_of_one_name_are_refused(root, out, first, second):
    song(root / first), song(root / second, 300)
    refusal(root, out, first, second, "one name")


@pytest.mark.parametrize("column", ["song", "singers"])
def test_a_song_or_singer_in_two_splits_is_refused(root, out, column):
    song(root / "train/a"), song(root / "test/b", 300)
    (root / "metadata.csv").write_text(f"track,{column}\na,Same\nb,Same\n")
    refusal(root, out, column.rstrip("s"), "'Same'", "train/a", "test/b")


def test_one_recording_in_two_splits_is_refused_under_whatever_names(root, out):
    song(root / "train/a"), song(root / "test/b", 300)
    put(root / "test/b/piano.wav", tone(200))
    refusal(root, out, "train/a/voice", "test/b/piano", "same recording")


def test_an_unknown_split_is_refused_with_the_nearest(root, out):
    song(root / "train/a"), song(root / "tests/b", 300)
    refusal(root, out, root / "tests", "did you mean 'test'?")


def test_a_track_beside_the_splits_is_refused(root, out):
    song(root / "train/a"), song(root / "b", 300)
    refusal(root, out, root / "b", "beside")


def test_audio_outside_of_a_track_folder_is_refused(root, out):
    song(root / "a")
    file = put(root / "voice.wav", tone(200))
    refusal(root, out, file, "folder of its own")


def test_a_name_that_cannot_stand_in_a_list_is_refused(root, out):
    song(root / "a;b")
    refusal(root, out, "'a;b'")


def test_an_empty_folder_is_refused(root, out):
    root.mkdir()
    refusal(root, out, root, "no track")


def test_a_missing_folder_is_refused(root, out):
    refusal(root, out, root, "root")


@pytest.mark.parametrize(
    ("text", "word"), [("track,song\nc,x\n", "'c'"), ("track,sing\na,x\n", "'sing'"), ("track\na\na\n", "twice")]
)
def test_wrong_metadata_are_refused(root, out, text, word):
    song(root / "a"), song(root / "b", 300)
    (root / "metadata.csv").write_text(text)
    refusal(root, out, root / "metadata.csv", word)


def test_work_on_many_processes_keeps_the_order_and_hands_on_the_error():
    assert map_processes(abs, [-3, 2, -1], 2) == [3, 2, 1]
    with pytest.raises(ValueError, match="x"):
        map_processes(int, ["1", "x", "3"], 2)


def test_a_refusal_keeps_the_older_result_whole(root, out):
    song(root / "a"), song(root / "b", 300)
    prepare(root, out, rate=RATE // 2)  # resampled, so that no link shows the change
    before = content(out)
    put(root / "b/voice.wav", np.full((100, 1), np.nan), subtype="FLOAT")
    refusal(root, out, root / "b/voice.wav", length_tolerance=1)
    assert content(out) == before


# What the planning asks


def test_the_origin_hash_is_of_the_content(root, tmp_path):
    song(root / "a")
    before = origin.origin_hash("folder", {"root": str(root)}, tmp_path)
    os.utime(root / "a/voice.wav", ns=(1, 1))
    assert origin.origin_hash("folder", {"root": str(root)}, tmp_path) == before
    shutil.copytree(root, tmp_path / "copy")
    assert origin.origin_hash("folder", {"root": str(tmp_path / "copy")}, tmp_path) == before
    put(root / "a/voice.wav", tone(201))
    assert origin.origin_hash("folder", {"root": str(root)}, tmp_path) != before


def test_the_origin_hash_changes_when_a_file_is_renamed_or_metadata_come(root, tmp_path):
    song(root / "a")
    hashes = [origin.origin_hash("folder", {"root": str(root)}, tmp_path)]
    (root / "a").rename(root / "b")
    hashes.append(origin.origin_hash("folder", {"root": str(root)}, tmp_path))
    (root / "metadata.csv").write_text("track\n")
    hashes.append(origin.origin_hash("folder", {"root": str(root)}, tmp_path))
    assert len(set(hashes)) == 3


def test_a_second_origin_hash_reads_no_audio(root, tmp_path, monkeypatch):
    song(root / "a")
    before = origin.origin_hash("folder", {"root": str(root)}, tmp_path)
    monkeypatch.setattr(origin, "sha256_file", lambda path: pytest.fail(f"{path} was read"))
    assert origin.origin_hash("folder", {"root": str(root)}, tmp_path) == before


def test_a_damaged_index_of_hashes_is_made_again(root, tmp_path):
    song(root / "a")
    before = origin.origin_hash("folder", {"root": str(root)}, tmp_path)
    (index,) = tmp_path.glob("*.json")
    index.write_text("{")
    assert origin.origin_hash("folder", {"root": str(root)}, tmp_path) == before


def test_the_origin_of_other_kinds_is_known_without_files(tmp_path):
    assert origin.origin_hash("embedded", {"corpus": "songs"}, tmp_path) == ""
    assert origin.origin_hash("fetched", {"archives": [{"md5": "ab"}, {"sha256": "cd"}]}, tmp_path) == "ab;cd"


def test_the_planning_part_imports_nothing_heavy():
    code = "import sys, workflow_scripts.lib.datasets.origin; print(*sorted(m for m in sys.modules if '.' not in m))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert "json" in loaded.stdout.split()
    assert not {"numpy", "pandas", "torch", "soundfile", "scipy"} & set(loaded.stdout.split())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"settings": {"rot": "x"}}, ["'rot'", "did you mean 'root'?"]),
        ({"settings": {}}, ["root"]),
        ({"settings": {"root": "/nowhere/at/all"}}, ["/nowhere/at/all"]),
        ({"voices": ["voise"]}, ["'voise'", "did you mean 'voice'?"]),
        ({"kind": "fetched", "settings": {"layout": "csd", "archives": []}}, ["accept_licence"]),
        ({"kind": "fetched", "settings": {"layout": "cds", "archives": []}}, ["did you mean 'csd'?"]),
        ({"kind": "fetched", "settings": {"layout": "csd", "archives": [{"url": "x", "file": "y"}]}}, ["checksum"]),
    ],
)
def test_a_wrong_definition_is_refused_before_any_job(tmp_path, change, words):
    right = {"kind": "folder", "settings": {"root": str(tmp_path)}, "stems": list(STEMS), "voices": []}
    origin.check_dataset("mine", right)
    with pytest.raises(UserError) as caught:
        origin.check_dataset("mine", right | change)
    assert all(word in str(caught.value) for word in words)


DEFINITIONS = sorted((REPOSITORY / "config/datasets").glob("*.yaml"))


@pytest.mark.parametrize("file", DEFINITIONS, ids=lambda path: path.stem)
def test_the_definitions_in_the_project_are_right_once_the_terms_are_accepted(file):
    schema = read_yaml(REPOSITORY / "config/schema.yaml")
    entry = checked(read_yaml(file), {"$ref": "#/$defs/dataset", "$defs": schema["$defs"]}, file.name)
    assert entry["accept_licence"] is False
    origin.check_dataset(file.stem, entry | {"accept_licence": True})
    assert entry["label"]


# MUSDB18


def test_the_validation_tracks_are_those_of_musdb():
    config = Path(sys.prefix) / "lib" / f"python3.{sys.version_info.minor}" / "site-packages/musdb/configs/mus.yaml"
    assert set(VALIDATION_TRACKS) == set(yaml.safe_load(config.read_text())["validation_tracks"])


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
        patch.setattr("workflow_scripts.lib.datasets.musdb_stems.require_ffmpeg", lambda: None)
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


def test_the_published_quartets_are_the_default(root):
    tracks = read_csd(choir(root), PARTS)
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
    tracks = prepare(root, out, "fetched", stems=PARTS, **settings, quartets=quartets)
    assert [t.track for t in tracks] == ["Nino Dios 1", "Nino Dios 2-1-1-2", "El Rossinyol 3"]
    quartets["test"]["ER"] = [2]
    refusal(root, out, "'soprano 2'", kind="fetched", stems=PARTS, **settings, quartets=quartets)


def test_a_missing_singer_is_refused_with_the_name_of_the_file(root):
    (choir(root) / "CSD_LI_tenor_3.wav").unlink()
    with pytest.raises(UserError, match=r"CSD_LI_tenor_3\.wav"):
        read_csd(root, PARTS)


def test_a_singer_in_both_layouts_is_refused(root):
    put(choir(root) / "old/nino_Bajos_104.wav", tone(100))
    with pytest.raises(UserError, match="same singer"):
        find_singers(root)


@pytest.mark.parametrize(
    "quartets", [{"tests": {}}, {"test": {"EX": [1]}}, {"test": {"ER": [5]}}, {"test": {"ER": [[1, 2]]}}]
)
def test_quartets_that_are_not_to_be_had_are_refused(root, quartets):
    with pytest.raises(UserError, match="quartets"):
        read_csd(choir(root, 10), PARTS, quartets)


# Embedded data


def embedded(out, processes=1, stems=MUSDB, voices=("vocals",), **settings):
    kinds.prepare(
        "embedded",
        {"corpus": "songs", "seconds": 4} | settings,
        out,
        stems=stems,
        voices=voices,
        rate=None,
        channels=None,
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


def test_an_embedded_corpus_is_bit_identical_on_every_run(songs, tmp_path):
    out, _ = songs
    embedded(tmp_path / "again", processes=2, pieces=PIECES)
    assert content(tmp_path / "again") == content(out)


def test_the_hashes_of_embedded_data_are_those_of_the_same_files_in_a_folder(songs, tmp_path):
    out, tracks = songs
    again = prepare(out, tmp_path / "again", stems=MUSDB)
    assert [(t.track, t.split, t.sha256) for t in again] == [(t.track, t.split, t.sha256) for t in tracks]


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
