"""BSSEval version 4 (SDR, ISR, SIR, SAR), equal to museval 0.4.1 and many times faster.

What is computed (Vincent et al., IEEE TASLP 14(4), 2006, for images; Stoter, Liutkus, Ito, LVA/ICA 2018, for
version 4). Over the whole track, least-squares filters of `taps` taps project each estimate on all references
(P_all) and on its own reference alone (P_own), all channels jointly. In each frame the references are cut out and
filtered, the frame's tail of `taps` - 1 samples included, and with s the reference and e the estimate, all
energies summed over channels and samples:

    SDR = |s|^2 / |e - s|^2                  plain; needs no filter
    ISR = |s|^2 / |P_own - s|^2
    SIR = |P_own|^2 / |P_all - P_own|^2
    SAR = |P_all|^2 / |e - P_all|^2

each as 10 log10 in dB, +infinity where the denominator is 0. Frames = floor((time - window + hop) / hop); a last
partial window is dropped; a window longer than the signal gives one frame of the whole signal.

How it is fast: correlations come from the spectra of the frames themselves (see `correlations`), the normal matrix
is factorised once a track, and energies of filtered frames are taken in the frequency domain by Parseval's theorem,
which cancels nothing. All that depends on the references alone is done once, whatever the number of estimates.

Undefined scores are NaN:
- A frame in which any reference or any estimate is silent (its sum over channels is 0 at every sample, so anti-phase
  stereo is silent) is undefined for all sources, as in museval.
- A reference that is silent on the whole track, where museval raises an error: that source is undefined, and the
  others are scored among themselves, as if it were not in the scene.
- An estimate that is silent on the whole track, where museval raises an error too: that source is undefined and the
  others are scored; it makes no frame of theirs undefined.
"""

from dataclasses import dataclass

import numpy as np
import scipy.fft

from workflow_scripts.lib.metrics.correlations import (
    Frames,
    FrameSpectra,
    LeastSquares,
    bin_slices,
    correlate,
    even_fft_size,
)

MIN_TILE = 8192  # samples; frames shorter than this are no economic tiles for correlations


@dataclass(frozen=True)
class Scores:
    """Scores in dB, each [source, frame] float64; NaN where undefined."""

    SDR: np.ndarray
    ISR: np.ndarray
    SIR: np.ndarray
    SAR: np.ndarray


def frame_count(time: int, window: int, hop: int) -> int:
    """Number of frames of `window` samples every `hop` samples; one where the signal is no longer than the window."""
    return (time - window + hop) // hop if window < time else 1


def fit_length(signals: np.ndarray, time: int) -> np.ndarray:
    """Signals [..., time] cut, or padded with zeros at the end, to `time` samples."""
    missing = time - signals.shape[-1]
    if missing <= 0:
        return signals[..., :time]
    return np.pad(signals, [(0, 0)] * (signals.ndim - 1) + [(0, missing)])


