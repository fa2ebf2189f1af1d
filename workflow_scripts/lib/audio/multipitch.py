"""Pitch candidates of a mixture: several F0s a frame, not yet assigned to voices."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import scipy
from pydantic import Field

from workflow_scripts.lib.audio import io
from workflow_scripts.lib.audio.f0 import HOP_SECONDS, frame_count
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.settings import Share, settings


@dataclass(frozen=True)
class Candidates:
    """Pitches found in a mixture, on the estimator's own time grid.

    times: [frame] in s, ascending.
    hz: [frame, candidate], the most salient first, 0 behind the last.
    salience: [frame, candidate] in [0, 1], 0 behind the last.
    """

    times: np.ndarray
    hz: np.ndarray
    salience: np.ndarray


@settings
class Settings:
    """How to find the pitches of a mixture.

    estimator: "basic-pitch", a small network with its weights in the package, or "harmonic-sum", which learned nothing.
    threshold: salience from which a pitch counts, in [0, 1]; None takes the estimator's own in `THRESHOLDS`.
    fmin, fmax: lowest and highest F0 in Hz.
    candidates: most pitches a frame.
    """

    estimator: Literal["basic-pitch", "harmonic-sum"] = "basic-pitch"
    threshold: Share | None = None
    fmin: Annotated[float, Field(ge=30, le=4000)] = 65.0
    fmax: Annotated[float, Field(ge=30, le=4000)] = 1200.0
    candidates: Annotated[int, Field(ge=1, le=10)] = 6

    def check(self) -> str | None:
        """A range without width has no pitch in it."""
        if self.fmin < self.fmax / 1.1:
            return None
        return f"fmin is {self.fmin} Hz and fmax {self.fmax} Hz; allowed is a range wider than a tenth."


def estimate(signal: np.ndarray, rate: int, settings: Settings) -> Candidates:
    """Signal [time] at `rate` Hz -> its pitch candidates. Raises UserError where it holds NaN or infinity."""
    if not np.isfinite(signal).all():
        raise UserError("Multi-F0 estimation: the audio holds NaN or infinite samples; mend the file.")
    return ESTIMATORS[settings.estimator](signal, rate, settings)


def threshold_of(settings: Settings) -> float:
    """Salience from which a pitch counts, the estimator's own where the settings give none."""
    return THRESHOLDS[settings.estimator] if settings.threshold is None else settings.threshold


# --- basic-pitch -----------------------------------------------------------------------------------------------------

BP_RATE, BP_HOP = 22050, 256
BP_WINDOW = 2 * BP_RATE - BP_HOP  # samples that the network takes at once: 172 frames
BP_MARGIN, BP_KEEP = 15, 142  # frames left out at either end of a window, and kept between
BP_BINS_PER_OCTAVE = 36
BP_LOWEST = 27.5 * 2 ** (-1 / 36)  # Hz of bin 0: the lowest semitone has three bins, and 27.5 Hz is the middle one
BP_OUTPUT = "StatefulPartitionedCall:0"  # contours; :1 are notes, :2 onsets


def basic_pitch(signal: np.ndarray, rate: int, settings: Settings) -> Candidates:
    """Peaks of the contour output of basic-pitch (Bittner et al., ICASSP 2022) by onnxruntime, frames of 11.6 ms.

    Departs from the package: windows advance by a whole number of frames, so that all frames lie on one grid, and
    peaks are refined by a parabola through three bins of a third of a semitone.
    """
    salience = basic_pitch_contours(signal, rate)
    hz, strength = _peaks(salience, threshold_of(settings), BP_LOWEST, BP_BINS_PER_OCTAVE, settings)
    return Candidates(np.arange(len(hz)) * BP_HOP / BP_RATE, hz, strength)


def basic_pitch_contours(signal: np.ndarray, rate: int) -> np.ndarray:
    """Signal [time] -> salience [frame, bin] in [0, 1].

    Frame m stands at m * 256 / 22050 s, bin b at 27.5 * 2^((b - 1) / 36) Hz.
    """
    audio = io.resample(signal[None], rate, BP_RATE)[0] if len(signal) else signal
    frames = len(audio) // BP_HOP + 1
    starts = np.arange(0, frames, BP_KEEP) * BP_HOP
    padded = np.pad(audio.astype(np.float32), (BP_MARGIN * BP_HOP, BP_WINDOW + BP_KEEP * BP_HOP))
    session = _basic_pitch_session()
    entry = session.get_inputs()[0].name
    windows = [
        session.run([BP_OUTPUT], {entry: padded[None, start : start + BP_WINDOW, None]})[0][0, BP_MARGIN:][:BP_KEEP]
        for start in starts
    ]
    salience = np.concatenate(windows)[:frames].astype(float).clip(0, 1)
    return np.where(_sounding(audio, frames, BP_HOP)[:, None], salience, 0.0)


