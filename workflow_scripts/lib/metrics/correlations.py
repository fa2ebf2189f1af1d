"""Correlations over a few hundred lags and the least-squares filters that follow from them, in float64.

A signal is cut into tiles; the correlation over the whole signal is the sum of the tiles' own correlations, taken as
products of their spectra, plus what reaches over the edge between two neighbours. The same spectra serve whoever
needs the tiles' energies (see `bsseval`), so nothing is transformed twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.fft
import scipy.linalg

BLOCK_BYTES = 24 << 20  # spectra that are worked on at a time
KEPT_BYTES = 384 << 20  # spectra of one set of signals that are kept for a second use; the rest is computed again
BINS = 1024  # bins that are worked on at a time, so that intermediate arrays stay in the cache


def even_fft_size(samples: int) -> int:
    """The next even FFT size with a fast transform."""
    return 2 * scipy.fft.next_fast_len(-(-samples // 2), real=True)


@dataclass(frozen=True)
class Frames:
    """`count` frames of `length` samples every `hop` samples, transformed on `fft` (even) points."""

    length: int
    hop: int
    count: int
    fft: int

    def cut(self, signals: np.ndarray, first: int = 0, last: int | None = None) -> np.ndarray:
        """Signals [..., time] -> frames `first` to `last` (not included) [..., frame, sample], a view."""
        stop = (self.count if last is None else last) * self.hop
        windows = np.lib.stride_tricks.sliding_window_view(signals, self.length, axis=-1)
        return windows[..., first * self.hop : stop : self.hop, :]

    def blocks(self, channels: int) -> Iterator[tuple[int, int]]:
        """First and last (not included) frame of blocks whose spectra take about `BLOCK_BYTES`."""
        size = max(1, BLOCK_BYTES // (16 * channels * (self.fft // 2 + 1)))
        for first in range(0, self.count, size):
            yield first, min(first + size, self.count)


class FrameSpectra:
    """One-sided spectra of the frames of signals [channel, time], block by block.

    The first and the last bin are scaled by sqrt(1/2), so that 2/fft times the sum of squared magnitudes over all
    bins is the energy of a frame (Parseval). What fits into `KEPT_BYTES` is kept for a second use. Arrays are used
    again when other signals are loaded, because fresh memory costs as much as the transforms.
    """

    def __init__(self, signals: np.ndarray, frames: Frames) -> None:
        self.frames = frames
        self._arrays: dict[int, np.ndarray] = {}
        self.load(signals)

    def load(self, signals: np.ndarray) -> "FrameSpectra":
        """Take these signals instead; arrays that `block` gave out before are overwritten."""
        self.signals, self._done = signals, set()
        return self

    def block(self, first: int, last: int) -> np.ndarray:
        """Spectra of frames `first` to `last` (not included), [bin, channel, frame] complex128."""
        if first in self._done:
            return self._arrays[first]
        spectra = self._array(first, last)
        transform_frames(self.frames.cut(self.signals, first, last), self.frames.fft, spectra)
        spectra[[0, -1]] *= np.sqrt(0.5)
        return spectra

    def _array(self, first: int, last: int) -> np.ndarray:
        shape = (self.frames.fft // 2 + 1, len(self.signals), last - first)
        if last * shape[0] * shape[1] * 16 <= KEPT_BYTES:
            self._done.add(first)
        else:
            first = -1  # one array for all blocks that are not kept
        array = self._arrays.get(first)
        if array is None or array.shape != shape:
            array = self._arrays[first] = np.empty(shape, dtype=complex)
        return array


def transform_frames(framed: np.ndarray, fft: int, out: np.ndarray) -> np.ndarray:
    """Frames [channel, frame, sample], padded with zeros to `fft` -> one-sided spectra `out` [bin, channel, frame]."""
    np.fft.rfft(framed, n=fft, axis=-1, out=out.transpose(1, 2, 0))
    return out


def bin_slices(bins: int) -> Iterator[slice]:
    for start in range(0, bins, BINS):
        yield slice(start, start + BINS)


def correlate(x: FrameSpectra, y: FrameSpectra, lags: int) -> np.ndarray:
    """Correlations over the whole signals: c[i, k, m] = sum over t of x_i[t - m] * y_k[t], 0 <= m < lags.

    Args:
        x, y: tiles (hop = length; length >= lags - 1 where there is more than one; fft >= length + lags - 1) of
            signals of one length; x may be y.
        lags: number of lags.

    Returns: [x channel, y channel, lag] float64.
    """
    tiles = x.frames
    gram = np.zeros((tiles.fft // 2 + 1, len(x.signals), len(y.signals)), dtype=complex)
    for first, last in tiles.blocks(len(x.signals)):
        _add_products(gram, x.block(first, last), y.block(first, last))
    gram[[0, -1]] *= 2
    total = _lags(gram, tiles.fft, lags)
    rest = tiles.count * tiles.length
    if rest < x.signals.shape[-1]:
        total += _correlate_pieces(x.signals[:, None, rest:], y.signals[:, None, rest:], lags)
    edges = np.arange(tiles.length, x.signals.shape[-1], tiles.length)
    if edges.size and lags > 1:
        total += _correlate_edges(x.signals, y.signals, edges, lags)
    return total


def _correlate_edges(x: np.ndarray, y: np.ndarray, edges: np.ndarray, lags: int) -> np.ndarray:
    """What correlates over the edges between tiles: the ends of x before them with the beginnings of y behind."""
    reach = lags - 1
    at = edges[:, None] + np.arange(reach)
    behind = np.where(at < y.shape[-1], y[:, np.minimum(at, y.shape[-1] - 1)], 0.0)
    return _correlate_pieces(x[:, at - reach], np.pad(behind, ((0, 0), (0, 0), (reach, 0))), lags)


def _correlate_pieces(x: np.ndarray, y: np.ndarray, lags: int) -> np.ndarray:
    """Correlations of pieces [channel, piece, sample], summed over the pieces -> [x channel, y channel, lag]."""
    size = even_fft_size(max(x.shape[-1], y.shape[-1]) + lags - 1)
    gram = np.zeros((size // 2 + 1, len(x), len(y)), dtype=complex)
    spectra = [
        transform_frames(pieces, size, np.empty((len(gram), *pieces.shape[:2]), dtype=complex)) for pieces in (x, y)
    ]
    _add_products(gram, *spectra)
    return _lags(gram, size, lags)


def _add_products(gram: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """Add conj(x) y, summed over frames, to gram [bin, x channel, y channel]; x, y are [bin, channel, frame]."""
    for bins in bin_slices(len(gram)):
        gram[bins] += x[bins].conj() @ y[bins].transpose(0, 2, 1)


def _lags(gram: np.ndarray, fft: int, lags: int) -> np.ndarray:
    """Summed products of spectra [bin, x channel, y channel] -> correlations [x channel, y channel, lag]."""
    products = np.ascontiguousarray(gram.transpose(1, 2, 0))
    return np.ascontiguousarray(scipy.fft.irfft(products, n=fft, axis=-1, workers=1)[..., :lags])


class LeastSquares:
    """Filters of `taps` taps for each pair of channels that map signals x onto signals y with the least squared error.

    The normal matrix, factorised once, holds the products of all delayed versions of all x. Machine epsilon stands
    on its diagonal as in museval 0.4.1. Where it is singular (duplicate or dual-mono signals, many filters serve
    equally) a ridge of 1e-15 times its mean diagonal is added, times ten until Cholesky's factorisation exists;
    museval's general solver lands on other filters there, with the same projections.
    """

    def __init__(self, correlations: np.ndarray) -> None:
        """`correlations` of x with itself, [channel, channel, lag], all lags that the filters shall have."""
        self.channels, _, self.taps = correlations.shape
        ridge, mean = np.finfo(float).eps, correlations[..., 0].trace() / self.channels
        step = 1e-15 * mean
        while True:
            try:
                self._factor = scipy.linalg.cho_factor(
                    _block_toeplitz(correlations, ridge), lower=True, overwrite_a=True, check_finite=False
                )
                return
            except scipy.linalg.LinAlgError:
                ridge, step = np.finfo(float).eps + step, 10 * step

    def filters(self, correlations: np.ndarray) -> np.ndarray:
        """Correlations of x with y [x channel, y channel, lag] -> filters [x channel, y channel, tap]."""
        right = correlations.transpose(0, 2, 1).reshape(self.channels * self.taps, -1)
        solution = scipy.linalg.cho_solve(self._factor, right, check_finite=False)
        return np.ascontiguousarray(solution.reshape(self.channels, self.taps, -1).transpose(0, 2, 1))


def _block_toeplitz(correlations: np.ndarray, ridge: float) -> np.ndarray:
    """Correlations [channel, channel, lag] -> normal matrix [channel * tap, channel * tap] in Fortran order."""
    channels, _, taps = correlations.shape
    backward = correlations.transpose(1, 0, 2)[..., :0:-1]
    both = np.concatenate([backward, correlations], axis=-1)  # lags -(taps - 1) to taps - 1
    rows = np.lib.stride_tricks.sliding_window_view(both, taps, axis=-1)[..., ::-1]  # [i, j, tap of i, tap of j]
    matrix = np.array(rows.transpose(0, 2, 1, 3)).reshape(channels * taps, channels * taps)
    matrix[np.diag_indices_from(matrix)] += ridge
    return matrix.T  # symmetric, so the transposed view is the same matrix in LAPACK's order