class References:
    """The references of a track, and all that every score against them shares.

    Args:
        references: [source, channel, time], float; any level, any rate.
        window: samples of a frame (44100 at 44.1 kHz in museval).
        hop: samples between two frames.
        taps: taps of the filters.
    """

    def __init__(self, references: np.ndarray, window: int, hop: int, taps: int = 512) -> None:
        references = np.asarray(references, dtype=np.float64)
        self.sources, self.channels, self.time = references.shape
        window = min(window, self.time)
        self.taps = taps
        self.frames = Frames(window, hop, frame_count(self.time, window, hop), even_fft_size(window + taps - 1))
        silent = _silent(references, self.frames)
        self.active = np.flatnonzero(~_silent_throughout(references))
        self.unscored = silent[self.active].any(axis=0)
        self.signals = self._of_active(references)
        if len(self.active):
            self._prepare()

    def _prepare(self) -> None:
        flat = self.signals.reshape(-1, self.time)
        self._spectra = FrameSpectra(flat, self.frames)
        self._estimates = FrameSpectra(flat, self.frames)
        self._tiles, self._estimate_tiles = self._spectra, self._estimates
        if self.frames.hop != self.frames.length or self.frames.length < min(MIN_TILE, self.time):
            self._tiles, self._estimate_tiles = (FrameSpectra(flat, _tiling(self.time, self.taps)) for _ in range(2))
        correlations = correlate(self._tiles, self._tiles, self.taps)
        self._joint = LeastSquares(correlations)
        self._alone = [LeastSquares(correlations[own, own]) for own in self._channels_of_sources()]
        self._energy = _energies(self.signals, self.frames)

    def _channels_of_sources(self) -> list[slice]:
        return [slice(j * self.channels, (j + 1) * self.channels) for j in range(len(self.active))]

    def score(self, estimates: np.ndarray) -> Scores:
        """Estimates [source, channel, time], one a reference, cut or padded to the references -> `Scores`."""
        if estimates.shape[:2] != (self.sources, self.channels):
            raise ValueError(f"estimates {estimates.shape} of references {self.sources, self.channels, self.time}")
        scores = np.full((4, self.sources, self.frames.count), np.nan)
        if len(self.active):
            estimates = fit_length(np.asarray(estimates, dtype=np.float64), self.time)
            scores[:, self.active] = self._score(self._of_active(estimates))
        return Scores(*scores)

    def _of_active(self, signals: np.ndarray) -> np.ndarray:
        """Those of the active sources; no copy where all are."""
        return signals if len(self.active) == self.sources else signals[self.active]

    def _score(self, estimates: np.ndarray) -> np.ndarray:
        """Estimates [active source, channel, time] -> [metric, active source, frame]."""
        absent = _silent_throughout(estimates)
        undefined = self.unscored | _silent(estimates, self.frames)[~absent].any(axis=0)
        flat = estimates.reshape(-1, self.time)
        joint, alone = self._filters(flat)
        own, spatial, interference, projected, artefacts = self._decompose(flat, joint, alone)
        error = _energies(estimates, self.frames, minus=self.signals)
        numerators = np.stack([self._energy, self._energy, own, projected])
        scores = decibels(numerators, np.stack([error, spatial, interference, artefacts]))
        scores[:, absent] = np.nan
        scores[:, :, undefined] = np.nan
        return scores

    def _filters(self, estimates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Responses of the filters: of all references [bin, estimate channel, reference channel], and of each
        estimate's own reference [bin, source, estimate channel, reference channel]."""
        correlations = correlate(self._tiles, self._estimate_tiles.load(estimates), self.taps)
        alone = [
            least.filters(correlations[own, own])
            for least, own in zip(self._alone, self._channels_of_sources(), strict=True)
        ]
        # One source alone: both projections are the same one, and the interference is exactly 0.
        joint = self._joint.filters(correlations) if len(alone) > 1 else alone[0]
        return self._responses(joint), self._responses(np.stack(alone))

    def _responses(self, filters: np.ndarray) -> np.ndarray:
        """Filters [..., in, out, tap] -> responses [bin, ..., out, in]."""
        spectra = scipy.fft.rfft(filters, n=self.frames.fft, axis=-1, workers=1)
        return np.ascontiguousarray(np.moveaxis(spectra, -1, 0).swapaxes(-1, -2))

    def _decompose(self, estimates: np.ndarray, joint: np.ndarray, alone: np.ndarray) -> np.ndarray:
        """Energies [which, source, frame] of P_own, P_own - s, P_all - P_own, P_all, e - P_all."""
        energies = np.zeros((5, len(self.active), self.frames.count))
        if self._estimates is not self._estimate_tiles:
            self._estimates.load(estimates)
        for first, last in self.frames.blocks(len(estimates)):
            references, block = self._spectra.block(first, last), self._estimates.block(first, last)
            for bins in bin_slices(block):
                parts = _parts(references[bins], block[bins], joint[bins], alone[bins])
                energies[:, :, first:last] += [_sum_of_squares(part) for part in parts]
        return energies * (2 / self.frames.fft)


def _parts(references: np.ndarray, estimates: np.ndarray, joint: np.ndarray, alone: np.ndarray) -> list[np.ndarray]:
    """Spectra [bin, channel, frame] and responses -> P_own, P_own - s, P_all - P_own, P_all, e - P_all, each
    [bin, source, channel, frame]."""
    by_source = (len(references), alone.shape[1], -1, references.shape[-1])
    true = references.reshape(by_source)
    own = alone @ true
    projected = own if alone.shape[1] == 1 else (joint @ references).reshape(by_source)
    return [own, own - true, projected - own, projected, estimates.reshape(by_source) - projected]


def _sum_of_squares(spectra: np.ndarray) -> np.ndarray:
    """Squared magnitudes of [bin, source, channel, frame], summed -> [source, frame]."""
    bins, *rest = spectra.shape
    real = spectra.view(np.float64).reshape(bins, -1)
    return (real * real).sum(axis=0).reshape(*rest, 2).sum(axis=(1, 3))


def _tiling(time: int, taps: int) -> Frames:
    """Tiles for correlations alone, where the frames do not serve."""
    length = min(time, max(4 * MIN_TILE, 4 * taps) - taps)
    return Frames(length, length, time // length, even_fft_size(length + taps - 1))


def _energies(signals: np.ndarray, frames: Frames, minus: np.ndarray | None = None) -> np.ndarray:
    """Energy of each frame of signals [source, channel, time], or of signals - minus, summed over channels ->
    [source, frame]."""
    energies = np.zeros((len(signals), frames.count))
    difference = np.empty(signals.shape[-1])
    for source, channel in np.ndindex(signals.shape[:2]):
        signal = signals[source, channel]
        if minus is not None:
            signal = np.subtract(signal, minus[source, channel], out=difference)
        framed = frames.cut(signal)
        energies[source] += np.einsum("ft,ft->f", framed, framed)
    return energies


def _silent(signals: np.ndarray, frames: Frames) -> np.ndarray:
    """Where the sum over channels is zero at every sample of a frame: [source, channel, time] -> [source, frame]."""
    framed = frames.cut(signals)
    silent = (framed[..., :: max(1, frames.length // 64)].sum(axis=1) == 0).all(axis=-1)
    for source, frame in np.argwhere(silent):  # few: a coarse look finds most sounding frames
        silent[source, frame] = (framed[source, :, frame].sum(axis=0) == 0).all()
    return silent


def _silent_throughout(signals: np.ndarray) -> np.ndarray:
    """The same for the whole track, what lies behind the last full frame included -> [source]."""
    time = signals.shape[-1]
    return _silent(signals, Frames(time, time, 1, 2))[:, 0]


def decibels(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """10 log10 of a ratio of energies in dB; +infinity where the denominator is 0, -infinity where only the numerator
    is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = 10 * np.log10(np.asarray(numerator) / denominator)
    return np.where(np.asarray(denominator) == 0, np.inf, ratio)
