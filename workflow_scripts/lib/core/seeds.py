"""Random streams named after what they are for, so that no two purposes ever share one."""

import hashlib

import numpy as np


def seed_of(*names: object) -> int:
    """A 64-bit seed from names, for example (seed, track, "noise"); the same on every machine and run."""
    return int.from_bytes(hashlib.sha256("\x1f".join(map(str, names)).encode()).digest()[:8], "little")


def stream(*names: object) -> np.random.Generator:
    """A PCG64 generator of its own for these names."""
    return np.random.Generator(np.random.PCG64(seed_of(*names)))
