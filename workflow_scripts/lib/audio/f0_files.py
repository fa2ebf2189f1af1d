"""F0 as people and other programs write it, on whatever grid.

A file has the columns time (s), voice and Hz; or, of one voice, only time and Hz, then also without a line that names
the columns, as Tony and Sonic Visualiser export it. A folder has such a file a voice, called after it.

Used while the workflow is planned, so nothing heavier than numpy is imported here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.core.files import named
from workflow_scripts.lib.core.names import composed, of_the_system, same_name
from workflow_scripts.lib.core.text_table import Row, TextTable, fitted, number_of, read_lines, table_of

ENDINGS = (".csv", ".txt", ".tsv")
UNVOICED = ("", "nan", "na", "none", "null", "-")  # what stands for no pitch, beside 0 and negative values
HZ = ("hz", "f0", "frequency", "f0_hz", "frequency_hz", "value", "pitch")  # names of that column, the best one first
PITCHES = (10.0, 20000.0)  # Hz; lowest and highest pitch
FAR = 20  # a table that ends so many times later than the audio is in another unit
COARSE = 1.0  # s from row to row; a table that goes on after the audio and is as coarse is in another unit too
WHAT = "a table of F0 with the columns time, voice, Hz"


@dataclass(frozen=True)
class Contour:
    """The rows of one voice: times [row] in s, ascending, and hz [row], 0 where unvoiced.

    confidence: [row] in [0, 1], None where the file has none.  line: number of the first row.
    """

    times: np.ndarray
    hz: np.ndarray
    confidence: np.ndarray | None
    line: int


Contours = dict[str, Contour]  # by voice; the name of one that the file does not name is empty


def path_of(root: Path, track: str, voices: Sequence[str]) -> Path:
    """The file of a track, or the folder of the files of its voices; `<track>.csv` where there is neither."""
    if root.is_file():
        return root
    if found := named(root, track, (*ENDINGS, "")):
        return found
    return root if all(named(root, voice, ENDINGS) for voice in voices) else root / f"{track}.csv"


def read_contours(path: Path) -> Contours:
    """The voices of a file, or of a folder with a file a voice.

    Column names in any case; `f0` and the like serve for `Hz`, `confidence` is read where there, others are ignored.
    Missing, NaN, zero and negative Hz are unvoiced. Raises UserError, naming file and row, for a file that is missing
    or no table, a missing column, text where a number belongs, times that do not ascend, a pitch that none can be.
    """
    path = Path(path)
    if not path.is_dir():
        return _read_file(path)
    found: Contours = {}
    for file in sorted(each for each in path.iterdir() if each.suffix.lower() in ENDINGS):
        if not of_the_system(file.name):
            inner = _read_file(file)
            if set(inner) != {""}:
                raise UserError(f"{file}: names voices, but in a folder each file is of one; give the file itself.")
            found[composed(file.stem)] = inner[""]
    if not found:
        raise UserError(f"{path}: holds no file of F0; put one a voice there, called <voice>.csv, with time and Hz.")
    _refuse_twins(path, list(found))
    return found


def of_voices(contours: Contours, voices: Sequence[str], path: Path) -> list[Contour]:
    """The contour of each voice. Raises UserError where there are others, or one has none."""
    if set(contours) == {""} and len(voices) == 1:
        return [contours[""]]
    if "" in contours:
        raise UserError(
            f"{path}: is of one voice, but asked for are {', '.join(voices)}; add a column voice, or make a folder "
            "with a file a voice."
        )
    for name, contour in contours.items():
        if name not in voices:
            raise UserError(
                f"{path}, row {contour.line}: there is no voice {name!r} in this data set; {nearest(name, voices)}"
            )
    for voice in voices:
        if voice not in contours:
            raise UserError(f"{path}: has no row for the voice {voice!r}; give it rows, with 0 Hz where it is silent.")
    return [contours[voice] for voice in voices]


def check_times(contours: Mapping[str, Contour], seconds: float, path: Path) -> None:
    """Raises UserError where no pitch lies in the `seconds` of the audio, or the times are plainly no seconds."""
    last = max((float(each.times[-1]) for each in contours.values()), default=0.0)
    step = min((float(np.median(np.diff(each.times))) for each in contours.values() if len(each.times) > 1), default=0)
    if step and last > seconds + COARSE and (last > FAR * seconds or step >= COARSE):
        raise UserError(
            f"{path}: goes on to {last:g} s, with a row every {step:g} s, but the audio lasts {seconds:.3f} s; the "
            "times look like milliseconds, samples or numbers of frames, so write them in seconds."
        )
    if not any((each.hz[(each.times >= 0) & (each.times <= seconds)] > 0).any() for each in contours.values()):
        raise UserError(
            f"{path}: no voice has a pitch within the track, which ends at {seconds:.1f} s; needed are Hz over 0 and "
            "times in s."
        )


def _read_file(path: Path) -> Contours:
    table = _table(path)
    lines: dict[str, list[Row]] = {}
    for number, row in table.rows():
        name = composed(row.get("voice", ""))
        if not name and "voice" in table.header:
            raise UserError(f"{path}, row {number}: names no voice; write one in the column voice, such as 'soprano'.")
        lines.setdefault(name, []).append((number, row))
    _refuse_twins(path, list(lines))
    return {voice: _contour(path, rows) for voice, rows in lines.items()}


def _refuse_twins(path: Path, voices: Sequence[str]) -> None:
    first: dict[str, str] = {}
    for voice in voices:
        other = first.setdefault(same_name(voice), voice)
        if other != voice:
            raise UserError(f"{path}: the voices {other!r} and {voice!r} differ in capitals only; write them alike.")


def _table(path: Path) -> TextTable:
    """Its columns are time, hz and, where there, voice and confidence, among others."""
    lines = read_lines(path, WHAT)
    if lines and all(np.isfinite(number_of(cell)) for cell in (lines[0][1] + [""])[:2]):
        return TextTable(["time", "hz"], [(number, _time_and_hz(cells, path, number)) for number, cells in lines])
    table = table_of(lines, path)
    best = next((name for name in HZ if name in table.header), None)
    header = ["hz" if name == best else name for name in table.header]
    for column, least in (("time", 1), ("hz", 1), ("voice", 0)):
        if not least <= header.count(column) <= 1:
            raise UserError(
                f"{path}, row 1: needed is one column each of time, voice and Hz; there are {header.count(column)} of "
                f"{column!r} in {','.join(table.header)[:80]!r}."
            )
    if not table.lines:
        raise UserError(f"{path}: has no row under the names of its columns; needed are times in s and Hz.")
    return TextTable(header, table.lines)


def _time_and_hz(cells: list[str], path: Path, number: int) -> list[str]:
    """The first two cells of a line; a third is a label. Raises UserError where it is a number."""
    cells = fitted(cells, 3, path, number)
    if np.isfinite(number_of(cells[2])):
        raise UserError(
            f"{path}, row {number}: has more than time and Hz; name the columns in the first line, and where a comma "
            "stands in numbers, put tabs or semicolons between the cells."
        )
    return cells[:2]


def _contour(path: Path, rows: Sequence[Row]) -> Contour:
    lines = [number for number, _ in rows]
    times = _numbers(path, rows, "time")
    for row in np.flatnonzero(np.diff(times) <= 0)[:1]:
        what = "is there twice" if times[row] == times[row + 1] else "comes after a later one"
        raise UserError(
            f"{path}, row {lines[row + 1]}: the time {times[row + 1]:g} s {what} in its voice; "
            "sort the rows by time and keep one for each."
        )
    hz = _numbers(path, rows, "hz", UNVOICED).clip(min=0)
    for row in np.flatnonzero((hz > 0) & ((hz < PITCHES[0]) | (hz > PITCHES[1])))[:1]:
        raise UserError(
            f"{path}, row {lines[row]}: Hz is {hz[row]:g}; a pitch lies between {PITCHES[0]:g} and {PITCHES[1]:g} Hz, "
            "and 0 stands where there is none."
        )
    known = "confidence" in rows[0][1]
    return Contour(times, hz, _numbers(path, rows, "confidence", UNVOICED).clip(0, 1) if known else None, lines[0])


def _numbers(path: Path, rows: Sequence[Row], column: str, empty: Sequence[str] = ()) -> np.ndarray:
    """Cells of a column as finite numbers, [row]; 0 for those that are `empty`."""
    found = np.zeros(len(rows))
    for place, (number, row) in enumerate(rows):
        if row[column].lower() not in empty:
            found[place] = number_of(row[column])
        if not np.isfinite(found[place]):
            shown = "Hz" if column == "hz" else column
            raise UserError(f"{path}, row {number}: {shown} is {row[column]!r}; a finite number belongs there.")
    return found
