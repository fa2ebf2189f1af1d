"""Make `lib/datasets/embedded/chorale_notes.json`, the note table of the embedded chorales.

Run once, by hand; the table is kept in the repository. It needs music21 10, which the workflow itself does not:

    python3 -m venv throwaway && throwaway/bin/pip install "music21==10.*"
    PYTHONPATH=. throwaway/bin/python -m workflow_scripts.data.make_chorale_notes

Taken are the first 28 of BWV 253 to 319 that have four parts called Soprano, Alto, Tenor and Bass and can be cut at
the first soprano fermata that ends from quarter 20 to quarter 32, where no voice holds a note over the cut and the
bass stays at or above D2. Kept are only onset, duration (both in quarters), pitch (MIDI number) and fermata.
"""

import json
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parents[1] / "lib/datasets/embedded/chorale_notes.json"
PARTS = ("Soprano", "Alto", "Tenor", "Bass")
NUMBERS = range(253, 320)
PIECES = 28
CUT_QUARTERS = (20, 32)
LOWEST_BASS = 38  # D2
SOURCE = (
    "J. S. Bach, four-part chorales by BWV number; pitches and rhythms as encoded in the corpus of music21 10 "
    "(https://www.music21.org, BSD-3-Clause), reduced to onset, duration, pitch and fermata"
)

Row = list[float]


def rows(part: Any) -> list[Row]:
    """The notes of one music21 part: [onset, duration, MIDI number, 1 where a fermata stands], ties joined."""
    found = []
    for element in part.stripTies().flatten().notes:
        if not element.isNote:
            raise ValueError(f"{part.partName}: holds a chord")
        fermata = any("Fermata" in mark.classes for mark in element.expressions)
        found.append([_short(element.offset), _short(element.quarterLength), element.pitch.midi, int(fermata)])
    return found


def _short(value: float) -> float:
    return int(value) if value == int(value) else float(value)


def cut_quarter(soprano: list[Row]) -> float | None:
    """Where the first soprano fermata inside the limits ends, in quarters; None where there is none."""
    ends = [onset + duration for onset, duration, _, fermata in soprano if fermata]
    return next((end for end in ends if CUT_QUARTERS[0] <= end <= CUT_QUARTERS[1]), None)


def excerpt(score: Any) -> dict[str, list[Row]] | None:
    """The parts of a music21 score up to its cut, or None where it does not qualify."""
    parts = {part.partName: part for part in score.parts}
    if tuple(parts) != PARTS:
        return None
    voices = {name.lower(): rows(part) for name, part in parts.items()}
    cut = cut_quarter(voices["soprano"])
    if cut is None or any(row[0] < cut < row[0] + row[1] for voice in voices.values() for row in voice):
        return None
    kept = {name: [row for row in voice if row[0] < cut] for name, voice in voices.items()}
    return kept if min(row[2] for row in kept["bass"]) >= LOWEST_BASS else None


def pieces() -> dict[str, dict[str, list[Row]]]:
    """The first chorales that qualify, by name."""
    from music21 import corpus  # no dependency of the workflow

    found: dict[str, dict[str, list[Row]]] = {}
    for number in NUMBERS:
        kept = excerpt(corpus.parse(f"bach/bwv{number}"))
        if kept is not None and len(found) < PIECES:
            found[f"bwv{number}"] = kept
    return found


def layout(table: dict[str, dict[str, list[Row]]]) -> str:
    """The table as JSON with one line a voice, so that a change shows in a diff."""
    dump = json.JSONEncoder(separators=(",", ":")).encode
    blocks = []
    for name, voices in table.items():
        lines = ",\n".join(f'   "{part}": {dump(voice)}' for part, voice in voices.items())
        blocks.append(f'  "{name}": {{\n{lines}\n  }}')
    columns = dump(["onset in quarters", "duration in quarters", "MIDI number", "fermata"])
    return f'{{\n "source": {dump(SOURCE)},\n "columns": {columns},\n "pieces": {{\n' + ",\n".join(blocks) + "\n }\n}\n"


if __name__ == "__main__":
    TABLE.write_text(layout(pieces()), encoding="utf-8")
