"""A table of scores that others computed: track, source, metric, value, and `frame` or `seconds` for framewise metrics.

Used while the workflow is planned, so nothing heavy is imported here.
"""

import math
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.core.names import composed
from workflow_scripts.lib.core.text_table import number_of, read_table

NEEDED = ("track", "source", "metric", "value")
PLACES = ("frame", "seconds")
WHAT = "a table of scores, with the columns track, source, metric, value, and frame or seconds"
CLOSE = 1e-3  # of a frame, that the start of one may be off


class GivenScore(NamedTuple):
    """frame: number from 0, None for the whole track.  value: NaN where undefined, infinity where exact."""

    track: str
    source: str
    metric: str
    frame: int | None
    value: float


def read_given_scores(path: Path, levels: Mapping[str, str], hop: float) -> list[GivenScore]:
    """The scores of a file, of these metrics.

    levels: `frame` or `track` by metric; other metrics are passed over.  hop: from frame to frame, in s.
    Raises UserError for a column, number or frame that is wrong, and for a value that is there twice.
    """
    table = read_table(path, WHAT)
    _check_columns(path, table.header)
    found: dict[tuple[str, str, str, int | None], GivenScore] = {}
    for number, row in table.rows():
        if row["metric"] not in levels:
            continue
        where = f"{path}, row {number}"
        frame = _frame(where, row, levels[row["metric"]], hop)
        score = GivenScore(composed(row["track"]), composed(row["source"]), row["metric"], frame, _value(where, row))
        if score[:4] in found:
            raise UserError(f"{where}: gives a value that is there already, {_said(score)}; keep one of the two.")
        found[score[:4]] = score
    return list(found.values())


def metrics_in(path: Path) -> list[str]:
    """The metrics that a file names, each once. Raises UserError where it has no such column."""
    table = read_table(path, WHAT)
    _check_columns(path, table.header)
    return list(dict.fromkeys(row["metric"] for _, row in table.rows()))


def select_scores(
    path: Path, scores: Iterable[GivenScore], tracks: Collection[str], sources: Collection[str]
) -> list[GivenScore]:
    """The scores of these tracks and sources, with a value of each metric for each of them.

    path: of the file, for messages. Raises UserError where one is missing.
    """
    scores = list(scores)
    there = {score[:3] for score in scores}
    known = {"track": {score.track for score in scores}, "source": {score.source for score in scores}}
    for what, names in (("track", tracks), ("source", sources)):
        missing = [name for name in names if name not in known[what]]
        if missing:
            raise UserError(
                f"{path}: lacks the {what} {missing[0]!r} ({len(missing)} of {len(names)} are missing); it has "
                f"{', '.join(sorted(known[what])[:5]) or 'none'}; add its scores, or rename it where it is there under "
                "another name."
            )
    for metric in dict.fromkeys(score.metric for score in scores):
        for track in tracks:
            for source in sources:
                if (track, source, metric) not in there:
                    raise UserError(
                        f"{path}: gives {metric} but not of {track!r}, {source!r}; add it (empty where undefined), or "
                        "leave the metric out."
                    )
    return [score for score in scores if score.track in tracks and score.source in sources]


def _check_columns(path: Path, header: Collection[str]) -> None:
    for name in header:
        if name not in (*NEEDED, *PLACES):
            raise UserError(f"{path}: has the unknown column {name!r}; {nearest(name, (*NEEDED, *PLACES))}")
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise UserError(f"{path}: lacks the column {missing[0]!r}; it should be {WHAT}.")
    if set(PLACES) <= set(header):
        raise UserError(f"{path}: has both columns {' and '.join(map(repr, PLACES))}; keep one of them.")


def _frame(where: str, row: Mapping[str, str], level: str, hop: float) -> int | None:
    place = next((name for name in PLACES if name in row), None)
    text = row[place] if place else ""
    if level == "track" and text:
        raise UserError(
            f"{where}: gives {row['metric']} for a frame, but it is one of whole tracks; leave {place} empty."
        )
    if level == "track":
        return None
    if not text:
        raise UserError(
            f"{where}: gives {row['metric']} without its frame, but it has a value every {hop:g} s; add the column "
            "frame (0, 1, ...), or seconds, where the frame begins."
        )
    frame = number_of(text) / (hop if place == "seconds" else 1.0)
    if not frame >= 0 or abs(frame - round(frame)) > CLOSE:
        raise UserError(
            f"{where}: {place} is {text!r}; allowed are {'0, 1, 2' if place == 'frame' else f'multiples of {hop:g}'} "
            "and so on, as the comparison's scoring has its frames."
        )
    return round(frame)


def _value(where: str, row: Mapping[str, str]) -> float:
    text = row["value"].lower()
    if text in ("", "nan"):
        return math.nan
    if text.lstrip("+-") in ("inf", "infinity"):
        return -math.inf if text.startswith("-") else math.inf
    if math.isnan(value := number_of(text)):
        raise UserError(f"{where}: the value is {row['value']!r}; allowed are a number, inf, and nan where undefined.")
    return value


def _said(score: GivenScore) -> str:
    of = f" frame {score.frame}" if score.frame is not None else ""
    return f"{score.metric} of {score.track!r}, {score.source!r}{of}"
