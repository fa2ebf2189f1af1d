"""Tables of a comparison as a Markdown page."""

import html
from collections.abc import Mapping

import pandas as pd

from workflow_scripts.lib.figures.tables import (
    COST_NOTE,
    best_cells,
    best_note,
    cost_table,
    headline_first,
    notes,
    score_table,
    section_title,
)
from workflow_scripts.lib.statistics.comparison import Comparison

CELL = str.maketrans({sign: f"\\{sign}" for sign in "\\|*`"})


def markdown_table(
    comparison: Comparison, headline: str, definitions: Mapping[str, str], *, title: str, remark: str = ""
) -> str:
    """A Markdown page: one section a metric, the headline's first, then costs and the definitions.

    remark: a line beneath the title, such as "Synthetic data".
    """
    parts = [f"## {page_text(title)}", *([f"*{page_text(remark)}*"] if remark else [])]
    for metric in headline_first(comparison, headline):
        table = score_table(comparison, metric)
        cells = pipe_table(table, best_cells(comparison, metric, table))
        parts += [f"### {section_title(comparison, metric)}", cells, page_text(best_note(comparison, metric))]
    if len(comparison.costs):
        parts += ["### Costs", pipe_table(cost_table(comparison)), COST_NOTE]
    said = [(term, page_text(text)) for term, text in notes(comparison, definitions)]
    lines = [f"- **{term}**: {text}" if term else f"- {text}" for term, text in said]
    return "\n\n".join([*parts, "### What the numbers mean", "\n".join(lines)]) + "\n"


def pipe_table(table: pd.DataFrame, bold: pd.DataFrame | None = None) -> str:
    """Cells as text, the first column to the left, the others to the right; those that are `bold` in bold."""
    align = ["left", *["right"] * (table.shape[1] - 1)]
    cells = table.map(cell_text)
    if bold is not None:
        cells = cells.where(~bold, "**" + cells + "**")
    cells.columns = [cell_text(name) for name in table]
    return cells.to_markdown(index=False, disable_numparse=True, colalign=align)


def page_text(text: str) -> str:
    """Plain text as Markdown, in which it starts no HTML."""
    return html.escape(text, quote=False)


def cell_text(text: str) -> str:
    """Plain text as the cell of a table: no HTML, no end of the cell or the row, no emphasis."""
    return page_text(" ".join(text.split())).translate(CELL)
