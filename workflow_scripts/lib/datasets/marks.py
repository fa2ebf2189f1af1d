"""Marks: when each source plays and when it is silent, as a user writes them down.

As an Audacity label file (File > Export Other > Export Labels), a line a label, fields separated by tabs:

    0.000000<tab>12.500000<tab>vocals       vocals plays here
    12.500000<tab>20.000000<tab>-vocals     vocals is silent here

or as CSV with a header and the columns start, end (s), source, state (`plays` or `silent`). What no mark covers is not
marked: nothing is known there.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.core.files import write_text
from workflow_scripts.lib.core.names import ACCOMPANIMENT, same_name
from workflow_scripts.lib.core.text_table import number_of, read_table

PLAYS, NOT_MARKED, SILENT = 1, 0, -1
STATES = {"plays": PLAYS, "silent": SILENT}
FAR = 20  # marks that end so many times later than the audio are in another unit
END_TOLERANCE = 0.5  # s by which a mark may reach beyond the audio; it is cut there
ROUNDING = 0.001  # s by which marks of opposite states may overlap
MINUS = ("-", "\u2212", "\u2013")  # hyphen, minus sign, dash


@dataclass(frozen=True, order=True)
class Mark:
    """From `start` to `end` (s) a source is in one state, PLAYS or SILENT.

    where: file and line that it was read from, for messages.
    """

    start: float
    end: float
    source: str
    state: int
    where: str = field(default="", compare=False)


def read_marks(path: Path, sources: Sequence[str], seconds: float) -> list[Mark]:
    """Marks of a track of `seconds` s, sorted, overlapping ones of equal state merged.

    path: an Audacity label file, or CSV where it ends in `.csv`.
    Source names in any case; a mark that reaches up to 0.5 s out of the track is cut. Raises UserError, naming file and
    line, for anything that is no mark, a source not among `sources`, a mark without length, one out of the track, and
    a time at which a source is marked both as playing and as silent.
    """
    path = Path(path)
    found = (_read_csv if path.suffix.lower() == ".csv" else _read_audacity)(path)
    known = {same_name(source): source for source in sources}
    marks = [_with_known_name(mark, known) for mark in found]
    _refuse_other_unit(marks, seconds)
    inside = [_cut_to_track(mark, seconds) for mark in marks]
    return merge(mark for mark in inside if mark.end > mark.start)


def write_marks(path: Path, marks: Iterable[Mark]) -> None:
    """Write an Audacity label file."""
    lines = [
        f"{mark.start:.6f}\t{mark.end:.6f}\t{'-' if mark.state == SILENT else ''}{mark.source}\n" for mark in marks
    ]
    write_text(path, "".join(lines))


def merge(marks: Iterable[Mark]) -> list[Mark]:
    """The marks sorted, those of one source and state that overlap or touch joined.

    Raises UserError where a source is marked both as playing and as silent.
    """
    joined: dict[tuple[str, int], list[Mark]] = {}
    for mark in sorted(marks):
        group = joined.setdefault((mark.source, mark.state), [])
        if group and mark.start <= group[-1].end:
            group[-1] = replace(group[-1], end=max(group[-1].end, mark.end))
        else:
            group.append(mark)
    _refuse_contradiction(joined)
    return sorted(mark for group in joined.values() for mark in group)


def states(
    marks: Iterable[Mark], sources: Sequence[str], stems: Sequence[str], length: int, rate: int, first: int = 0
) -> np.ndarray:
    """Marks on the samples of the audio: [source, time] float32, 1 plays, -1 silent, 0 not marked.

    stems: all the isolated sources that the marks may name; `accompaniment`, the sum of those that `sources` does not
    name, plays where one of them does and is silent where all are, if it has no mark of its own.
    first, length: samples; rate: Hz.
    """
    marks = list(marks)
    rows = {name: _row(marks, name, first, length, rate) for name in {*sources, *stems}}
    if ACCOMPANIMENT in sources and ACCOMPANIMENT not in stems and not rows[ACCOMPANIMENT].any():
        rest = [rows[stem] for stem in stems if stem not in sources]
        rows[ACCOMPANIMENT] = _together(np.stack(rest)) if rest else rows[ACCOMPANIMENT]
    return np.stack([rows[source] for source in sources])


def marks_of(found: np.ndarray, sources: Sequence[str], rate: int) -> list[Mark]:
    """The reverse of `states`: [source, time] of 1, 0 and -1 at `rate` Hz -> marks, sorted."""
    marks = []
    for source, row in zip(sources, found, strict=True):
        edges = np.concatenate([[0], np.flatnonzero(np.diff(row)) + 1, [len(row)]])
        for start, end in pairwise(edges):
            if end > start and row[start] != NOT_MARKED:
                marks.append(Mark(start / rate, end / rate, source, int(row[start])))
    return sorted(marks)


def _row(marks: list[Mark], source: str, first: int, length: int, rate: int) -> np.ndarray:
    row = np.zeros(length, np.float32)
    for mark in marks:
        if mark.source == source:
            start, stop = (max(0, round(seconds * rate) - first) for seconds in (mark.start, mark.end))
            row[start:stop] = mark.state
    return row


def _together(rows: np.ndarray) -> np.ndarray:
    """States [source, time] of several sources -> that of their sum, [time]."""
    return np.where((rows == PLAYS).any(axis=0), PLAYS, np.where((rows == SILENT).all(axis=0), SILENT, 0)).astype("f4")


# Reading


def _read_audacity(path: Path) -> list[Mark]:
    lines = _read_text(path).splitlines()
    return [
        _label(line, f"{path}, line {number}")
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.startswith("\\")  # a backslash: the band of a spectral selection
    ]


def _label(line: str, where: str) -> Mark:
    fields = line.split("\t", 2)
    if len(fields) < 2:
        raise UserError(
            f"{where}: {line.strip()[:60]!r} is no label; a label is start and end in seconds and the name of a "
            "source, separated by tabs."
        )
    text = fields[2].strip() if len(fields) == 3 else ""
    state = SILENT if text.startswith(MINUS) else PLAYS
    name = text[1:].strip() if text.startswith((*MINUS, "+")) else text
    return Mark(_seconds(fields[0], where), _seconds(fields[1], where), name, state, where)


def _read_csv(path: Path) -> list[Mark]:
    table = read_table(path, "a table of marks with the columns start, end, source, state")
    for column in ("start", "end", "source", "state"):
        if table.header.count(column) != 1:
            raise UserError(
                f"{path}, line 1: needed is one column each of start, end, source and state; there are "
                f"{table.header.count(column)} of {column!r}."
            )
    return [_csv_mark(row, f"{path}, line {number}") for number, row in table.rows()]


def _csv_mark(row: dict[str, str], where: str) -> Mark:
    state = row["state"].lower()
    if state not in STATES:
        raise UserError(f"{where}: the state is {state!r}; {nearest(state, STATES)}")
    return Mark(_seconds(row["start"], where), _seconds(row["end"], where), row["source"], STATES[state], where)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{path}: the marks cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is no text of labels ({error}); export it again as UTF-8.") from error


def _seconds(text: str, where: str) -> float:
    value = number_of(text)
    if not math.isfinite(value):
        raise UserError(f"{where}: {text.strip()[:60]!r} is no time; a number of seconds belongs there.")
    return value


# Checks


def _with_known_name(mark: Mark, known: dict[str, str]) -> Mark:
    name = same_name(mark.source)
    if name not in known:
        raise UserError(
            f"{mark.where}: there is no source {mark.source!r}; {nearest(name, known.values())} (a minus before "
            "the name says that it is silent)."
        )
    return replace(mark, source=known[name])


def _refuse_other_unit(marks: Sequence[Mark], seconds: float) -> None:
    """Refuse times that are so far beyond the audio that they cannot be meant in s."""
    last = max(marks, key=lambda mark: mark.end, default=None)
    if last and last.end > FAR * seconds + END_TOLERANCE:
        unit = "milliseconds" if last.end <= 1000 * (seconds + END_TOLERANCE) else "samples"
        raise UserError(
            f"{last.where}: the mark of {last.source!r} ends at {last.end:g}, but the audio lasts {seconds:.3f} s; "
            f"these look like {unit}, and labels are in seconds, as Audacity has them."
        )


def _cut_to_track(mark: Mark, seconds: float) -> Mark:
    if mark.start == mark.end:
        raise UserError(
            f"{mark.where}: the mark of {mark.source!r} is a point at {mark.start:g} s; drag it out to a stretch."
        )
    if mark.end < mark.start:
        raise UserError(
            f"{mark.where}: the mark of {mark.source!r} starts at {mark.start:g} s and ends before that, at "
            f"{mark.end:g} s; exchange the two."
        )
    if mark.start < -END_TOLERANCE or mark.end > seconds + END_TOLERANCE:
        raise UserError(
            f"{mark.where}: the mark of {mark.source!r} from {mark.start:g} s to {mark.end:g} s leaves the audio, "
            f"which lasts {seconds:.3f} s; up to {END_TOLERANCE:g} s is cut off, so mark the right file or shorten it."
        )
    return replace(mark, start=min(max(mark.start, 0.0), seconds), end=min(mark.end, seconds))


def _refuse_contradiction(joined: dict[tuple[str, int], list[Mark]]) -> None:
    for (source, state), group in joined.items():
        for mark in group if state == PLAYS else ():
            for other in joined.get((source, SILENT), ()):
                start, end = max(mark.start, other.start), min(mark.end, other.end)
                if end - start > ROUNDING:
                    raise UserError(
                        f"{other.where or 'The marks'}: {source!r} is marked as silent from {start:g} s to {end:g} s, "
                        f"but as playing there too ({mark.where or 'in another mark'}); keep one of the two."
                    )
