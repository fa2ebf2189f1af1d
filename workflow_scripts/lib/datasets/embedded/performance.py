"""From the notes on paper to what one singer does with them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from workflow_scripts.lib.datasets.embedded.notes import VOWELS, Note, Syllable
from workflow_scripts.lib.datasets.embedded.phonemes import CONSONANT_SOUNDS, Consonant
from workflow_scripts.lib.datasets.embedded.voice import Singer

TIMING_JITTER, LARGEST_SHIFT = 0.012, 0.03  # s, standard deviation and limit
LEVEL_DB = 1.2  # standard deviation of the level of a note
BREATH_SECONDS = (0.24, 0.34)  # taken from the end of a phrase
SHORTEST = 0.05  # s, of a note as sung
TUNING_CENTS = 8.0  # standard deviation of a whole performance, to which that of each note is added
SAME_ONSET = 0.02  # s, a syllable belongs to a note that begins this near
LEGATO_GAP = 0.03  # s, notes closer than this are joined


@dataclass(frozen=True)
class Event:
    """One note as sung: times in s, pitch as MIDI number with its mistuning.

    legato: joined to the event before. consonant: sounds up to `start`, None where the vowel continues.
    consonant_seconds: its length here, shortened after short notes. level: in dB.
    """

    start: float
    end: float
    midi: float
    legato: bool
    vowel: str
    consonant: Consonant | None
    consonant_seconds: float
    level: float


def perform(
    notes: Sequence[Note], syllables: Sequence[Syllable], who: Singer, generator: np.random.Generator
) -> list[Event]:
    """Shift and mistune each note, give it its syllable, and leave room for a breath after a phrase."""
    tuning = generator.normal(0.0, TUNING_CENTS)
    events: list[Event] = []
    for note in notes:
        events.append(_event(note, events[-1] if events else None, syllables, tuning, who, generator))
    return _joined(events)


def _event(
    note: Note,
    before: Event | None,
    syllables: Sequence[Syllable],
    tuning: float,
    who: Singer,
    generator: np.random.Generator,
) -> Event:
    """One note with its own timing, mistuning around `tuning` in cents, level and breath."""
    shift = float(np.clip(generator.normal(0.0, TIMING_JITTER), -LARGEST_SHIFT, LARGEST_SHIFT))
    cents, level = generator.normal(tuning, who.intonation), generator.normal(0.0, LEVEL_DB)
    breath = min(generator.uniform(*BREATH_SECONDS), 0.35 * note.duration) if note.phrase_end else 0.0
    start = max(note.onset + shift, before.start + SHORTEST if before else 0.0)
    syllable = next((s for s in syllables if abs(s.onset - note.onset) < SAME_ONSET), None)
    consonant = CONSONANT_SOUNDS[syllable.consonant] if syllable and syllable.consonant else None
    return Event(
        start=start,
        end=max(note.end - breath, start + SHORTEST),
        midi=note.midi + cents / 100.0,
        legato=before is not None and note.onset - before.end < LEGATO_GAP,
        vowel=syllable.vowel if syllable else before.vowel if before else VOWELS[0],
        consonant=consonant,
        consonant_seconds=_consonant_seconds(consonant, before, start),
        level=level,
    )


def _consonant_seconds(consonant: Consonant | None, before: Event | None, start: float) -> float:
    if consonant is None:
        return 0.0
    return min(consonant.seconds, 0.35 * (start - before.start) if before else 0.9 * start)


def _joined(events: list[Event]) -> list[Event]:
    """The same events, each that the next one joins made to end where that begins."""
    joined = [replace(event, end=after.start) if after.legato else event for event, after in pairwise(events)]
    return joined + events[-1:]
