"""Scale-invariant ratios after Le Roux, Wisdom, Erdogan, Hershey, "SDR - half-baked or well done?", ICASSP 2019.

All channels and samples of a signal are one vector, so stereo has one scale. No mean is removed. With s the
reference and e the estimate,

    target = a s,  a = <s, e> / <s, s>           (the paper's section 2)
    e - target = interference + artefacts         interference: projection on the span of all references (section 3)
    SI-SDR = |target|^2 / |e - target|^2
    SI-SIR = |target|^2 / |interference|^2
    SI-SAR = |target|^2 / |artefacts|^2           the target over the artefacts, unlike the SAR of BSSEval

each as 10 log10 in dB, so that 1/SDR = 1/SIR + 1/SAR as power ratios. The paper has one interferer; here all other
references span the space. +infinity for a denominator of 0; NaN where the reference or the estimate is all zeros.
"""

from dataclasses import dataclass

import numpy as np

from workflow_scripts.lib.metrics.contract import AS_IN_PARAMETRIC_PAPER, Metric
from workflow_scripts.lib.metrics.estimate import Estimate, Score, TrackReferences
from workflow_scripts.lib.metrics.frames import Frames, decibels, energies, improvement
from workflow_scripts.lib.metrics.silence_rule import leave_out_quiet

FRAME_OFFSET = 1e-8  # added to the ratio of a frame, so -80 dB is the least

POOLED = "the channels pooled into one vector with one scale and no mean removed, undefined for a silent signal"

