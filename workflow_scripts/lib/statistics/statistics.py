"""From scores to statements: aggregates with bootstrap intervals over tracks, and paired tests between methods.

Two ways to boil a metric down are in use, and their numbers differ by a dB or more, so each keeps its own name:

    kind      metric per frame       metric per track
    median    median of medians      median over tracks      SiSEC 2018 (Stöter, Liutkus and Ito 2018, section 4)
    mean      mean over frames       mean over tracks        arXiv 2201.09592, section V

"median of medians" is the median over a track's frames, undefined ones left out, then the median over tracks. "mean
over frames" pools all frames of all tracks (and, over all sources, of all sources), undefined ones left out.
The seeds of a method are averaged within each track before anything else happens, so that a method with five seeds
is not surer of the tracks than one with one. Infinite values stay in medians, and are left out of means and counted.

A score table (`scores` below) has one row a value and the columns method, f0 ("" where none is used), seed, track,
source, metric, frame (missing for values of whole tracks) and value (NaN where the metric is undefined).
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from workflow_scripts.lib.core.errors import UserError

Kind = Literal["median", "mean"]
Row = tuple[str, str]  # (method, f0): one row of a table

KINDS: tuple[Kind, ...] = ("median", "mean")
AGGREGATIONS = {
    ("frame", "median"): "median of medians",
    ("frame", "mean"): "mean over frames",
    ("track", "median"): "median over tracks",
    ("track", "mean"): "mean over tracks",
}
ALL = "all"  # the name of the aggregate over sources
RESAMPLES = 2000
LEVEL = 0.95
ALPHA = 0.05
DECIMALS = 6  # differences below 1e-6 are round-off: that is the accuracy to which the scores themselves are defined

ROW = ["method", "f0"]
CELL = [*ROW, "source", "metric"]
COLUMNS = [*CELL, "track", "seed", "frame", "value"]


class Interval(NamedTuple):
    """low, high: NaN where there is no interval; reason: why there is none, otherwise empty."""

    low: float
    high: float
    reason: str


def bootstrap_interval(
    samples: Sequence[np.ndarray], statistic: Callable[..., np.ndarray], generator: np.random.Generator
) -> Interval:
    """Percentile bootstrap interval of `statistic(*samples, axis=-1)`; the tracks [track] are drawn with replacement.

    Simulated on exponential data, the 95 % interval of a mean holds the truth in 77 % of cases with 4 tracks, 87 %
    with 10 and 93 % with 50: with few tracks it is too narrow, and bias correction (BCa) gains 2 points at most.
    """
    samples = [np.asarray(sample, dtype=float) for sample in samples]
    tracks = samples[0].size
    if tracks < 2:
        return Interval(np.nan, np.nan, "one track" if tracks else "no value")
    if not all(np.isfinite(sample).all() for sample in samples):
        return Interval(np.nan, np.nan, "infinite value")
    drawn = stats.bootstrap(
        samples,
        statistic,
        n_resamples=RESAMPLES,
        vectorized=True,
        paired=len(samples) > 1,
        confidence_level=LEVEL,
        method="percentile",
        rng=generator,
    ).confidence_interval
    return Interval(float(drawn.low), float(drawn.high), "")


def pooled_mean(total: np.ndarray, count: np.ndarray, axis: int = -1) -> np.ndarray:
    """Mean over all pooled values, from their sum and number in each track."""
    return np.sum(total, axis=axis) / np.sum(count, axis=axis)


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


def check_scores(scores: pd.DataFrame) -> None:
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


def select_metric(scores: pd.DataFrame, metric: str) -> pd.DataFrame:
    found = scores[scores["metric"] == metric]
    if found.empty:
        raise UserError(f"No score has the metric {metric!r}; found: {', '.join(scores['metric'].unique()) or 'none'}")
    return found


def check_order(scores: pd.DataFrame, order: Sequence[Row]) -> None:
    """Raises UserError where a method has scores but no place in the table: nothing is dropped in silence."""
    for method, f0 in scores[ROW].drop_duplicates().itertuples(index=False):
        if (method, f0) not in order:
            raise UserError(f"The scores hold the method {method!r} with F0 {f0!r}, which the comparison does not list")


def summarise(scores: pd.DataFrame, order: Sequence[Row], generator: np.random.Generator) -> pd.DataFrame:
    """Aggregates of every method, source (and `all`) and metric, both kinds, in the order given.

    Columns: method, f0, source, metric, kind, aggregation (its name), value, low, high (95 % bootstrap interval over
    tracks), interval (why there is none, else ""), tracks (with a value), tracks_left_out (undefined or not scored),
    seeds, unit, and scored, left_out, infinite: numbers of values over all tracks and seeds, the infinite ones among
    the scored.
    All rows resample the same tracks, so that a row does not depend on which others stand beside it.
    """
    check_order(scores, order)
    seed = int(generator.integers(2**63))
    tracks = track_aggregates(scores)
    groups = dict(list(tracks.groupby(CELL, sort=False, observed=True)))
    sources, metrics = (list(tracks[name].unique()) for name in ("source", "metric"))
    expected = tracks.groupby("metric")["track"].nunique()
    rows = []
    for method, f0 in order:
        for metric in metrics:
            for source in sources:
                cell = (method, f0, source, metric)
                if cell in groups:
                    parts = [aggregate(groups[cell], kind, expected[metric], seed) for kind in KINDS]
                    rows += [dict(zip(CELL, cell, strict=True)) | part for part in parts]
    return pd.DataFrame(rows)


def aggregate(tracks: pd.DataFrame, kind: Kind, expected: int, seed: int) -> dict:
    """Value, interval and counts of one cell from its rows of `track_aggregates`; `expected`: number of tracks."""
    kept = tracks[tracks[kind].notna()]
    unit = tracks["unit"].iloc[0]
    if kind == "median":
        samples, statistic = [kept["median"].to_numpy()], np.median
    else:
        samples, statistic = [kept["total"].to_numpy(), kept["count"].to_numpy()], pooled_mean
    with np.errstate(invalid="ignore"):  # the middle of -inf and inf is undefined
        value = float(statistic(*samples, axis=-1)) if len(kept) else np.nan
    low, high, reason = bootstrap_interval(samples, statistic, np.random.default_rng(seed))
    return {
        "kind": kind,
        "aggregation": AGGREGATIONS[unit, kind],
        "value": value,
        "low": low,
        "high": high,
        "interval": reason,
        "tracks": len(kept),
        "tracks_left_out": int(expected) - len(kept),
        "seeds": int(tracks["seeds"].max()),
        "unit": unit,
        **{name: int(tracks[name].sum()) for name in ("scored", "left_out", "infinite")},
    }


def paired_tests(
    scores: pd.DataFrame,
    metric: str,
    order: Sequence[Row],
    kind: Kind,
    generator: np.random.Generator,
    bounds: Collection[str] = (),
) -> pd.DataFrame:
    """Every pair of methods, bounds left out, on each source (and `all`): do they differ over the same tracks?

    The two-sided Wilcoxon signed-rank test on the tracks' medians or means (`kind`), Holm-corrected over all pairs of
    one source and metric. Columns: source, metric, kind, method_a, f0_a, method_b, f0_b, tracks (that both have a
    finite value for), effect (mean of a minus b), low, high, interval (as in `summarise`), test, p, p_corrected, and
    smallest_p: the smallest p_corrected that this number of pairs and tracks can give at all.
    """
    check_order(scores, order)
    seed = int(generator.integers(2**63))
    values = track_values(scores, metric, kind)
    competing = [row for row in order if row[0] not in bounds]
    tables = []
    for source in values["source"].unique():
        of_source = values[values["source"] == source]
        by_row = of_source.pivot(index="track", columns=ROW, values="value")
        pairs = list(combinations([row for row in competing if row in by_row and by_row[row].notna().any()], 2))
        rows = [compare_pair(by_row[a].to_numpy(), by_row[b].to_numpy(), seed) for a, b in pairs]
        names = [{"method_a": a[0], "f0_a": a[1], "method_b": b[0], "f0_b": b[1]} for a, b in pairs]
        table = pd.DataFrame([name | row for name, row in zip(names, rows, strict=True)], columns=PAIR_COLUMNS)
        table.insert(0, "source", source)
        table["p_corrected"] = holm(table["p"].to_numpy(dtype=float))
        table["smallest_p"] = min(1.0, table["p"].count() * smallest_p(int(table["tracks"].max() if pairs else 0)))
        tables.append(table)
    table = pd.concat(tables, ignore_index=True)
    table.insert(1, "metric", metric)
    table.insert(2, "kind", kind)
    return table


PAIR_COLUMNS = ["method_a", "f0_a", "method_b", "f0_b", "tracks", "effect", "low", "high", "interval", "test", "p"]


def compare_pair(a: np.ndarray, b: np.ndarray, seed: int) -> dict:
    """Effect, interval and test of two methods' values [track] on the tracks where both are finite."""
    both = np.isfinite(a) & np.isfinite(b)
    difference = np.round(a[both] - b[both], DECIMALS)
    test, p = signed_rank(difference)
    low, high, reason = bootstrap_interval([difference], np.mean, np.random.default_rng(seed))
    effect = float(difference.mean()) if difference.size else np.nan
    parts = {"tracks": difference.size, "effect": effect, "low": low, "high": high, "interval": reason}
    return parts | {"test": test, "p": p}


