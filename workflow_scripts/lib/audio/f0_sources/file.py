"""The user's own F0: a CSV file a track, brought to the 16 ms grid."""

import csv
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pandas as pd

from workflow_scripts.lib.audio.contour import nearest_frame, resample
from workflow_scripts.lib.audio.f0 import F0, HOP_SECONDS
from workflow_scripts.lib.audio.f0_sources.contract import Given
from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.core.settings import Free, Positive, settings

UNVOICED = ("", "nan", "na", "none", "null", "-")  # what stands for no pitch, beside 0 and negative values


@settings
class Settings:
    """Where the files are and how they are read.

    root: folder with one `<track>.csv` a track, or one file that holds for every track.
    between: "nearest" takes the nearest row, "linear" interpolates between voiced neighbours, never across an onset;
        "across" interpolates everything, see `audio/contour.py`.
    reach: seconds for which a row holds to either side; None takes the voice's median step between rows.
    """

    root: Annotated[str, Free("a path of the user's")]
    between: Literal["nearest", "linear", "across"] = "nearest"
    reach: Positive | None = None


def find_f0(given: Given, settings: Settings) -> F0:
    """The file of the track, or the one file of all. Raises UserError as `read`."""
    root = Path(settings.root).expanduser()
    path = root if root.is_file() else root / f"{given.track}.csv"
    return read(path, given.voices, given.read_audio().frames, settings)


def read(path: Path, voices: tuple[str, ...], frames: int, settings: Settings) -> F0:
    """CSV with columns time (s), voice, Hz -> the F0 of `voices` on `frames` frames of 16 ms.

    Column names in any case; `f0` serves for `Hz`, `confidence` is read where there, others are ignored. Times may lie
    on any grid, ascending within each voice. Missing, NaN, zero and negative Hz are unvoiced.
    Raises UserError, naming file and row, for a file that is missing or no CSV, a missing column, a voice that is not
    among `voices`, a voice without rows, text where a number belongs, times that do not ascend, no pitch at all.
    """
    table = _table(path)
    for row, name in zip(table.index, table["voice"], strict=True):
        if name not in voices:
            raise UserError(f"{path}, row {row}: there is no voice {name!r} in this data set; {nearest(name, voices)}")
    hz, confidence = zip(*(_contour(path, table, voice, frames, settings) for voice in voices), strict=True)
    if not np.any(hz):
        raise UserError(
            f"{path}: no voice has a pitch within the track, which ends at {frames * HOP_SECONDS:.1f} s; needed are Hz "
            "over 0 and times in s."
        )
    return F0(voices, np.stack(hz), np.stack(confidence))


def _contour(
    path: Path, table: pd.DataFrame, voice: str, frames: int, settings: Settings
) -> tuple[np.ndarray, np.ndarray]:
    """(hz [frame], confidence [frame]) of one voice; confidence is 1, or the file's own where it has that column."""
    rows = table[table["voice"] == voice]
    if rows.empty:
        raise UserError(f"{path}: has no row for the voice {voice!r}; give it rows, with 0 Hz where it is silent.")
    times = _times(path, rows["time"])
    hz = _numbers(path, rows["hz"], "Hz", missing=0.0).clip(min=0)
    target = np.arange(frames) * HOP_SECONDS
    step = np.median(np.diff(times)) if len(times) > 1 else HOP_SECONDS
    reach = max(step, HOP_SECONDS / 2) if settings.reach is None else settings.reach
    moved = resample(times, hz, target, reach, settings.between)
    if "confidence" not in rows:
        return moved, np.ones(frames)
    confidence = _numbers(path, rows["confidence"], "confidence", missing=0.0).clip(0, 1)
    return moved, confidence[nearest_frame(times, target)[0]]


def _table(path: Path) -> pd.DataFrame:
    """The file's cells as text, indexed by line number, columns time, voice, hz and, where there, confidence."""
    header, lines = _cells(path)
    names = [name.strip().lower() for name in header]
    names = [("hz" if name == "f0" and "hz" not in names else name) for name in names]
    for column in ("time", "voice", "hz"):
        if names.count(column) != 1:
            raise UserError(
                f"{path}, row 1: needed is one column each of time, voice and Hz; there are {names.count(column)} of "
                f"{column!r} in {','.join(header)!r}."
            )
    table = pd.DataFrame(lines.values(), index=list(lines), columns=names, dtype=str)
    return table.assign(voice=table["voice"].str.strip())


def _cells(path: Path) -> tuple[list[str], dict[int, list[str]]]:
    """The header's cells, and those of each line that is not empty, by line number."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            header = next(reader, [])
            rows = [(reader.line_num, row) for row in reader]
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); give one such file a track.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: is no CSV file with columns time, voice, Hz ({error}).") from error
    lines = {number: row for number, row in rows if any(cell.strip() for cell in row)}
    for number, row in lines.items():
        if any(cell.strip() for cell in row[len(header) :]):
            raise UserError(f"{path}, row {number}: has {len(row)} cells, but the header names {len(header)} columns.")
    return header, {number: (row + [""] * len(header))[: len(header)] for number, row in lines.items()}


def _times(path: Path, cells: pd.Series) -> np.ndarray:
    times = _numbers(path, cells, "time", missing=None)
    for row in np.flatnonzero(np.diff(times) <= 0)[:1]:
        what = "is there twice" if times[row] == times[row + 1] else "comes after a later one"
        raise UserError(
            f"{path}, row {cells.index[row + 1]}: the time {times[row + 1]:g} s {what} in its voice; "
            "sort the rows by time and keep one for each."
        )
    return times


def _numbers(path: Path, cells: pd.Series, column: str, missing: float | None) -> np.ndarray:
    """Cells as finite numbers; `missing` stands in for empty and NaN cells, None refuses them."""
    text = cells.str.strip().str.lower()
    numbers = pd.to_numeric(text, errors="coerce").to_numpy(float)
    empty = text.isin(UNVOICED).to_numpy()
    wrong = ~np.isfinite(numbers) & ~(empty if missing is not None else np.zeros(len(text), bool))
    for row in np.flatnonzero(wrong)[:1]:
        raise UserError(
            f"{path}, row {cells.index[row]}: {column} is {cells.iloc[row]!r}; a finite number belongs there."
        )
    return np.where(empty, 0.0 if missing is None else missing, numbers)
