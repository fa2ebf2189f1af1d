"""Audio files of any length, in and out block by block; the same samples and bytes as `io` gives at once."""

import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile
import soxr

from workflow_scripts.lib.audio.io import cannot_be_read
from workflow_scripts.lib.core.files import atomic

BLOCK = 2**18  # samples


def read_blocks(path: Path, size: int = BLOCK) -> Iterator[np.ndarray]:
    """Audio file -> samples [channel, time] float64 of `size` and, at the end, fewer positions. Raises as `io.read`."""
    try:
        with soundfile.SoundFile(path) as file:
            for block in file.blocks(size, dtype="float64", always_2d=True):
                yield block.T
    except (soundfile.SoundFileError, OSError) as error:
        raise cannot_be_read(path, error) from error


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


@contextmanager
def float_wav(path: Path, rate: int, channels: int, length: int) -> Iterator[Callable[[np.ndarray], object]]:
    """Yield what writes one more block [channel, time] to a WAV file of 32-bit floats; `length` positions in all."""
    size = 4 * channels * length
    form = struct.pack("<HHIIHHH", 3, channels, rate, 4 * channels * rate, 4 * channels, 32, 0)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"fact" + struct.pack("<II", 4, length)
    with atomic(path) as temporary, open(temporary, "wb") as file:
        file.write(b"RIFF" + struct.pack("<I", 4 + len(chunks) + 8 + size) + b"WAVE" + chunks)
        file.write(b"data" + struct.pack("<I", size))
        yield lambda block: file.write(np.ascontiguousarray(block.T, dtype="<f4").tobytes())
