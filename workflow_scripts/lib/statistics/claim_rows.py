"""Published claims, and the rows of ours that stand beside them, as the tables in `config/claims/` have them.

Imported while the workflow is planned, so nothing heavy is imported here.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar, get_args

from workflow_scripts.lib.core.csv_text import read_rows
from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.core.names import NO_F0

VALUE, ORDER, EQUAL = KINDS = ("value", "order", "equal")
EQUAL_DEFINITIONS = "equal"
AGGREGATIONS = ("median", "mean")

Told = TypeVar("Told", "Claim", "Beside")


@dataclass(frozen=True)
class Claim:
    """A published number, or a published statement that one method is better than another one.

    id: short and kept for good.  paper, table, where: who says it, and where it is found.  dataset, condition: what it
    is said of.  kind: `value` (the metric of `method` is `value`), `order` (`method` is better than `over`, by more
    than `value` where one is given) or `equal` (`method` and `over` are nearly the same).  method, over: as the paper
    calls them.  metric, aggregation, source: as defined there.
    tolerance: how far the published value may be from the number that is meant: half of its last digit, or the error
    of reading a plot.  spread: as published.  error, runs: the standard error of the value over so many runs, where it
    is published.  mark: empty for what is printed, `figure` for what is read off a plot, `about` where the paper says
    so, `second-hand` for what another text says of the paper, `derived` for what was computed from files of scores.
    not_attempted: why nothing of ours stands beside it; empty where something does.
    """

    id: str
    paper: str
    table: str
    dataset: str
    condition: str
    kind: str
    method: str
    over: str
    metric: str
    aggregation: str
    source: str
    value: float | None
    tolerance: float | None
    spread: str
    error: float | None
    runs: int | None
    unit: str
    mark: str
    where: str
    not_attempted: str


@dataclass(frozen=True)
class Beside:
    """What of ours stands beside a claim.

    id: of the claim.  comparison: its name in a configuration.  row, over: `method`, or `method/f0` for a method that
    needs F0, as folders of results are called; `over` for claims of two methods.  metric, aggregation, source, group:
    as in the tables of the comparison (`group`: the family of songs, empty for all).
    definitions: `equal` to the published ones, or `differs: ` and in what.
    """

    id: str
    comparison: str
    row: str
    over: str
    metric: str
    aggregation: str
    source: str
    group: str
    definitions: str

    @property
    def row_names(self) -> tuple[str, ...]:
        """The row, and that which it is set against, if any."""
        return (self.row, self.over) if self.over else (self.row,)

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """(method, F0 source or `no-f0`) of each of them."""
        return tuple(row_of(name) for name in self.row_names)


@dataclass(frozen=True)
class Judged:
    """A comparison whose scores claims are judged on.

    name: in the configuration.  scored_as: in its table of scores, which differs where one claim alone is judged.
    data: label of its data set.  synthesised: whether that is made and not recorded.  remark: on the data.
    """

    name: str
    scored_as: str
    data: str
    synthesised: bool
    remark: str


def row_of(name: str) -> tuple[str, str]:
    """(method, F0 source or `no-f0`) of `method` or `method/f0`."""
    method, _, f0 = name.partition("/")
    return method, f0 or NO_F0


def read_claims(path: Path) -> list[Claim]:
    """The claims of a paper. Raises UserError for a cell that its column cannot have, and for an id that is not new."""
    claims = _read(Claim, path)
    seen: set[str] = set()
    for claim in claims:
        if claim.kind not in KINDS:
            raise UserError(f"{path}: the kind of {claim.id} is {claim.kind!r}; {nearest(claim.kind, KINDS)}")
        if claim.id in seen:
            raise UserError(f"{path}: the id {claim.id} is there twice; give each claim its own.")
        if bool(claim.over) != (claim.kind != VALUE):
            raise UserError(f"{path}: {claim.id} needs a method in `over` if it is no value, and none otherwise.")
        if claim.kind == VALUE and claim.value is None:
            raise UserError(f"{path}: {claim.id} is a value without a number; fill in `value`.")
        seen.add(claim.id)
    return claims


def read_besides(path: Path, claims: Mapping[str, Claim]) -> list[Beside]:
    """The rows of ours beside the claims of a paper, by id. Raises UserError for one that fits no claim."""
    besides = _read(Beside, path) if path.is_file() else []
    for beside in besides:
        if beside.id not in claims:
            raise UserError(f"{path}: names the claim {beside.id!r}, which is not there; {nearest(beside.id, claims)}")
        if bool(beside.over) != bool(claims[beside.id].over) or beside.row == beside.over:
            raise UserError(f"{path}: {beside.id} needs a row in `over`, another than `row`, just where its claim has.")
        if beside.aggregation not in AGGREGATIONS:
            raise UserError(f"{path}: {beside.id} has the aggregation {beside.aggregation!r}; take median or mean.")
        if beside.definitions != EQUAL_DEFINITIONS and not beside.definitions.startswith("differs: "):
            raise UserError(f"{path}: the definitions of {beside.id} are neither 'equal' nor 'differs: ' and in what.")
    return besides


def _read(of: type[Told], path: Path) -> list[Told]:
    found = read_rows(path)
    names = [each.name for each in fields(of)]
    if not found or list(found[0]) != names:
        raise UserError(f"{path}: has not just the columns {', '.join(names)}; name them so in its first line.")
    return [of(**{each.name: _cell(each, row[each.name], path) for each in fields(of)}) for row in found]


def _cell(column: Any, text: str | None, path: Path) -> Any:
    """What a cell holds: a text, or a number or None in a column of numbers."""
    if column.type is str:
        return text or ""
    if not text:
        return None
    number = get_args(column.type)[0]
    try:
        value = number(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UserError(f"{path}: {column.name} is {text!r}, which is no number; write it with a decimal point.")
    return value
