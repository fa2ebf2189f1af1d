"""Tables of a comparison as a Markdown page."""

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


def markdown_table(
    comparison: Comparison, headline: str, definitions: Mapping[str, str], *, title: str, remark: str = ""
) -> str:
    """A Markdown page: one section a metric, the headline's first, then costs and the definitions.

    remark: a line beneath the title, such as "Synthetic data".
    """
    parts = [f"## {title}", *([f"*{remark}*"] if remark else [])]
    for metric in headline_first(comparison, headline):
        table = score_table(comparison, metric)
        bold = best_cells(comparison, metric, table)
        table = table.map(lambda text: text.replace("|", r"\|")).where(~bold, "**" + table + "**")
        parts += [f"### {section_title(comparison, metric)}", pipe_table(table), best_note(comparison, metric)]
    if len(comparison.costs):
        parts += ["### Costs", pipe_table(cost_table(comparison)), COST_NOTE]
    lines = [f"- **{term}**: {text}" if term else f"- {text}" for term, text in notes(comparison, definitions)]
    return "\n\n".join([*parts, "### What the numbers mean", "\n".join(lines)]) + "\n"


def pipe_table(table: pd.DataFrame) -> str:
    """Cells as text, the first column to the left, the others to the right."""
    align = ["left", *["right"] * (table.shape[1] - 1)]
    return table.to_markdown(index=False, disable_numparse=True, colalign=align)
