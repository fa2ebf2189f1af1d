"""A compact singing synthesiser: notes and a singer -> a dry voice and its exact F0."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workflow_scripts.lib.audio.f0 import HOP_SECONDS, frame_count
from workflow_scripts.lib.datasets.embedded.notes import Note, Syllable, text
from workflow_scripts.lib.datasets.embedded.voice import Singer, singer

__all__ = ["Note", "Singer", "Sung", "Syllable", "sing", "singer", "text"]


@dataclass(frozen=True)
class Sung:
    """dry: [time] float64, rms of the sung parts near 0.1; f0: Hz, [frame] on the 16 ms grid, exact, 0 = unvoiced."""

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
    syllables: the text, shared by voices that sing together (see `text`); a note with no syllable near its
        onset continues the vowel. None: every note begins a syllable of its own.
    """
    count = round(seconds * rate)
    time = np.arange(count) / rate
    grid = np.arange(frame_count(seconds)) * HOP_SECONDS
    f0, f0_grid = np.zeros(count), np.zeros(len(grid))
    for note in notes:
        hz = 440.0 * 2 ** ((note.midi - 69) / 12)
        f0[(time >= note.onset) & (time < note.end)] = hz
        f0_grid[(grid >= note.onset) & (grid < note.end)] = hz
    phase = 2 * np.pi * np.cumsum(f0) / rate
    return Sung(0.1 * np.sin(phase) * (f0 > 0), f0_grid)
