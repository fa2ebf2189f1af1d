"""The ledger: each published claim, what of ours stands beside it, and the verdict."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, cast

import numpy as np
import pandas as pd

from workflow_scripts.lib.core.outcomes import FAILED
from workflow_scripts.lib.statistics.aggregates import ALL, ROW, Kind, seed_values, summarise
from workflow_scripts.lib.statistics.claim_rows import EQUAL, VALUE, Beside, Claim, Judged, row_of
from workflow_scripts.lib.statistics.claim_verdicts import (
    INCONCLUSIVE,
    NOT_ATTEMPTED,
    REPRODUCED,
    VERDICTS,
    difference_interval,
    judge_equality,
    judge_order,
    judge_value,
)
from workflow_scripts.lib.statistics.intervals import Interval
from workflow_scripts.lib.statistics.paired_tests import compare_pairs

MEASURED = [
    "comparison", "data", "synthesised", "row", "over_row", "our_metric", "our_aggregation", "our_source", "group",
    "definitions", "ours", "difference", "low", "high", "tracks", "seeds", "failed", "verdict", "remark",
]  # fmt: skip
COLUMNS = [*(each.name for each in fields(Claim)), *MEASURED]
NUMBERS = dict.fromkeys(["value", "tolerance", "error", "ours", "difference", "low", "high"], "float64")
NUMBERS |= dict.fromkeys(["runs", "tracks", "seeds", "failed"], "Int64")
DECIBEL = "dB"


@dataclass(frozen=True)
class Results:
    """What claims are judged on.

    comparisons: those whose scores are there, by name.  scores, failures: their tables, with names of methods.
    margin_db: the greatest difference in dB that does not matter.  lower_is_better: names of metrics.
    """

    comparisons: Mapping[str, Judged]
    scores: pd.DataFrame
    failures: pd.DataFrame
    margin_db: float
    lower_is_better: Collection[str]

    def margin(self, claim: Claim) -> float | None:
        return self.margin_db if claim.unit == DECIBEL else None


def make_ledger(claims: Sequence[Claim], besides: Sequence[Beside], results: Results) -> pd.DataFrame:
    """One row (`COLUMNS`) a claim and comparison that it can be judged on, and one a claim that none is there for.

    ours: our value (of claims of a value).  difference, low, high: ours minus the published value, or the paired
    difference of the two rows, higher being better, with its 95 % interval.  tracks, seeds: that these rest on.
    failed: estimates that are missing of them.  verdict: of `claim_verdicts`.  remark: why it is no other.
    """
    rows = [asdict(claim) | entry for claim in claims for entry in _entries(claim, besides, results)]
    return pd.DataFrame(rows, columns=COLUMNS).astype(NUMBERS)


def count_verdicts(ledger: pd.DataFrame) -> dict[str, int]:
    """How many rows have each verdict."""
    return {verdict: int((ledger["verdict"] == verdict).sum()) for verdict in VERDICTS}


def _entries(claim: Claim, besides: Sequence[Beside], results: Results) -> Iterator[dict[str, Any]]:
    own = [beside for beside in besides if beside.id == claim.id]
    there = [beside for beside in own if beside.comparison in results.comparisons]
    judged = [each for each in there if claim.kind != VALUE or not results.comparisons[each.comparison].synthesised]
    for beside in judged:
        yield _judged(claim, beside, results)
    if not judged:
        names = " or ".join(dict.fromkeys(each.comparison for each in own))
        reason = "no value is judged on synthesised data" if there else f"the comparison {names} is not run"
        yield {"verdict": NOT_ATTEMPTED, "remark": claim.not_attempted or reason}


def _judged(claim: Claim, beside: Beside, results: Results) -> dict[str, Any]:
    """The cells of `MEASURED` for a claim on one comparison."""
    comparison = results.comparisons[beside.comparison]
    found = {
        "comparison": beside.comparison, "data": comparison.data, "synthesised": comparison.synthesised,
        "row": beside.row, "over_row": beside.over, "our_metric": beside.metric, "our_aggregation": beside.aggregation,
        "our_source": beside.source, "group": beside.group, "definitions": beside.definitions,
    }  # fmt: skip
    scores, failures = (_of_beside(table, beside, comparison) for table in (results.scores, results.failures))
    failed = failures[failures["outcome"] == FAILED]
    found |= {"failed": len(failed)}
    scores = scores[scores["metric"] == beside.metric]
    for name in beside.row_names:
        if not _is_of_row(scores, name).any():
            reasons = failed.loc[_is_of_row(failed, name), "reason"]
            return found | {"verdict": NOT_ATTEMPTED, "remark": _why_missing(name, beside, reasons)}
    measure = _value if claim.kind == VALUE else _difference
    return found | measure(claim, beside, scores, results)


def _of_beside(table: pd.DataFrame, beside: Beside, comparison: Judged) -> pd.DataFrame:
    """The part of scores or failures that a claim is judged on."""
    chosen = table[table["comparison"] == comparison.scored_as]
    of_row = [row in beside.rows for row in chosen[ROW].itertuples(index=False, name=None)]
    chosen = chosen[np.array(of_row, dtype=bool)]
    return chosen[chosen["family"] == beside.group] if beside.group else chosen


def _is_of_row(table: pd.DataFrame, name: str) -> pd.Series:
    return (table[ROW] == list(row_of(name))).all(axis=1)


def _why_missing(row: str, beside: Beside, reasons: pd.Series) -> str:
    if len(reasons):
        return f"the row {row} failed: {' '.join(str(reasons.iloc[0]).split())}"
    of_group = f" for {beside.group}" if beside.group else ""
    return f"the comparison {beside.comparison} has no {beside.metric} of the row {row}{of_group}"


def _value(claim: Claim, beside: Beside, scores: pd.DataFrame, results: Results) -> dict[str, Any]:
    """Our value, and its difference from the published one."""
    table = summarise(scores, list(beside.rows))
    cell = table[(table["source"] == _source(table, beside)) & (table["kind"] == beside.aggregation)]
    if cell.empty or not np.isfinite(cell["value"].iloc[0]):
        return {"verdict": NOT_ATTEMPTED, "remark": f"there is no finite value of {beside.source}"}
    ours, value, tolerance = cell.iloc[0], cast(float, claim.value), claim.tolerance or 0.0
    interval = Interval(ours["low"], ours["high"], ours["interval"])
    interval = difference_interval(ours["value"], interval, value, claim.error, claim.runs)
    verdict = judge_value(interval, tolerance, results.margin(claim))
    remark = "" if results.margin(claim) is not None else f"no margin is stated for the unit {claim.unit or '1'}"
    counts = {"tracks": ours["tracks"], "seeds": ours["seeds"]}
    return _measured(ours["value"] - value, interval, verdict, remark) | counts | {"ours": ours["value"]}


def _difference(claim: Claim, beside: Beside, scores: pd.DataFrame, results: Results) -> dict[str, Any]:
    """The paired difference of the two rows, higher being better."""
    kind = cast(Kind, beside.aggregation)
    pairs = compare_pairs(seed_values(scores, beside.metric, kind), beside.metric, kind, [beside.rows])  # type: ignore[list-item]
    cell = pairs[pairs["source"] == _source(pairs, beside)]
    if cell.empty or not cell["tracks"].iloc[0]:
        return {
            "verdict": NOT_ATTEMPTED,
            "remark": f"the rows have no track with a finite difference of {beside.source}",
        }
    pair = cell.iloc[0]
    effect, interval = pair["effect"], Interval(pair["low"], pair["high"], pair["interval"])
    if beside.metric in results.lower_is_better:
        effect, interval = -effect, Interval(-interval.high, -interval.low, interval.reason)
    verdict, remark = _judged_pair(claim, interval, results.margin(claim))
    return _measured(effect, interval, verdict, remark) | {"tracks": pair["tracks"], "seeds": pair["seeds"]}


def _judged_pair(claim: Claim, interval: Interval, margin: float | None) -> tuple[str, str]:
    """The verdict on an order or equality, and a remark where there is an order, but of next to nothing."""
    near = judge_equality(interval, margin)
    if claim.kind == EQUAL:
        return near, ""
    verdict = judge_order(interval, claim.value or 0.0)
    return verdict, "by less than the margin" if near == REPRODUCED and verdict != INCONCLUSIVE else ""


def _source(table: pd.DataFrame, beside: Beside) -> str:
    """The source that is asked for; of one source alone there is no `all`."""
    sources = list(table["source"].unique())
    return sources[0] if beside.source == ALL and len(sources) == 1 else beside.source


def _measured(difference: float, interval: Interval, verdict: str, remark: str) -> dict[str, Any]:
    said = "; ".join(filter(None, (f"no interval: {interval.reason}" if interval.reason else "", remark)))
    return {"difference": difference, "low": interval.low, "high": interval.high, "verdict": verdict, "remark": said}
