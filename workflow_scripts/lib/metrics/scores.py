"""The tidy table of scores: one row a comparison, data set, track, source, method, F0 source, seed, metric and frame."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

NO_F0 = "no-f0"
COLUMNS = ("comparison", "dataset", "track", "source", "method", "f0", "seed", "metric", "frame", "value")


def read(folders: Sequence[Path]) -> pd.DataFrame:
    """The scores of all shards; `frame` is empty for a value of a whole track, NaN values are undefined scores."""
    return pd.concat([pd.read_parquet(folder / "scores.parquet") for folder in folders], ignore_index=True)


def labelled(scores: pd.DataFrame, rows: Sequence[dict]) -> pd.DataFrame:
    """The scores with the labels of their methods instead of names, and no F0 source where none is used."""
    names = {row["method"]: row["label"] for row in rows}
    return scores.assign(method=scores["method"].map(names), f0=scores["f0"].replace(NO_F0, ""))


def order(rows: Sequence[dict]) -> list[tuple[str, str]]:
    """(label, F0 source) of each row of the table, once for all seeds."""
    pairs = [(row["label"], "" if row["f0"] == NO_F0 else row["f0"]) for row in rows]
    return list(dict.fromkeys(pairs))
