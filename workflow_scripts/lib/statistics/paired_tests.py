"""Paired tests: do two methods differ over the same tracks?"""

from collections.abc import Collection, Iterable, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from workflow_scripts.lib.statistics.aggregates import ROW, Kind, check_order, track_values
from workflow_scripts.lib.statistics.intervals import bootstrap_interval
from workflow_scripts.lib.statistics.rows import Row

DECIMALS = 6  # differences below 1e-6 are round-off: that is the accuracy to which the scores themselves are defined
NAMES = ["source", "metric", "kind", "method_a", "f0_a", "method_b", "f0_b"]
COLUMNS = [*NAMES, "tracks", "effect", "low", "high", "interval", "test", "p"]


def compare_pairs(
    values: pd.DataFrame, metric: str, kind: Kind, pairs: Sequence[tuple[Row, Row]], seed: int
) -> pd.DataFrame:
    """The difference a - b of each pair of rows (a, b) on each source that both have values of.

    values: of `track_values`, of this metric and kind.  seed: of the bootstrap, the same for all pairs, so that a
    difference has one interval whichever other pairs are compared.
    Columns: `COLUMNS`; see `compare_pair`.
    """
    found = []
    for source, group in values.groupby("source", sort=False):
        table = group.pivot(index="track", columns=ROW, values="value")
        for a, b in pairs:
            if a in table and b in table:
                names = dict(zip(NAMES, (source, metric, kind, *a, *b), strict=True))
                found.append(names | compare_pair(table[a].to_numpy(), table[b].to_numpy(), seed))
    return pd.DataFrame(found, columns=COLUMNS)


def compare_pair(a: np.ndarray, b: np.ndarray, seed: int) -> dict[str, Any]:
    """Two methods' values [track], compared on the tracks where both are finite.

    Returns: tracks, their number; effect, the mean of a - b, and low, high, interval, its `Interval`, in the values'
        unit; test, p: of `signed_rank`.
    """
    both = np.isfinite(a) & np.isfinite(b)
    difference = np.round(a[both] - b[both], DECIMALS)
    test, p = signed_rank(difference)
    low, high, reason = bootstrap_interval([difference], np.mean, np.random.default_rng(seed))
    effect = float(difference.mean()) if difference.size else np.nan
    parts = {"tracks": difference.size, "effect": effect, "low": low, "high": high, "interval": reason}
    return parts | {"test": test, "p": p}


def paired_tests(
    scores: pd.DataFrame,
    metric: str,
    order: Sequence[Row],
    kind: Kind,
    generator: np.random.Generator,
    bounds: Collection[str] = (),
) -> pd.DataFrame:
    """Every pair of methods, bounds left out, on each source (and `all`).

    The two-sided Wilcoxon signed-rank test on the tracks' medians or means (`kind`), Holm-corrected over all pairs of
    one source and metric. Columns: source, metric, kind, method_a, f0_a, method_b, f0_b, tracks (that both have a
    finite value for), effect (mean of a minus b), low, high, interval (as in `summarise`), test, p, p_corrected, and
    smallest_p: the smallest p_corrected that this number of pairs and tracks can give at all.
    """
    check_order(scores, order)
    seed = int(generator.integers(2**63))
    values = track_values(scores, metric, kind)
    pairs = list(combinations([row for row in order if row[0] not in bounds], 2))
    tests = _of_defined_rows(compare_pairs(values, metric, kind, pairs, seed), values)
    of_source = tests.groupby("source", sort=False)
    tests["p_corrected"] = of_source["p"].transform(holm)
    least = of_source["tracks"].transform("max").map(smallest_p)
    tests["smallest_p"] = np.minimum(1.0, of_source["p"].transform("count") * least)
    return tests


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
    # A p is never corrected to less than a smaller one is.
    corrected[ranked] = np.minimum(1.0, np.maximum.accumulate(factors * p[ranked]))
    return corrected
