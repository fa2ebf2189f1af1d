"""One track's references and mixture, and every metric of one estimate against them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from workflow_scripts.lib.metrics import ratios, scale_invariant, silence
from workflow_scripts.lib.metrics.bsseval import References, Scores
from workflow_scripts.lib.metrics.frames import Frames
from workflow_scripts.lib.metrics.museval_json import museval_scores
from workflow_scripts.lib.metrics.spectral import SpectralReferences


@dataclass
class Scene:
    """What all estimates of a track are scored against; each part is computed once, when first needed.

    references: [source, channel, time] float64. mixture: [channel, time]. rate: Hz.
    energy_floor: the silence rule of `silence.too_quiet`, or None.
    """

    references: np.ndarray
    mixture: np.ndarray
    rate: int
    frames: Frames
    energy_floor: float | None

    @cached_property
    def bsseval(self) -> References:
        return References(self.references, self.frames.length, self.frames.hop)

    @cached_property
    def spectral(self) -> SpectralReferences:
        return SpectralReferences(self.references, self.frames, self.rate, np.abs(self.mixture).max() or 1.0)

    @cached_property
    def as_estimate(self) -> np.ndarray:
        """The mixture in place of every estimate, [source, channel, time], without a copy."""
        return np.broadcast_to(self.mixture, self.references.shape)

    @cached_property
    def mixture_sdr(self) -> np.ndarray:
        return self.bsseval.sdr(self.as_estimate)

    @cached_property
    def mixture_si_sdr(self) -> np.ndarray:
        return scale_invariant.si_sdr(self.references, self.as_estimate)

    @cached_property
    def quiet(self) -> np.ndarray:
        """Where the silence rule leaves a frame out, [source, frame]."""
        if self.energy_floor is None:
            return np.zeros((len(self.references), self.frames.count), dtype=bool)
        return silence.too_quiet(self.references, self.mixture, self.frames, self.energy_floor)


@dataclass
class Estimate:
    """One method's estimate of a scene, [source, channel, time] float64, and its scores, computed when first asked."""

    scene: Scene
    signals: np.ndarray
    scorer: Literal["fast", "museval"]

    @cached_property
    def bsseval(self) -> Scores:
        if self.scorer == "museval":
            frames = self.scene.frames
            return museval_scores(self.scene.references, self.signals, frames.length, frames.hop)
        return self.scene.bsseval.score(self.signals)

    @cached_property
    def sdr(self) -> np.ndarray:
        return self.bsseval.SDR if self.scorer == "museval" else self.scene.bsseval.sdr(self.signals)

    @cached_property
    def scale_invariant(self) -> scale_invariant.Ratios:
        return scale_invariant.si_ratios(self.scene.references, self.signals)

    @cached_property
    def si_sdr(self) -> np.ndarray:
        return scale_invariant.si_sdr(self.scene.references, self.signals)

    @cached_property
    def spectral_ratios(self) -> tuple[np.ndarray, np.ndarray]:
        return self.scene.spectral.ratios(self.signals)

    def score(self, metric: str) -> np.ndarray:
        """Values of the metric of this name, [source] or [source, frame] float64."""
        return SCORES[metric](self)


def _unless_quiet(estimate: Estimate, values: np.ndarray) -> np.ndarray:
    return np.where(estimate.scene.quiet, np.nan, values)


def _si_sdr_frames(estimate: Estimate) -> np.ndarray:
    scene = estimate.scene
    values = scale_invariant.framewise_si_sdr(scene.references, estimate.signals, scene.frames)
    return _unless_quiet(estimate, values)


SCORES: dict[str, Callable[[Estimate], np.ndarray]] = {
    "SDR": lambda e: e.sdr,
    "ISR": lambda e: e.bsseval.ISR,
    "SIR": lambda e: e.bsseval.SIR,
    "SAR": lambda e: e.bsseval.SAR,
    "SDRi": lambda e: ratios.improvement(e.sdr, e.scene.mixture_sdr),
    "SI-SDR": lambda e: e.si_sdr,
    "SI-SIR": lambda e: e.scale_invariant.SIR,
    "SI-SAR": lambda e: e.scale_invariant.SAR,
    "SI-SDRi": lambda e: ratios.improvement(e.si_sdr, e.scene.mixture_si_sdr),
    "SI-SDR-frames": _si_sdr_frames,
    "uSDR": lambda e: ratios.usdr(e.scene.references, e.signals),
    "SNR": lambda e: ratios.snr(e.scene.references, e.signals),
    "sp-SNR": lambda e: _unless_quiet(e, e.spectral_ratios[0]),
    "sp-SI-SNR": lambda e: _unless_quiet(e, e.spectral_ratios[1]),
    "MCD": lambda e: _unless_quiet(e, e.scene.spectral.mel_cepstral_distance(e.signals)),
    "PES": lambda e: silence.predicted_energy_at_silence(e.scene.references, e.signals, e.scene.frames),
    "EPS": lambda e: silence.energy_at_predicted_silence(e.scene.references, e.signals, e.scene.frames),
}
