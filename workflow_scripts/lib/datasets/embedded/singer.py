"""A compact singing synthesiser: notes and a singer -> a dry voice and its exact F0.

Harmonics of a moving F0 pass a vocal tract of parallel resonators; breath, consonants and inhalations are noise of
their own. No step uses a linear algebra library, so that the bits do not depend on one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workflow_scripts.lib.audio.f0 import HOP_SECONDS, frame_count
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.datasets.embedded.contour import UNVOICED_BELOW, Contour, contour
from workflow_scripts.lib.datasets.embedded.control import Grid
from workflow_scripts.lib.datasets.embedded.harmonics import amplitudes, running_phase, sum_harmonics
from workflow_scripts.lib.datasets.embedded.noise import breath, consonants, inhalations
from workflow_scripts.lib.datasets.embedded.notes import Note, Syllable, text
from workflow_scripts.lib.datasets.embedded.performance import perform
from workflow_scripts.lib.datasets.embedded.voice import Singer, singer

__all__ = ["Note", "Singer", "Sung", "Syllable", "sing", "singer", "text"]

LEVEL = 0.1  # rms of the sung parts


@dataclass(frozen=True)
class Sung:
    """dry: [time] float64, rms of the sung parts 0.1; f0: Hz, [frame] on the 16 ms grid, exact, 0 = unvoiced."""

    dry: np.ndarray
    f0: np.ndarray


def sing(
    notes: Sequence[Note],
    who: Singer,
    seconds: float,
    rate: int,
    key: tuple[object, ...],
    syllables: Sequence[Syllable] | None = None,
) -> Sung:
    """Sing monophonic `notes` (in order, not overlapping) for `seconds` at `rate` Hz.

    key: names for the random streams, for example (track, "soprano"); the same key gives the same bits.
    syllables: the text, shared by voices that sing together (see `text`); a note with no syllable at its onset
        continues the vowel. None: every note begins a syllable of its own.
    """
    grid = Grid(rate, round(seconds * rate))
    if syllables is None:
        syllables = text([note.onset for note in notes], key)
    events = perform(notes, syllables, who, stream(*key, "performance"))
    curves = contour(events, who, grid, key)
    phase = running_phase(curves.f0, grid)
    voiced = sum_harmonics(phase, amplitudes(curves, who, grid, stream(*key, "flutter")), grid, who)
    voiced *= _gain(voiced, grid.to_audio(curves.voicing))
    aspiration = breath(curves, phase, who, grid, stream(*key, "breath"))
    noise = consonants(events, grid, stream(*key, "consonants")) + inhalations(events, grid, stream(*key, "air"))
    return Sung(voiced + LEVEL * (aspiration + noise), exact_f0(curves, grid, seconds))


def _gain(voiced: np.ndarray, voicing: np.ndarray) -> float:
    """Factor that brings the rms of the voiced parts to `LEVEL`; rounded, so that it cannot carry a last bit along."""
    sounding = voicing > 0.5
    if not sounding.any():
        return 1.0
    return float(f"{LEVEL / np.sqrt(np.mean(voiced[sounding] ** 2)):.5g}")


def exact_f0(curves: Contour, grid: Grid, seconds: float) -> np.ndarray:
    """The contour that drove the phase, read on the 16 ms grid in Hz, 0 where the voicing is under 0.3, [frame]."""
    times = np.arange(frame_count(seconds)) * HOP_SECONDS
    hz = np.interp(times, grid.times, curves.f0)
    return np.where(np.interp(times, grid.times, curves.voicing) < UNVOICED_BELOW, 0.0, hz)
