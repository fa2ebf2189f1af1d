"""Tables of text as people and programs write them, with tabs, semicolons or commas between the cells.

Used while the workflow is planned, so nothing heavy is imported here.
"""

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workflow_scripts.lib.core.errors import UserError

Row = tuple[int, dict[str, str]]  # number of the line, and the cell of each column
SEPARATORS = "\t;,"  # the first of them that stands in the first line separates the cells


@dataclass(frozen=True)
class TextTable:
    """header: names of the columns, in small letters.  lines: number of the line, and its cells, as many."""

    header: list[str]
    lines: list[tuple[int, list[str]]]

    def rows(self) -> Iterator[Row]:
        for number, cells in self.lines:
            yield number, dict(zip(self.header, cells, strict=True))


def read_lines(path: Path, what: str) -> list[tuple[int, list[str]]]:
    """(number of the line, cells) of all lines that are not blank; cells without the spaces around them.

    what: the file should be, for messages. Raises UserError where it is no UTF-8 text.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            first = next((line for line in file if line.strip()), "")
            separator = next((sign for sign in SEPARATORS if sign in first), None)
            file.seek(0)
            if separator is None:
                found = [(number, line.split()) for number, line in enumerate(file, start=1)]
            else:
                reader = csv.reader(file, delimiter=separator)
                found = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); it should be {what}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: is no UTF-8 text, but should be {what}; export it again ({error}).") from error
    return [(number, cells) for number, cells in found if any(cells)]


def read_table(path: Path, what: str) -> TextTable:
    """The table of a file whose first line names the columns. Raises UserError as `read_lines` and `table_of`."""
    return table_of(read_lines(path, what), path)


def table_of(lines: list[tuple[int, list[str]]], path: Path) -> TextTable:
    """The table of these lines. Raises UserError for a row with more cells than there are columns."""
    header = _without_empty_end([name.lower() for name in lines[0][1]]) if lines else []
    return TextTable(header, [(number, fitted(cells, len(header), path, number)) for number, cells in lines[1:]])


def fitted(cells: list[str], columns: int, path: Path, number: int) -> list[str]:
    """The cells of a line, filled up to `columns`. Raises UserError where there are more that are not empty."""
    if len(_without_empty_end(cells)) > columns:
        raise UserError(
            f"{path}, row {number}: has {len(cells)} cells, but the first line has {columns} columns; where a comma "
            "stands in numbers, put tabs or semicolons between the cells."
        )
    return (cells + [""] * columns)[:columns]


def number_of(text: str) -> float:
    """The number that a cell holds, also with a decimal comma; NaN where it is none, or not finite."""
    try:
        value = float(text.replace(",", ".")) if "_" not in text else math.nan
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def _without_empty_end(cells: list[str]) -> list[str]:
    return cells[: max((place for place, cell in enumerate(cells, start=1) if cell), default=0)]
