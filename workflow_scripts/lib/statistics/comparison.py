"""All statistics of one comparison."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pandas as pd

from workflow_scripts.lib.statistics.aggregates import ALL, ROW, Kind, summarise
from workflow_scripts.lib.statistics.costs import summarise_costs
from workflow_scripts.lib.statistics.failures import count_failures
from workflow_scripts.lib.statistics.paired_tests import paired_tests
from workflow_scripts.lib.statistics.rows import Row
from workflow_scripts.lib.statistics.verdicts import best_methods


@dataclass(frozen=True)
class Comparison:
    """Everything that the tables of one comparison show.

    order: (method, f0) of each row; bounds: methods that are references, not competitors; kind: the aggregation that
    the tables show and the tests were made on, chosen before looking.
    summary, tests, best, costs: of `summarise`, `paired_tests` (all metrics), `best_methods` and `summarise_costs`.
    failures: of `failures.read_failures`.  tracks: how many the comparison has, scored or not.
    """

    name: str
    dataset: str
    order: tuple[Row, ...]
    bounds: tuple[str, ...]
    kind: Kind
    summary: pd.DataFrame
    tests: pd.DataFrame
    best: pd.DataFrame
    costs: pd.DataFrame
    failures: pd.DataFrame
    tracks: int

    @property
    def metrics(self) -> list[str]:
        return list(self.summary["metric"].unique())

    @property
    def sources(self) -> list[str]:
        """`all` first, where it exists: that is the column which most readers want."""
        names = list(self.summary["source"].unique())
        return [name for name in names if name == ALL] + [name for name in names if name != ALL]


def compare(
    scores: pd.DataFrame,
    costs: pd.DataFrame,
    failures: pd.DataFrame,
    order: Sequence[Row],
    *,
    bounds: Collection[str],
    kind: Kind,
    lower_is_better: Collection[str],
) -> Comparison:
    """The comparison of scores that hold its values alone, metrics in the order of the tables.

    costs: of `costs.read_costs`.  failures: of `failures.read_failures`.  Both with labels of methods.
    """
    summary = summarise(scores, order)
    known, unscored = set(scores["track"]), set(failures["track"]) - set(scores["track"])
    summary["tracks_left_out"] += len(unscored)  # on which no row has a score
    counts = count_failures(scores, failures)
    summary = (
        summary.merge(counts, how="left", on=ROW)
        .fillna({"failed": 0, "seeds_failed": 0})
        .astype({"failed": int, "seeds_failed": int})
    )
    metrics = list(summary["metric"].unique())
    tests = pd.concat([paired_tests(scores, metric, order, kind, bounds) for metric in metrics], ignore_index=True)
    return Comparison(
        name=str(scores["comparison"].iloc[0]),
        dataset=str(scores["dataset"].iloc[0]),
        order=tuple(order),
        bounds=tuple(bounds),
        kind=kind,
        summary=summary,
        tests=tests,
        best=best_methods(summary[summary["kind"] == kind], tests, bounds, lower_is_better),
        costs=summarise_costs(costs, order),
        failures=failures,
        tracks=len(known | unscored),
    )
