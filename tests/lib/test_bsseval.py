"""BSSEval against museval 0.4.1, and properties that need no oracle."""

import numpy as np
import pytest
from scipy.signal import lfilter

from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.metrics.bsseval_v4 import References, Scores
from workflow_scripts.lib.metrics.correlations import FrameSpectra, LeastSquares, correlate, even_fft_size
from workflow_scripts.lib.metrics.frames import Frames, frames_of
from workflow_scripts.lib.metrics.museval_scorer import museval_scores

RATE = 8000
NAMES = ("SDR", "ISR", "SIR", "SAR")


def scene(sources: int, channels: int, seconds: float, *names: object) -> tuple[np.ndarray, np.ndarray]:
    """Correlated, coloured references and estimates with filtering, leakage and noise, [source, channel, time]."""
    generator, time = stream("bsseval", sources, channels, seconds, *names), int(seconds * RATE)
    noise = generator.standard_normal((sources, channels, time)) + generator.standard_normal((sources, 1, time))
    references = 0.05 * lfilter([1], [1, -0.9], noise, axis=-1)
    leakage = np.eye(sources) + 0.1 * generator.standard_normal((sources, sources))
    estimates = np.einsum("ij,jct->ict", leakage, lfilter([1, 0.3, 0.1], [1], references, axis=-1))
    return references, estimates + 0.01 * generator.standard_normal(references.shape)


def assert_equal(ours: Scores, theirs: Scores, tolerance: float = 1e-6, ceiling: float = 120.0) -> None:
    """Same places of NaN and infinity, and finite figures within `tolerance` dB; above `ceiling` only "above"."""
    for name in NAMES:
        a, b = getattr(ours, name), getattr(theirs, name)
        assert a.shape == b.shape
        assert a.size > 0
        a, b = (np.where(values > ceiling, np.inf, values) for values in (a, b))
        np.testing.assert_array_equal(np.isnan(a), np.isnan(b), err_msg=name)
        np.testing.assert_array_equal(np.isinf(a), np.isinf(b), err_msg=name)
        finite = np.isfinite(a)
        np.testing.assert_allclose(a[finite], b[finite], rtol=0, atol=tolerance, err_msg=name)


