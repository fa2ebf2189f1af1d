"""The family of BSSEval version 4, and what its SDR gains over the mixture."""

import numpy as np

from workflow_scripts.lib.metrics.bsseval_v4 import References, Scores
from workflow_scripts.lib.metrics.contract import Metric
from workflow_scripts.lib.metrics.estimate import Estimate, Score, TrackReferences
from workflow_scripts.lib.metrics.frames import improvement
from workflow_scripts.lib.metrics.museval_scorer import museval_scores

DEFINED = (
    "{frames}, undefined in a frame in which any reference or estimate is zero, and for a source whose estimate or "
    "reference (then left out of the scene) is zero on the whole track"
)
FILTERED = (
    "BSSEval v4 as in museval 0.4.1: least-squares filters of 512 taps fitted on the whole track to the references of "
    f"this comparison's sources, energies summed over channels and the filters' tail, {DEFINED}"
)

METRICS = (
    Metric(
        "SDR", "dB", "frame", "higher",
        "Signal-to-distortion ratio 10 log10(|s|^2 / |e - s|^2) of reference s and estimate e, BSSEval v4 as in "
        f"museval 0.4.1: no filter, energies summed over channels, {DEFINED}.{{scorer}}",
    ),
    Metric(
        "ISR", "dB", "frame", "higher",
        "Image-to-spatial-distortion ratio 10 log10(|s|^2 / |P - s|^2), P the estimate's projection on its own "
        f"reference s, {FILTERED}.{{scorer}}",
    ),
    Metric(
        "SIR", "dB", "frame", "higher",
        "Signal-to-interference ratio 10 log10(|P|^2 / |Q - P|^2), P and Q the estimate's projections on its own "
        f"and on all references, {FILTERED}.{{scorer}}",
    ),
    Metric(
        "SAR", "dB", "frame", "higher",
        "Signal-to-artefacts ratio 10 log10(|Q|^2 / |e - Q|^2), Q the projection of the estimate e on all "
        f"references, {FILTERED}.{{scorer}}",
    ),
    Metric(
        "SDRi", "dB", "frame", "higher",
        "SDR minus the SDR of the unprocessed mixture as the estimate, frame by frame; SDR as in museval 0.4.1, "
        "10 log10(|s|^2 / |e - s|^2), {frames}, undefined where either SDR is.",
    ),
)  # fmt: skip


def bsseval_references(track: TrackReferences) -> References:
    """The references' filters and energies, which all estimates share."""
    return References(track.references, track.frames.length, track.frames.hop)


def bsseval_scores(estimate: Estimate) -> Scores:
    """SDR, ISR, SIR and SAR in dB, each [source, frame]."""
    track = estimate.track
    if track.scoring.bsseval == "museval":
        return museval_scores(track.references, estimate.signals, track.frames.length, track.frames.hop)
    return track.once(bsseval_references).score(estimate.signals)


def sdr(estimate: Estimate) -> np.ndarray:
    """SDR in dB [source, frame]; the fast scorer needs no filters for it."""
    if estimate.track.scoring.bsseval == "museval":
        return estimate.once(bsseval_scores).SDR
    return estimate.track.once(bsseval_references).sdr(estimate.signals)


def mixture_sdr(track: TrackReferences) -> np.ndarray:
    """SDR in dB [source, frame] of the mixture as the estimate of every source, by the fast scorer in any case."""
    return track.once(bsseval_references).sdr(track.mixture_as_estimate)


def sdr_improvement(estimate: Estimate) -> np.ndarray:
    """SDRi in dB [source, frame]."""
    return improvement(estimate.once(sdr), estimate.track.once(mixture_sdr))


SCORES: dict[str, Score] = {
    "SDR": lambda estimate: estimate.once(sdr),
    "ISR": lambda estimate: estimate.once(bsseval_scores).ISR,
    "SIR": lambda estimate: estimate.once(bsseval_scores).SIR,
    "SAR": lambda estimate: estimate.once(bsseval_scores).SAR,
    "SDRi": sdr_improvement,
}
