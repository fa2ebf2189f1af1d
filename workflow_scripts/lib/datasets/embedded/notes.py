"""What a singer reads: notes and syllables, times in seconds."""

from collections.abc import Sequence
from dataclasses import dataclass

from workflow_scripts.lib.core.seeds import stream

VOWELS = ("a", "e", "i", "o", "u", "oe")
CONSONANTS = ("", "t", "k", "p", "d", "s", "f", "sh", "h", "m", "n", "l", "r", "w")


@dataclass(frozen=True)
class Note:
    """onset and duration in s, pitch as MIDI number (69 = 440 Hz, fractions allowed); a breath follows `phrase_end`."""

    onset: float
    duration: float
    midi: float
    phrase_end: bool = False

    @property
    def end(self) -> float:
        return self.onset + self.duration


@dataclass(frozen=True)
class Syllable:
    """A consonant (one of `CONSONANTS`) that ends at `onset` s, and the vowel (one of `VOWELS`) that begins there."""

    onset: float
    consonant: str
    vowel: str


def text(onsets: Sequence[float], key: tuple[object, ...]) -> tuple[Syllable, ...]:
    """A syllable for each onset (s), drawn from the stream (*key, "text"); voices that share `key` share the text."""
    generator = stream(*key, "text")
    draws = ((generator.integers(len(CONSONANTS)), generator.integers(len(VOWELS))) for _ in onsets)
    return tuple(
        Syllable(float(onset), CONSONANTS[consonant], VOWELS[vowel])
        for onset, (consonant, vowel) in zip(onsets, draws, strict=True)
    )
