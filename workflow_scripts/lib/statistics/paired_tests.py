"""Paired tests: do two methods differ over the same tracks?"""

from collections.abc import Collection, Iterable, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import scipy

from workflow_scripts.lib.statistics.aggregates import ROW, Kind, check_order, seed_values
from workflow_scripts.lib.statistics.intervals import mean_over_tracks
from workflow_scripts.lib.statistics.rows import Row

DECIMALS = 6  # differences below 1e-6 are round-off: that is the accuracy to which the scores themselves are defined
NAMES = ["source", "metric", "kind", "method_a", "f0_a", "method_b", "f0_b"]
COLUMNS = [*NAMES, "tracks", "seeds", "effect", "low", "high", "interval", "test", "p"]


def compare_pairs(values: pd.DataFrame, metric: str, kind: Kind, pairs: Sequence[tuple[Row, Row]]) -> pd.DataFrame:
    """The difference a - b of each pair of rows (a, b) on each source that both have values of.

    values: of `seed_values`, of this metric and kind.
    Columns: `COLUMNS`; see `compare_pair`.
    """
    found = []
    for source, group in values.groupby("source", sort=False):
        table = group.pivot(index="track", columns=[*ROW, "seed"], values="value").sort_index(axis=1)
        rows = set(table.columns.droplevel("seed"))
        for a, b in pairs:
            if a in rows and b in rows:
                names = dict(zip(NAMES, (source, metric, kind, *a, *b), strict=True))
                found.append(names | compare_pair(table[a], table[b]))
    return pd.DataFrame(found, columns=COLUMNS)


def compare_pair(a: pd.DataFrame, b: pd.DataFrame) -> dict[str, Any]:
    """Two methods' values [track, seed], compared on the tracks where the difference is finite.

    Returns: tracks and seeds, how many are compared; effect, the mean of a - b, and low, high, interval, its `Interval`
        over tracks and seeds, in the values' unit; test, p: of `signed_rank` on the tracks, seeds averaged.
    """
    differences = seed_differences(a, b)
    finite = differences[np.isfinite(differences.mean(axis=1))].dropna(axis=1, how="all").round(DECIMALS).to_numpy()
    effect, (low, high, reason) = mean_over_tracks(finite)
    test, p = signed_rank(np.nanmean(finite, axis=1).round(DECIMALS) if finite.size else np.empty(0))
    parts = {"tracks": len(finite), "seeds": finite.shape[1], "effect": effect, "low": low, "high": high}
    return parts | {"interval": reason, "test": test, "p": p}


def seed_differences(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    """a - b of values [track, seed], for each seed that both have; a row of one seed is set against each of the other.

    A bound is no learner and has one seed; of two models of one seed, one often starts from the other.
    """
    if a.shape[1] > 1 and b.shape[1] > 1:
        return (a - b)[a.columns.intersection(b.columns)]
    seeds = max(a.columns, b.columns, key=len)
    with np.errstate(invalid="ignore"):  # equal infinities have no difference
        return pd.DataFrame(a.to_numpy() - b.to_numpy(), a.index, seeds)


def paired_tests(
    scores: pd.DataFrame,
    metric: str,
    order: Sequence[Row],
    kind: Kind,
    bounds: Collection[str] = (),
) -> pd.DataFrame:
    """Every pair of methods, bounds left out, on each source (and `all`).

    The two-sided Wilcoxon signed-rank test on the tracks' medians or means (`kind`), Holm-corrected over all pairs of
    one source and metric. Columns: source, metric, kind, method_a, f0_a, method_b, f0_b, those of
    `compare_pair`, p_corrected, and smallest_p: the smallest p_corrected that so many pairs and tracks can give at all.
    """
    check_order(scores, order)
    values = seed_values(scores, metric, kind)
    pairs = list(combinations([row for row in order if row[0] not in bounds], 2))
    tests = _of_defined_rows(compare_pairs(values, metric, kind, pairs), values)
    return with_corrected_p(tests, [tests["source"]])


def with_corrected_p(tests: pd.DataFrame, family: list[pd.Series]) -> pd.DataFrame:
    """Rows of `compare_pairs` with p_corrected (after Holm), and smallest_p: the smallest that so many tests and tracks
    can give at all.

    family: what the tests that are corrected together have in common, each a value a row.
    """
    least = tests["tracks"].map(smallest_p).where(tests["p"].notna())
    found = {"p_corrected": tests["p"], "smallest_p": least}
    return tests.assign(**{name: p.groupby(family, sort=False).transform(holm) for name, p in found.items()})


def _of_defined_rows(tests: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """The tests without those of a row that has no value at all on their source: nothing can be said of it there."""
    defined = set(values.dropna(subset="value")[["source", *ROW]].itertuples(index=False, name=None))
    both = [
        {(test.source, test.method_a, test.f0_a), (test.source, test.method_b, test.f0_b)} <= defined
        for test in tests.itertuples()
    ]
    return tests[pd.Series(both, index=tests.index, dtype=bool)].reset_index(drop=True)


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
    return "exact" if exact else "normal approximation", float(scipy.stats.wilcoxon(nonzero, method="auto").pvalue)


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
    # A p is never corrected to less than a smaller one is.
    corrected[ranked] = np.minimum(1.0, np.maximum.accumulate(factors * p[ranked]))
    return corrected
