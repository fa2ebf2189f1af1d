"""All metrics but BSSEval: hand values, invariances, anchors in other libraries, and the table of a track."""

import ast
import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import torchaudio
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import stft

from workflow_scripts.lib.core import registry
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.metrics import museval_json, museval_scorer, ratios, scale_invariant, silence, spectral
from workflow_scripts.lib.metrics.contract import Metric, Scoring
from workflow_scripts.lib.metrics.estimate import TrackReferences
from workflow_scripts.lib.metrics.families import definitions, load_metrics, load_scores
from workflow_scripts.lib.metrics.frames import Frames, decibels, frames_of, improvement, silent, silent_throughout
from workflow_scripts.lib.metrics.scoring import score_track
from workflow_scripts.lib.metrics.silence_rule import excerpt_peaks, too_quiet

RATE = 8000
FAMILIES = registry.METRICS.names()
METRICS = load_metrics(FAMILIES)


def noise(*shape: int, name: str = "metrics") -> np.ndarray:
    return stream(name, *shape).standard_normal(shape)


# Whole-track ratios


def test_si_sdr_of_a_hand_made_pair():
    reference, estimate = np.array([[[3.0, 4.0]]]), np.array([[[3.0, 0.0]]])
    # a = 9/25, target energy 81/25, residual 9 - 81/25
    assert scale_invariant.si_sdr(reference, estimate)[0] == pytest.approx(10 * np.log10(81 / 144))


@settings(deadline=None, max_examples=20)
@given(st.floats(1e-3, 1e3), st.sampled_from([-1, 1]), st.integers(0, 10))
def test_si_sdr_ignores_the_scale_of_reference_and_estimate(gain, sign, seed):
    generator = stream("scale", seed)
    reference = generator.standard_normal((2, 2, 50))
    estimate = reference + generator.standard_normal((2, 2, 50))
    base = scale_invariant.si_sdr(reference, estimate)
    np.testing.assert_allclose(scale_invariant.si_sdr(reference, sign * gain * estimate), base, atol=1e-9)
    np.testing.assert_allclose(scale_invariant.si_sdr(gain * reference, estimate), base, atol=1e-9)


def test_si_sdr_keeps_the_mean_and_pools_the_channels():
    reference = noise(1, 2, 4000)
    with_offset = scale_invariant.si_sdr(reference, reference + 0.5)[0]
    assert with_offset == pytest.approx(
        scale_invariant.si_sdr(reference.reshape(1, 1, -1), reference.reshape(1, 1, -1) + 0.5)[0]
    )
    assert with_offset < 10  # the offset is an error, not removed
    unbalanced = reference * np.array([[1.0], [0.5]])
    assert scale_invariant.si_sdr(reference, unbalanced)[0] < 15  # one scale for both channels


def test_si_ratios_of_orthogonal_parts_are_their_energies():
    target, other, artefact = np.eye(3)[:, None] * np.array([2.0, 1.0, 0.5])[:, None, None]
    references = np.stack([target, other])
    scores = scale_invariant.si_ratios(references, np.stack([target + 0.1 * other + artefact, other]))
    assert scores.SIR[0] == pytest.approx(10 * np.log10(4 / 0.01))
    assert scores.SAR[0] == pytest.approx(10 * np.log10(4 / 0.25))
    assert scores.SDR[0] == pytest.approx(10 * np.log10(4 / 0.26))
    assert np.isposinf([scores.SDR[1], scores.SIR[1], scores.SAR[1]]).all()


def test_inverse_si_sir_and_si_sar_add_up_to_inverse_si_sdr():
    references = noise(3, 1, 2000) + noise(1, 1, 2000)
    scores = scale_invariant.si_ratios(
        references, references + 0.3 * references[::-1] + 0.1 * noise(3, 1, 2000, name="e")
    )
    sdr, sir, sar = (10 ** (-values / 10) for values in (scores.SDR, scores.SIR, scores.SAR))
    assert sdr.size == 3
    np.testing.assert_allclose(sir + sar, sdr, rtol=1e-9)
    np.testing.assert_allclose(
        scores.SDR,
        scale_invariant.si_sdr(references, references + 0.3 * references[::-1] + 0.1 * noise(3, 1, 2000, name="e")),
        atol=1e-9,
    )