def signed_rank(difference: np.ndarray) -> tuple[str, float]:
    """Two-sided Wilcoxon signed-rank test of differences [track] -> (how, p); zero differences are left out.

    Exact up to 50 tracks without ties and up to 13 with them, by the normal approximation otherwise (as SciPy's).
    """
    if difference.size == 0:
        return "none: no common track", np.nan
    nonzero = difference[difference != 0]
    if nonzero.size == 0:
        return "none: no difference", 1.0
    tied = np.unique(np.abs(nonzero)).size < nonzero.size
    exact = nonzero.size <= (13 if tied else 50)
    return "exact" if exact else "normal approximation", float(stats.wilcoxon(nonzero, method="auto").pvalue)


def smallest_p(tracks: int) -> float:
    """The smallest two-sided p that the exact signed-rank test can give: all differences of one sign."""
    return min(1.0, 2.0 ** (1 - tracks))


def holm(p: Iterable[float]) -> np.ndarray:
    """Step-down correction (Holm 1979) of p-values [test]; NaN stays NaN and does not count as a test."""
    p = np.asarray(list(p), dtype=float)
    corrected = np.full(p.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    ranked = tested[np.argsort(p[tested], kind="stable")]
    factors = np.arange(ranked.size, 0, -1)
    corrected[ranked] = np.minimum(1.0, np.maximum.accumulate(factors * p[ranked]))
    return corrected


def best_methods(
    summary: pd.DataFrame, tests: pd.DataFrame, bounds: Collection[str] = (), lower_is_better: Collection[str] = ()
) -> pd.DataFrame:
    """The leading method of every source and metric, and whether the data support the word "best".

    `summary` holds rows of `summarise`, `tests` those of `paired_tests` of the same kind. The leader has the
    highest value (lowest, for metrics in `lower_is_better`) among methods that are no bounds. It is supported where,
    against every other one, the corrected p is at most 0.05 and the interval of the paired difference is on its side
    of zero. Columns: source, metric, kind, method, f0, value, supported, remark.
    """
    rows = []
    competing = summary[~summary["method"].isin(list(bounds)) & summary["value"].notna()]
    tested = dict(list(tests.groupby(["source", "metric", "kind"], sort=False)))
    for (source, metric, kind), group in competing.groupby(["source", "metric", "kind"], sort=False):
        pairs = tested.get((source, metric, kind), tests.iloc[:0])
        values = group["value"]
        leader = group.loc[values.idxmin() if metric in lower_is_better else values.idxmax()]
        sign = -1 if metric in lower_is_better else 1
        remark = verdict((leader["method"], leader["f0"]), pairs, sign)
        names = {"source": source, "metric": metric, "kind": kind, "method": leader["method"], "f0": leader["f0"]}
        rows.append(names | {"value": leader["value"], "supported": remark == SUPPORTED, "remark": remark})
    return pd.DataFrame(rows, columns=["source", "metric", "kind", *ROW, "value", "supported", "remark"])


SUPPORTED = "supported against every other method"


def verdict(leader: Row, pairs: pd.DataFrame, sign: int) -> str:
    """`SUPPORTED`, or why the leader of these pairs (rows of `paired_tests`) cannot be called best."""
    if pairs.empty:
        return "not compared: no other method"
    if pairs["smallest_p"].iloc[0] > ALPHA:
        least, tracks = pairs["smallest_p"].iloc[0], pairs["tracks"].max()
        return f"cannot be supported with {tracks} tracks and {len(pairs)} pairs (smallest corrected p {least:.2g})"
    doubtful = []
    for pair in pairs.itertuples():
        a, b = (pair.method_a, pair.f0_a), (pair.method_b, pair.f0_b)
        if leader not in (a, b):
            continue
        ends = np.array([pair.low, pair.high]) * (sign if leader == a else -sign)
        if not (pair.p_corrected <= ALPHA and (ends > 0).all()):
            doubtful.append(row_label(*(b if leader == a else a)))
    return f"not supported against {', '.join(doubtful)}" if doubtful else SUPPORTED


def row_label(method: str, f0: str) -> str:
    """How a row is called in tables and figures."""
    return f"{method} (F0: {f0})" if f0 else method
