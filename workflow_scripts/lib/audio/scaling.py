"""Sizes that were published for 16 kHz, at other rates.

At a higher rate there is as much in a second and in a hertz of what they count, up to the higher half of the rate: more
harmonics of the lowest voices, more formants, longer windows. At a lower rate they stay, and are enough.
"""

import math

RATE = 16_000  # Hz, of arXiv 2201.09592


def scaled(size: float, rate: float) -> int:
    """The size at `rate` in Hz for what has `size` at 16 kHz, rounded up; no less than that."""
    return math.ceil(size * max(1.0, rate / RATE))
