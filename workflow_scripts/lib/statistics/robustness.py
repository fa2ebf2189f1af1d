"""What becomes of separation as the F0 gets worse, as in the robustness figure of arXiv 2201.09592.

A voice that is left out has no estimate to speak of, so that with voices left out the others alone are counted.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from workflow_scripts.lib.statistics.aggregates import ALL, Kind, seed_values
from workflow_scripts.lib.statistics.intervals import mean_over_tracks
from workflow_scripts.lib.statistics.rows import ErrorRow

LEFT_OUT = "left_out"  # the way to err whose values are lists of voices


class ErrorPoint(NamedTuple):
    """of: F0 source without error.  way, value: to err.  f0: the F0 source with this error."""

    of: str
    way: str
    value: Any
    f0: str


def robustness_points(scores: pd.DataFrame, metric: str, errors: Sequence[ErrorRow], kind: Kind) -> pd.DataFrame:
    """Points of the figure: method, of, way, value, mean over tracks, low, high (95 % interval), tracks.

    The F0 without error is a point of every panel, with the value 0 or "none". A track counts with the mean over the
    sources that it is scored on, in the metric's unit.
    """
    values = seed_values(scores, metric, kind)
    values = values[(values["source"] != ALL) & np.isfinite(values["value"])]
    rows = []
    for method, table in values.groupby("method", sort=False):
        for of, way, value, f0 in error_points(errors):
            found = table[table["f0"] == f0]
            if way == LEFT_OUT:
                found = found[~found["source"].isin(value)]
            tracks = found.groupby(["track", "seed"])["value"].mean().unstack().to_numpy()
            mean, (low, high, _) = mean_over_tracks(tracks)
            shown = ("+".join(value) or "none") if way == LEFT_OUT else value
            point = {"method": method, "of": of, "way": way, "value": shown}
            rows.append(point | {"mean": mean, "low": low, "high": high, "tracks": len(tracks)})
    return pd.DataFrame(rows)


def error_points(errors: Sequence[ErrorRow]) -> list[ErrorPoint]:
    """What is drawn for each F0 source and way to err, that without error included, ascending in the value."""
    found = []
    for of in dict.fromkeys(each.of for each in errors):
        mine = [each for each in errors if each.of == of]
        for way in dict.fromkeys(each.way for each in mine):
            none: object = [] if way == LEFT_OUT else 0
            points = [ErrorPoint(of, way, none, of)]
            points += [ErrorPoint(of, way, each.value, each.f0) for each in mine if each.way == way]
            found += sorted(points, key=lambda point: _rank(point.value))
    return found


def _rank(value: object) -> tuple[Any, ...]:
    return (len(value), value) if isinstance(value, list) else (value,)
