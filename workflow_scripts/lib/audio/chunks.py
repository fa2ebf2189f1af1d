"""A long signal in overlapping chunks of one size, put together again without a seam.

Chunks start on a grid, so that what is known a frame (F0) needs no interpolation; the last one ends with the signal.
"""

from collections.abc import Iterable, Iterator, Sequence

import torch


def starts(length: int, size: int, overlap: float) -> list[int]:
    """First positions of the chunks of `size` that cover `length`, evenly spread; one where all fits in one.

    overlap: share of a chunk that the next one covers too, in [0, 1); no less than that.
    """
    if length <= size:
        return [0]
    step = max(1, int(size * (1 - overlap)))
    count = -(-(length - size) // step) + 1
    return [round(index * (length - size) / (count - 1)) for index in range(count)]


def fades(starts: Sequence[int], length: int, size: int, like: torch.Tensor) -> Iterator[torch.Tensor]:
    """Cross-fade of the chunks one after the other, [position]: they add up to 1 at each of `length` positions.

    Squared sines, half a chunk up and half down, divided by their sum; where there is only one chunk, 1.
    """
    size = min(size, length)
    position = torch.arange(size, dtype=like.dtype, device=like.device)
    window = torch.sin(torch.pi * (position + 0.5) / size).square()
    total = like.new_zeros(length)
    for start in starts:
        total[start : start + size] += window
    for start in starts:
        yield window / total[start : start + size]


def cut(signal: torch.Tensor, starts: Sequence[int], size: int) -> torch.Tensor:
    """Signal [..., position] -> chunks [chunk, ..., position]."""
    return torch.stack([signal[..., start : start + size] for start in starts])


def stretches(chunks: Iterable[torch.Tensor], starts: Sequence[int], length: int, size: int) -> Iterator[torch.Tensor]:
    """Chunks [..., position] one after the other -> what `join` gives of them, in stretches that follow each other."""
    begun: torch.Tensor | None = None  # what the chunks before have of this one
    ramps: Iterator[torch.Tensor] | None = None
    for chunk, start, stop in zip(chunks, starts, [*starts[1:], length], strict=True):
        ramps = ramps or fades(starts, length, size, chunk)
        faded = chunk * next(ramps)
        if begun is not None:
            faded[..., : begun.shape[-1]] += begun
        yield faded[..., : stop - start]
        begun = faded[..., stop - start :]


class Rolling:
    """A signal [..., position] that comes in stretches and is read in order, of which only what is read is kept."""

    def __init__(self, stretches: Iterable[torch.Tensor]) -> None:
        self._coming, self._first = iter(stretches), 0
        self._kept: list[torch.Tensor] = []

    def __getitem__(self, positions: slice) -> torch.Tensor:
        """The positions from `start` to `stop`; a later call may not start before an earlier one."""
        stop = self._first + sum(each.shape[-1] for each in self._kept)
        while stop < positions.stop:
            self._kept.append(next(self._coming))
            stop += self._kept[-1].shape[-1]
        joined = torch.cat(self._kept, dim=-1)[..., positions.start - self._first :]
        self._kept, self._first = [joined], positions.start
        return joined[..., : positions.stop - positions.start]


def join(chunks: Iterable[torch.Tensor], starts: Sequence[int], length: int, size: int) -> torch.Tensor:
    """Chunks [..., position] of `size`, one after the other -> cross-faded signal [..., position] of `length`."""
    signal, first = torch.empty(0), 0
    for stretch in stretches(chunks, starts, length, size):
        signal = signal if first else stretch.new_empty(*stretch.shape[:-1], length)
        signal[..., first : first + stretch.shape[-1]] = stretch
        first += stretch.shape[-1]
    return signal
