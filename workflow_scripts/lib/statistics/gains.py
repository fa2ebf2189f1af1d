"""What rows gain over the model that they start from, track by track."""

from collections.abc import Mapping, Sequence

import pandas as pd

from workflow_scripts.lib.statistics.aggregates import ALL, Kind, seed_values
from workflow_scripts.lib.statistics.paired_tests import compare_pairs
from workflow_scripts.lib.statistics.rows import GainRow

COLUMNS = [
    "metric", "source", "method", "baseline", "marks", "group", "adapted", "parameters", "kind",
    "effect", "low", "high", "interval", "tracks",
]  # fmt: skip
IN_SILENCE = "PES"  # what marks of silence act on, shown beside the headline metric


def gain_metrics(metrics: Sequence[str]) -> list[str]:
    """Of a comparison's metrics, the headline and, where it is there, the energy where a source is silent."""
    return list(dict.fromkeys([metrics[0], *(name for name in metrics if name == IN_SILENCE)]))


def gain_points(
    scores: pd.DataFrame, metrics: Sequence[str], rows: Sequence[GainRow], parameters: Mapping[str, int], kind: Kind
) -> pd.DataFrame:
    """Each row minus its baseline on the same tracks, for each metric and source (and `all`).

    rows: in the order of the table.  parameters: number of trained parameters, by label.
    Columns: `COLUMNS`; effect, low, high, interval and tracks as in `compare_pair`, of the tracks' medians or means
    (`kind`), in the metric's unit. Rows without scores, or whose baseline has none, are left out.
    """
    pairs = [((row.label, ""), (row.baseline, "")) for row in rows]
    tests = [compare_pairs(seed_values(scores, each, kind), each, kind, pairs) for each in metrics]
    points = pd.concat(tests, ignore_index=True).rename(columns={"method_a": "method", "method_b": "baseline"})
    by_label = {row.label: row for row in rows}
    told = [by_label[label] for label in points["method"]]
    return points.assign(
        marks=[row.marks for row in told],
        group=[row.group for row in told],
        adapted=[row.adapted for row in told],
        parameters=pd.array([parameters.get(row.label, pd.NA) for row in told], dtype="Int64"),
    )[COLUMNS]


def points_by_marks(points: pd.DataFrame) -> pd.DataFrame:
    """The points of rows that another one differs from in nothing but its marks, over all sources (or the only one)."""
    overall = points_over_sources(points)
    kinds = overall.dropna(subset="marks").groupby("group")["marks"].nunique()
    return overall[overall["group"].isin(kinds.index[kinds > 1])]


def points_by_parameters(points: pd.DataFrame) -> pd.DataFrame:
    """The points of rows of which parameters are trained; none unless they differ in how many."""
    overall = points_over_sources(points).dropna(subset="parameters")
    return overall if overall["parameters"].nunique() > 1 else overall.iloc[:0]


def points_over_sources(points: pd.DataFrame) -> pd.DataFrame:
    """The points over all sources, or of the only one."""
    return points[points["source"] == ALL] if ALL in set(points["source"]) else points
