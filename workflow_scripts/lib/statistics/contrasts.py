"""Planned contrasts: the few differences between methods that a comparison was set up to measure."""

from collections.abc import Sequence

import pandas as pd

from workflow_scripts.lib.statistics.aggregates import Kind, seed_values
from workflow_scripts.lib.statistics.paired_tests import compare_pairs, with_corrected_p
from workflow_scripts.lib.statistics.rows import Contrast, Row


def contrast_tests(
    scores: pd.DataFrame, metrics: Sequence[str], order: Sequence[Row], contrasts: Sequence[Contrast], kind: Kind
) -> pd.DataFrame:
    """`planned_tests` of all metrics."""
    return pd.concat([planned_tests(scores, each, order, contrasts, kind) for each in metrics], ignore_index=True)


def planned_tests(
    scores: pd.DataFrame, metric: str, order: Sequence[Row], contrasts: Sequence[Contrast], kind: Kind
) -> pd.DataFrame:
    """Difference a - b of each contrast on each source (and `all`), over the tracks' medians or means.

    Columns: those of `with_corrected_p`, the two-sided Wilcoxon signed-rank test's p being corrected over the contrasts
    of one source, metric and F0.
    """
    values = seed_values(scores, metric, kind)
    tests = compare_pairs(values, metric, kind, planned_pairs(order, contrasts))
    same_f0 = tests["f0_a"].where(tests["f0_a"] != "", tests["f0_b"])
    return with_corrected_p(tests, [tests["source"], same_f0])


def planned_pairs(order: Sequence[Row], contrasts: Sequence[Contrast]) -> list[tuple[Row, Row]]:
    """The rows (method, F0) of each contrast: with the same F0, and any with a method that uses none."""
    return [
        (a, b)
        for contrast in contrasts
        for a in order
        for b in order
        if (a[0], b[0]) == (contrast.first, contrast.second) and (a[1] == b[1] or "" in (a[1], b[1]))
    ]
