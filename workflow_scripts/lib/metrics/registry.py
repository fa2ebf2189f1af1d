"""The table of metrics, and the scores of one track for all methods."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.metrics.frames import Frames, fit_length, frames_of
from workflow_scripts.lib.metrics.scored_track import Estimate, Scene


@dataclass(frozen=True)
class Metric:
    """What a metric is.

    unit: of its values, "dB" or "1" where there is none.
    level: "frame" for one value a source and frame, "track" for one a source.
    better: "higher" or "lower" values.
    definition: one sentence from which the value can be computed again; says nothing of aggregation. `{frames}` and
        `{floor}` stand for window and hop and for the silence rule.
    """

    name: str
    unit: str
    level: Literal["frame", "track"]
    better: Literal["higher", "lower"]
    definition: str


_DEFINED = (
    "{frames}, undefined in a frame in which any reference or estimate is zero, and for a source whose estimate or "
    "reference (then left out of the scene) is zero on the whole track"
)
_FILTERED = (
    "BSSEval v4 as in museval 0.4.1: least-squares filters of 512 taps fitted on the whole track to the references of "
    f"this comparison's sources, energies summed over channels and the filters' tail, {_DEFINED}"
)
_SI = "the channels pooled into one vector with one scale and no mean removed, undefined for a silent signal"
_PAPER = "as in arXiv 2201.09592, {frames}, undefined in frames in which the signal is zero{floor}"

METRICS = {
    metric.name: metric
    for metric in (
        Metric(
            "SDR", "dB", "frame", "higher",
            "Signal-to-distortion ratio 10 log10(|s|^2 / |e - s|^2) of reference s and estimate e, BSSEval v4 as in "
            f"museval 0.4.1: no filter, energies summed over channels, {_DEFINED}.",
        ),
        Metric(
            "ISR", "dB", "frame", "higher",
            "Image-to-spatial-distortion ratio 10 log10(|s|^2 / |P - s|^2), P the estimate's projection on its own "
            f"reference s, {_FILTERED}.",
        ),
        Metric(
            "SIR", "dB", "frame", "higher",
            "Signal-to-interference ratio 10 log10(|P|^2 / |Q - P|^2), P and Q the estimate's projections on its own "
            f"and on all references, {_FILTERED}.",
        ),
        Metric(
            "SAR", "dB", "frame", "higher",
            "Signal-to-artefacts ratio 10 log10(|Q|^2 / |e - Q|^2), Q the projection of the estimate e on all "
            f"references, {_FILTERED}.",
        ),
        Metric(
            "SDRi", "dB", "frame", "higher",
            "SDR minus the SDR of the unprocessed mixture as the estimate, frame by frame; SDR as in museval 0.4.1, "
            "10 log10(|s|^2 / |e - s|^2), {frames}, undefined where either SDR is.",
        ),
        Metric(
            "SI-SDR", "dB", "track", "higher",
            "Scale-invariant SDR 10 log10(|a s|^2 / |e - a s|^2), a = <s, e> / <s, s>, of the whole track (Le Roux et "
            f"al. 2019), {_SI}.",
        ),
        Metric(
            "SI-SIR", "dB", "track", "higher",
            "Scale-invariant SIR 10 log10(|a s|^2 / |i|^2), i the projection of e - a s on the span of all references, "
            f"without delays, of the whole track (Le Roux et al. 2019), {_SI}.",
        ),
        Metric(
            "SI-SAR", "dB", "track", "higher",
            "Scale-invariant SAR 10 log10(|a s|^2 / |e - a s - i|^2), target over artefacts, i the projection of "
            f"e - a s on the span of all references, of the whole track (Le Roux et al. 2019), {_SI}.",
        ),
        Metric(
            "SI-SDRi", "dB", "track", "higher",
            "SI-SDR minus the SI-SDR of the unprocessed mixture as the estimate; 10 log10(|a s|^2 / |e - a s|^2), "
            f"a = <s, e> / <s, s>, of the whole track, {_SI}.",
        ),
        Metric(
            "SI-SDR-frames", "dB", "frame", "higher",
            "SI-SDR of each frame with a scale of its own, 10 log10(|a s|^2 / |e - a s|^2 + 1e-8), "
            f"a = <s, e> / <s, s>, channels pooled, no mean removed, {_PAPER}.",
        ),
        Metric(
            "uSDR", "dB", "track", "higher",
            "10 log10((|s|^2 + 1e-7) / (|e - s|^2 + 1e-7)) over all samples and channels of the track, the measure of "
            "the Music Demixing challenges, undefined for a silent reference.",
        ),
        Metric(
            "SNR", "dB", "track", "higher",
            "Signal-to-noise ratio 10 log10(|s|^2 / |e - s|^2) over all samples and channels of the track, undefined "
            "for a silent reference.",
        ),
        Metric(
            "sp-SNR", "dB", "frame", "higher",
            "Spectral SNR 10 log10(sum S^2 / sum (E - S)^2 + 1e-8) of STFT magnitudes S, E (Hann window of 32 ms, hop "
            f"of 16 ms, within the frame, channels summed), {_PAPER}.",
        ),
        Metric(
            "sp-SI-SNR", "dB", "frame", "higher",
            "Spectral SNR 10 log10(sum S^2 / sum (E - S)^2 + 1e-8) after scaling S by <S, E> / <S, S>, of STFT "
            f"magnitudes S, E (Hann window of 32 ms, hop of 16 ms, within the frame, channels summed), {_PAPER}.",
        ),
        Metric(
            "MCD", "1", "frame", "lower",
            "Mel cepstral distance, the mean over STFT frames (32 ms, 16 ms) and channels of the Euclidean distance of "
            "13 coefficients, c0 included, of the logarithm of 128 HTK mel bands of the power spectrum plus 1e-6, the "
            f"mixture's absolute peak scaled to 1, {_PAPER}.",
        ),
        Metric(
            "PES", "dB", "frame", "lower",
            "Predicted energy at silence, 10 log10(sum of squares of the estimate + 1e-12) where the reference is "
            "exactly zero, {frames}, mean over the channels that are silent, undefined elsewhere.",
        ),
        Metric(
            "EPS", "dB", "frame", "lower",
            "Energy at predicted silence, 10 log10(sum of squares of the reference + 1e-12) where the estimate is "
            "exactly zero, {frames}, mean over the channels that are silent, undefined elsewhere.",
        ),
    )
}  # fmt: skip

FILTERED = ("SDR", "ISR", "SIR", "SAR")


def definitions(
    metrics: Sequence[str],
    window: float = 1.0,
    hop: float = 1.0,
    energy_floor: float | None = None,
    bsseval: Literal["fast", "museval"] = "fast",
) -> dict[str, str]:
    """The exact definition of each metric for frames of `window` s every `hop` s and this silence rule.

    Raises UserError for an unknown name.
    """
    frames = f"in frames of {window:g} s every {hop:g} s"
    floor = "" if energy_floor is None else (
        f" or in which the sum of squares of the reference, the mixture's absolute peak in the track scaled to 1, is "
        f"under {energy_floor:g} per 16,000 samples and channel"
    )  # fmt: skip
    texts = {name: METRICS[name].definition.format(frames=frames, floor=floor) for name in checked(metrics)}
    if bsseval == "museval":
        texts |= {name: f"{texts[name]} Computed by museval 0.4.1 itself." for name in FILTERED if name in texts}
    return texts


def checked(metrics: Sequence[str]) -> list[str]:
    """The names as a list; raises UserError with the nearest valid name where one is unknown."""
    by_letters = {name.lower(): name for name in METRICS}
    for name in metrics:
        if name not in METRICS:
            raise UserError(f"There is no metric {name!r}; {nearest(by_letters.get(name.lower(), name), METRICS)}")
    return list(metrics)


def score_track(
    references: np.ndarray,
    mixture: np.ndarray,
    estimates: Mapping[object, np.ndarray],
    rate: int,
    metrics: Sequence[str],
    window_seconds: float = 1.0,
    hop_seconds: float = 1.0,
    energy_floor: float | None = None,
    bsseval: Literal["fast", "museval"] = "fast",
) -> pd.DataFrame:
    """All scores of one track; what depends on references and mixture alone is computed once for all estimates.

    Args:
        references: [source, channel, time] float64, in [-1, 1] where levels matter (uSDR, PES, EPS).
        mixture: [channel, time], as long as the references.
        estimates: label of a method -> [source, channel, time]; cut or padded to the references' length.
        rate: sampling rate in Hz.
        metrics: names in `METRICS`; each brings its own rows only.
        window_seconds, hop_seconds: frames of the framewise metrics, in s.
        energy_floor: the silence rule of SI-SDR-frames, sp-SNR, sp-SI-SNR and MCD (see `silence.too_quiet`); the paper
            has 10; None for no rule. Frames that it leaves out are NaN.
        bsseval: "fast" for `bsseval.References`, "museval" for museval itself (needs ffmpeg).

    Returns: one row a label, source, metric and frame, with the columns label, source (index), metric, frame (Int32,
        missing for a value of the whole track) and value (float64; NaN where undefined, infinity where exact).

    Raises UserError for an unknown metric, a window or hop under one sample, an estimate that has another number of
        sources or channels, or samples that are not finite.
    """
    names = checked(metrics)
    references = np.asarray(references, dtype=np.float64)
    frames = _frames(references, rate, window_seconds, hop_seconds)
    scene = Scene(references, fit_length(np.asarray(mixture), references.shape[-1]), rate, frames, energy_floor)
    tables = []
    for label, signals in estimates.items():
        estimate = Estimate(scene, _fitting(label, signals, references), bsseval)
        tables += [_table(label, name, estimate.score(name)) for name in names]
    columns = {"label": "object", "source": "int64", "metric": "str", "frame": "Int32", "value": "float64"}
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=[*columns]).astype(columns)


def _frames(references: np.ndarray, rate: int, window_seconds: float, hop_seconds: float) -> Frames:
    window, hop = round(window_seconds * rate), round(hop_seconds * rate)
    if window < 1 or hop < 1:
        raise UserError(
            f"Frames of {window_seconds:g} s every {hop_seconds:g} s are under one sample at {rate} Hz; give both in "
            "seconds, 1.0 for example."
        )
    return frames_of(references.shape[-1], window, hop)


def _fitting(label: object, estimate: np.ndarray, references: np.ndarray) -> np.ndarray:
    if estimate.ndim != 3 or estimate.shape[:2] != references.shape[:2]:
        raise UserError(
            f"The estimate of {label} has the shape {estimate.shape}; the references have {references.shape[0]} "
            f"sources and {references.shape[1]} channels, and it must have the same."
        )
    if not np.isfinite(estimate).all():
        raise UserError(f"The estimate of {label} holds samples that are not finite; separate the track again.")
    return fit_length(np.asarray(estimate, dtype=np.float64), references.shape[-1])


def _table(label: object, name: str, values: np.ndarray) -> pd.DataFrame:
    """Values [source] or [source, frame] -> tidy rows."""
    sources, count = len(values), values[0].size
    frames = np.tile(np.arange(count), sources) if values.ndim == 2 else [pd.NA] * sources
    return pd.DataFrame(
        {
            "label": pd.Series([label] * values.size, dtype=object),
            "source": np.repeat(np.arange(sources), count),
            "metric": pd.Series([name] * values.size, dtype="str"),
            "frame": pd.array(frames, dtype="Int32"),
            "value": values.ravel(),
        }
    )
