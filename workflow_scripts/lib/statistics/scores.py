"""The tidy table of scores: comparison, dataset, track, family, source, method, f0, seed, metric, frame, value."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from workflow_scripts.lib.core.config import NO_F0
from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.core.provenance import folder_of


def read(manifests: Sequence[Path]) -> pd.DataFrame:
    """The scores of all shards, by their manifests; `frame` is empty for a whole track, a NaN value is undefined."""
    return pd.concat([pd.read_parquet(folder_of(each) / "scores.parquet") for each in manifests], ignore_index=True)


def labelled(scores: pd.DataFrame, rows: Sequence[dict]) -> pd.DataFrame:
    """The scores with the labels of their methods instead of names, and no F0 source where none is used."""
    names = {row["method"]: row["label"] for row in rows}
    return scores.assign(method=scores["method"].map(names), f0=scores["f0"].replace(NO_F0, ""))


def of_family(scores: pd.DataFrame, family: str) -> pd.DataFrame:
    """The scores of one family of songs. Raises UserError where there is no such."""
    found = scores[scores["family"] == family]
    if found.empty:
        known = set(scores["family"]) - {""}
        raise UserError(
            f"config: comparisons.{scores['comparison'].iloc[0]}.groups names the family {family!r}, of which no song "
            f"was scored; {nearest(family, known)}"
        )
    return found


def order(rows: Sequence[dict]) -> list[tuple[str, str]]:
    """(label, F0 source) of each row of the table, once for all seeds."""
    pairs = [(row["label"], "" if row["f0"] == NO_F0 else row["f0"]) for row in rows]
    return list(dict.fromkeys(pairs))
