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
import scipy

from workflow_scripts.lib.metrics.correlations import (
    FrameSpectra,
    LeastSquares,
    bin_slices,
    blocks,
    correlate,
    even_fft_size,
)
from workflow_scripts.lib.metrics.frames import (
    Frames,
    decibels,
    energies,
    fit_length,
    frames_of,
    silent,
    silent_throughout,
)

KEPT_BYTES = 256 << 20  # of the references' spectra that are kept for the next estimates; the rest is computed again
MIN_TILE = 8192  # samples; frames shorter than this are no economic tiles for correlations


@dataclass(frozen=True)
class Scores:
    """Scores in dB, each [source, frame] float64; NaN where undefined."""

    SDR: np.ndarray
    ISR: np.ndarray
    SIR: np.ndarray
    SAR: np.ndarray


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
        self.frames, self.taps = frames_of(self.time, window, hop), taps
        self.active = np.flatnonzero(~silent_throughout(references))
        self.signals = self._of_active(references)
        self._unscored = silent(self.signals, self.frames).any(axis=0)
        self._energy = energies(self.signals, self.frames)
        self._tiles: FrameSpectra | None = None

    def _prepare(self) -> None:
        """Correlations and factorised normal matrices of the references, on first need: SDR alone needs none."""
        flat = self.signals.reshape(-1, self.time)
        self._fft = even_fft_size(self.frames.length + self.taps - 1)
        self._spectra = self._tiles = FrameSpectra(flat, self.frames, self._fft, KEPT_BYTES)
        if self.frames.hop != self.frames.length or self.frames.length < min(max(MIN_TILE, self.taps), self.time):
            tiles = _tiling(self.time, self.taps)
            self._tiles = FrameSpectra(flat, tiles, even_fft_size(tiles.length + self.taps - 1), KEPT_BYTES)
        correlations = correlate(self._tiles, self._tiles, self.taps)
        self._joint = LeastSquares(correlations)
        self._alone = [LeastSquares(correlations[own, own]) for own in self._channels_of_sources()]

    def _channels_of_sources(self) -> list[slice]:
        return [slice(j * self.channels, (j + 1) * self.channels) for j in range(len(self.active))]

    def score(self, estimates: np.ndarray) -> Scores:
        """Estimates [source, channel, time], one a reference, cut or padded to the references -> `Scores`."""
        scores = np.full((4, self.sources, self.frames.count), np.nan)
        estimates, undefined = self._active_estimates(estimates)
        if len(self.active):
            scores[:, self.active] = np.where(undefined, np.nan, self._score(estimates))
        return Scores(*scores)

    def sdr(self, estimates: np.ndarray) -> np.ndarray:
        """The SDR of `score` alone [source, frame] in dB, without its cost."""
        scores = np.full((self.sources, self.frames.count), np.nan)
        estimates, undefined = self._active_estimates(estimates)
        error = energies(estimates, self.frames, minus=self.signals)
        scores[self.active] = np.where(undefined, np.nan, decibels(self._energy, error))
        return scores

    def _active_estimates(self, estimates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Estimates as given -> those of the active sources [source, channel, time] at the references' length, and
        where their scores are undefined [source, frame]."""
        if estimates.shape[:2] != (self.sources, self.channels):
            raise ValueError(f"estimates {estimates.shape} for references {self.sources, self.channels, self.time}")
        estimates = self._of_active(fit_length(np.asarray(estimates, dtype=np.float64), self.time))
        absent = silent_throughout(estimates)
        frames = self._unscored | silent(estimates, self.frames)[~absent].any(axis=0)
        return estimates, absent[:, None] | frames

    def _of_active(self, signals: np.ndarray) -> np.ndarray:
        """Those of the active sources; no copy where all are."""
        return signals if len(self.active) == self.sources else signals[self.active]

    def _score(self, estimates: np.ndarray) -> np.ndarray:
        """Estimates [active source, channel, time] -> [metric, active source, frame]."""
        if self._tiles is None:
            self._prepare()
        flat = estimates.reshape(-1, self.time)
        own, spatial, interference, projected, artefacts = self._decompose(flat, *self._filters(flat))
        error = energies(estimates, self.frames, minus=self.signals)
        numerators = np.stack([self._energy, self._energy, own, projected])
        return decibels(numerators, np.stack([error, spatial, interference, artefacts]))

    def _filters(self, estimates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Responses of the filters: of all references [bin, estimate channel, reference channel], and of each
        estimate's own reference [bin, source, estimate channel, reference channel]."""
        assert self._tiles is not None, "prepared by `_score`"
        correlations = correlate(self._tiles, FrameSpectra(estimates, self._tiles.frames, self._tiles.fft), self.taps)
        alone = [
            least.filters(correlations[own, own])
            for least, own in zip(self._alone, self._channels_of_sources(), strict=True)
        ]
        # One source alone: both projections are the same one, and the interference is exactly 0.
        joint = self._joint.filters(correlations) if len(alone) > 1 else alone[0]
        return self._responses(joint), self._responses(np.stack(alone))

    def _responses(self, filters: np.ndarray) -> np.ndarray:
        """Filters [..., in, out, tap] -> responses [bin, ..., out, in]."""
        spectra = scipy.fft.rfft(filters, n=self._fft, axis=-1, workers=1)
        return np.ascontiguousarray(np.moveaxis(spectra, -1, 0).swapaxes(-1, -2))

    def _decompose(self, estimates: np.ndarray, joint: np.ndarray, alone: np.ndarray) -> np.ndarray:
        """Energies [which, source, frame] of P_own, P_own - s, P_all - P_own, P_all, e - P_all."""
        totals = np.zeros((5, len(self.active), self.frames.count))
        spectra = FrameSpectra(estimates, self.frames, self._fft)
        for first, last in blocks(self.frames, len(estimates), self._fft):
            references, block = self._spectra.block(first, last), spectra.block(first, last)
            for bins in bin_slices(block):
                parts = _parts(references[bins], block[bins], joint[bins], alone[bins])
                totals[:, :, first:last] += [_sum_of_squares(part) for part in parts]
        return totals * (2 / self._fft)


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
    return Frames(length, length, time // length)
