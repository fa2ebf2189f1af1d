"""F0 trackers, estimators, sources, degradations and their scores, on synthetic tones of known F0."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_scripts.lib.audio import contour, multipitch, pitch
from workflow_scripts.lib.audio.f0 import F0, HOP_SECONDS, frame_count, read_f0, write_f0
from workflow_scripts.lib.audio.f0_sources import degraded, file
from workflow_scripts.lib.audio.f0_sources.contract import Audio, Given
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.registry import F0_SOURCES
from workflow_scripts.lib.core.settings import checked
from workflow_scripts.lib.metrics.f0_quality import quality

F0_CONFIG = Path(__file__).parents[2] / "config" / "f0"
RATE = 16000
VOICES = ("soprano", "alto", "tenor", "bass")


def tone(hz, rate=RATE):
    """Harmonic tone [time] whose F0 is hz [time]; silence where that is 0."""
    phase = 2 * np.pi * np.cumsum(hz) / rate
    partials = [np.sin(k * phase) / k * (k * hz < 0.45 * rate) for k in range(1, 21)]
    return 0.2 * sum(partials) * (hz > 0)


def glide(start, end, seconds, rate=RATE):
    return np.geomspace(start, end, int(seconds * rate))


def at_frames(hz, rate=RATE):
    """Contour [time] -> its values at the frames."""
    samples = np.round(np.arange(frame_count(len(hz) / rate)) * HOP_SECONDS * rate).astype(int)
    return hz[samples.clip(max=len(hz) - 1)]


def cents(estimate, reference):
    """Distance in cents, -infinity where the estimate is unvoiced."""
    with np.errstate(divide="ignore"):
        return 1200 * np.log2(estimate / reference)


def f0_of(*rows, voices=None, confidence=1.0):
    hz = np.array(rows, dtype=float)
    return F0(voices or VOICES[: len(rows)], hz, np.full(hz.shape, confidence))


@pytest.fixture(scope="module")
def chord():
    """Two seconds of four steady voices, highest first, and their F0 in Hz."""
    hz = np.array([466.2, 329.6, 207.7, 138.6])
    return sum(tone(np.full(2 * RATE, f)) for f in hz), hz


# --- single voices ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tracker", pitch.TRACKERS)
@pytest.mark.parametrize("ends", [(150.0, 450.0), (450.0, 150.0)], ids=["up", "down"])
def test_a_tracker_follows_a_glide_without_delay(tracker, ends):
    hz = glide(*ends, 1.5)
    found, confidence = pitch.track(tone(hz), RATE, pitch.Settings(tracker))
    error = cents(found, at_frames(hz))[6:-6]
    assert len(found) == len(confidence) == frame_count(1.5)
    assert np.abs(error).max() < 25  # a delay of one frame alone would be 20 cents, in opposite directions
    assert abs(np.median(error)) < 6


@pytest.mark.parametrize("tracker", pitch.TRACKERS)
def test_a_tracker_says_unvoiced_in_silence_and_voiced_in_the_tone(tracker):
    hz = np.concatenate([np.zeros(RATE // 2), np.full(RATE // 2, 220.0), np.zeros(RATE // 2)])
    found, confidence = pitch.track(tone(hz), RATE, pitch.Settings(tracker))
    middle = np.abs(np.arange(len(found)) * HOP_SECONDS - 0.75)
    assert (found[middle < 0.2] > 0).all()
    assert (found[middle > 0.3] == 0).all()
    assert ((confidence >= 0) & (confidence <= 1)).all()


@pytest.mark.parametrize("tracker", pitch.TRACKERS)
@pytest.mark.parametrize("samples", [0, 1, 300])
def test_the_shortest_signals_give_unvoiced_frames(tracker, samples):
    found, confidence = pitch.track(np.zeros(samples), RATE, pitch.Settings(tracker))
    assert len(found) == frame_count(samples / RATE) >= 1
    assert not found.any()
    assert np.isfinite(confidence).all()


def test_the_sampling_rate_does_not_move_the_contour():
    hz = 44100
    found, _ = pitch.track(tone(glide(200, 300, 1, hz), hz), hz, pitch.Settings())
    expected = at_frames(glide(200, 300, 1, hz), hz)
    assert len(found) == len(expected) > 50
    assert np.abs(cents(found, expected)[5:-5]).max() < 20


def test_a_higher_threshold_never_adds_voiced_frames():
    rng = np.random.default_rng(3)
    noisy = tone(glide(150, 300, 1)) + 0.3 * rng.standard_normal(RATE)
    voiced = [pitch.track(noisy, RATE, pitch.Settings(threshold=t))[0] > 0 for t in (0.1, 0.5, 0.9)]
    assert voiced[0].sum() > voiced[2].sum()
    assert (voiced[1] <= voiced[0]).all()
    assert (voiced[2] <= voiced[1]).all()


def test_tracking_refuses_nan_and_unknown_trackers():
    with pytest.raises(UserError, match="NaN"):
        pitch.track(np.array([0.0, np.nan]), RATE, pitch.Settings())
    with pytest.raises(UserError, match="'swift-f0'"):
        checked(pitch.Settings, {"tracker": "swiftf0"}, "settings")
    for settings_class in (pitch.Settings, multipitch.Settings):
        with pytest.raises(UserError, match=r"^settings\.fmin is 500.0 Hz and fmax 100.0 Hz; allowed is a range wider"):
            checked(settings_class, {"fmin": 500, "fmax": 100}, "settings")


# --- mixtures --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", multipitch.ESTIMATORS)
def test_an_estimator_finds_the_four_pitches_of_a_chord(estimator, chord):
    mixture, hz = chord
    found = multipitch.estimate(mixture, RATE, multipitch.Settings(estimator))
    inside = found.hz[(found.times > 0.3) & (found.times < 1.7)]
    nearest_cents = np.abs(cents(inside[:, :, None], hz)).min(axis=1)
    assert len(inside) > 50
    assert (nearest_cents < 30).mean() > 0.9


@pytest.mark.parametrize("estimator", multipitch.ESTIMATORS)
@pytest.mark.parametrize("ends", [(120.0, 480.0), (480.0, 120.0)], ids=["up", "down"])
def test_an_estimator_is_neither_sharp_nor_late_on_a_glide(estimator, ends):
    hz = glide(*ends, 3)  # 9 cents a frame of the network
    found = multipitch.estimate(tone(hz), RATE, multipitch.Settings(estimator))
    expected = np.interp(found.times, np.arange(len(hz)) / RATE, hz)
    error = cents(np.where(found.hz[:, 0] > 0, found.hz[:, 0], np.nan), expected)
    inside = error[(found.times > 0.2) & (found.times < 2.8)]
    assert np.isfinite(inside).mean() > 0.9
    assert abs(np.median(inside[np.isfinite(inside)])) < 6  # a third of a semitone, one bin of the network, would be 33


@pytest.mark.parametrize("estimator", multipitch.ESTIMATORS)
@pytest.mark.parametrize("samples", [0, 1, 5000])
def test_an_estimator_finds_no_pitch_in_silence(estimator, samples):
    found = multipitch.estimate(np.zeros(samples), RATE, multipitch.Settings(estimator))
    assert len(found.times) == len(found.hz) == len(found.salience) >= 1
    assert not found.hz.any()
    assert not found.salience.any()


@pytest.mark.parametrize("estimator", multipitch.ESTIMATORS)
def test_candidates_are_sorted_by_salience_and_the_same_on_every_run(estimator, chord):
    first, second = (multipitch.estimate(chord[0], RATE, multipitch.Settings(estimator)) for _ in range(2))
    assert first.salience.max() > 0
    assert (np.diff(first.salience, axis=1) <= 0).all()
    assert ((first.hz > 0) == (first.salience > 0)).all()
    np.testing.assert_array_equal(first.hz, second.hz)


def test_the_blocks_of_the_harmonic_sum_leave_no_seams(monkeypatch, chord):
    whole = multipitch.estimate(chord[0], RATE, multipitch.Settings("harmonic-sum"))
    monkeypatch.setattr(multipitch, "HS_BLOCK", 17)
    blocked = multipitch.estimate(chord[0], RATE, multipitch.Settings("harmonic-sum"))
    assert whole.hz.any()
    np.testing.assert_allclose(blocked.hz, whole.hz)
    np.testing.assert_allclose(blocked.salience, whole.salience, rtol=1e-9)


def test_basic_pitch_runs_without_a_word_on_the_terminal():
    code = (
        "import numpy as np; from workflow_scripts.lib.audio import multipitch as m;"
        "m.estimate(np.ones(4000), 16000, m.Settings())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""


# --- contours between grids ------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([0.0, 200.0, 300.0, 401.5]), min_size=1, max_size=20), st.floats(0.003, 0.05))
def test_resampling_invents_no_pitch_between_silence_and_a_note(hz, step):
    hz, times = np.array(hz), np.arange(len(hz)) * step
    target = np.arange(40) * HOP_SECONDS
    for between in ("nearest", "linear"):
        values = contour.resample(times, hz, target, step, between)
        voiced = values[values > 0]
        assert len(values) == 40
        assert ((voiced >= 200) & (voiced <= 401.5)).all()
        assert (values[target > times[-1] + step + 1e-6] == 0).all()


def test_linear_resampling_interpolates_inside_a_voiced_run_only():
    times, hz = np.arange(4) * 0.02, np.array([100.0, 200.0, 0.0, 300.0])
    target = np.array([0.005, 0.029, 0.031, 0.051, 0.06])
    np.testing.assert_allclose(contour.resample(times, hz, target, 0.02, "linear"), [125, 200, 0, 300, 300])
    np.testing.assert_allclose(contour.resample(times, hz, target, 0.02, "across"), [125, 110, 90, 165, 300])


def test_a_long_gap_between_rows_is_unvoiced():
    values = contour.resample(
        np.array([0.0, 1.0]), np.array([100.0, 100.0]), np.array([0.01, 0.5, 0.99]), 0.02, "linear"
    )
    np.testing.assert_array_equal(values, [100, 0, 100])


# --- the user's own file ---------------------------------------------------------------------------------------------


def user_file(tmp_path, text, voices=("vocals",), frames=5, **chosen):
    path = tmp_path / "song.csv"
    path.write_text(text, encoding="utf-8")
    return file.read(path, voices, frames, file.Settings(str(tmp_path), **chosen))


def test_a_file_of_any_grid_and_column_case_is_read(tmp_path):
    text = "TIME,Voice,hz,remark\n" + "".join(
        f"{t:.3f},vocals,{200 + 1000 * t:.1f},x\n" for t in np.arange(0, 0.08, 0.01)
    )
    nearest = user_file(tmp_path, text)
    linear = user_file(tmp_path, text, between="linear")
    np.testing.assert_allclose(nearest.hz[0], [200, 220, 230, 250, 260])
    np.testing.assert_allclose(linear.hz[0], [200, 216, 232, 248, 264])


@pytest.mark.parametrize("cell", ["", "nan", "NaN", "0", "-220", " "])
def test_what_stands_for_no_pitch_is_unvoiced(tmp_path, cell):
    f0 = user_file(tmp_path, f"time,voice,Hz\n0,vocals,220\n0.016,vocals,{cell}\n0.032,vocals,230\n", frames=3)
    np.testing.assert_array_equal(f0.hz, [[220, 0, 230]])


def test_rows_of_several_voices_may_be_interleaved(tmp_path):
    text = "time,voice,Hz\n0,alto,300\n0,bass,100\n0.016,alto,310\n0.016,bass,0\n"
    f0 = user_file(tmp_path, text, voices=("bass", "alto"), frames=2)
    assert f0.voices == ("bass", "alto")
    np.testing.assert_array_equal(f0.hz, [[100, 0], [300, 310]])


def test_a_table_that_the_workflow_wrote_serves_as_a_users_file(tmp_path):
    written = f0_of([0, 220, 221, 0], [110, 0, 0, 111], confidence=0.5)
    write_f0(tmp_path / "song.csv", written)
    found = file.read(tmp_path / "song.csv", written.voices, 4, file.Settings(str(tmp_path)))
    np.testing.assert_array_equal(found.hz, written.hz)
    np.testing.assert_array_equal(found.confidence, written.confidence)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("0,vocal,220", r"row 2: there is no voice 'vocal'.*'vocals'"),
        ("0,vocals,220\n0,vocals,221", r"row 3: the time 0 s is there twice"),
        ("0.5,vocals,220\n\n0.1,vocals,221", r"row 4: the time 0.1 s comes after a later one"),
        ("0,vocals,high", r"row 2: Hz is 'high'"),
        ("0,vocals,inf", r"row 2: Hz is 'inf'"),
        (",vocals,220", r"row 2: time is ''"),
        ("0,vocals,220,7", r"row 2: has 4 cells"),
        ("", r"has no row under the names"),
        ("0,vocals,0", r"no voice has a pitch within the track"),
        ("1600,vocals,220", r"no voice has a pitch within the track, which ends at 0\.\d s"),
    ],
)
def test_a_bad_row_is_refused_by_its_number(tmp_path, rows, said):
    with pytest.raises(UserError, match=said) as refusal:
        user_file(tmp_path, f"time,voice,Hz\n{rows}\n")
    assert "song.csv" in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("text", ["", "time,voice\n0,vocals\n", "\x00\x01"])
def test_a_file_without_the_columns_is_refused(tmp_path, text):
    with pytest.raises(UserError, match=r"song\.csv.*Hz"):
        user_file(tmp_path, text)


# --- degradations ----------------------------------------------------------------------------------------------------

EXACT = f0_of([0, 440, 450, 460] * 100, [200, 0, 210, 220] * 100)


def degrade(f0, seed=0, track="t", **chosen):
    return degraded.degrade(f0, checked(degraded.Settings, chosen, "settings"), seed, track)


def test_an_offset_moves_voiced_frames_only_unless_the_published_bug_is_named():
    fixed = degrade(EXACT, offset_hz=30)
    published = degrade(EXACT, offset_hz=30, offset_on="all")
    np.testing.assert_array_equal(fixed.hz, np.where(EXACT.hz > 0, EXACT.hz + 30, 0))
    np.testing.assert_array_equal(published.hz, EXACT.hz + 30)


def test_an_offset_below_every_pitch_leaves_unvoiced_frames_not_negative_ones():
    low = degrade(EXACT, offset_hz=-215.0)
    assert (low.hz[1] == 0).all()
    assert (low.confidence[1, ::4] == 0).all()
    assert low.hz[0].max() == 245


@pytest.mark.parametrize("octaves", [-2, 1, 3])
def test_octave_errors_are_whole_octaves_on_the_share_asked_for(octaves):
    everywhere = degrade(EXACT, octaves=octaves)
    some = degrade(EXACT, octaves=octaves, octave_share=0.3)
    np.testing.assert_allclose(everywhere.hz, EXACT.hz * 2.0**octaves)
    ratio = some.hz[EXACT.hz > 0] / EXACT.hz[EXACT.hz > 0]
    assert set(ratio) == {1.0, 2.0**octaves}
    assert 0.2 < (ratio != 1).mean() < 0.4


def test_muting_takes_all_voices_at_once_and_is_nested_and_seeded():
    def mute(p, seed=0, track="t"):
        return degrade(f0_of(*np.full((2, 1000), 300.0)), seed, track, muted=p).hz == 0

    few, many = mute(0.1), mute(0.3)
    assert 0.05 < few.mean() < 0.15
    assert (few[0] == few[1]).all()
    assert (few <= many).all()
    np.testing.assert_array_equal(few, mute(0.1))
    assert (few != mute(0.1, seed=1)).any()
    assert (few != mute(0.1, track="other")).any()


def test_a_voice_left_out_is_silent_and_an_unknown_one_is_refused():
    left = degrade(EXACT, left_out=["alto"])
    assert not left.hz[1].any()
    np.testing.assert_array_equal(left.hz[0], EXACT.hz[0])
    with pytest.raises(UserError, match="'alto'"):
        degrade(EXACT, left_out=["alt"])


# --- sources by name -------------------------------------------------------------------------------------------------


def estimate(kind, chosen=None, mixture=None, stems=None, voices=("soprano", "bass"), exact=None, track="song"):
    source = F0_SOURCES.load(kind)
    audio = Audio(np.zeros((1, RATE)) if mixture is None else mixture, stems or {}, RATE)
    given = Given(track, voices, lambda: audio, exact)
    return source.find_f0(given, checked(source.Settings, chosen or {}, "settings"))


def test_the_exact_f0_is_put_in_the_order_of_the_voices_and_fitted_to_the_mixture():
    exact = F0(("bass", "soprano"), np.stack([np.full(90, 100.0), np.full(90, 400.0)]), np.ones((2, 90)))
    f0 = estimate("exact", exact=exact)
    assert f0.hz.shape == (2, frame_count(1.0))
    assert f0.hz[:, 0].tolist() == [400.0, 100.0]
    with pytest.raises(UserError, match="no exact F0"):
        estimate("exact")
    with pytest.raises(UserError, match="no voice 'alto'"):
        estimate("exact", exact=exact, voices=("alto",))


def test_stems_are_averaged_over_channels_and_must_be_there():
    stem = tone(np.full(RATE, 220.0))
    f0 = estimate("stems", stems={"vocals": np.stack([2 * stem, 0 * stem])}, voices=("vocals",))
    assert np.abs(cents(f0.hz[0, 5:-5], 220.0)).max() < 10
    with pytest.raises(UserError, match="'vocals'"):
        estimate("stems", stems={"vocals": stem[None]}, voices=("vocal",))


@pytest.mark.parametrize("estimator", multipitch.ESTIMATORS)
@pytest.mark.parametrize("assignment", ["beam", "published"])
def test_a_mixture_gives_each_voice_its_own_contour_highest_first(estimator, assignment, chord):
    mixture, hz = chord
    f0 = estimate(
        "mixture", {"estimator": estimator, "assignment": assignment, "threshold": 0.3}, mixture[None], voices=VOICES
    )
    inside = f0.hz[:, 20:-20]
    right = np.abs(cents(inside, hz[:, None])) < 50
    assert f0.hz.shape == (4, frame_count(2.0))
    assert (right.mean(axis=1) > 0.8).all()
    assert ((f0.confidence >= 0) & (f0.confidence <= 1)).all()


@pytest.mark.parametrize("kind", ["stems", "mixture"])
def test_silence_is_unvoiced_throughout(kind):
    f0 = estimate(kind, stems={"soprano": np.zeros((2, RATE)), "bass": np.zeros((2, RATE))})
    assert f0.hz.shape == (2, frame_count(1.0))
    assert not f0.hz.any()


def test_a_users_file_is_found_by_the_name_of_the_track(tmp_path):
    (tmp_path / "song.csv").write_text("time,voice,Hz\n0,vocals,220\n")
    assert estimate("file", {"root": str(tmp_path)}, voices=("vocals",)).hz[0, 0] == 220
    with pytest.raises(UserError, match=r"other\.csv"):
        estimate("file", {"root": str(tmp_path)}, voices=("vocals",), track="other")


@pytest.mark.parametrize(
    ("kind", "chosen", "said"),
    [
        ("stem", {}, "'stems'"),
        ("stems", {"treshold": 0.5}, "'threshold'"),
        ("stems", {"threshold": "high"}, "a number"),
        ("stems", {"threshold": True}, "a number"),
        ("stems", {"threshold": 1.5}, "at least 0, at most 1"),
        ("stems", {"fmin": float("nan")}, "a number"),
        ("mixture", {"estimator": "basicpitch"}, "'basic-pitch'"),
        ("mixture", {"assignment": "beem"}, "'beam'"),
        ("mixture", {"between": "cubic"}, "allowed"),
        ("mixture", {"candidates": 2.5}, "whole number"),
        ("mixture", {"candidates": 99}, "at least 1, at most 10"),
        ("file", {}, "root"),
        ("exact", {"threshold": 1}, "'threshold' is unknown"),
        ("degraded", {}, "`of`"),
    ],
)
def test_a_wrong_setting_is_refused_in_one_sentence(kind, chosen, said):
    with pytest.raises(UserError, match=said) as refusal:
        estimate(kind, chosen)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("path", sorted(F0_CONFIG.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_named_source_has_settings_that_its_kind_takes(path):
    entry = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert entry["label"]
    assert checked(F0_SOURCES.load(entry["kind"]).Settings, entry["settings"], path.name)
    assert (entry["kind"] == "degraded") == ("of" in entry)


# --- quality ---------------------------------------------------------------------------------------------------------


def figures(reference, estimated):
    return {(row["voice"], row["metric"]): row["value"] for row in quality(reference, estimated)}


def test_a_perfect_f0_scores_one_everywhere():
    scores = figures(EXACT, EXACT)
    assert len(scores) == 2 * 5 + 3
    assert {metric: value for (_, metric), value in scores.items()} == pytest.approx(
        {metric: 0.0 if metric == "voicing_false_alarm" else 1.0 for _, metric in scores}
    )


def test_scores_of_known_errors_are_the_shares_of_frames_counted_by_hand():
    reference = f0_of([100.0] * 8 + [0.0] * 2)
    # 4 right, 1 an octave up, 1 a semitone up, 2 missed; one false alarm
    found = f0_of([100.0] * 4 + [200.0, 105.95, 0, 0] + [100.0, 0.0])
    scores = {metric: value for (voice, metric), value in figures(reference, found).items() if voice == "soprano"}
    assert scores == pytest.approx(
        {
            "raw_pitch_accuracy": 4 / 8,
            "raw_chroma_accuracy": 5 / 8,
            "voicing_recall": 6 / 8,
            "voicing_false_alarm": 1 / 2,
            "overall_accuracy": 5 / 10,
        }
    )


def test_swapped_voices_lose_pitch_accuracy_but_not_as_a_set():
    reference = f0_of([440.0] * 20, [220.0] * 20)
    scores = figures(reference, f0_of([220.0] * 20, [440.0] * 20))
    assert scores["soprano", "raw_pitch_accuracy"] == 0
    assert scores["soprano", "raw_chroma_accuracy"] == 1
    assert scores["all", "multipitch_accuracy"] == 1


def test_where_there_is_no_frame_to_judge_the_figure_is_nan_and_counts_none():
    rows = quality(f0_of([0.0] * 9, [100.0] * 9), f0_of([0.0] * 9, [5.0] * 9))
    undefined = {(row["voice"], row["metric"]) for row in rows if np.isnan(row["value"])}
    assert undefined == {
        ("soprano", "raw_pitch_accuracy"),
        ("soprano", "raw_chroma_accuracy"),
        ("soprano", "voicing_recall"),
        ("alto", "voicing_false_alarm"),
    }
    assert all((row["frames"] == 0) == ((row["voice"], row["metric"]) in undefined) for row in rows)


def test_pitches_too_few_cost_recall_and_pitches_too_many_precision():
    few, many = f0_of([100.0, 0.0, 0.0, 0.0, 0.0]), f0_of([100.0] * 4 + [0.0])
    for reference, found, expected in ((many, few, (1, 1 / 4, 1 / 4)), (few, many, (1 / 4, 1, 1 / 4))):
        rows = {row["metric"]: row for row in quality(reference, found) if row["voice"] == "all"}
        names = [f"multipitch_{each}" for each in ("precision", "recall", "accuracy")]
        assert [rows[name]["value"] for name in names] == pytest.approx(expected)
        assert {rows[name]["frames"] for name in names} == {4}


@pytest.mark.parametrize(("low", "share"), [(20.3, 1), (20.9, 0)])  # 26 and 76 cents above 20 Hz
def test_a_set_of_pitches_is_right_within_half_a_semitone_at_the_lowest_pitch_too(low, share):
    scores = figures(f0_of([20.0] * 5), f0_of([low] * 5))
    assert scores["all", "multipitch_precision"] == scores["all", "multipitch_recall"] == share


def test_voices_are_matched_by_name_and_a_missing_one_is_an_error():
    reordered = F0(("alto", "soprano"), EXACT.hz[::-1], EXACT.confidence[::-1])
    assert figures(EXACT, reordered) == pytest.approx(figures(EXACT, EXACT))
    with pytest.raises(ValueError, match="alto"):
        quality(EXACT, F0(("soprano",), EXACT.hz[:1], EXACT.confidence[:1]))


def test_an_f0_source_survives_its_file(tmp_path):
    f0 = estimate("stems", stems={"vocals": tone(glide(200, 400, 1))[None]}, voices=("vocals",))
    write_f0(tmp_path / "t.csv", f0)
    again = read_f0(tmp_path / "t.csv")
    assert f0.hz.any()
    np.testing.assert_allclose(again.hz, f0.hz, atol=1e-4)


def test_a_probability_outside_zero_to_one_is_refused():
    with pytest.raises(UserError, match="muted"):
        checked(degraded.Settings, {"muted": 1.2}, "settings")
