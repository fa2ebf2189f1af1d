"""What scripts are told of the rows of a comparison, as JSON: one small class for each list.

Imported while the workflow is planned, which writes what the scripts read, so nothing heavy is imported here.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from workflow_scripts.lib.core.names import NO_F0

Told = TypeVar("Told")
Row = tuple[str, str]  # (label of the method, F0 source or ""): one row of a table, once for all seeds


@dataclass(frozen=True)
class ResultRow:
    """A method with one F0 source and one seed: what is estimated, scored and compared.

    method: its name, which files are called by.  label: its name in tables and figures.  f0: `no-f0` where it uses
    none.  bound: whether it is a reference for the others, no competitor.
    trained, adapted: whether it has a training, or an adaptation to each track, of its own.
    """

    method: str
    f0: str
    seed: int
    label: str
    bound: bool
    trained: bool
    adapted: bool

    @property
    def table_f0(self) -> str:
        """The F0 source as tables have it, empty where none is used."""
        return "" if self.f0 == NO_F0 else self.f0

    @property
    def table_row(self) -> Row:
        """The row of the table that this and its other seeds are."""
        return self.label, self.table_f0


@dataclass(frozen=True)
class CurveRow:
    """Whose training a file of curves is: see `ResultRow`."""

    method: str
    f0: str
    seed: int
    label: str


@dataclass(frozen=True)
class Contrast:
    """Two methods, by their labels, whose difference `first` - `second` a comparison was set up to measure."""

    first: str
    second: str


@dataclass(frozen=True)
class BudgetRow:
    """A trained row, once for all seeds, and what it was trained on.

    f0: empty where none is used.  curve: the same for rows that differ in nothing but their budget.
    songs: number of paired songs, None for all.  family: the only family that they are of, None for all.
    """

    label: str
    f0: str
    curve: str
    songs: int | None
    family: str | None


@dataclass(frozen=True)
class GainRow:
    """A row that uses the model of another one, its baseline; both are labels, and neither uses F0.

    marks: label of its marks, None where it uses none.
    group: the same for rows that differ in nothing but their marks.
    adapted: whether the model is adapted to each track, or used as it is.
    """

    label: str
    baseline: str
    marks: str | None
    group: str
    adapted: bool


@dataclass(frozen=True)
class ErrorRow:
    """An F0 source `f0` that is the source `of` made worse.  settings: the way to err and its value, one pair."""

    f0: str
    of: str
    settings: dict[str, Any]

    @property
    def way(self) -> str:
        """The way to err, such as `offset_hz`."""
        return next(iter(self.settings))

    @property
    def value(self) -> Any:
        """How far: in Hz, octaves or a share, or a list of voices."""
        return self.settings[self.way]


def to_json(rows: Iterable[Any]) -> str:
    """Rows of one of these classes as JSON that does not depend on the order of keys."""
    return json.dumps([asdict(row) for row in rows], sort_keys=True)


def from_json(of: type[Told], text: str) -> tuple[Told, ...]:
    """The rows of a class that `to_json` wrote. Raises TypeError where a field is missing or unknown."""
    return tuple(of(**fields) for fields in json.loads(text))


def table_rows(rows: Iterable[ResultRow]) -> list[Row]:
    """(label, F0 source) of each row of the table, in the order given, once for all seeds."""
    return list(dict.fromkeys(row.table_row for row in rows))


def row_label(method: str, f0: str) -> str:
    """How a row is called in tables and figures."""
    return f"{method} (F0: {f0})" if f0 else method