METRICS = (
    Metric(
        "SI-SDR", "dB", "track", "higher",
        "Scale-invariant SDR 10 log10(|a s|^2 / |e - a s|^2), a = <s, e> / <s, s>, of the whole track (Le Roux et "
        f"al. 2019), {POOLED}.",
    ),
    Metric(
        "SI-SIR", "dB", "track", "higher",
        "Scale-invariant SIR 10 log10(|a s|^2 / |i|^2), i the projection of e - a s on the span of all references, "
        f"without delays, of the whole track (Le Roux et al. 2019), {POOLED}.",
    ),
    Metric(
        "SI-SAR", "dB", "track", "higher",
        "Scale-invariant SAR 10 log10(|a s|^2 / |e - a s - i|^2), target over artefacts, i the projection of "
        f"e - a s on the span of all references, of the whole track (Le Roux et al. 2019), {POOLED}.",
    ),
    Metric(
        "SI-SDRi", "dB", "track", "higher",
        "SI-SDR minus the SI-SDR of the unprocessed mixture as the estimate; 10 log10(|a s|^2 / |e - a s|^2), "
        f"a = <s, e> / <s, s>, of the whole track, {POOLED}.",
    ),
    Metric(
        "SI-SDR-frames", "dB", "frame", "higher",
        "SI-SDR of each frame with a scale of its own, 10 log10(|a s|^2 / |e - a s|^2 + 1e-8), "
        f"a = <s, e> / <s, s>, channels pooled, no mean removed, {AS_IN_PARAMETRIC_PAPER}.",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Ratios:
    """Ratios in dB of a whole track, each [source] float64; NaN where undefined."""

    SDR: np.ndarray
    SIR: np.ndarray
    SAR: np.ndarray


def si_sdr(references: np.ndarray, estimates: np.ndarray) -> np.ndarray:
    """SI-SDR of the whole track in dB: two signals [source, channel, time] -> [source]."""
    return _ratio(references, estimates, Frames(references.shape[-1], references.shape[-1], 1))[:, 0]


def framewise_si_sdr(references: np.ndarray, estimates: np.ndarray, frames: Frames) -> np.ndarray:
    """SI-SDR of each frame, with a scale of its own, in dB: two signals [source, channel, time] -> [source, frame].

    As in the released code of arXiv 2201.09592 the ratio is raised by 1e-8 before the logarithm, so -80 dB is the
    least.
    """
    return 10 * np.log10(10 ** (_ratio(references, estimates, frames) / 10) + FRAME_OFFSET)


def _ratio(references: np.ndarray, estimates: np.ndarray, frames: Frames) -> np.ndarray:
    """SI-SDR of each frame in dB: two signals [source, channel, time] -> [source, frame]."""
    true, power = energies(references, frames), energies(estimates, frames)
    products = _products(references, estimates, frames)
    with np.errstate(divide="ignore", invalid="ignore"):
        scales = products / true
    target = scales * products
    ratio = decibels(target, _residual(references, estimates, scales, frames))
    return np.where((true == 0) | (power == 0), np.nan, ratio)


def si_ratios(references: np.ndarray, estimates: np.ndarray) -> Ratios:
    """SI-SDR, SI-SIR and SI-SAR of the whole track: two signals [source, channel, time] -> `Ratios`."""
    flat, guesses = (signals.reshape(len(signals), -1) for signals in (references, estimates))
    gram = flat @ flat.T
    scores = np.full((3, len(flat)), np.nan)
    for source, guess in enumerate(guesses):
        power = gram[source, source]
        if power == 0 or not guess.any():
            continue
        products = flat @ guess
        scale = products[source] / power
        residual = guess - scale * flat[source]
        # Of the residual itself, not of the estimate: a perfect estimate has no interference, not a rounded one.
        interference = _coordinates(gram, flat @ residual) @ flat
        parts = (residual, interference, residual - interference)
        scores[:, source] = decibels(scale * products[source], np.array([part @ part for part in parts]))
    return Ratios(*scores)


def _coordinates(gram: np.ndarray, products: np.ndarray) -> np.ndarray:
    """Coordinates of a projection on vectors with this Gram matrix; the least ones where they are dependent."""
    norms = np.sqrt(np.diag(gram))
    norms[norms == 0] = 1
    solution = np.linalg.lstsq(gram / np.outer(norms, norms), products / norms, rcond=1e-12)[0]
    return solution / norms


def _products(references: np.ndarray, estimates: np.ndarray, frames: Frames) -> np.ndarray:
    """Inner products <s, e> of each frame -> [source, frame]."""
    totals = np.zeros((len(references), frames.count))
    for source, channel in np.ndindex(references.shape[:2]):
        pair = frames.cut(references[source, channel]), frames.cut(estimates[source, channel])
        totals[source] += np.einsum("ft,ft->f", *pair)
    return totals


def _residual(references: np.ndarray, estimates: np.ndarray, scales: np.ndarray, frames: Frames) -> np.ndarray:
    """Energy of e - scale * s of each frame -> [source, frame]."""
    totals = np.zeros_like(scales)
    for source, channel in np.ndindex(references.shape[:2]):
        pair = zip(frames.cut(estimates[source, channel]), frames.cut(references[source, channel]), strict=True)
        for frame, (estimate, reference) in enumerate(pair):
            residual = estimate - scales[source, frame] * reference
            totals[source, frame] += residual @ residual
    return totals


# From an estimate to the values of a metric


def _si_sdr(estimate: Estimate) -> np.ndarray:
    return si_sdr(estimate.track.references, estimate.signals)


def _mixture_si_sdr(track: TrackReferences) -> np.ndarray:
    return si_sdr(track.references, track.mixture_as_estimate)


def _si_ratios(estimate: Estimate) -> Ratios:
    return si_ratios(estimate.track.references, estimate.signals)


def _si_sdr_improvement(estimate: Estimate) -> np.ndarray:
    return improvement(estimate.once(_si_sdr), estimate.track.once(_mixture_si_sdr))


def _si_sdr_frames(estimate: Estimate) -> np.ndarray:
    track = estimate.track
    return leave_out_quiet(estimate, framewise_si_sdr(track.references, estimate.signals, track.frames))


SCORES: dict[str, Score] = {
    "SI-SDR": lambda estimate: estimate.once(_si_sdr),
    "SI-SIR": lambda estimate: estimate.once(_si_ratios).SIR,
    "SI-SAR": lambda estimate: estimate.once(_si_ratios).SAR,
    "SI-SDRi": _si_sdr_improvement,
    "SI-SDR-frames": _si_sdr_frames,
}
