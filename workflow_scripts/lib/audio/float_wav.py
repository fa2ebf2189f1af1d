"""WAV files of 32-bit floats, block by block: libsndfile would stamp the time into them, scipy wants all at once."""

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from workflow_scripts.lib.core.files import atomic


@contextmanager
def float_wav(path: Path, rate: int, channels: int, length: int) -> Iterator[Callable[[np.ndarray], object]]:
    """Yield what writes one more block [channel, time] to a file of `length` samples a channel at `rate` Hz."""
    size = 4 * channels * length
    coding = struct.pack("<HHIIHHH", 3, channels, rate, 4 * channels * rate, 4 * channels, 32, 0)
    chunks = b"fmt " + struct.pack("<I", len(coding)) + coding + b"fact" + struct.pack("<II", 4, length)
    with atomic(path) as temporary, open(temporary, "wb") as file:
        file.write(b"RIFF" + struct.pack("<I", 4 + len(chunks) + 8 + size) + b"WAVE" + chunks)
        file.write(b"data" + struct.pack("<I", size))
        yield lambda block: file.write(np.ascontiguousarray(block.T, dtype="<f4").tobytes())
