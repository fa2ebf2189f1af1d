"""Spectral metrics of Schulze-Forster et al., IEEE/ACM TASLP 31, 2023 (arXiv 2201.09592), as in the released code.

They compare magnitudes, so they can score a synthesised voice whose phases are its own. Each frame (1 s in the
paper) is analysed on its own, at 16 kHz with a 512-sample Hann window every 256 samples; other rates take the same
32 ms and 16 ms, and stereo, which the paper does not have, is pooled as stated at each function.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import scipy

from workflow_scripts.lib.metrics.contract import AS_IN_PARAMETRIC_PAPER, Metric
from workflow_scripts.lib.metrics.estimate import Estimate, Score, TrackReferences
from workflow_scripts.lib.metrics.frames import Frames
from workflow_scripts.lib.metrics.silence_rule import leave_out_quiet, peaks_of

HOP_SECONDS = 0.016
SNR_OFFSET = 1e-8  # added to the ratio, so -80 dB is the least
MEL_BANDS, COEFFICIENTS, LOG_OFFSET = 128, 13, 1e-6

METRICS = (
    Metric(
        "sp-SNR", "dB", "frame", "higher",
        "Spectral SNR 10 log10(sum S^2 / sum (E - S)^2 + 1e-8) of STFT magnitudes S, E (Hann window of 32 ms, hop "
        f"of 16 ms, within the frame, channels summed), {AS_IN_PARAMETRIC_PAPER}.",
    ),
    Metric(
        "sp-SI-SNR", "dB", "frame", "higher",
        "Spectral SNR 10 log10(sum S^2 / sum (E - S)^2 + 1e-8) after scaling S by <S, E> / <S, S>, of STFT "
        f"magnitudes S, E (Hann window of 32 ms, hop of 16 ms, within the frame, channels summed), "
        f"{AS_IN_PARAMETRIC_PAPER}.",
    ),
    Metric(
        "MCD", "1", "frame", "lower",
        "Mel cepstral distance, the mean over STFT frames (32 ms, 16 ms) and channels of the Euclidean distance of "
        "13 coefficients, c0 included, of the logarithm of 128 HTK mel bands of the power spectrum plus 1e-6, the "
        f"mixture's absolute peak in each excerpt of 4 s scaled to 1, {AS_IN_PARAMETRIC_PAPER}.",
    ),
)  # fmt: skip


class SpectralReferences:
    """The references of a track; the spectra of their frames are computed once for all estimates, and kept.

    Args:
        references: [source, channel, time]; the estimates have the same shape.
        frames: each is scored on its own; NaN where reference or estimate is all zeros in it.
        rate: sampling rate in Hz.
        peaks: what each frame is divided by before the mel cepstrum, whose distance depends on the level, [frame]; the
            paper takes the mixture's absolute peak in the excerpt.
    """

    def __init__(self, references: np.ndarray, frames: Frames, rate: int, peaks: np.ndarray) -> None:
        self.frames, self.rate, self.peaks = frames, rate, peaks
        self._framed = frames.cut(references)
        self._sounding = self._framed.any(axis=(1, 3))
        self._kept: dict[tuple[str, int, int], np.ndarray] = {}

    def ratios(self, estimates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """sp-SNR and sp-SI-SNR in dB, each [source, frame]."""
        values = self._framewise(estimates, "magnitudes", lambda s, e: (spectral_snr(s, e), spectral_si_snr(s, e)), 2)
        return values[0], values[1]

    def mel_cepstral_distance(self, estimates: np.ndarray) -> np.ndarray:
        """Mel cepstral distance [source, frame], without unit."""
        return self._framewise(estimates, "cepstrum", lambda s, e: (cepstral_distance(s, e),), 1)[0]

    def _framewise(
        self,
        estimates: np.ndarray,
        kind: str,
        score: Callable[[np.ndarray, np.ndarray], tuple[float, ...]],
        count: int,
    ) -> np.ndarray:
        """Scores [which, source, frame] of what `_analyse` makes of references and estimates."""
        framed = self.frames.cut(estimates)
        values = np.full((count, *self._sounding.shape), np.nan)
        for source, frame in np.argwhere(self._sounding & framed.any(axis=(1, 3))):
            key = (kind, source, frame)
            if key not in self._kept:
                self._kept[key] = self._analyse(kind, self._framed[source, :, frame], frame)
            values[:, source, frame] = score(self._kept[key], self._analyse(kind, framed[source, :, frame], frame))
        return values

    def _analyse(self, kind: str, signal: np.ndarray, frame: int) -> np.ndarray:
        if kind == "magnitudes":
            return magnitudes(signal, self.rate)
        return mel_cepstrum(signal / self.peaks[frame], self.rate)


def spectral_snr(reference: np.ndarray, estimate: np.ndarray) -> float:
    """sp-SNR of two arrays of magnitudes S, E in dB: 10 log10(sum S^2 / sum (E - S)^2 + 1e-8), over all they hold
    (bins, STFT frames, channels); +infinity for equal magnitudes."""
    error = ((estimate - reference) ** 2).sum()
    return np.inf if error == 0 else 10 * np.log10((reference**2).sum() / error + SNR_OFFSET)


def spectral_si_snr(reference: np.ndarray, estimate: np.ndarray) -> float:
    """sp-SI-SNR in dB: sp-SNR after scaling S by <S, E> / <S, S>."""
    return spectral_snr(reference * ((reference * estimate).sum() / (reference**2).sum()), estimate)


def cepstral_distance(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Two mel cepstra [channel, STFT frame, coefficient] -> Euclidean distance of the coefficients (c0 included), mean
    over STFT frames and channels."""
    return np.sqrt(((reference - estimate) ** 2).sum(axis=-1)).mean()