def test_si_ratios_survive_duplicate_and_silent_references():
    references = noise(3, 1, 500)
    references[1], references[2] = references[0], 0
    scores = scale_invariant.si_ratios(references, references + 0.1 * noise(3, 1, 500, name="e"))
    assert np.isfinite(scores.SDR[:2]).all()
    assert np.isfinite(scores.SAR[:2]).all()
    assert np.isnan([scores.SDR[2], scores.SIR[2], scores.SAR[2]]).all()
    assert np.isnan(scale_invariant.si_ratios(references, np.zeros_like(references)).SDR).all()


def test_framewise_si_sdr_is_si_sdr_of_the_frame_with_a_floor_of_80_db():
    reference, estimate = noise(1, 1, 300), noise(1, 1, 300, name="e")
    estimate[..., 200:] = reference[..., 200:]
    frames = frames_of(300, 100, 100)
    values = scale_invariant.framewise_si_sdr(reference, estimate, frames)[0]
    alone = scale_invariant.si_sdr(reference[..., :100], estimate[..., :100])[0]
    assert values[0] == pytest.approx(10 * np.log10(10 ** (alone / 10) + 1e-8))
    assert np.isposinf(values[2])
    orthogonal = scale_invariant.framewise_si_sdr(np.array([[[1.0, 0.0]]]), np.array([[[0.0, 1.0]]]), Frames(2, 2, 1))
    assert orthogonal[0, 0] == pytest.approx(-80)


def test_snr_and_usdr_of_hand_values():
    reference, estimate = np.array([[[1.0, 0.0], [0.0, 0.0]]]), np.array([[[0.5, 0.0], [0.0, 0.0]]])
    assert ratios.snr(reference, estimate)[0] == pytest.approx(10 * np.log10(4))
    assert np.isposinf(ratios.snr(reference, reference)[0])
    assert ratios.usdr(reference, estimate)[0] == pytest.approx(10 * np.log10((1 + 1e-7) / (0.25 + 1e-7)))
    assert ratios.usdr(reference, reference)[0] == pytest.approx(70, abs=1e-5)
    silence_ = np.zeros_like(reference)
    assert np.isnan([ratios.snr(silence_, estimate)[0], ratios.usdr(silence_, estimate)[0]]).all()


def test_the_improvement_of_the_mixture_over_itself_is_zero():
    scores = np.array([1.0, -2.0, np.inf, np.nan])
    np.testing.assert_array_equal(improvement(scores, scores), [0, 0, np.nan, np.nan])


# Frames and silence


def test_decibels_of_nothing_over_something_and_something_over_nothing():
    np.testing.assert_array_equal(decibels([1.0, 0.0, 0.0, 100.0], [0.0, 1.0, 0.0, 1.0]), [np.inf, -np.inf, np.inf, 20])


def test_a_single_sample_breaks_the_silence_and_anti_phase_does_not():
    signals = np.zeros((3, 2, 1000))
    signals[0, 0, 777] = 2**-15
    signals[1, 0, 300], signals[1, 1, 300] = 0.5, -0.5
    np.testing.assert_array_equal(silent(signals, frames_of(1000, 500, 500)), [[True, False], [True] * 2, [True] * 2])
    np.testing.assert_array_equal(silent_throughout(signals), [False, True, True])


def test_pes_and_eps_of_hand_values_each_source_with_its_own():
    references, estimates = np.zeros((2, 1, 12)), np.zeros((2, 1, 12))
    references[0, 0, :4], references[1, 0, 4:8] = 1.0, 0.5
    estimates[0, 0, 4:8], estimates[1, 0, :4] = 0.1, 2.0
    frames = frames_of(12, 4, 4)
    pes = silence.predicted_energy_at_silence(references, estimates, frames)
    eps = silence.energy_at_predicted_silence(references, estimates, frames)
    np.testing.assert_allclose(pes, [[np.nan, 10 * np.log10(0.04), -120], [10 * np.log10(16), np.nan, -120]])
    np.testing.assert_allclose(eps, [[10 * np.log10(4), np.nan, -120], [np.nan, 0, -120]], atol=1e-9)


