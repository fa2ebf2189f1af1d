"""What every embedded corpus renders a piece to: integer stems whose exact sum is the mixture."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np

from workflow_scripts.lib.audio.f0 import F0

FULL_SCALE = 32767


@dataclass(frozen=True)
class Rendered:
    """One rendered piece.

    track: name of the track, safe in a path; song: identity of the piece; split: train, valid or test.
    singers: names of the singers, in the order of the sung stems.
    family: a named property of the song, empty where the corpus has none.
    rate: sampling rate in Hz.
    stems: name -> [channel, time] int16, all of one shape.
    f0: the exact contours of the sung stems before the room, or None; a room's tail outlasts its note,
        so a frame with F0 = 0 need not be silent.
    """

    track: str
    split: str
    song: str
    singers: tuple[str, ...]
    family: str
    rate: int
    stems: Mapping[str, np.ndarray]
    f0: F0 | None

    @property
    def mixture(self) -> np.ndarray:
        """The exact integer sum of the stems, [channel, time] int16."""
        total: np.ndarray = reduce(np.add, (stem.astype(np.int32) for stem in self.stems.values()))
        if np.abs(total).max(initial=0) > FULL_SCALE:
            raise OverflowError(f"{self.track}: the sum of the stems leaves the range of 16-bit integers")
        return total.astype(np.int16)


def quantise(stems: Mapping[str, np.ndarray], peak: float) -> dict[str, np.ndarray]:
    """Stems [channel, time] float64 -> int16, all scaled by one factor so that the loudest sample of mixture
    and stems lies at `peak` of full scale (0 < peak < 1).

    The factor is rounded, so that a last bit of the loudest sample cannot reach all the others.
    """
    loudest = max(np.abs(signal).max(initial=1e-9) for signal in (*stems.values(), sum(stems.values())))
    gain = float(f"{peak * FULL_SCALE / loudest:.5g}")
    return {name: np.rint(signal * gain).astype(np.int16) for name, signal in stems.items()}
