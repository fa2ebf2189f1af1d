"""From scores to aggregates over frames, seeds, sources and tracks, with intervals over tracks and seeds.

Two ways to boil a metric down are in use, and their numbers differ by a dB or more, so each keeps its own name:

    kind      metric per frame       metric per track
    median    median of medians      median over tracks      SiSEC 2018 (Stöter, Liutkus and Ito 2018, section 4)
    mean      mean over frames       mean over tracks        arXiv 2201.09592, section V

"median of medians" is the median over a track's frames, undefined ones left out, then the median over tracks. "mean
over frames" pools all frames of all tracks (and, over all sources, of all sources), undefined ones left out.
The seeds of a method are averaged within each track before anything else happens, so that a method with five seeds
is not surer of the tracks than one with one; what the seeds differ in widens the interval. Infinite values stay in
medians, and are left out of means and counted.

A score table (`scores` below) has one row a value and the columns method, f0 ("" where none is used), seed, track,
source, metric, frame (missing for values of whole tracks) and value (NaN where the metric is undefined).
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.statistics.intervals import (
    Interval,
    median_interval,
    pooled_mean,
    ratio_interval,
    with_seeds,
)
from workflow_scripts.lib.statistics.rows import Row

Kind = Literal["median", "mean"]

KINDS: tuple[Kind, ...] = ("median", "mean")
STATISTICS: dict[Kind, tuple[tuple[str, ...], Callable[..., Any], Callable[..., Interval]]] = {
    "median": (("median",), np.median, median_interval),
    "mean": (("total", "count"), pooled_mean, ratio_interval),
}  # of which columns of `track_aggregates`
AGGREGATIONS = {
    ("frame", "median"): "median of medians",
    ("frame", "mean"): "mean over frames",
    ("track", "median"): "median over tracks",
    ("track", "mean"): "mean over tracks",
}
ALL = "all"  # the name of the aggregate over sources

ROW = ["method", "f0"]
CELL = [*ROW, "source", "metric"]
COLUMNS = [*CELL, "track", "seed", "frame", "value"]


def track_aggregates(scores: pd.DataFrame) -> pd.DataFrame:
    """One row a method, F0 source, source (and `all`), metric and track, its seeds averaged.

    Columns: unit ("frame" or "track"), median, mean (of finite values; NaN where nothing is defined), total and count
    (of the finite values a seed: mean = total / count), scored, left_out (NaN), infinite (part of scored): numbers of
    values over all seeds; seeds. Raises UserError for a table with missing columns or doubled values.
    """
    check_scores(scores)
    unit = scores["frame"].notna().groupby(scores["metric"]).agg(["any", "all"])
    for metric in unit.index[unit["any"] != unit["all"]]:
        raise UserError(f"The scores hold {metric} both for frames and for whole tracks; give each its own name")
    per_source = average_seeds(aggregate_frames(scores))
    framewise = per_source["metric"].map(unit["any"]).astype(bool)
    per_source.insert(5, "unit", np.where(framewise, "frame", "track"))
    # A value of a whole track weighs one, however many seeds it is the average of.
    mean = per_source["total"] / per_source["count"].where(per_source["count"] > 0)
    per_source["total"] = per_source["total"].where(framewise, mean.fillna(0))
    per_source["count"] = per_source["count"].where(framewise, mean.notna().astype(float))
    tracks = pd.concat([per_source, over_sources(per_source)], ignore_index=True)
    tracks["mean"] = tracks["total"] / tracks["count"].where(tracks["count"] > 0)
    return tracks


def seed_aggregates(scores: pd.DataFrame) -> pd.DataFrame:
    """The rows of `track_aggregates` for each seed alone, and the column seed."""
    parts = [track_aggregates(group).assign(seed=seed) for seed, group in scores.groupby("seed")]
    return pd.concat(parts, ignore_index=True)


def check_scores(scores: pd.DataFrame) -> None:
    """Raises UserError for a table with missing columns, doubled values, or more than one comparison or data set."""
    missing = [name for name in COLUMNS if name not in scores]
    if missing:
        raise UserError(f"The score table has no column {', '.join(missing)}; it needs {', '.join(COLUMNS)}")
    if (scores["source"] == ALL).any():
        raise UserError(f"A source is named {ALL!r}, which is the name of the average over sources; rename the source")
    for name in ("comparison", "dataset"):
        if name in scores and scores[name].nunique() > 1:
            found = ", ".join(map(str, scores[name].unique()))
            raise UserError(f"The score table mixes values of {name} ({found}); compare one at a time")
    doubled = scores.duplicated(COLUMNS[:-1])
    if doubled.any():
        row = scores.loc[doubled.idxmax()]
        raise UserError(
            f"The score table holds {row['metric']} of {row['method']}, {row['source']}, track {row['track']}, seed"
            f" {row['seed']} more than once; score each track once"
        )


def aggregate_frames(scores: pd.DataFrame) -> pd.DataFrame:
    """One row a track and seed: median, total and count of the finite, and the counts."""
    value = scores["value"].astype(float)
    infinite = np.isinf(value)
    finite = value.notna() & ~infinite
    work = scores[[*CELL, "track", "seed"]].assign(
        median=value,
        total=value.where(finite, 0.0),
        count=finite.astype(float),
        scored=value.notna().astype(int),
        left_out=value.isna().astype(int),
        infinite=infinite.astype(int),
    )
    groups = work.groupby([*CELL, "track", "seed"], sort=False, observed=True)
    table = groups[["total", "count", "scored", "left_out", "infinite"]].sum()
    table.insert(0, "median", groups["median"].median())
    return table.reset_index()


def average_seeds(per_seed: pd.DataFrame) -> pd.DataFrame:
    """Rows of `aggregate_frames` -> one row a track: means over its seeds, numbers added up, and how many `seeds`."""
    groups = per_seed.groupby([*CELL, "track"], sort=False, observed=True)
    table = groups[["median", "total", "count"]].mean()
    table[["scored", "left_out", "infinite"]] = groups[["scored", "left_out", "infinite"]].sum()
    table["seeds"] = groups["seed"].nunique()
    return table.reset_index()


def over_sources(tracks: pd.DataFrame) -> pd.DataFrame:
    """The rows of the source `all`: the mean over a track's sources (the sum, for total and count of frames).

    A source that no method has a score for in a track (its stem is silent) is not part of that track's mean. A method
    that lacks a source which another one has is undefined there, so that nobody gains by leaving out a hard source.
    None where there is but one source.
    """
    if tracks["source"].nunique() < 2:
        return tracks.iloc[:0]
    key = [*ROW, "metric", "track", "unit"]
    groups = tracks.groupby(key, sort=False, observed=True)
    table = groups[["scored", "left_out", "infinite"]].sum()
    table["seeds"] = groups["seeds"].max()
    scored = tracks[tracks["scored"] > 0]
    possible = scored.groupby(["metric", "track"])["source"].nunique().rename("possible")
    groups = scored.groupby(key, sort=False, observed=True)
    values = groups[["total", "count"]].sum().assign(median=groups["median"].mean(), found=groups.size())
    values["finite"] = groups["count"].min() > 0
    table = table.join(values).join(possible, on=["metric", "track"]).reset_index()
    complete = table["found"] == table["possible"]
    table["median"] = table["median"].where(complete)
    whole = table["unit"] == "track"
    counted = complete & (table["finite"].eq(True) | ~whole)
    table["total"] = table["total"].where(~whole, table["total"] / table["found"]).where(counted, 0.0)
    table["count"] = table["count"].where(~whole, 1.0).where(counted, 0.0)
    return table.assign(source=ALL)[tracks.columns]


def track_values(scores: pd.DataFrame, metric: str, kind: Kind) -> pd.DataFrame:
    """The values that a comparison is made on: method, f0, source (and `all`), track, value (NaN where undefined)."""
    tracks = track_aggregates(select_metric(scores, metric))
    return tracks[[*ROW, "source", "track"]].assign(value=tracks[kind])


def seed_values(scores: pd.DataFrame, metric: str, kind: Kind) -> pd.DataFrame:
    """`track_values` of each seed alone, with the column seed."""
    seeds = seed_aggregates(select_metric(scores, metric))
    return seeds[[*ROW, "source", "track", "seed"]].assign(value=seeds[kind])


def values_by_row(scores: pd.DataFrame, metric: str, order: Sequence[Row], kind: Kind) -> dict[str, pd.DataFrame]:
    """Values of a metric as one table [track, (method, f0)] a source, columns in the order given; `all` comes last."""
    check_order(scores, order)
    values = track_values(scores, metric, kind)
    tables = {}
    for source, group in values.groupby("source", sort=False):
        table = group.pivot(index="track", columns=ROW, values="value").sort_index()
        tables[source] = table[[row for row in order if row in table]]
    return tables


def value_name(scores: pd.DataFrame, metric: str, kind: Kind) -> str:
    """Name of an axis of `track_values`: the metric, and what one value of a track is made of."""
    framewise = scores.loc[scores["metric"] == metric, "frame"].notna().any()
    return f"{metric} ({kind} over the frames of a track)" if framewise else f"{metric} (one value a track)"


def select_metric(scores: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The scores of one metric. Raises UserError where there are none."""
    found = scores[scores["metric"] == metric]
    if found.empty:
        raise UserError(f"No score has the metric {metric!r}; found: {', '.join(scores['metric'].unique()) or 'none'}")
    return found