def test_pes_looks_at_each_channel_alone_and_has_no_value_where_nothing_is_silent():
    references, estimates = np.zeros((1, 2, 4)), np.ones((1, 2, 4))
    references[0, 0] = 1.0
    estimates[0, 1] = 0.5
    assert silence.predicted_energy_at_silence(references, estimates, frames_of(4, 4, 4))[0, 0] == pytest.approx(
        0, abs=1e-9
    )
    none = silence.predicted_energy_at_silence(np.ones((1, 2, 4)), estimates, frames_of(4, 4, 4))
    assert np.isnan(none).all()


def test_the_silence_rule_means_the_same_power_at_every_rate_level_and_number_of_channels():
    power = np.sqrt(np.array([0.9, 1.1]) * 10 / 16_000)  # just under and over the paper's floor
    for rate, channels, level in ((16_000, 1, 1.0), (44_100, 2, 0.25)):
        references = level * power[:, None, None] * np.ones((2, channels, rate))
        mixture = level * np.ones((channels, rate))
        frames = frames_of(rate, rate, rate)
        quiet = too_quiet(references, frames, excerpt_peaks(mixture, frames, rate), 10)
        np.testing.assert_array_equal(quiet, [[True], [False]])


def test_each_frame_is_judged_by_the_peak_of_its_excerpt_of_four_seconds():
    rate = 100
    mixture = np.full((1, 10 * rate), 0.5)
    mixture[0, 150], mixture[0, 799], mixture[0, 900] = -0.8, 2.0, 0.1
    mixture[0, 800:900] = 0.0  # an excerpt of 2 s is left at the end, its peak 0.5
    frames = frames_of(1000, rate, rate)
    assert excerpt_peaks(mixture, frames, rate).tolist() == [0.8] * 4 + [2.0] * 4 + [0.5] * 2
    # A frame of 2 s every 1.5 s from 3.0 s lies in two excerpts.
    assert excerpt_peaks(mixture, frames_of(1000, 2 * rate, 150), rate).tolist() == [0.8, 0.8, 2.0, 2.0, 2.0, 2.0]
    assert excerpt_peaks(np.zeros((2, 30)), frames_of(30, rate, rate), rate).tolist() == [1.0]
    # Of the same power throughout, 10 per 16,000 samples where the peak is 1: 0.9 of the floor needs a peak over 0.949.
    references = np.full((1, 1, 10 * rate), np.sqrt(0.9 * 10 / 16_000))
    quiet = too_quiet(references, frames, excerpt_peaks(mixture, frames, rate), 10)
    assert quiet.tolist() == [[False] * 4 + [True] * 4 + [False] * 2]


def test_the_mel_cepstral_distance_of_a_frame_is_at_the_level_of_its_excerpt():
    """What is 100 times softer in both mixture and estimate has the same distance."""
    reference, estimate = 0.1 * noise(1, 1, 4 * RATE), 0.1 * noise(1, 1, 4 * RATE, name="e")
    faded = np.concatenate([np.ones(4 * RATE), np.full(4 * RATE, 0.01)])
    references, estimates = (np.tile(each, 2) * faded for each in (reference, estimate))
    mixture = references[0] + 0.5 * np.tile(noise(1, 4 * RATE, name="m"), 2) * faded
    values = value(score(references, mixture, {"a": estimates}, ["MCD"]), "MCD", "a")
    assert len(values) == 8
    np.testing.assert_allclose(values[4:], values[:4])


# Spectral metrics


def test_magnitudes_equal_those_of_scipy():
    signal = noise(1, 16_000)
    ours = spectral.magnitudes(signal, 16_000)[0]
    padded = np.pad(np.pad(signal[0], (0, 384)), 256, mode="reflect")
    window = np.hanning(513)[:-1]
    theirs = (
        np.abs(stft(padded, window=window, nperseg=512, noverlap=256, boundary=None, padded=False)[2]) * window.sum()
    )
    assert ours.shape == (65, 257)
    np.testing.assert_allclose(ours, theirs.T, atol=1e-9)


def test_spectral_ratios_of_hand_values():
    reference, estimate = np.array([3.0, 4.0]), np.array([3.0, 0.0])
    assert spectral.spectral_snr(reference, estimate) == pytest.approx(10 * np.log10(25 / 16 + 1e-8))
    assert spectral.spectral_si_snr(reference, estimate) == pytest.approx(10 * np.log10(81 / 144 + 1e-8))
    assert np.isposinf(spectral.spectral_snr(reference, reference))