def magnitudes(signal: np.ndarray, rate: int) -> np.ndarray:
    """Signal [channel, time] -> magnitudes [channel, STFT frame, bin]; zeros are added until the last window lies
    wholly behind the signal, as in DDSP."""
    half, time = _half_window(rate), signal.shape[-1]
    tail = (-(-time // half) + 1) * half - time
    return _stft(np.pad(signal, ((0, 0), (0, tail))), half)


def mel_cepstrum(signal: np.ndarray, rate: int) -> np.ndarray:
    """Signal [channel, time] -> mel cepstrum [channel, STFT frame, coefficient], torchaudio's MFCC of 13 coefficients.

    Power spectrum, 128 triangular bands between 0 Hz and half the rate on the HTK mel scale with peaks of 1, natural
    logarithm of band + 1e-6, orthonormal DCT-II.
    """
    power = _stft(signal, _half_window(rate)) ** 2
    bands = np.log(power @ _mel_bands(power.shape[-1], rate) + LOG_OFFSET)
    return scipy.fft.dct(bands, norm="ortho", axis=-1, workers=1)[..., :COEFFICIENTS]


def _stft(signal: np.ndarray, half: int) -> np.ndarray:
    """Signal [channel, time] -> magnitudes [channel, STFT frame, bin], periodic Hann of 2 * half samples every `half`
    samples, frames centred, the ends reflected."""
    padded = np.pad(signal, ((0, 0), (half, half)), mode="reflect")
    framed = np.lib.stride_tricks.sliding_window_view(padded, 2 * half, axis=-1)[:, ::half]
    window = scipy.signal.windows.hann(2 * half, sym=False)
    return np.abs(scipy.fft.rfft(framed * window, axis=-1, workers=1))


def _half_window(rate: int) -> int:
    """Half the window and the hop, in samples."""
    return round(HOP_SECONDS * rate)


@lru_cache(maxsize=4)
def _mel_bands(bins: int, rate: int) -> np.ndarray:
    """Triangular bands [bin, band] on the HTK mel scale, 2595 log10(1 + f / 700)."""
    frequencies = np.linspace(0, rate / 2, bins)
    edges = 700 * (10 ** np.linspace(0, np.log10(1 + rate / 1400), MEL_BANDS + 2) - 1)
    rising = (frequencies[:, None] - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - frequencies[:, None]) / np.diff(edges)[1:]
    return np.maximum(0, np.minimum(rising, falling))


# From an estimate to the values of a metric


def _references(track: TrackReferences) -> SpectralReferences:
    return SpectralReferences(track.references, track.frames, track.rate, track.once(peaks_of))


def _ratios(estimate: Estimate) -> tuple[np.ndarray, np.ndarray]:
    return estimate.track.once(_references).ratios(estimate.signals)


def _mel_cepstral_distance(estimate: Estimate) -> np.ndarray:
    return estimate.track.once(_references).mel_cepstral_distance(estimate.signals)


SCORES: dict[str, Score] = {
    "sp-SNR": lambda estimate: leave_out_quiet(estimate, estimate.once(_ratios)[0]),
    "sp-SI-SNR": lambda estimate: leave_out_quiet(estimate, estimate.once(_ratios)[1]),
    "MCD": lambda estimate: leave_out_quiet(estimate, _mel_cepstral_distance(estimate)),
}