def check_order(scores: pd.DataFrame, order: Sequence[Row]) -> None:
    """Raises UserError where a method has scores but no place in the table: nothing is dropped in silence."""
    for method, f0 in scores[ROW].drop_duplicates().itertuples(index=False):
        if (method, f0) not in order:
            raise UserError(f"The scores hold the method {method!r} with F0 {f0!r}, which the comparison does not list")


def summarise(scores: pd.DataFrame, order: Sequence[Row]) -> pd.DataFrame:
    """Aggregates of every method, source (and `all`) and metric, both kinds, in the order given.

    Columns: method, f0, source, metric, kind, aggregation (its name), value, low, high (95 % interval over
    tracks and seeds), interval (why there is none, else ""), tracks (with a value), tracks_left_out (undefined or not
    scored), seeds, unit, and scored, left_out, infinite: numbers of values over all tracks and seeds, the infinite ones
    among the scored.
    """
    check_order(scores, order)
    tracks = track_aggregates(scores)
    groups, of_seeds = (
        dict(list(table.groupby(CELL, sort=False, observed=True))) for table in (tracks, seed_aggregates(scores))
    )
    sources, metrics = (list(tracks[name].unique()) for name in ("source", "metric"))
    expected = tracks.groupby("metric")["track"].nunique()
    rows = []
    for method, f0 in order:
        for metric in metrics:
            for source in sources:
                cell = (method, f0, source, metric)
                if cell in groups:
                    parts = [aggregate(groups[cell], of_seeds[cell], kind, expected[metric]) for kind in KINDS]
                    rows += [dict(zip(CELL, cell, strict=True)) | part for part in parts]
    return pd.DataFrame(rows)