def test_spectral_ratios_ignore_the_sign_and_the_scale_invariant_one_the_gain():
    reference = noise(1, 1, 16_000)
    track = spectral.SpectralReferences(reference, frames_of(16_000, 8000, 8000), 16_000, np.ones(2))
    plain, _ = track.ratios(-0.5 * reference)
    np.testing.assert_allclose(plain, 10 * np.log10([[4.0, 4.0]]), atol=1e-6)
    # S scaled by one half differs from E only by rounding.
    assert (track.ratios(-0.5 * reference)[1] > 250).all()


def test_frames_that_are_zero_have_no_spectral_score():
    reference, estimate = noise(2, 1, 16_000), noise(2, 1, 16_000, name="e")
    reference[0, :, :8000], estimate[1, :, 8000:] = 0, 0
    track = spectral.SpectralReferences(reference, frames_of(16_000, 8000, 8000), 16_000, np.ones(2))
    for values in (*track.ratios(estimate), track.mel_cepstral_distance(estimate)):
        np.testing.assert_array_equal(np.isnan(values), [[True, False], [False, True]])


@pytest.mark.filterwarnings("ignore:At least one mel filterbank")
def test_the_mel_cepstrum_is_that_of_torchaudio():
    signal = 0.1 * noise(2, 16_000)
    mfcc = torchaudio.transforms.MFCC(16_000, n_mfcc=13, log_mels=True, melkwargs={"n_fft": 512, "hop_length": 256})
    theirs = mfcc.double()(torch.from_numpy(signal)).transpose(1, 2).numpy()
    ours = spectral.mel_cepstrum(signal, 16_000)
    assert ours.shape == (2, 63, 13)
    np.testing.assert_allclose(ours, theirs, atol=2e-3)


def test_the_mel_cepstral_distance_of_a_gain_is_in_c0_alone():
    signal = noise(1, 1, 16_000)
    track = spectral.SpectralReferences(signal, frames_of(16_000, 16_000, 16_000), 16_000, np.array([2.0]))
    distance = track.mel_cepstral_distance(10 * signal)[0, 0]
    bands = int((spectral._mel_bands(257, 16_000).sum(axis=0) > 0).sum())
    # Every band that holds a bin gains ln 100; the others stay at the offset.
    assert 0.9 * np.log(100) * bands / np.sqrt(128) < distance < np.log(100) * np.sqrt(bands)


# The table of a track


def score(references, mixture, estimates, metrics, energy_floor=None, **scoring) -> pd.DataFrame:
    chosen = Scoring(energy_floor=energy_floor, **scoring)
    return score_track(references, mixture, estimates, RATE, metrics, FAMILIES, chosen)


def track(sources: int = 3, channels: int = 1, seconds: float = 2.5) -> tuple[np.ndarray, np.ndarray, dict]:
    references = 0.1 * noise(sources, channels, int(seconds * RATE))
    mixture = references.sum(axis=0)
    estimates = {
        "close": references + 0.01 * noise(*references.shape, name="close"),
        ("mixture", 1): np.stack([mixture] * sources),
    }
    return references, mixture, estimates


@pytest.mark.parametrize("channels", [1, 2])
def test_every_metric_gives_a_value_for_each_label_and_source(channels):
    references, mixture, estimates = track(channels=channels)
    references[0, :, :RATE] = 0
    estimates["close"][1, :, RATE : 2 * RATE] = 0
    table = score(references, mixture, estimates, list(METRICS), energy_floor=10)
    assert list(table.columns) == ["label", "source", "metric", "frame", "value"]
    assert table["frame"].dtype == pd.Int32Dtype()
    assert table["value"].dtype == np.float64
    for name, metric in METRICS.items():
        rows = table[table["metric"] == name]
        count = 2 if metric.level == "frame" else 1
        assert len(rows) == len(estimates) * len(references) * count
        assert rows["frame"].isna().all() == (metric.level == "track")
        assert rows["value"].notna().any(), name
        assert set(rows["source"]) == {0, 1, 2}
        assert set(rows["label"]) == set(estimates)


def value(table: pd.DataFrame, metric: str, label: object) -> np.ndarray:
    of_label = np.array([row == label for row in table["label"]])
    return table[(table["metric"] == metric) & of_label]["value"].to_numpy()


