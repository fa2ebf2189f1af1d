"""Correlations over a few hundred lags and the least-squares filters that follow from them, in float64.

A signal is cut into tiles; the correlation over the whole signal is the sum of the tiles' own correlations, taken as
products of their spectra, plus what reaches over the edge between two neighbours. The same spectra serve whoever
needs the tiles' energies (see `bsseval`), so nothing is transformed twice.
"""

import itertools
from collections.abc import Iterator

import numpy as np
import scipy

from workflow_scripts.lib.metrics.frames import Frames

BLOCK_BYTES = 24 << 20  # spectra that are worked on at a time
CACHE_BYTES = 512 << 10  # of one array of spectra that is worked on at a time, so that products stay in the cache


def even_fft_size(samples: int) -> int:
    """The next even FFT size with a fast transform."""
    return 2 * scipy.fft.next_fast_len(-(-samples // 2), real=True)


def blocks(frames: Frames, channels: int, fft: int) -> Iterator[tuple[int, int]]:
    """First and last (not included) frame of blocks whose spectra take about `BLOCK_BYTES`."""
    size = max(1, BLOCK_BYTES // (16 * channels * (fft // 2 + 1)))
    for first in range(0, frames.count, size):
        yield first, min(first + size, frames.count)


class FrameSpectra:
    """One-sided spectra on `fft` (even) points of the frames of signals [channel, time], block by block.

    The first and the last bin are scaled by sqrt(1/2), so that 2/fft times the sum of squared magnitudes over all
    bins is the energy of a frame (Parseval). Blocks are kept for a second use up to `keep` bytes; all others share
    one array, because fresh memory costs as much as the transforms.
    """

    def __init__(self, signals: np.ndarray, frames: Frames, fft: int, keep: int = 0) -> None:
        self.signals, self.frames, self.fft, self.keep = signals, frames, fft, keep
        self._kept: dict[int, np.ndarray] = {}
        self._passing = np.empty(0, dtype=complex)

    def block(self, first: int, last: int) -> np.ndarray:
        """Spectra of frames `first` to `last` (not included), [bin, channel, frame] complex128.

        A block that is not kept is valid until the next call.
        """
        if first in self._kept:
            return self._kept[first]
        spectra = self._array(first, (self.fft // 2 + 1, len(self.signals), last - first))
        transform_frames(self.frames.cut(self.signals, first, last), self.fft, spectra)
        spectra[[0, -1]] *= np.sqrt(0.5)
        return spectra

    def _array(self, first: int, shape: tuple[int, int, int]) -> np.ndarray:
        size = int(np.prod(shape))
        if (len(self._kept) + 1) * size * 16 <= self.keep:
            self._kept[first] = np.empty(shape, dtype=complex)
            return self._kept[first]
        if self._passing.size < size:
            self._passing = np.empty(size, dtype=complex)
        return self._passing[:size].reshape(shape)


def transform_frames(framed: np.ndarray, fft: int, out: np.ndarray) -> np.ndarray:
    """Frames [channel, frame, sample], padded with zeros to `fft` -> one-sided spectra `out` [bin, channel, frame]."""
    np.fft.rfft(framed, n=fft, axis=-1, out=out.transpose(1, 2, 0))
    return out


def bin_slices(spectra: np.ndarray) -> Iterator[slice]:
    """Slices of the first axis that take about `CACHE_BYTES` each."""
    size = max(1, CACHE_BYTES * len(spectra) // spectra.nbytes)
    for start in range(0, len(spectra), size):
        yield slice(start, min(start + size, len(spectra)))


def correlate(x: FrameSpectra, y: FrameSpectra, lags: int) -> np.ndarray:
    """Correlations over the whole signals: c[i, k, m] = sum over t of x_i[t - m] * y_k[t], 0 <= m < lags.

    Args:
        x, y: tiles (hop = length; length >= lags - 1 where there is more than one; fft >= length + lags - 1) of
            signals of one length; x may be y, which is then not transformed twice.
        lags: number of lags.

    Returns: [x channel, y channel, lag] float64.
    """
    tiles = x.frames
    gram = np.zeros((x.fft // 2 + 1, len(x.signals), len(y.signals)), dtype=complex)
    for first, last in blocks(tiles, len(x.signals), x.fft):
        spectra = x.block(first, last)
        _add_products(gram, spectra, spectra if x is y else y.block(first, last))
    gram[[0, -1]] *= 2
    total = _lags(gram, x.fft, lags)
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
    conjugate = np.empty_like(x[next(bin_slices(x))])
    for bins in bin_slices(x):
        factor = np.conjugate(x[bins], out=conjugate[: bins.stop - bins.start])
        gram[bins] += factor @ y[bins].transpose(0, 2, 1)


def _lags(gram: np.ndarray, fft: int, lags: int) -> np.ndarray:
    """Summed products of spectra [bin, x channel, y channel] -> correlations [x channel, y channel, lag]."""
    correlations = np.empty((*gram.shape[1:], lags))
    for channel in range(len(correlations)):  # one at a time, for the sake of memory
        correlations[channel] = scipy.fft.irfft(gram[:, channel].T, n=fft, axis=-1, workers=1)[:, :lags]
    return correlations


class LeastSquares:
    """Filters of `taps` taps for each pair of channels that map signals x onto signals y with the least squared error.

    The normal matrix, factorised once, holds the products of all delayed versions of all x. Machine epsilon stands
    on its diagonal as in museval 0.4.1. Where it is singular (duplicate or dual-mono signals, many filters serve
    equally) a ridge of 1e-15 times its mean diagonal is added, times ten until Cholesky's factorisation exists;
    museval's general solver lands on other filters there, with the same projections.
    """

    def __init__(self, correlations: np.ndarray) -> None:
        """`correlations` of x with itself, [channel, channel, lag], all lags that the filters shall have.

        Raises scipy.linalg.LinAlgError where they are not finite.
        """
        self.channels, _, self.taps = correlations.shape
        if not np.isfinite(correlations).all():
            raise scipy.linalg.LinAlgError("correlations that are not finite")
        epsilon, mean = np.finfo(float).eps, correlations[..., 0].trace() / self.channels
        ridges = itertools.chain([epsilon], (epsilon + 1e-15 * 10**k * mean for k in itertools.count()))
        factors = (_cholesky(_packed_normal_matrix(correlations, ridge)) for ridge in ridges)
        self._factor = next(factor for factor in factors if factor is not None)

    def filters(self, correlations: np.ndarray) -> np.ndarray:
        """Correlations of x with y [x channel, y channel, lag] -> filters [x channel, y channel, tap]."""
        unknowns = self.channels * self.taps
        right = np.zeros((unknowns + unknowns % 2, correlations.shape[1]), order="F")
        right[:unknowns] = correlations.transpose(0, 2, 1).reshape(unknowns, -1)
        solution, _ = scipy.linalg.lapack.dpftrs(len(right), self._factor, right, uplo="L", overwrite_b=True)
        return np.ascontiguousarray(solution[:unknowns].reshape(self.channels, self.taps, -1).transpose(0, 2, 1))


def _cholesky(packed: np.ndarray) -> np.ndarray | None:
    """Cholesky factor of a packed matrix, in its place; None where the matrix is not positive definite."""
    size = 2 * len(packed)
    factor, failed = scipy.linalg.lapack.dpftrf(size, packed.reshape(-1), uplo="L", overwrite_a=True)
    return None if failed else factor


def _packed_normal_matrix(correlations: np.ndarray, ridge: float) -> np.ndarray:
    """Correlations [channel, channel, lag] -> the block-Toeplitz normal matrix in LAPACK's rectangular full packed
    form (half the memory of the square; transr N, uplo L), [size / 2, size + 1].

    Row c holds the lower triangle of row c of the second half of the matrix, then column c from its diagonal on.
    An odd number of unknowns is filled up with one that is bound to nothing.
    """
    channels, _, taps = correlations.shape
    both = np.concatenate([correlations.transpose(1, 0, 2)[..., :0:-1], correlations], axis=-1)
    products = np.lib.stride_tricks.sliding_window_view(both, taps, axis=-1)[..., ::-1]  # [i, j, tap of i, tap of j]
    unknowns = channels * taps
    half = (unknowns + 1) // 2
    packed = np.zeros((half, 2 * half + 1))
    for row in range(half):
        packed[row, 1 : unknowns + 1] = products[row // taps, :, row % taps].reshape(-1)
    for row in range(half, unknowns):
        packed[row - half, : row - half + 1] = products[row // taps, :, row % taps].reshape(-1)[half : row + 1]
    if unknowns % 2:
        packed[-1, :half] = 0
        packed[-1, half - 1] = 1
    diagonal = np.arange(half)
    packed[diagonal, diagonal] += ridge
    packed[diagonal, diagonal + 1] += ridge
    return packed