@pytest.mark.parametrize(
    ("sources", "channels", "seconds", "window", "hop"),
    [
        (4, 1, 3.2, RATE, RATE),  # a last partial frame
        (2, 2, 2.5, RATE, RATE),
        (3, 1, 2.0, RATE, RATE // 2),  # overlapping frames
        (2, 1, 2.0, 3000, 5000),  # gaps between frames, frames shorter than the tiles of the correlations
        (2, 2, 0.6, RATE, RATE),  # shorter than the window
        (2, 1, 0.04, RATE, RATE),  # shorter than the filters
        (2, 1, 6.0, 4 * RATE, 4 * RATE),  # frames that are their own tiles, with a rest
        (2, 1, 5.0, 2 * RATE, 2 * RATE),  # several such tiles
    ],
)
def test_figures_equal_those_of_museval(sources, channels, seconds, window, hop):
    references, estimates = scene(sources, channels, seconds)
    ours = References(references, window, hop).score(estimates)
    theirs = museval_scores(references, estimates, window, hop)
    assert np.isfinite(ours.SAR).all()
    assert_equal(ours, theirs)


def test_one_source_alone_has_infinite_sir_as_in_museval():
    references, estimates = scene(1, 2, 2.0)
    ours = References(references, RATE, RATE).score(estimates)
    assert np.isposinf(ours.SIR).all()
    assert_equal(ours, museval_scores(references, estimates, RATE, RATE))


def test_frames_with_a_silent_reference_or_estimate_are_undefined_for_all_sources():
    references, estimates = scene(3, 2, 4.0)
    references[0, :, :RATE] = 0
    estimates[1, 0, RATE : 2 * RATE] = -estimates[1, 1, RATE : 2 * RATE]  # anti-phase: the channels cancel
    references[2, :, 2 * RATE : 3 * RATE] = 0
    references[2, 0, 2 * RATE + 3] = 2**-15  # one sample sounds
    ours = References(references, RATE, RATE).score(estimates)
    np.testing.assert_array_equal(np.isnan(ours.SDR), [[True, True, False, False]] * 3)
    assert_equal(ours, museval_scores(references, estimates, RATE, RATE))


@pytest.mark.parametrize("change", [-1500, 900])
def test_estimates_of_another_length_are_cut_or_padded(change):
    references, estimates = scene(2, 1, 2.5)
    estimates = np.pad(estimates, ((0, 0), (0, 0), (0, change))) if change > 0 else estimates[..., :change]
    ours = References(references, RATE, RATE).score(estimates)
    assert_equal(ours, museval_scores(references, estimates, RATE, RATE))


def test_singular_normal_matrices_give_the_figures_of_museval():
    references, estimates = scene(2, 2, 2.0)
    dual_mono = references[:, :1].repeat(2, axis=1)
    assert_equal(
        References(dual_mono, RATE, RATE).score(estimates), museval_scores(dual_mono, estimates, RATE, RATE), 1e-5
    )
    twice = references[:1].repeat(2, axis=0)[:, :1]
    ours, theirs = References(twice, RATE, RATE).score(estimates[:, :1]), museval_scores(
        twice, estimates[:, :1], RATE, RATE
    )  # fmt: skip
    # Interference is what the joint projection adds to the reference's own: nothing, so its ratio is rounding error.
    assert (ours.SIR > 120).all()
    assert_equal(ours, theirs, 1e-5)


def test_a_channel_without_sound_changes_nothing():
    references, estimates = scene(2, 2, 2.0)
    references[1, 1], estimates[1, 1] = 0, 0
    ours = References(references, RATE, RATE).score(estimates)
    assert_equal(ours, museval_scores(references, estimates, RATE, RATE))


def test_band_limited_sources_agree_as_far_as_the_figures_are_defined():
    generator = stream("band-limited")
    time = np.arange(3 * RATE) / RATE
    tones = [200.0, 310.0, 470.0]
    references = np.array([[sum(np.sin(2 * np.pi * f * k * time) / k for k in (1, 2, 3))] for f in tones])
    estimates = references + 0.05 * references[::-1] + 1e-4 * generator.standard_normal(references.shape)
    references = references + 1e-3 * generator.standard_normal(references.shape)
    ours = References(references, RATE, RATE).score(estimates)
    assert_equal(ours, museval_scores(references, estimates, RATE, RATE), 1e-2)


def test_an_exact_estimate_scores_infinite_sdr_and_all_its_ratios_exceed_120_db():
    references, estimates = scene(2, 1, 2.0)
    estimates[0] = references[0]
    scores = References(references, RATE, RATE).score(estimates)
    assert np.isposinf(scores.SDR[0]).all()
    assert min(getattr(scores, name)[0].min() for name in NAMES) > 120
    assert np.isfinite(scores.SDR[1]).all()


def test_a_reference_silent_on_the_whole_track_is_left_out_of_the_scene():
    references, estimates = scene(3, 1, 3.0)
    references[1] = 0
    scores = References(references, RATE, RATE).score(estimates)
    rest = References(references[[0, 2]], RATE, RATE).score(estimates[[0, 2]])
    for name in NAMES:
        assert np.isnan(getattr(scores, name)[1]).all()
        np.testing.assert_array_equal(getattr(scores, name)[[0, 2]], getattr(rest, name))
        assert np.isfinite(getattr(rest, name)).all()
    assert_equal(scores, museval_scores(references, estimates, RATE, RATE))


def test_a_track_of_silence_has_no_score():
    scores = References(np.zeros((2, 1, 2 * RATE)), RATE, RATE).score(np.ones((2, 1, 2 * RATE)))
    assert scores.SDR.shape == (2, 2)
    assert all(np.isnan(getattr(scores, name)).all() for name in NAMES)


def test_an_estimate_silent_on_the_whole_track_leaves_the_others_their_scores():
    references, estimates = scene(3, 1, 2.0)
    whole = References(references, RATE, RATE)
    expected = whole.score(estimates)
    estimates[1] = 0
    scores = whole.score(estimates)
    for name in NAMES:
        assert np.isnan(getattr(scores, name)[1]).all()
        np.testing.assert_allclose(getattr(scores, name)[[0, 2]], getattr(expected, name)[[0, 2]], rtol=1e-12)
        assert np.isfinite(getattr(scores, name)[[0, 2]]).all()
    assert_equal(scores, museval_scores(references, estimates, RATE, RATE))


def test_scores_do_not_depend_on_what_was_scored_before():
    references, estimates = scene(2, 2, 2.0)
    shared = References(references, RATE, RATE)
    shared.score(estimates[::-1])
    again, alone = shared.score(estimates), References(references, RATE, RATE).score(estimates)
    for name in NAMES:
        np.testing.assert_array_equal(getattr(again, name), getattr(alone, name))


def test_a_common_gain_changes_no_score_and_a_delay_within_the_filters_only_sdr_and_isr():
    references, estimates = scene(2, 1, 3.0)
    base = References(references, RATE, RATE).score(estimates)
    louder = References(3 * references, RATE, RATE).score(3 * estimates)
    late = References(references, RATE, RATE).score(np.pad(estimates, ((0, 0), (0, 0), (20, 0))))
    for name in NAMES:
        np.testing.assert_allclose(getattr(louder, name), getattr(base, name), atol=1e-6)
    assert np.abs(late.SIR - base.SIR).max() < 0.3
    assert (base.SDR - late.SDR).min() > 3


def test_signals_in_single_precision_are_scored_in_double():
    signals = [each.astype(np.float32) for each in scene(2, 1, 2.0)]
    single, double = (
        References(references, RATE, RATE).score(estimates)
        for references, estimates in (signals, [each.astype(np.float64) for each in signals])
    )
    for name in NAMES:
        assert np.isfinite(getattr(double, name)).all()
        np.testing.assert_array_equal(getattr(single, name), getattr(double, name))


def test_sdr_alone_is_the_sdr_of_the_full_score():
    references, estimates = scene(2, 2, 3.0)
    estimates[0, :, :RATE] = 0
    whole = References(references, RATE, RATE)
    sdr = whole.sdr(estimates)
    assert np.isnan(sdr[:, 0]).all()
    np.testing.assert_array_equal(sdr, whole.score(estimates).SDR)


def test_spectra_that_do_not_fit_into_memory_give_the_same_scores(monkeypatch):
    references, estimates = scene(2, 1, 5.0)
    base = References(references, 2 * RATE, 2 * RATE).score(estimates)
    monkeypatch.setattr("workflow_scripts.lib.metrics.bsseval_v4.KEPT_BYTES", 400_000)
    monkeypatch.setattr("workflow_scripts.lib.metrics.correlations.BLOCK_BYTES", 1000)
    small = References(references, 2 * RATE, 2 * RATE).score(estimates)
    for name in NAMES:
        np.testing.assert_allclose(getattr(small, name), getattr(base, name), atol=1e-9)
        assert getattr(small, name).shape == (2, 2)


@pytest.mark.parametrize(
    ("time", "tile", "lags"), [(3000, 3000, 40), (3000, 1000, 64), (3100, 1000, 512), (500, 200, 1)]
)
def test_tiled_correlations_are_the_sums_that_they_stand_for(time, tile, lags):
    x, y = stream("correlations", time).standard_normal((2, 3, time))
    frames, fft = Frames(tile, tile, time // tile), even_fft_size(tile + lags - 1)
    ours = correlate(FrameSpectra(x, frames, fft), FrameSpectra(y, frames, fft), lags)
    expected = np.array([[[b[m:] @ a[: time - m] for m in range(lags)] for b in y] for a in x])
    assert ours.shape == (3, 3, lags)
    np.testing.assert_allclose(ours, expected, atol=1e-9 * time)


@pytest.mark.parametrize(("channels", "taps"), [(1, 5), (2, 4), (3, 3), (3, 1)])
def test_filters_are_the_least_squares_solution(channels, taps):
    generator, time = stream("filters", channels, taps), 60
    x, y = generator.standard_normal((channels, time)), generator.standard_normal((2, time))
    frames, fft = Frames(time, time, 1), even_fft_size(time + taps - 1)
    spectra = FrameSpectra(x, frames, fft)
    ours = LeastSquares(correlate(spectra, spectra, taps)).filters(
        correlate(spectra, FrameSpectra(y, frames, fft), taps)
    )
    delayed = np.array([np.pad(a, (lag, taps - lag)) for a in x for lag in range(taps)]).T
    expected = np.linalg.lstsq(delayed, np.pad(y, ((0, 0), (0, taps))).T, rcond=None)[0]
    assert ours.shape == (channels, 2, taps)
    np.testing.assert_allclose(ours, expected.reshape(channels, taps, 2).transpose(0, 2, 1), atol=1e-10)


@pytest.mark.parametrize(
    ("time", "window", "hop", "count"),
    [(10, 10, 10, 1), (9, 10, 10, 1), (20, 10, 10, 2), (29, 10, 10, 2), (20, 10, 3, 4)],
)
def test_the_number_of_frames_drops_the_last_partial_one(time, window, hop, count):
    frames = frames_of(time, window, hop)
    assert frames.count == count
    assert frames.cut(np.arange(time)).shape == (count, min(window, time))
    np.testing.assert_array_equal(frames.cut(np.arange(time))[:, 0], np.arange(count) * hop)
