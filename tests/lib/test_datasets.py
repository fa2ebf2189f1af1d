"""A folder of recordings becomes a prepared root and track table, or is refused in one sentence."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.lib.folders import RATE, STEMS, content, prepare, put, refusal, song, tone, wav
from workflow_scripts.lib.audio import io
from workflow_scripts.lib.datasets.table import read_scene
from workflow_scripts.lib.datasets.workers import map_processes


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


def test_a_mixture_of_its_own_that_is_the_sum_has_no_error(root, out):
    song(root / "a", samples=2000)
    put(root / "a/mixture.wav", sum(tone(200 * n, 2000) for n in range(1, len(STEMS) + 1)))
    prepare(root, out, mixture_is_sum=False)
    assert json.loads((out / "manifest.json").read_text())["tracks"]["a"]["mixture_error_db"] is None


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


def test_only_the_tracks_that_are_named_are_kept_of_a_split_that_is_named(root, out):
    for pitch, name in enumerate(("train/a", "train/b", "test/c", "test/d")):
        for stem in STEMS:
            put(root / name / f"{stem}.wav", tone(2000 + pitch, RATE))
    assert [track.track for track in prepare(root, out, keep={"test": ["d"]})] == ["a", "b", "d"]
    assert [track.track for track in prepare(root, out, keep={"train": []})] == ["c", "d"]
    refusal(root, out, "'a', which is no track of the split 'test'; allowed: c, d", keep={"test": ["a"]})
    refusal(root, out, "the split 'tests'; did you mean 'test'?", keep={"tests": ["c"]})


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


def test_a_folder_of_folders_with_a_text_beside_them_is_no_track(root, out):
    song(root / "disk/a")
    (root / "disk/notes.txt").write_text("recorded in May")
    refusal(root, out, root / "disk", "is no split and holds no audio")


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


# --- headers, system folders, names ----------------------------------------------------------------------------------


def with_total(path, total):
    """The FLAC file with another total of samples in its STREAMINFO, whose last 36 bits before the MD5 sum it is."""
    data = bytearray(path.read_bytes())
    packed = int.from_bytes(data[18:26], "big")
    data[18:26] = ((packed >> 36 << 36) | total).to_bytes(8, "big")
    path.write_bytes(data)


@pytest.mark.parametrize(("total", "word"), [(2**36 - 1, "more than a day"), (0, "how long it is"), (2001, "damaged")])
def test_a_flac_header_is_not_believed(root, out, total, word):
    song(root / "a")
    (root / "a/piano.wav").unlink()
    with_total(put(root / "a/piano.flac", tone(300)), total)
    refusal(root, out, root / "a/piano.flac", word)


def test_a_header_that_promises_more_than_a_file_can_hold_is_read_block_by_block(tmp_path):
    silence = put(tmp_path / "x.flac", np.zeros((2**20, 1), np.int16))
    assert silence.stat().st_size * io.BELIEVED < 2**20
    samples, rate = io.read(silence)
    assert samples.shape == (1, 2**20) and rate == RATE and not samples.any()


@pytest.mark.parametrize(
    ("field", "value"), [(slice(24, 28), 1), (slice(24, 28), 4_000_000_000), (slice(22, 24), 60000)]
)
def test_rates_and_channels_that_no_recording_has_are_refused(root, out, field, value):
    song(root / "a")
    data = bytearray((root / "a/piano.wav").read_bytes())
    data[field] = value.to_bytes(field.stop - field.start, "little")
    (root / "a/piano.wav").write_bytes(data)
    refusal(root, out, root / "a/piano.wav")


def test_a_wav_cut_short_within_the_tolerance_is_refused_and_one_that_was_streamed_is_not(root, out):
    song(root / "a")
    whole = (root / "a/piano.wav").read_bytes()
    (root / "a/piano.wav").write_bytes(whole[:-20])
    refusal(root, out, root / "a/piano.wav", "cut short, only 3980 of its 4000 bytes")
    streamed = bytearray(whole)
    start = whole.index(b"data") + 4
    streamed[start : start + 4] = b"\xff" * 4
    (root / "a/piano.wav").write_bytes(streamed)
    (track,) = prepare(root, out)
    np.testing.assert_array_equal(wav(out / "test/a/piano.wav")[0], tone(400) / 2**15)
    assert track.seconds == 0.25


def test_the_widest_file_says_how_many_channels_there_are(root, out):
    song(root / "a")
    opposite = tone(300, channels=2) * np.array([1, -1], np.int16)
    put(root / "a/piano.wav", opposite)
    (track,) = prepare(root, out)
    assert track.channels == 2
    np.testing.assert_array_equal(wav(out / "test/a/piano.wav")[0] * 2**15, opposite)
    np.testing.assert_array_equal(wav(out / "test/a/voice.wav")[0] * 2**15, tone(200, channels=2))


def test_more_than_two_channels_are_refused_unless_one_is_asked_for(root, out):
    song(root / "a")
    put(root / "a/piano.wav", tone(300, channels=6))
    refusal(root, out, root / "a/piano.wav", "6 channels")
    (track,) = prepare(root, out, channels=1)
    assert track.channels == 1


@pytest.mark.parametrize(
    "name", ["@eaDir", "lost+found", "$RECYCLE.BIN", "System Volume Information", "#recycle", "__MACOSX", ".Trashes"]
)
def test_what_systems_and_network_drives_leave_is_passed_over(root, out, name):
    song(root / "a"), song(root / name / "a", 300)
    assert [track.track for track in prepare(root, out)] == ["a"]


def test_a_name_is_the_same_composed_and_decomposed(root, out):
    song(root / "Bjo\u0308rk", stems=("a\u0308", "piano")), song(root / "other", stems=("a\u0308", "piano"))
    (root / "metadata.csv").write_text("track,song\nBj\u00f6rk,Joga\n\n,,\n")
    (track,) = prepare(root, out, stems=("\u00e4", "piano"), keep={"test": ["Bj\u00f6rk"]})
    assert (track.track, track.song) == ("Bj\u00f6rk", "Joga")
    assert prepare(root, out, stems=("\u00e4", "piano"), keep={"test": ["Bjo\u0308rk"]}) == [track]


def test_a_name_too_long_for_the_files_that_are_named_after_it_is_refused(root, out):
    song(root / ("x" * 201))
    refusal(root, out, "201 bytes", "200 bytes")
