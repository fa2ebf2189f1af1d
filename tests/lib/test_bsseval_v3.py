"""BSSEval v3 of whole tracks against mir_eval itself, and in closed form."""

import warnings

import numpy as np
import pytest

from tests.lib.test_bsseval import scene
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.metrics.bsseval_v3 import MonoReferences, TrackRatios
from workflow_scripts.lib.metrics.contract import Scoring
from workflow_scripts.lib.metrics.scoring import score_track

NAMES = ["SDR-v3", "SIR-v3", "SAR-v3", "NSDR-v3"]


def by_mir_eval(references: np.ndarray, estimates: np.ndarray) -> list[np.ndarray]:
    """SDR, SIR and SAR [source] of signals in mono [source, time]."""
    from mir_eval.separation import bss_eval_sources

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it leaves mir_eval for a package of its own
        return list(bss_eval_sources(references, estimates, compute_permutation=False)[:3])


def scores(references: np.ndarray, mixture: np.ndarray, estimate: np.ndarray) -> dict[str, list[float]]:
    """By name of the metric, a value a source."""
    table = score_track(references, mixture, {"x": estimate}, 8000, NAMES, ["bsseval_v3"], Scoring())
    return {name: list(rows["value"]) for name, rows in table.groupby("metric")}


@pytest.mark.parametrize(("sources", "channels", "seconds"), [(2, 1, 3.0), (3, 1, 1.2), (2, 2, 2.0), (4, 2, 0.3)])
def test_figures_equal_those_of_mir_eval(sources, channels, seconds):
    references, estimates = scene(sources, channels, seconds)
    ours = MonoReferences(references).ratios(estimates)
    theirs = by_mir_eval(references.mean(axis=1), estimates.mean(axis=1))
    np.testing.assert_allclose([ours.SDR, ours.SIR, ours.SAR], theirs, rtol=0, atol=1e-9)


def test_pulses_that_no_filter_reaches_have_a_closed_form():
    """Pulses further apart than the filters are long: each part of the estimate has an energy of its own."""
    references, estimate = np.zeros((2, 1, 6000)), np.zeros((2, 1, 6000))
    references[0, 0, 100] = references[1, 0, 2000] = 1.0
    estimate[0, 0, [100 + 511, 2000 + 5, 5000]] = own, other, noise = 0.8, 0.2, 0.1  # the own one as late as can be
    estimate[1] = 2.0 * references[1]
    ours = MonoReferences(references).ratios(estimate)
    assert ours.SDR[0] == pytest.approx(10 * np.log10(own**2 / (other**2 + noise**2)))
    assert ours.SIR[0] == pytest.approx(10 * np.log10(own**2 / other**2))
    assert ours.SAR[0] == pytest.approx(10 * np.log10((own**2 + other**2) / noise**2))
    assert ours.SDR[1] > 200  # twice the reference is a filtered reference


def test_nsdr_is_the_gain_over_the_mixture_and_zero_for_the_mixture_itself():
    references, estimates = scene(2, 1, 1.5)
    mixture = references.sum(axis=0)
    found = scores(references, mixture, estimates)
    sdr, sdr_of_mixture = (
        by_mir_eval(references[:, 0], each)[0] for each in (estimates[:, 0], np.tile(mixture, (2, 1)))
    )
    np.testing.assert_allclose(found["NSDR-v3"], sdr - sdr_of_mixture, atol=1e-9)
    unprocessed = scores(references, mixture, np.broadcast_to(mixture, references.shape))
    np.testing.assert_allclose(unprocessed["NSDR-v3"], 0, atol=1e-9)


def test_a_silent_reference_is_left_out_and_the_other_is_scored_as_if_alone():
    references, estimates = scene(2, 1, 1.0)
    references[1] = 0
    found = scores(references, references.sum(axis=0), estimates)
    alone = by_mir_eval(references[:1, 0], estimates[:1, 0])
    assert found["SDR-v3"][0] == pytest.approx(alone[0][0], abs=1e-9)
    assert found["SAR-v3"][0] == pytest.approx(alone[2][0], abs=1e-9)
    undefined = [found["SDR-v3"][1], found["SAR-v3"][1], *found["SIR-v3"], *found["NSDR-v3"]]
    assert np.isnan(undefined).all()  # an infinite SIR, or a gain over the perfect mixture, would say nothing


def test_the_mixture_of_one_sounding_source_says_nothing_and_two_perfect_estimates_do():
    references, _ = scene(2, 1, 1.0)
    perfect = MonoReferences(references).ratios(references)
    assert (np.array([perfect.SDR, perfect.SIR, perfect.SAR]) > 200).all()
    references[1] = 0
    found = MonoReferences(references).ratios(np.broadcast_to(references.sum(axis=0), references.shape))
    assert np.isnan([found.SDR, found.SIR, found.SAR]).all()


def test_a_silent_estimate_is_undefined_and_leaves_the_other_as_it_is():
    references, estimates = scene(2, 1, 1.0)
    whole = MonoReferences(references).ratios(estimates)
    estimates[0] = 0
    found = MonoReferences(references).ratios(estimates)
    for name in vars(whole):
        ours, before = getattr(found, name), getattr(whole, name)
        assert np.isnan(ours[0])
        assert ours[1] == pytest.approx(before[1], abs=1e-9)


def test_nothing_that_sounds_gives_nothing():
    quiet = np.zeros((2, 1, 800))
    found = MonoReferences(quiet).ratios(stream("v3").standard_normal(quiet.shape))
    assert isinstance(found, TrackRatios)
    assert np.isnan([found.SDR, found.SIR, found.SAR]).all()
