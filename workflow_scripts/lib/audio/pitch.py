"""F0 of a single voice.

Both trackers look at 16 kHz audio with a hop of 256 samples and centre frame m at m * 0.016 s, the grid of
`audio/f0.py`. Measured on glides of one octave a second up and down, neither is late or early by more than 2 ms.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from workflow_scripts.lib.audio import io
from workflow_scripts.lib.audio.contour import fit
from workflow_scripts.lib.audio.f0 import frame_count
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.locks import one_at_a_time
from workflow_scripts.lib.core.settings import Share, settings

RATE = 16000
HOP = 256
Frequency = Annotated[float, Field(ge=46.875, le=2093.75)]  # Hz, what the swift-f0 network can answer


@settings
class Settings:
    """How to track the F0 of a single voice.

    tracker: "swift-f0", a small network with its weights in the package, or "pyin", which learned nothing.
    threshold: confidence from which a frame is voiced, in [0, 1]; None takes the tracker's own in `THRESHOLDS`.
    fmin, fmax: lowest and highest F0 in Hz, within 46.875 to 2093.75.
    """

    tracker: Literal["swift-f0", "pyin"] = "swift-f0"
    threshold: Share | None = None
    fmin: Frequency = 60.0
    fmax: Frequency = 1200.0

    def check(self) -> str | None:
        """A range without width has no pitch in it."""
        if self.fmin < self.fmax / 1.1:
            return None
        return f"fmin is {self.fmin} Hz and fmax {self.fmax} Hz; allowed is a range wider than a tenth."


def track(signal: np.ndarray, rate: int, settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """Signal [time] at `rate` Hz -> (hz [frame], confidence [frame] in [0, 1]); 0 Hz where unvoiced.

    There are `frame_count(seconds)` frames. Raises UserError where the signal holds NaN or infinity.
    """
    if not np.isfinite(signal).all():
        raise UserError("F0 tracking: the audio holds NaN or infinite samples; mend the file.")
    frames = frame_count(len(signal) / rate)
    # Silence up to the end of the last frame's hop: a tracker that answers only for whole hops answers for all frames.
    audio = fit(io.resample(signal[None], rate, RATE)[0] if len(signal) else signal, frames * HOP)
    hz, confidence = TRACKERS[settings.tracker](audio, settings)
    hz, confidence = fit(hz, frames), fit(confidence, frames)
    threshold = THRESHOLDS[settings.tracker] if settings.threshold is None else settings.threshold
    return np.where(confidence >= threshold, hz, 0.0), confidence


def swift_f0(audio: np.ndarray, settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """Audio [time] at 16 kHz, whole hops -> (hz [frame], confidence [frame]) by the swift-f0 network, one thread."""
    from swift_f0 import SwiftF0

    result = SwiftF0(threads=1, spin=False).detect(audio, RATE, fmin=settings.fmin, fmax=settings.fmax)
    return result.pitch_hz, result.confidence.clip(0, 1)


def pyin(audio: np.ndarray, settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """Audio [time] at 16 kHz -> (hz [frame], 0 where its decoder says unvoiced; confidence [frame]) by librosa's pYIN.

    Probabilistic YIN (Mauch and Dixon, ICASSP 2014). The analysis frame is the shortest power of two that holds three
    periods of fmin: 64 ms for 60 Hz.
    """
    length = 2 ** int(np.ceil(np.log2(3 * RATE / settings.fmin)))
    hz, voiced, probability = librosa_pyin()(
        audio, fmin=settings.fmin, fmax=settings.fmax, sr=RATE, frame_length=length, hop_length=HOP, fill_na=0.0
    )
    return np.where(voiced, hz, 0.0), np.nan_to_num(probability).clip(0, 1)


@lru_cache(maxsize=1)
def librosa_pyin() -> Callable[..., tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """librosa's pYIN, whose kernels numba compiles or loads at the first call: two processes at once have crashed."""
    import librosa

    with one_at_a_time("numba"):
        librosa.pyin(np.zeros(RATE), fmin=60, fmax=1000, sr=RATE, frame_length=1024)
    found: Callable[..., tuple[np.ndarray, np.ndarray, np.ndarray]] = librosa.pyin
    return found


TRACKERS: dict[str, Callable[[np.ndarray, Settings], tuple[np.ndarray, np.ndarray]]] = {
    "swift-f0": swift_f0,
    "pyin": pyin,
}
# Tuned on real solo singing: 0.5 is swift-f0's own; 0.01 is what pYIN gives to a frame without any period.
THRESHOLDS = {"swift-f0": 0.5, "pyin": 0.02}
