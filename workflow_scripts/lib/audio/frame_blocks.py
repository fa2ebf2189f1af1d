"""Spectrograms of long signals, block by block of frames, so that none of them is ever whole in memory.

A block gives the bits that the whole would give: its frames hold the same samples, and a sample of its signals is the
sum of the same frames in the same order.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch.nn.functional import pad

from workflow_scripts.lib.audio.stft import PADDINGS, Edges, check_edges, hann_window, istft

FRAMES = 512  # whose samples a block is responsible for


@dataclass(frozen=True)
class FrameBlock:
    """Some frames of an STFT with frames centred at m * hop, and the samples that no frame beyond them covers.

    frames: those that reach into the samples.  start, stop: the samples.
    """

    window: int
    hop: int
    frames: slice
    start: int
    stop: int
    edges: Edges

    def spectrum(self, signal: torch.Tensor) -> torch.Tensor:
        """Signal [..., time], the whole one -> complex [..., bin, frame], the block's frames of `stft`."""
        first = self.frames.start * self.hop - self.window // 2
        last = (self.frames.stop - 1) * self.hop + self.window // 2
        cut = signal[..., max(0, first) : last]
        beyond = (max(0, -first), max(0, last - signal.shape[-1]))
        flat = pad(cut.reshape(-1, cut.shape[-1]), beyond, mode=PADDINGS[self.edges])
        spectrum = torch.stft(
            flat, self.window, self.hop, window=hann_window(self.window, signal), center=False, return_complex=True
        )
        return spectrum.reshape(*signal.shape[:-1], *spectrum.shape[-2:])

    def fill(self, signals: torch.Tensor, spectrum: torch.Tensor) -> None:
        """Write the block's samples of the signals [..., time] whose frames are `spectrum` [..., bin, frame]."""
        before = self.start - self.frames.start * self.hop
        found = istft(spectrum, self.window, self.hop, before + self.stop - self.start)
        signals[..., self.start : self.stop] = found[..., before:]


def spectra(signal: torch.Tensor, window: int, hop: int, edges: Edges = "zeros") -> Iterator[torch.Tensor]:
    """The frames of `stft` of a signal [..., time], some at a time, each once."""
    check_edges(signal.shape[-1], window, edges)
    count = frame_count(signal.shape[-1], hop)
    for first in range(0, count, FRAMES):
        frames = slice(first, min(first + FRAMES, count))
        yield FrameBlock(window, hop, frames, 0, 0, edges).spectrum(signal)


def frame_count(length: int, hop: int) -> int:
    """Frames that `stft` makes of `length` samples."""
    return length // hop + 1


def frame_blocks(length: int, window: int, hop: int, edges: Edges = "zeros", context: int = 0) -> Iterator[FrameBlock]:
    """The blocks that cover `length` samples; window and hop as in `stft`, the hop at most half a window.

    context: frames that a block has on both sides, where there are some, beside those that reach into its samples.
    Raises UserError for a signal that is too short to be reflected.
    """
    check_edges(length, window, edges)
    count, reach = frame_count(length, hop), -(-window // (2 * hop)) + context
    for first in range(0, count, FRAMES):
        last = first + FRAMES
        frames = slice(max(0, first - reach), min(count, last + reach))
        if first * hop < length:
            yield FrameBlock(window, hop, frames, first * hop, min(last * hop, length), edges)
