"""Planned contrasts: the few differences between methods that a comparison was set up to measure."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.figures.table_texts import pipe_table, wrap
from workflow_scripts.lib.statistics.statistics import ALL, ROW, Kind, Row, compare_pair, holm, row_label, track_values

NOTE = (
    "Mean over tracks of the difference in each track's value, seeds averaged first; 95 % bootstrap interval over"
    " tracks; two-sided Wilcoxon signed-rank test, Holm-corrected over the contrasts of one metric, source and F0."
)
NAMES = ["source", "metric", "kind", "method_a", "f0_a", "method_b", "f0_b"]


def planned_pairs(order: Sequence[Row], contrasts: Sequence[Sequence[str]]) -> list[tuple[Row, Row]]:
    """The rows (method, F0) of each contrast: with the same F0, and any with a method that uses none."""
    return [
        (a, b)
        for first, second in contrasts
        for a in order
        for b in order
        if (a[0], b[0]) == (first, second) and (a[1] == b[1] or "" in (a[1], b[1]))
    ]


def planned_tests(
    scores: pd.DataFrame, metric: str, order: Sequence[Row], contrasts: Sequence[Sequence[str]], kind: Kind,
    generator: np.random.Generator,
) -> pd.DataFrame:  # fmt: skip
    """Difference a - b of each contrast on each source (and `all`), over the tracks' medians or means.

    contrasts: pairs of methods.  Columns: `NAMES`, those of `compare_pair`, and p_corrected: the two-sided Wilcoxon
    signed-rank test's p, Holm-corrected over the contrasts of one source, metric and F0.
    """
    seed = int(generator.integers(2**63))
    values = track_values(scores, metric, kind)
    rows = []
    for source, group in values.groupby("source", sort=False):
        table = group.pivot(index="track", columns=ROW, values="value")
        pairs = [(a, b) for a, b in planned_pairs(order, contrasts) if a in table and b in table]
        for a, b in pairs:
            cell = (source, metric, kind, *a, *b)
            rows.append(
                dict(zip(NAMES, cell, strict=True)) | compare_pair(table[a].to_numpy(), table[b].to_numpy(), seed)
            )
    tests = pd.DataFrame(rows, columns=[*NAMES, "tracks", "effect", "low", "high", "interval", "test", "p"])
    family = [tests["source"], tests["f0_a"].where(tests["f0_a"] != "", tests["f0_b"])]
    tests["p_corrected"] = tests.groupby(family)["p"].transform(holm)
    return tests


def contrasted(
    scores: pd.DataFrame, metrics: Sequence[str], order: Sequence[Row], contrasts: Sequence[Sequence[str]], kind: Kind
) -> pd.DataFrame:
    """`planned_tests` of all metrics."""
    name = scores["comparison"].iloc[0]
    return pd.concat(
        [planned_tests(scores, each, order, contrasts, kind, stream("contrasts", name)) for each in metrics],
        ignore_index=True,
    )


def contrasts_page(tests: pd.DataFrame) -> str:
    """Markdown: the contrasts of every metric and source; nothing where none was planned."""
    if tests.empty:
        return ""
    table = pd.DataFrame(
        {
            "metric": tests["metric"],
            "source": tests["source"],
            "difference": [difference(row) for row in tests.itertuples()],
            "mean [95 % interval]": [effect(row) for row in tests.itertuples()],
            "corrected p": tests["p_corrected"].map("{:.2g}".format),
            "tracks": tests["tracks"].astype(str),
        }
    )
    return f"\n## Planned contrasts\n\n{pipe_table(table)}\n\n{NOTE}\n"


def contrasts_summary(tests: pd.DataFrame) -> str:
    """The contrasts of the headline metric over all sources (or the only one) as text for the terminal."""
    if tests.empty:
        return ""
    headline = tests[tests["metric"] == tests["metric"].iloc[0]]
    overall = headline[headline["source"] == (ALL if ALL in set(headline["source"]) else headline["source"].iloc[0])]
    said = [
        f"{difference(row)}: {effect(row)}, corrected p {row.p_corrected:.2g}, {row.tracks} tracks"
        for row in overall.itertuples()
    ]
    return "\n".join(line for text in ("Planned contrasts:", *said) for line in wrap(text)) + "\n"


def difference(row: NamedTuple) -> str:
    return f"{row_label(row.method_a, row.f0_a)} - {row_label(row.method_b, row.f0_b)}"


def effect(row: NamedTuple) -> str:
    return f"{row.effect:+.2f}" + ("" if row.interval else f" [{row.low:+.2f}, {row.high:+.2f}]")
