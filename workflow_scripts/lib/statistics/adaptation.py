"""The course of adaptations to single songs, over all songs."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from workflow_scripts.lib.core.provenance import folder_of
from workflow_scripts.lib.statistics.rows import ResultRow

COUNTERS = ("epoch", "step")  # what the course is drawn against: the first that a method has
ROW = ["method", "label", "seed", "track"]


def read_curves(rows: Sequence[ResultRow], adapted: Sequence[Path]) -> pd.DataFrame:
    """The losses of every adapted track: `ROW`, and the columns of its file; in the order of the comparison's table.

    adapted: manifests of adapted models, in the order of the adapted rows, shard after shard. A track whose file is
    empty was not adapted and is left out.
    """
    own = [row for row in rows if row.adapted]
    tables = [
        pd.read_csv(curve).assign(method=row.method, label=row.label, seed=row.seed, track=curve.stem)
        for index, path in enumerate(adapted)
        for row in [own[index % len(own)]]
        for curve in sorted(folder_of(path).glob("*.csv"))
        if curve.read_text(encoding="utf-8").strip()
    ]
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=ROW)
    # The order of the comparison's table, whatever the number of shards.
    ranks = {(row.method, row.seed): number for number, row in enumerate(own)}
    rank = pd.Series([ranks[key] for key in zip(table["method"], table["seed"], strict=True)], table.index, int)
    return table.loc[rank.sort_values(kind="stable").index, [*ROW, *table.columns.drop(ROW)]]


def adaptation_course(curves: pd.DataFrame) -> pd.DataFrame:
    """Each loss as a share of what it was at first; its mean and range over tracks and seeds.

    A loss is compared with itself in the same song, since songs differ in their losses more than adaptation changes
    them. One that is zero at first has no share and is left out.

    curves: label, seed, track, step, where there are some epoch, and losses; NaN where a track has no such loss.
    Columns: label, counter ("epoch", or "step" for methods without epochs), at (its value), loss, mean, low, high
    (least and greatest), tracks.
    """
    parts = []
    for label, rows in curves.groupby("label", sort=False):
        counter = next(name for name in COUNTERS if name in rows and rows[name].notna().any())
        losses = [name for name in rows if name not in (*ROW, *COUNTERS) and rows[name].notna().any()]
        long = rows.sort_values(counter).melt(["track", "seed", counter], losses, "loss", "value")
        first = long.groupby(["track", "seed", "loss"])["value"].transform("first")
        long = long.assign(value=long["value"] / first.where(first != 0)).dropna(subset="value")
        groups = long.groupby(["loss", counter], sort=False)
        part = groups["value"].agg(mean="mean", low="min", high="max").assign(tracks=groups["track"].nunique())
        part = part.reset_index().rename(columns={counter: "at"})
        parts.append(part.assign(label=label, counter=counter))
    names = ["label", "counter", "at", "loss", "mean", "low", "high", "tracks"]
    return pd.concat(parts, ignore_index=True)[names] if parts else pd.DataFrame(columns=names)
