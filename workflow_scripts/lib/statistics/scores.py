"""The tidy table of scores: comparison, dataset, track, family, source, method, f0, seed, metric, frame, value."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.core.names import NO_F0
from workflow_scripts.lib.core.provenance import folder_of
from workflow_scripts.lib.statistics.rows import ResultRow


def read_scores(manifests: Sequence[Path]) -> pd.DataFrame:
    """The scores of all shards, by their manifests; `frame` is empty for a whole track, a NaN value is undefined.

    A shard without tracks has none, for there may be more shards than tracks. Raises UserError where no shard has any.
    """
    tables = [pd.read_parquet(folder_of(each) / "scores.parquet") for each in manifests]
    if all(table.empty for table in tables):
        raise UserError(
            f"There are no scores: the split has no track, or every method failed on every track; see "
            f"{folder_of(manifests[0])}"
        )
    return pd.concat([table for table in tables if not table.empty], ignore_index=True)


def label_scores(scores: pd.DataFrame, rows: Sequence[ResultRow]) -> pd.DataFrame:
    """The scores with the labels of their methods instead of names, and no F0 source where none is used."""
    labels = {row.method: row.label for row in rows}
    return scores.assign(method=scores["method"].map(labels), f0=scores["f0"].replace(NO_F0, ""))


def scores_of_family(scores: pd.DataFrame, family: str) -> pd.DataFrame:
    """The scores of one family of songs. Raises UserError where there is no such."""
    found = scores[scores["family"] == family]
    if found.empty:
        known = set(scores["family"]) - {""}
        raise UserError(
            f"config: comparisons.{scores['comparison'].iloc[0]}.groups names the family {family!r}, of which no song "
            f"was scored; {nearest(family, known)}"
        )
    return found