def test_improvements_are_zero_for_the_mixture_and_what_was_gained_for_others():
    references, mixture, estimates = track()
    table = score(references, mixture, estimates, ["SDR", "SDRi", "SI-SDR", "SI-SDRi"])
    for name in ("SDR", "SI-SDR"):
        base, close = value(table, name, ("mixture", 1)), value(table, name, "close")
        assert close.size > 0
        np.testing.assert_allclose(value(table, f"{name}i", ("mixture", 1)), 0, atol=1e-9)
        np.testing.assert_allclose(value(table, f"{name}i", "close"), close - base, atol=1e-9)


def test_the_silence_rule_leaves_quiet_frames_out_and_they_stay_in_the_table():
    references, mixture, estimates = track(seconds=2)
    references[1, :, RATE:] *= 1e-4
    names = ["SI-SDR-frames", "sp-SNR", "sp-SI-SNR", "MCD", "SDR"]
    ruled = score(references, mixture, estimates, names, energy_floor=10)
    free = score(references, mixture, estimates, names)
    for name, expected in {"SI-SDR-frames": 1, "sp-SNR": 1, "sp-SI-SNR": 1, "MCD": 1, "SDR": 0}.items():
        assert np.isnan(value(ruled, name, "close")).sum() == expected
        assert np.isfinite(value(free, name, "close")).sum() == 6


def test_a_silent_reference_neither_crashes_nor_drops_the_track():
    references, mixture, estimates = track()
    references[2] = 0
    table = score(references, mixture, estimates, list(METRICS), energy_floor=10)
    rows = table[[label == "close" for label in table["label"]]]
    undefined = rows[(rows["source"] == 2) & (rows["metric"] != "PES") & (rows["metric"] != "EPS")]
    assert undefined["value"].isna().all()
    assert len(undefined) > 0
    assert np.isfinite(rows[(rows["source"] == 0) & (rows["metric"] == "SDR")]["value"]).all()
    assert np.isfinite(rows[(rows["source"] == 2) & (rows["metric"] == "PES")]["value"]).all()


def test_museval_as_the_scorer_gives_the_same_table():
    references, mixture, estimates = track(sources=2)
    names = ["SDR", "ISR", "SIR", "SAR", "SDRi"]
    ours = score(references, mixture, {"close": estimates["close"]}, names)
    theirs = score(references, mixture, {"close": estimates["close"]}, names, bsseval="museval")
    assert np.isfinite(ours["value"]).all()
    pd.testing.assert_frame_equal(ours, theirs, atol=1e-6, rtol=0)


def test_an_unknown_metric_names_the_nearest_valid_one():
    references, mixture, estimates = track()
    with pytest.raises(UserError, match="'SI-SDRR'; did you mean 'SI-SDR"):
        score(references, mixture, estimates, ["SI-SDRR"])
    with pytest.raises(UserError, match="did you mean 'uSDR'"):
        definitions(["usdr"], METRICS, Scoring())


@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (lambda e: e[:2], "sources"),
        (lambda e: np.where(e > 0.1, np.nan, e), "not finite"),
    ],
)
def test_a_broken_estimate_is_refused_by_its_label(spoil, match):
    references, mixture, estimates = track()
    with pytest.raises(UserError, match=match) as error:
        score(references, mixture, {"nmf": spoil(estimates["close"])}, ["SNR"])
    assert "nmf" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("frames", [{"hop": 1e-6}, {"window": 1e-6}])
def test_frames_under_one_sample_are_refused(frames):
    references, mixture, estimates = track()
    with pytest.raises(UserError, match="under one sample"):
        score(references, mixture, estimates, ["SDR"], **frames)


def test_a_track_without_estimates_has_a_table_of_the_same_columns_and_types():
    references, mixture, estimates = track()
    full, empty = (score(references, mixture, given, ["SNR", "SDR"]) for given in (estimates, {}))
    assert empty.empty and not full.empty
    pd.testing.assert_series_equal(empty.dtypes, full.dtypes)


