"""Audio files of any length, read block by block; the same samples as `io` gives at once."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
import soxr

from workflow_scripts.lib.audio import io
from workflow_scripts.lib.audio.header import OWN_FORMATS, UNREADABLE, read_header
from workflow_scripts.lib.audio.io import BLOCK


class Form(NamedTuple):
    """Of a recording: rate in Hz, number of channels, and samples that are really there."""

    rate: int
    channels: int
    length: int


def form_of(path: Path) -> Form:
    """The form of an audio file. Raises UserError as `read_header` and `io.read`."""
    header = read_header(path, str(path))
    return Form(header.rate, header.channels, sum(block.shape[1] for block in read_blocks(path)))


def read_blocks(path: Path, size: int = BLOCK) -> Iterator[np.ndarray]:
    """Audio file -> samples [channel, time] float64 of `size` and, at the end, fewer positions. Raises as `io.read`.

    What ffmpeg has to read is decoded at once.
    """
    try:
        with soundfile.SoundFile(path) as file:
            while len(block := file.read(size, dtype="float64", always_2d=True)):
                yield block.T
    except UNREADABLE as error:
        if path.suffix.lower() in OWN_FORMATS or not path.is_file():
            raise io.cannot_be_read(path, error) from error
        samples, _ = io.read(path)
        yield from (samples[:, first : first + size] for first in range(0, samples.shape[1], size))


def resample_blocks(blocks: Iterable[np.ndarray], rate: int, to: int) -> Iterator[np.ndarray]:
    """Blocks [channel, time] at `rate` Hz -> others at `to` Hz, together what `io.resample` makes of the whole."""
    stream = None
    for block in blocks:
        if rate == to:
            yield block
            continue
        stream = stream or soxr.ResampleStream(rate, to, len(block), dtype="float64", quality="VHQ")
        yield stream.resample_chunk(block.T).T
    if stream is not None:
        yield stream.resample_chunk(block[:, :0].T, last=True).T


def regroup(blocks: Iterable[np.ndarray], sizes: Iterable[int]) -> Iterator[np.ndarray]:
    """Blocks [channel, time] -> blocks of these sizes; zeros where the first ones end before, the rest is left out."""
    coming, kept = iter(blocks), np.empty((1, 0))
    for size in sizes:
        while kept.shape[1] < size:
            block = next(coming, None)
            if block is None:
                kept = np.pad(kept, ((0, 0), (0, size - kept.shape[1])))
            else:
                kept = np.concatenate([kept, block], axis=1) if kept.size else block
        yield kept[:, :size]
        kept = kept[:, size:]
