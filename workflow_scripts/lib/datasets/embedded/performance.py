"""From the notes on paper to what one singer does with them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from workflow_scripts.lib.datasets.embedded.notes import Note, Syllable
from workflow_scripts.lib.datasets.embedded.phonemes import CONSONANT_SOUNDS, Consonant
from workflow_scripts.lib.datasets.embedded.voice import Singer

TIMING_JITTER = 0.012  # s, standard deviation
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
    events: list[Event] = []
    tuning = generator.normal(0.0, TUNING_CENTS)
    for note in notes:
        shift = float(np.clip(generator.normal(0.0, TIMING_JITTER), -0.03, 0.03))
        cents, level, breath = (
            generator.normal(tuning, who.intonation),
            generator.normal(0.0, 1.2),
            generator.uniform(0.24, 0.34),
        )
        before = events[-1] if events else None
        start = max(note.onset + shift, before.start + 0.05 if before else 0.0)
        end = note.end - (min(breath, 0.35 * note.duration) if note.phrase_end else 0.0)
        syllable = _syllable_at(note.onset, syllables)
        consonant = CONSONANT_SOUNDS[syllable.consonant] if syllable and syllable.consonant else None
        vowel = syllable.vowel if syllable else before.vowel if before else "a"
        events.append(
            Event(
                start=start,
                end=max(end, start + 0.05),
                midi=note.midi + cents / 100.0,
                legato=before is not None and note.onset - before.end < LEGATO_GAP,
                vowel=vowel,
                consonant=consonant,
                consonant_seconds=_consonant_seconds(consonant, before, start),
                level=level,
            )
        )
    return _joined(events)


def _syllable_at(onset: float, syllables: Sequence[Syllable]) -> Syllable | None:
    return next((s for s in syllables if abs(s.onset - onset) < SAME_ONSET), None)


def _consonant_seconds(consonant: Consonant | None, before: Event | None, start: float) -> float:
    if consonant is None:
        return 0.0
    return min(consonant.seconds, 0.35 * (start - before.start) if before else 0.9 * start)


def _joined(events: list[Event]) -> list[Event]:
    """The same events, each that the next one joins made to end where that begins."""
    joined = [replace(event, end=after.start) if after.legato else event for event, after in pairwise(events)]
    return joined + events[-1:]
