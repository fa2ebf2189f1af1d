"""Frames of a signal, their energies and silences, and decibels: what all framewise metrics share."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Frames:
    """`count` frames of `length` samples, one every `hop` samples from sample 0 on."""

    length: int
    hop: int
    count: int

    def cut(self, signals: np.ndarray, first: int = 0, last: int | None = None) -> np.ndarray:
        """Signals [..., time] -> frames `first` to `last` (not included) [..., frame, sample], a view."""
        stop = (self.count if last is None else last) * self.hop
        windows = np.lib.stride_tricks.sliding_window_view(signals, self.length, axis=-1)
        return windows[..., first * self.hop : stop : self.hop, :]


def frames_of(time: int, window: int, hop: int) -> Frames:
    """The frames of a signal of `time` samples: floor((time - window + hop) / hop), a last partial one dropped; one
    frame of the whole signal where it is no longer than the window."""
    count = (time - window + hop) // hop if window < time else 1
    return Frames(min(window, time), hop, count)


def fit_length(signals: np.ndarray, time: int) -> np.ndarray:
    """Signals [..., time] cut, or padded with zeros at the end, to `time` samples."""
    missing = time - signals.shape[-1]
    if missing <= 0:
        return signals[..., :time]
    return np.pad(signals, [(0, 0)] * (signals.ndim - 1) + [(0, missing)])


def decibels(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """10 log10 of a ratio of energies in dB: +infinity where the denominator is 0, else -infinity where the numerator
    is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = 10 * np.log10(np.asarray(numerator) / denominator)
    return np.where(np.asarray(denominator) == 0, np.inf, ratio)


def improvement(score: np.ndarray, of_mixture: np.ndarray) -> np.ndarray:
    """What a score gains over the mixture taken as the estimate, in dB; NaN where both are the same infinity."""
    with np.errstate(invalid="ignore"):
        return np.subtract(score, of_mixture)


def energies(signals: np.ndarray, frames: Frames, minus: np.ndarray | None = None) -> np.ndarray:
    """Sum of squares of each frame of signals [source, channel, time], or of signals - minus, over samples and
    channels -> [source, frame]."""
    totals = np.zeros((len(signals), frames.count))
    difference = np.empty(signals.shape[-1])
    for source, channel in np.ndindex(signals.shape[:2]):
        signal = signals[source, channel]
        if minus is not None:
            signal = np.subtract(signal, minus[source, channel], out=difference)
        framed = frames.cut(signal)
        totals[source] += np.einsum("ft,ft->f", framed, framed)
    return totals


def channel_energies(signals: np.ndarray, frames: Frames) -> np.ndarray:
    """Sum of squares of each frame and channel of signals [source, channel, time] -> [source, channel, frame]."""
    framed = frames.cut(signals)
    return np.array([[np.einsum("ft,ft->f", channel, channel) for channel in source] for source in framed])


def silent(signals: np.ndarray, frames: Frames) -> np.ndarray:
    """Where the sum over channels is zero at every sample of a frame, so that anti-phase stereo is silent too:
    [source, channel, time] -> [source, frame]."""
    framed = frames.cut(signals)
    quiet = (framed[..., :: max(1, frames.length // 64)].sum(axis=1) == 0).all(axis=-1)
    for source, frame in np.argwhere(quiet):  # few: the coarse look found most of the sounding frames
        quiet[source, frame] = (framed[source, :, frame].sum(axis=0) == 0).all()
    return quiet


def silent_throughout(signals: np.ndarray) -> np.ndarray:
    """The same for the whole signal, what lies behind the last full frame included: -> [source]."""
    time = signals.shape[-1]
    return silent(signals, Frames(time, time, 1))[:, 0]
