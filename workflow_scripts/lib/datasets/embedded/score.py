"""What a song is before it sounds: bars, notes and strokes, in beats from the first bar line, four to the bar."""

from dataclasses import dataclass
from typing import NamedTuple

SOURCES = ("vocals", "drums", "bass", "other")
BEATS = 4  # a bar


class Tone(NamedTuple):
    """One pitched note: start and length in beats, MIDI pitch, level in (0, 1]."""

    beat: float
    beats: float
    pitch: int
    level: float


class Hit(NamedTuple):
    """One stroke on the drum kit: start in beats, name of the drum, level in (0, 1]."""

    beat: float
    drum: str
    level: float


class Bar(NamedTuple):
    """What one bar is: section name, the sources that play in it, and its chord as three MIDI pitch classes."""

    section: str
    plays: frozenset[str]
    chord: tuple[int, int, int]


@dataclass(frozen=True)
class Score:
    """A whole song. Sounds are names of `instruments`; `syllables` are the beats at which a syllable begins."""

    tempo: float
    bars: tuple[Bar, ...]
    bass_sound: str
    other_sound: str
    melody: tuple[Tone, ...]
    syllables: tuple[float, ...]
    drums: tuple[Hit, ...]
    bass: tuple[Tone, ...]
    other: tuple[Tone, ...]

    def seconds(self, beats: float) -> float:
        """Length of `beats` in s."""
        return beats * 60 / self.tempo
