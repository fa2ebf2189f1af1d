"""Pitch candidates of a mixture: several F0s a frame, not yet assigned to voices."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.ndimage
import scipy.signal
import scipy.sparse

from workflow_scripts.lib.audio import io
from workflow_scripts.lib.audio.f0 import HOP_SECONDS, frame_count
from workflow_scripts.lib.core.errors import UserError, nearest


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


@dataclass(frozen=True)
class Settings:
    """How to find the pitches of a mixture.

    estimator: "basic-pitch", a small network with its weights in the package, or "harmonic-sum", which learned nothing.
    threshold: salience from which a pitch counts, in [0, 1]; None takes the estimator's own in `THRESHOLDS`.
    fmin, fmax: lowest and highest F0 in Hz.
    candidates: most pitches a frame.
    """

    estimator: str = "basic-pitch"
    threshold: float | None = None
    fmin: float = 65.0
    fmax: float = 1200.0
    candidates: int = 6

    def __post_init__(self) -> None:
        if self.estimator not in ESTIMATORS:
            raise UserError(
                f"There is no multi-F0 estimator {self.estimator!r}; {nearest(self.estimator, ESTIMATORS)}"
            )
        if not 30 <= self.fmin < self.fmax / 1.1 or self.fmax > 4000:
            raise UserError(
                f"F0 range fmin {self.fmin} to fmax {self.fmax} Hz: allowed is a range inside 30 to 4000 Hz that is "
                "wider than a tenth."
            )
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise UserError(f"F0 threshold {self.threshold}: allowed are values from 0 to 1.")
        if not 1 <= self.candidates <= 10:
            raise UserError(f"F0 setting candidates {self.candidates}: allowed are 1 to 10 pitches a frame.")


def estimate(signal: np.ndarray, rate: int, settings: Settings) -> Candidates:
    """Signal [time] at `rate` Hz -> its pitch candidates. Raises UserError where it holds NaN or infinity."""
    if not np.isfinite(signal).all():
        raise UserError("Multi-F0 estimation: the audio holds NaN or infinite samples; mend the file.")
    return ESTIMATORS[settings.estimator](signal, rate, settings)


def threshold_of(settings: Settings) -> float:
    return THRESHOLDS[settings.estimator] if settings.threshold is None else settings.threshold


# --- basic-pitch -----------------------------------------------------------------------------------------------------

BP_RATE, BP_HOP = 22050, 256
BP_WINDOW = 2 * BP_RATE - BP_HOP  # samples that the network takes at once: 172 frames
BP_MARGIN, BP_KEEP = 15, 142  # frames left out at either end of a window, and kept between
BP_LOWEST, BP_BINS_PER_OCTAVE = 27.5, 36
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
    """Signal [time] -> salience [frame, bin] in [0, 1], frame m at m * 256 / 22050 s, bin b at 27.5 * 2^(b / 36) Hz."""
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


def _basic_pitch_session():
    import onnxruntime

    # Found without an import: importing the package warns about every runtime that it could have used instead.
    package = importlib.util.find_spec("basic_pitch")
    if package is None:
        raise UserError("The F0 estimator basic-pitch is not installed; install it or take the estimator harmonic-sum.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # sums in one order: the same bits on every run
    path = Path(package.origin).parent / "saved_models" / "icassp_2022" / "nmp.onnx"
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


# --- harmonic sum ----------------------------------------------------------------------------------------------------

HS_RATE, HS_HOP, HS_WINDOW, HS_FFT = 16000, 256, 2048, 8192
HS_HARMONICS = 20
HS_CENTS = 10  # resolution of the F0 grid


def harmonic_sum(signal: np.ndarray, rate: int, settings: Settings) -> Candidates:
    """Iterative harmonic sum: find the strongest F0, take its harmonics out of the spectrum, look again.

    After Klapuri (ISMIR 2006): whitened spectrum, weights (f + 27) / (k f + 320) for harmonic k of f Hz. Departs from
    it: whitening by a smoothed spectrum, and the salience of a frame is relative to the loud frames of the track.
    """
    audio = io.resample(signal[None], rate, HS_RATE)[0] if len(signal) else signal
    frames = frame_count(len(audio) / HS_RATE)
    spectrum = _whitened(audio, frames)
    grid = settings.fmin * 2 ** np.arange(0, np.log2(settings.fmax / settings.fmin), HS_CENTS / 1200)
    weights = _harmonic_weights(grid)
    hz, salience = np.zeros((2, frames, settings.candidates))
    for rank in range(settings.candidates):
        sums = (weights @ scipy.ndimage.maximum_filter1d(spectrum, 5, axis=0)).T
        best = sums.argmax(axis=1)
        hz[:, rank], salience[:, rank] = grid[best], sums[np.arange(frames), best]
        _cancel(spectrum, grid[best])
    return _relative(np.arange(frames) * HOP_SECONDS, hz, salience, threshold_of(settings))
