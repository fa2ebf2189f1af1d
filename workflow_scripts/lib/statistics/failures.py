"""Estimates that a method failed to give, and those of a training that diverged: nothing is left out in silence.

A table of failures has one row an estimate of a track: track, family, method, f0, seed, outcome and reason.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from workflow_scripts.lib.core.outcomes import FAILED, OUTCOMES, read_reasons
from workflow_scripts.lib.core.provenance import folder_of
from workflow_scripts.lib.statistics.aggregates import ROW
from workflow_scripts.lib.statistics.rows import ResultRow, row_label

COLUMNS = ["track", "family", *ROW, "seed", "outcome", "reason"]


def find_failures(families: dict[str, str], rows: Sequence[ResultRow], estimates: Sequence[Path]) -> pd.DataFrame:
    """The failures of a shard.  families: of its tracks, by name.  estimates: folder of each row."""
    found = [
        (track, family, row.method, row.f0, row.seed, outcome, reasons[track])
        for row, folder in zip(rows, estimates, strict=True)
        for outcome in OUTCOMES
        for reasons in [read_reasons(folder, outcome)]
        for track, family in families.items()
        if track in reasons
    ]
    return pd.DataFrame(found, columns=COLUMNS)


def read_failures(scores: Sequence[Path]) -> pd.DataFrame:
    """The failures of all shards, by the manifests of their scores."""
    files = [folder_of(path) / "failures.csv" for path in scores]
    tables = [pd.read_csv(path, dtype=str, keep_default_na=False) for path in files]  # names may look like numbers
    return pd.concat(tables, ignore_index=True).astype({"seed": int})


def count_failures(scores: pd.DataFrame, failures: pd.DataFrame) -> pd.DataFrame:
    """Columns method, f0, failed (number of estimates) and seeds_failed (seeds of which no track has a score)."""
    failed = failures[failures["outcome"] == FAILED]
    scored = set(scores[[*ROW, "seed"]].itertuples(index=False, name=None))
    lost = [key not in scored for key in failed[[*ROW, "seed"]].itertuples(index=False, name=None)]
    groups = failed.assign(lost=failed["seed"].where(lost)).groupby(ROW, sort=False)
    return groups.agg(failed=("track", "size"), seeds_failed=("lost", "nunique")).reset_index()


def with_failures(remark: str, failures: pd.DataFrame) -> str:
    """The remark of a figure, and which of its rows lack estimates that failed, and how many."""
    failed = failures[failures["outcome"] == FAILED].groupby(ROW, sort=False).size()
    rows = [f"{row_label(*row)} ({count} estimate{'s' if count > 1 else ''})" for row, count in failed.items()]
    return ". ".join(filter(None, (remark.rstrip("."), f"Failed: {', '.join(rows)}" if rows else "")))


def describe_failures(failures: pd.DataFrame, tracks: int) -> pd.DataFrame:
    """Method, f0, outcome and a sentence `said` for each row, seed, outcome and reason.

    tracks: number of tracks of the comparison; where all have the outcome, none is named.
    """
    found = []
    key = [*ROW, "seed", "outcome", "reason"]
    for (method, f0, seed, outcome, reason), group in failures.groupby(key, sort=False):
        names = ", ".join(group["track"])
        where = "" if len(group) == tracks else f" on {len(group)} of {tracks} tracks ({names})"
        said = f"{row_label(method, f0)} {outcome} for seed {seed}{where}: {' '.join(str(reason).split())}"
        found.append((method, f0, outcome, said))
    return pd.DataFrame(found, columns=[*ROW, "outcome", "said"])