def _basic_pitch_session() -> Any:
    """The network of the package, on one thread. Raises UserError where the package is missing."""
    import onnxruntime

    # Found without an import: importing the package warns about every runtime that it could have used instead.
    package = importlib.util.find_spec("basic_pitch")
    if package is None or package.origin is None:
        raise UserError("The F0 estimator basic-pitch is not installed; install it or take the estimator harmonic-sum.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # sums in one order: the same bits on every run
    path = Path(package.origin).parent / "saved_models" / "icassp_2022" / "nmp.onnx"
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


# --- harmonic sum ----------------------------------------------------------------------------------------------------

HS_RATE, HS_HOP, HS_WINDOW, HS_FFT = 16000, 256, 1536, 8192
HS_HARMONICS, HS_CENTS = 20, 10  # harmonics in a sum; resolution of the F0 grid
HS_COMPRESSION = 0.45  # exponent of the magnitudes, so that one strong partial does not look like a full comb
HS_BLOCK = 1000  # frames worked on at once, which bounds the memory
HS_LOBE = 10  # bins from a partial to where its Hann main lobe ends


def harmonic_sum(signal: np.ndarray, rate: int, settings: Settings) -> Candidates:
    """Iterative harmonic sum, frames of 16 ms: find the strongest F0, take its harmonics out, look again.

    After Klapuri (ISMIR 2006), weights (f + 27) / (k f + 160) for harmonic k of f Hz. Departs from it, each tuned on a
    real quartet: magnitudes compressed instead of whitened, 160 Hz instead of 320 in the weights, the partials found
    taken out whole, and the number of pitches set by a threshold relative to the loud frames of the track.
    """
    audio = io.resample(signal[None], rate, HS_RATE)[0] if len(signal) else signal
    frames = frame_count(len(audio) / HS_RATE)
    grid = settings.fmin * 2 ** np.arange(0, np.log2(settings.fmax / settings.fmin), HS_CENTS / 1200)
    weights = _harmonic_weights(grid)
    padded = np.pad(audio, (HS_WINDOW // 2, HS_WINDOW + HS_HOP))
    cut = np.lib.stride_tricks.sliding_window_view(padded, HS_WINDOW)[::HS_HOP][:frames]
    blocks = [
        _strongest(_compressed_spectrum(cut[start : start + HS_BLOCK]), grid, weights, settings.candidates)
        for start in range(0, frames, HS_BLOCK)
    ]
    hz, salience = (np.concatenate(each) for each in zip(*blocks, strict=True))
    return _relative(hz, salience, _sounding(audio, frames, HS_HOP), threshold_of(settings))


def _compressed_spectrum(cut: np.ndarray) -> np.ndarray:
    """Audio cut into frames [frame, time] -> compressed magnitude spectrum [bin, frame], Hann window."""
    spectrum = np.fft.rfft(cut * scipy.signal.get_window("hann", HS_WINDOW), HS_FFT, axis=1)
    return np.ascontiguousarray(np.abs(spectrum).T) ** HS_COMPRESSION


def _strongest(
    spectrum: np.ndarray, grid: np.ndarray, weights: scipy.sparse.csr_array, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Spectrum [bin, frame], used up -> (hz, harmonic sum), each [frame, candidate], the first found first."""
    each = np.arange(spectrum.shape[1])
    hz, sums = np.zeros((2, len(each), count))
    for rank in range(count):
        salience = weights @ scipy.ndimage.maximum_filter1d(spectrum, 3, axis=0)
        best = salience.argmax(axis=0)
        hz[:, rank], sums[:, rank] = grid[best], salience[best, each]
        _take_out(spectrum, grid[best])
    return hz, sums


def _harmonic_weights(grid: np.ndarray) -> scipy.sparse.csr_array:
    """Weights [F0, bin] of the harmonic sum for F0s `grid` in Hz."""
    harmonic = np.arange(1, HS_HARMONICS + 1)
    partials = grid[:, None] * harmonic
    kept = partials < 0.99 * HS_RATE / 2
    rows, bins = np.nonzero(kept)[0], np.round(partials * HS_FFT / HS_RATE).astype(int)[kept]
    weights = ((grid[:, None] + 27) / (partials + 160))[kept]
    return scipy.sparse.csr_array((weights, (rows, bins)), shape=(len(grid), HS_FFT // 2 + 1))


def _take_out(spectrum: np.ndarray, f0: np.ndarray) -> None:
    """Subtract, in place, a main lobe at every harmonic of f0 [frame] in Hz from the spectrum [bin, frame]."""
    lobe, frames, bins = _main_lobe(), np.arange(len(f0)), len(spectrum)
    for harmonic in range(1, HS_HARMONICS + 1):
        centre = np.round(harmonic * f0 * HS_FFT / HS_RATE).astype(int)
        inside = centre < bins - HS_LOBE - 1
        around = (centre + np.arange(-HS_LOBE, HS_LOBE + 1)[:, None]).clip(0, bins - 1)
        height = spectrum[around[HS_LOBE - 3 : HS_LOBE + 4], frames].max(axis=0) * inside
        spectrum[around, frames] = np.maximum(0, spectrum[around, frames] - height * lobe[:, None])


def _main_lobe() -> np.ndarray:
    """Magnitude of the window's transform around its maximum, [2 * HS_LOBE + 1], 1 in the middle."""
    response = np.abs(np.fft.rfft(scipy.signal.get_window("hann", HS_WINDOW), HS_FFT))
    return response[np.abs(np.arange(-HS_LOBE, HS_LOBE + 1))] / response[0]


def _relative(hz: np.ndarray, salience: np.ndarray, sounding: np.ndarray, threshold: float) -> Candidates:
    """Salience relative to the ninth decile of the frames' strongest, cut at 1, and nothing below the threshold."""
    loud = np.percentile(salience[sounding, 0], 90) if sounding.any() else 1.0
    salience = (salience / loud).clip(0, 1) * sounding[:, None]
    kept = (salience >= threshold) & (salience > 0)
    order = np.argsort(-np.where(kept, salience, 0), axis=1, kind="stable")
    hz, salience = (np.take_along_axis(np.where(kept, values, 0.0), order, axis=1) for values in (hz, salience))
    return Candidates(np.arange(len(hz)) * HOP_SECONDS, hz, salience)


# --- both ------------------------------------------------------------------------------------------------------------

SILENCE = 1e-4  # peak in a hop, full scale 1, under which no pitch is looked for


def _sounding(audio: np.ndarray, frames: int, hop: int) -> np.ndarray:
    """Whether the hop of audio [time] around each frame is more than silence, [frame]."""
    padded = np.pad(np.abs(audio), (hop // 2, 2 * hop))
    return padded[: frames * hop].reshape(frames, hop).max(axis=1) >= SILENCE


def _peaks(
    salience: np.ndarray, threshold: float, lowest: float, bins_per_octave: int, settings: Settings
) -> tuple[np.ndarray, np.ndarray]:
    """Salience [frame, bin] -> (hz, strength), each [frame, candidate]: the strongest local maxima, refined."""
    left, middle, right = salience[:, :-2], salience[:, 1:-1], salience[:, 2:]
    peak = (middle > left) & (middle >= right) & (middle >= threshold) & (middle > 0)
    curvature = np.where(peak, left - 2 * middle + right, -1.0)
    offset = 0.5 * (left - right) / np.where(curvature < 0, curvature, -1.0)
    hz = lowest * 2 ** ((np.arange(1, salience.shape[1] - 1) + offset) / bins_per_octave)
    strength = np.where(peak & (hz >= settings.fmin) & (hz <= settings.fmax), middle, 0.0)
    order = np.argsort(-strength, axis=1, kind="stable")[:, : settings.candidates]
    strength = np.take_along_axis(strength, order, axis=1)
    return np.where(strength > 0, np.take_along_axis(hz, order, axis=1), 0.0), strength


ESTIMATORS: dict[str, Callable[[np.ndarray, int, Settings], Candidates]] = {
    "basic-pitch": basic_pitch,
    "harmonic-sum": harmonic_sum,
}
# Tuned on real quartets for the raw pitch accuracy of the voices after the assignment, which leaves pitches out by
# itself; the accuracy of the bare pitches is highest at 0.21 and 0.4.
THRESHOLDS = {"basic-pitch": 0.18, "harmonic-sum": 0.3}
