"""The family of BSSEval version 3: whole tracks in mono, as `mir_eval.separation.bss_eval_sources` without permutation.

Over the whole track, least-squares filters of 512 taps project each estimate e on its own reference (P) and on all
references (Q); energies count the filters' tail (Vincent et al., IEEE TASLP 14(4), 2006, the time-invariant filters
distortion). Unlike version 4, the filtered reference is no distortion:

    SDR = |P|^2 / |e - P|^2        SIR = |P|^2 / |Q - P|^2        SAR = |Q|^2 / |e - Q|^2

e - Q is orthogonal to Q - P, so that |e - P|^2 is the sum of their energies. The projections are those of
`bsseval_v4` with one frame that is the whole track. The scores of arXiv 1711.00048 are these; its public code gives
silent references some noise and a meaningless score, here they are left out. Of a song without a voice the mixture is
the accompaniment: that the mixture, or a mask that knows the answer, is perfect there would drown all other songs in a
mean over songs, so it is left out too.
"""

from dataclasses import dataclass

import numpy as np

from workflow_scripts.lib.metrics.bsseval_v4 import References
from workflow_scripts.lib.metrics.contract import Metric
from workflow_scripts.lib.metrics.estimate import Estimate, Score, TrackReferences
from workflow_scripts.lib.metrics.frames import decibels, improvement

PERFECT = 100.0  # dB, over which a source that sounds alone is the estimate but for rounding
PROJECTED = (
    "BSSEval v3 as mir_eval.separation.bss_eval_sources without permutation: least-squares filters of 512 taps fitted "
    "on the whole track to the references of this comparison's sources, energies with the filters' tail, channels "
    "averaged to mono, undefined for a source whose reference (then left out of the scene) or estimate is silent, "
    "and for one that sounds alone where its SDR is over 100 dB, since nothing is separated there"
)

METRICS = (
    Metric(
        "SDR-v3", "dB", "track", "higher",
        "Signal-to-distortion ratio 10 log10(|P|^2 / |e - P|^2), P the projection of the estimate e on its own "
        f"reference, so that a filtered reference counts as no distortion; {PROJECTED}.",
    ),
    Metric(
        "SIR-v3", "dB", "track", "higher",
        "Signal-to-interference ratio 10 log10(|P|^2 / |Q - P|^2), P and Q the estimate's projections on its own and "
        f"on all references; {PROJECTED}, or where no other reference sounds.",
    ),
    Metric(
        "SAR-v3", "dB", "track", "higher",
        "Signal-to-artefacts ratio 10 log10(|Q|^2 / |e - Q|^2), Q the projection of the estimate e on all "
        f"references; {PROJECTED}.",
    ),
    Metric(
        "NSDR-v3", "dB", "track", "higher",
        "SDR-v3 minus the SDR-v3 of the unprocessed mixture as the estimate, 10 log10(|P|^2 / |e - P|^2), P the "
        f"projection of the estimate e on its own reference; {PROJECTED}, and for all sources where any reference is "
        "silent.",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class TrackRatios:
    """Ratios in dB of a whole track, each [source] float64; NaN where undefined."""

    SDR: np.ndarray
    SIR: np.ndarray
    SAR: np.ndarray


class MonoReferences(References):
    """The references of a track in mono, and all that every score against them shares.

    references: [source, channel, time], float; any level, any rate.
    """

    def __init__(self, references: np.ndarray, taps: int = 512) -> None:
        time = references.shape[-1]
        super().__init__(_mono(references), time, time, taps)

    def ratios(self, estimates: np.ndarray) -> TrackRatios:
        """Estimates [source, channel, time], one a reference, cut or padded to the references -> `TrackRatios`."""
        found = np.full((3, self.sources), np.nan)
        sounding, undefined = self._active_estimates(_mono(estimates))
        if len(self.active):
            found[:, self.active] = np.where(undefined[:, 0], np.nan, self._ratios(sounding))
        return TrackRatios(*found)

    def _ratios(self, estimates: np.ndarray) -> np.ndarray:
        """Estimates [active source, 1, time] -> SDR, SIR and SAR [ratio, active source]."""
        if self._tiles is None:
            self._prepare()
        flat = estimates.reshape(-1, self.time)
        own, _, interference, projected, artefacts = self._decompose(flat, *self._filters(flat))[..., 0]
        sdr, sar = decibels(own, interference + artefacts), decibels(projected, artefacts)
        if len(self.active) > 1:
            return np.stack([sdr, decibels(own, interference), sar])
        return np.where(sdr > PERFECT, np.nan, np.stack([sdr, np.full_like(sdr, np.nan), sar]))


def _mono(signals: np.ndarray) -> np.ndarray:
    """[source, channel, time] -> their mean over channels, [source, 1, time] float64."""
    return np.asarray(signals, dtype=np.float64).mean(axis=1, keepdims=True)


def mono_references(track: TrackReferences) -> MonoReferences:
    """The references' filters, which all estimates share."""
    return MonoReferences(track.references)


def ratios(estimate: Estimate) -> TrackRatios:
    return estimate.track.once(mono_references).ratios(estimate.signals)


def mixture_ratios(track: TrackReferences) -> TrackRatios:
    """Those of the mixture as the estimate of every source."""
    return track.once(mono_references).ratios(track.mixture_as_estimate)


def normalised_sdr(estimate: Estimate) -> np.ndarray:
    """NSDR in dB [source]."""
    track = estimate.track
    gain = improvement(estimate.once(ratios).SDR, track.once(mixture_ratios).SDR)
    all_sound = len(track.once(mono_references).active) == len(gain)
    return gain if all_sound else np.full_like(gain, np.nan)


SCORES: dict[str, Score] = {
    "SDR-v3": lambda estimate: estimate.once(ratios).SDR,
    "SIR-v3": lambda estimate: estimate.once(ratios).SIR,
    "SAR-v3": lambda estimate: estimate.once(ratios).SAR,
    "NSDR-v3": normalised_sdr,
}
