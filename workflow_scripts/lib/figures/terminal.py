"""Tables of a comparison as plain text for the terminal."""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd

from workflow_scripts.lib.figures.tables import (
    best_cells,
    best_note,
    failure,
    partial_failures,
    score_table,
    section_title,
)
from workflow_scripts.lib.statistics.aggregates import ROW
from workflow_scripts.lib.statistics.comparison import Comparison

WIDTH = 100  # columns of the terminal that `summary_text` keeps to


def summary_text(comparison: Comparison, headline: str, *, title: str, remark: str = "") -> str:
    """The headline metric for the terminal, at most 100 columns wide; intervals on the first column only.

    What does not fit is left to the tables in files, and said so.
    """
    table = terminal_table(comparison, headline)
    scored = set(comparison.summary[ROW].itertuples(index=False, name=None))
    failures = {number: failure(comparison, row) for number, row in enumerate(comparison.order) if row not in scored}
    table.loc[list(failures), table.columns.drop(["method", "F0"], errors="ignore")] = ""
    widths = [max(map(len, [name, *table[name]])) for name in table]
    shown = len(widths)
    while sum(widths[:shown]) + 2 * (shown - 1) > WIDTH and shown > 2:
        shown -= 1
    left = list(table.columns[shown:])
    table, widths = table.iloc[:, :shown], widths[:shown]
    lines = [aligned_line(cells, widths) for cells in table.itertuples(index=False)]
    for number, reason in failures.items():
        lines[number] = shorten(f"{lines[number].ljust(widths[0])}  {reason}", WIDTH)
    heading = ". ".join(part for part in (title, section_title(comparison, headline), remark) if part)
    after = [best_note(comparison, headline)]
    after += [f"In the table files alone: {', '.join(left)}."] if left else []
    after += partial_failures(comparison)
    lines = [
        *wrap_line(heading),
        aligned_line(table.columns, widths),
        *lines,
        *[part for text in after for part in wrap_line(text)],
    ]
    return "\n".join(lines) + "\n"


def terminal_table(comparison: Comparison, metric: str) -> pd.DataFrame:
    """Cells as text: method, its F0 where some have one, first source with its interval, cost, the others, counts."""
    full = score_table(comparison, metric)
    bold = best_cells(comparison, metric, full)
    sources = [source for source in comparison.sources if source in full]
    table = pd.DataFrame({"method": [shorten(method, 40) for method, _ in comparison.order]})
    if any(f0 for _, f0 in comparison.order):
        table["F0"] = [shorten(f0, 24) for _, f0 in comparison.order]
    for source in sources:
        cells = full[source] if source == sources[0] else full[source].str.replace(r" \[.*", "", regex=True)
        table[source] = cells + np.where(bold[source], "*", "")
        if source == sources[0]:  # not to be left to the files where the table is wide
            beside = [name for name in ("CPU s", "failed") if name in full]
            table[beside] = full[beside]
    table["tracks"], table["left out"] = full["tracks"], full["left out"]
    return table


def shorten(text: str, width: int) -> str:
    """The text, its end replaced by … where it is longer than `width`."""
    return text if len(text) <= width else text[: width - 1] + "…"


def aligned_line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """The first cell to the left, the others to the right of their columns."""
    first, *rest = cells
    texts = [first.ljust(widths[0]), *[cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]]
    return "  ".join(texts).rstrip()


def wrap_line(text: str) -> list[str]:
    """Lines of at most `WIDTH` columns."""
    return textwrap.wrap(text, WIDTH, subsequent_indent="  ")