@pytest.mark.parametrize("sources", [1, 2])
def test_the_table_holds_the_ratios_of_orthogonal_parts(sources):
    """Mixture s + n, estimate s / 2 + n / 10 + a / 20 of s, all of one energy and orthogonal in every frame."""
    time = 2 * np.pi * np.arange(3 * RATE) / RATE
    s, n, a = np.sin(100 * time), np.cos(100 * time), np.sin(200 * time)
    references = np.stack([s, n])[:sources, None]
    estimates = {"e": np.stack([s / 2 + n / 10 + a / 20, n])[:sources, None]}
    artefact_only = 10 * np.log10(0.25 / 0.0125)
    expected = {
        "SNR": 10 * np.log10(1 / 0.2625), "uSDR": 10 * np.log10(1 / 0.2625), "SDR": 10 * np.log10(1 / 0.2625),
        "SDRi": 10 * np.log10(1 / 0.2625), "SI-SDR": artefact_only, "SI-SDR-frames": artefact_only,
        "SI-SDRi": artefact_only,
    }  # fmt: skip
    if sources == 2:
        expected |= {"SI-SIR": 10 * np.log10(0.25 / 0.01), "SI-SAR": 10 * np.log10(0.25 / 0.0025)}
    table = score(references, (s + n)[None], estimates, list(expected))
    for name, decibel in expected.items():
        rows = table[(table["metric"] == name) & (table["source"] == 0)]
        assert rows["frame"].tolist() == ([0, 1, 2] if METRICS[name].level == "frame" else [pd.NA]), name
        np.testing.assert_allclose(rows["value"], decibel, atol=1e-5, err_msg=name)


def test_the_spectral_ratios_of_the_table_differ_in_their_scale_alone():
    """Half the reference: its spectral error is a quarter of the energy, and nothing once the scale is taken out."""
    references, mixture, _ = track(sources=2)
    table = score(references, mixture, {"half": references / 2}, ["sp-SNR", "sp-SI-SNR"])
    np.testing.assert_allclose(value(table, "sp-SNR", "half"), 10 * np.log10(4), atol=1e-6)
    assert (value(table, "sp-SI-SNR", "half") > 250).all()


def test_every_definition_states_its_frames_and_the_scorer():
    texts = definitions(list(METRICS), METRICS, Scoring(window=2.0, hop=1.5, energy_floor=10))
    for name, metric in METRICS.items():
        assert ("2 s every 1.5 s" in texts[name]) == (metric.level == "frame")
        assert texts[name].endswith(".")
        assert "{" not in texts[name]
    assert len(set(texts.values())) == len(texts) > 0
    ruled = [name for name in METRICS if "under 10 per 16,000 samples" in texts[name]]
    assert ruled == ["SI-SDR-frames", "sp-SNR", "sp-SI-SNR", "MCD"]
    free = definitions(ruled, METRICS, Scoring(energy_floor=None))
    assert not any("16,000" in text for text in free.values())
    museval = definitions(list(METRICS), METRICS, Scoring(bsseval="museval"))
    assert [name for name in METRICS if "museval 0.4.1 itself" in museval[name]] == ["SDR", "ISR", "SIR", "SAR"]


# Families


LITERALS = (ast.Constant, ast.JoinedStr, ast.FormattedValue, ast.Name, ast.Tuple)


def metrics_in_text(family: str) -> tuple[Metric, ...]:
    """METRICS of a family as they are found without importing it: of strings and of what the contract holds."""
    names: dict[str, object] = {}
    for node in ast.parse(Path(importlib.util.find_spec(registry.METRICS.module(family)).origin).read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.module == "workflow_scripts.lib.metrics.contract":
            exec(ast.unparse(node), names)
        parts = [part for part in ast.walk(node) if isinstance(part, ast.expr)]
        calls = [ast.unparse(part.func) for part in parts if isinstance(part, ast.Call)]
        plain = all(isinstance(part, (*LITERALS, ast.Call)) for part in parts) and set(calls) <= {"Metric"}
        if isinstance(node, ast.Assign) and plain:
            exec(ast.unparse(node), names)
    return names["METRICS"]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_read_without_importing_it_and_has_a_scorer_for_each_of_its_metrics(family):
    found = metrics_in_text(family)
    assert found == registry.METRICS.load(family).METRICS
    assert {metric.name for metric in found} == set(load_scores([family])) != set()


def test_no_metric_has_two_families():
    assert len(METRICS) == sum(len(load_metrics([family])) for family in FAMILIES) == 21


def test_no_family_is_imported_that_was_not_given():
    given = (
        "import sys, numpy as np\n"
        "from workflow_scripts.lib.metrics.contract import Scoring\n"
        "from workflow_scripts.lib.metrics.scoring import score_track\n"
        "score_track(np.ones((1, 1, 80)), np.ones((1, 80)), {}, 8, ['SNR'], ['ratios'], Scoring())\n"
        "print(*(name for name in sys.modules if name.startswith('workflow_scripts.lib.metrics.')))"
    )
    loaded = subprocess.run([sys.executable, "-c", given], capture_output=True, text=True, check=True).stdout.split()
    assert {name.rsplit(".")[-1] for name in loaded} & set(FAMILIES) == {"ratios"}
    with pytest.raises(UserError, match="no metric 'SDR'"):
        score_track(np.ones((1, 1, 80)), np.ones((1, 80)), {}, 8, ["SDR"], ["ratios"], Scoring())


@pytest.mark.parametrize("module", ["metrics.contract", "statistics.rows"])
def test_what_is_imported_while_the_workflow_is_planned_imports_nothing_heavy(module):
    given = f"import sys, workflow_scripts.lib.{module}\nprint(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", given], capture_output=True, text=True, check=True).stdout.split()
    assert f"workflow_scripts.lib.{module}" in loaded
    assert not {"numpy", "pandas", "scipy", "matplotlib", "torch"} & set(loaded)