def aggregate(tracks: pd.DataFrame, seeds: pd.DataFrame, kind: Kind, expected: int) -> dict[str, Any]:
    """Value, interval and counts of one cell from its rows of `track_aggregates` and of `seed_aggregates`.

    expected: number of tracks.
    """
    unit = tracks["unit"].iloc[0]
    samples, (_, _, interval_of) = _samples(tracks, kind), STATISTICS[kind]
    value = _statistic(tracks, kind)
    alone = [_statistic(group, kind) for _, group in seeds[seeds[kind].notna()].groupby("seed")]
    low, high, reason = with_seeds(value, interval_of(*samples), samples[0].size, alone)
    return {
        "kind": kind,
        "aggregation": AGGREGATIONS[unit, kind],
        "value": value,
        "low": low,
        "high": high,
        "interval": reason,
        "tracks": samples[0].size,
        "tracks_left_out": int(expected) - samples[0].size,
        "seeds": int(tracks["seeds"].max()),
        "unit": unit,
        **{name: int(tracks[name].sum()) for name in ("scored", "left_out", "infinite")},
    }


def _samples(tracks: pd.DataFrame, kind: Kind) -> list[np.ndarray]:
    """What the statistic of a kind is computed from, each [track], of the tracks that have a value."""
    kept = tracks[tracks[kind].notna()]
    return [kept[name].to_numpy() for name in STATISTICS[kind][0]]


def _statistic(tracks: pd.DataFrame, kind: Kind) -> float:
    """The statistic of a kind over the tracks that have a value; NaN where none has."""
    samples = _samples(tracks, kind)
    with np.errstate(invalid="ignore"):  # the middle of -inf and inf is undefined
        return float(STATISTICS[kind][1](*samples)) if samples[0].size else np.nan
