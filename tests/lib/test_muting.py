"""The muted test tracks, and a recording without stems as a data set."""

import json

import librosa
import numpy as np
import pytest
import soundfile

from tests.lib.folders import RATE, content, put, song, tone, wav
from tests.lib.folders import prepare as prepared
from workflow_scripts.lib.audio.f0 import F0, HOP_SECONDS
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.datasets.muting import _muted_f0, muting_gains
from workflow_scripts.lib.datasets.prepared_root import make_prepared_root
from workflow_scripts.lib.datasets.table import read_scene, read_tracks

FOUR = ("drums", "bass", "other", "vocals")


@pytest.mark.parametrize("length", [512 * 80, 512 * 80 + 37])
def test_muting_in_time_equals_frames_set_to_zero_in_the_stft(length):
    signal = stream("muting").standard_normal(length)
    spectrum = librosa.stft(signal)
    frames = spectrum.shape[1]
    gains = muting_gains(length, 4, 44100)
    for part in range(4):
        zeroed = spectrum.copy()
        zeroed[:, part * (frames // 4) : (part + 1) * (frames // 4) if part < 3 else None] = 0
        expected = librosa.istft(zeroed, length=length)
        np.testing.assert_allclose(signal * gains[part], expected, atol=1e-6)


@pytest.mark.parametrize("rate", [8000, 22050, 44100])
def test_each_source_is_exactly_silent_for_a_quarter_and_untouched_for_the_rest_but_the_fades(rate):
    gains = muting_gains(20 * rate, 4, rate)
    assert gains.shape == (4, 20 * rate)
    assert gains.min() == 0 and gains.max() == 1
    for silent in (gains == 0).mean(axis=1):
        assert 0.23 < silent < 0.26
    assert ((gains > 0) & (gains < 1)).sum() / rate < 3 * 2 * 0.05  # s: three borders, two sources, 46 ms
    np.testing.assert_allclose(gains.sum(axis=0), 3, atol=1e-12)


def test_a_muted_voice_has_no_pitch_where_it_is_silent():
    f0 = F0(("high", "low"), np.full((2, 5), 220.0), np.ones((2, 5)))
    gains = {"low": np.repeat([1.0, 0.0, 0.4, 0.6], round(HOP_SECONDS * 1000))}  # ends before the last frame
    assert _muted_f0(f0, gains, 1000).hz.tolist() == [[220.0] * 5, [220.0, 0.0, 0.0, 220.0, 220.0]]


def _root(folder):
    for split, number in (("train", 0), ("valid", 1), ("test", 2), ("test", 3)):
        song(folder / "in" / split / f"song-{number}", 100 + 10 * number, 2 * RATE, stems=FOUR)
    return folder / "in"


def _muted(folder, name, seed=0):
    make_prepared_root(
        "folder", {"root": str(_root(folder))}, folder / name, stems=FOUR, voices=(), rate=None, channels=None,
        processes=1, cache=folder / "cache", muted={"seed": seed},
    )  # fmt: skip
    return folder / name


def test_only_validation_and_test_tracks_are_muted_and_their_mixture_is_the_sum_of_what_is_left(tmp_path):
    plain, out = tmp_path / "plain", _muted(tmp_path, "muted")
    before = {track.track: track for track in prepared(_root(tmp_path / "again"), plain, stems=FOUR)}
    facts = json.loads((out / "manifest.json").read_text())["tracks"]
    tracks = read_tracks(out)
    assert len(tracks) == 4
    for track in tracks:
        mixture, references, rate = read_scene(out, track, FOUR)
        original = read_scene(plain, before[track.track], FOUR)[1]
        np.testing.assert_allclose(mixture, references.sum(axis=0), atol=1e-6)
        if track.split == "train":
            np.testing.assert_array_equal(references, original)
            assert track == before[track.track] and "muted" not in facts[track.track]
            continue
        assert track.sha256 != before[track.track].sha256
        order = facts[track.track]["muted"]
        assert sorted(order) == sorted(FOUR)
        for place, source in enumerate(order):
            middle = slice(int((place + 0.4) * rate / 2), int((place + 0.6) * rate / 2))
            index = FOUR.index(source)
            assert not references[index][:, middle].any()
            others = [k for k in range(4) if k != index]
            np.testing.assert_allclose(references[others][..., middle], original[others][..., middle], atol=1e-7)
            assert original[others][..., middle].any()


def test_the_same_seed_mutes_the_same_and_the_users_files_stay_as_they_were(tmp_path):
    one = _muted(tmp_path / "1", "out")
    files = content(tmp_path / "1/in")
    again, other = _muted(tmp_path / "2", "out"), _muted(tmp_path / "3", "out", seed=1)
    assert content(one) == content(again)
    assert len(files) == 16 and content(tmp_path / "1/in") == files
    orders = [json.loads((out / "manifest.json").read_text())["tracks"] for out in (one, other)]
    assert any(orders[0][name].get("muted") != orders[1][name].get("muted") for name in orders[0])


# A recording


def _recording(file, out, rate=None, channels=None):
    make_prepared_root(
        "recording", {"root": str(file)}, out, stems=FOUR, voices=(), rate=rate, channels=channels, processes=1,
        cache=out.parent / "cache",
    )  # fmt: skip
    return read_tracks(out)[0]


@pytest.mark.parametrize("ending", ["wav", "flac", "mp3"])
@pytest.mark.parametrize(("rate", "channels"), [(None, None), (16000, 2)])
def test_a_recording_of_any_rate_becomes_one_track_without_stems(tmp_path, ending, rate, channels):
    file = tmp_path / f"My song.{ending}"
    soundfile.write(file, tone(440, 2 * 44100, 1, 44100), 44100)
    track = _recording(file, tmp_path / "out", rate, channels)
    assert track.track.startswith("My_song-") and (track.split, track.stem_names) == ("test", ())
    assert (track.rate, track.channels) == (rate or 44100, channels or 1)
    samples, found = wav(tmp_path / f"out/test/{track.track}/mixture.wav")
    assert samples.shape == (round(track.seconds * found), track.channels)
    assert abs(len(samples) / found - 2) < 0.06  # an encoder may add a frame
    spectrum = np.abs(np.fft.rfft(samples[:, 0]))
    assert np.argmax(spectrum) * found / len(samples) == pytest.approx(440, abs=1)


def test_a_recording_that_is_no_audio_or_silent_is_refused(tmp_path):
    text = tmp_path / "song.wav"
    text.write_text("no audio")
    with pytest.raises(UserError, match=r"song\.wav: cannot be read as audio"):
        _recording(text, tmp_path / "out")
    quiet = put(tmp_path / "quiet.wav", tone(0, 1000))
    with pytest.raises(UserError, match=r"quiet\.wav: is silent, so there is nothing to separate"):
        _recording(quiet, tmp_path / "out")
    assert not (tmp_path / "out").exists()