def test_what_several_metrics_share_is_computed_once():
    asked = []
    track = TrackReferences(np.ones((1, 1, 8)), np.ones((1, 8)), 8, Frames(8, 8, 1), Scoring())

    def peak(of: TrackReferences) -> float:
        asked.append(of)
        return float(of.mixture.max())

    assert [track.once(peak), track.once(peak)] == [1.0, 1.0]
    assert len(asked) == 1


# museval's files


def scores_of_a_track(**changes: np.ndarray) -> pd.DataFrame:
    values = {name: np.arange(3.0) + index for index, name in enumerate(("SDR", "ISR", "SIR", "SAR"))} | changes
    rows = [
        {"source": source, "metric": name, "frame": frame, "value": value}
        for source in ("vocals", "accompaniment")
        for name, column in values.items()
        for frame, value in enumerate(column)
    ]
    whole = [{"source": "vocals", "metric": "SI-SDR", "frame": None, "value": 4.0}]
    return pd.DataFrame(rows + whole).astype({"frame": "Int32"})


def test_museval_reads_the_file_of_a_track_back(tmp_path):
    museval = museval_scorer.load_museval()
    museval_json.write_track(
        tmp_path / "test" / "song.json", scores_of_a_track(SIR=np.array([np.inf, np.nan, 1.234567891])), 1.0, 0.5
    )
    store = museval.EvalStore()
    store.add_eval_dir(tmp_path)
    read = store.df.set_index(["target", "metric", "time"])["score"].sort_index()
    assert len(read) == 2 * 4 * 3
    np.testing.assert_array_equal(read.loc["vocals", "SDR"], [0, 1, 2])
    np.testing.assert_array_equal(read.loc["accompaniment", "SIR"], [np.nan, np.nan, 1.23457])
    assert sorted(read.loc["vocals", "SAR"].index) == [0.0, 0.5, 1.0]
    assert set(store.df["track"]) == {"song"}
    assert store.agg_frames_tracks_scores()["vocals", "SIR"] == pytest.approx(1.23457)


def test_the_file_of_a_track_is_what_museval_itself_writes(tmp_path):
    museval = museval_scorer.load_museval()
    museval_json.write_track(tmp_path / "song.json", scores_of_a_track(), 1.0, 1.0)
    store = museval.TrackStore(track_name="song", win=1.0, hop=1.0)
    values = {name: np.arange(3.0) + index for index, name in enumerate(("SDR", "ISR", "SIR", "SAR"))}
    for source in ("vocals", "accompaniment"):
        store.add_target(source, values)
    ours = json.loads((tmp_path / "song.json").read_text())
    assert ours == json.loads(store.json)
    store.scores = ours
    store.validate()


def test_a_missing_ffmpeg_is_said_in_one_sentence_with_the_way_to_get_it(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "ffprobe" else "/usr/bin/ffmpeg")
    with pytest.raises(UserError, match=r"ffprobe.*apt-get install ffmpeg.*conda install ffmpeg") as error:
        museval_scorer.museval_scores(np.ones((1, 1, 10)), np.ones((1, 1, 10)), 10, 10)
    assert "\n" not in str(error.value)
