"""Tables of a comparison as texts: Markdown and LaTeX for papers, plain text for the terminal."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from workflow_scripts.lib.figures.tables import (
    Comparison,
    best_cells,
    best_note,
    cost,
    cost_table,
    failure,
    notes,
    partial_failures,
    score_table,
    select,
)
from workflow_scripts.lib.statistics.statistics import ROW

WIDTH = 100  # columns of the terminal that `summary_text` keeps to


def section_title(comparison: Comparison, metric: str) -> str:
    return f"{metric}, {select(comparison, metric)['aggregation'].iloc[0]}"


def headline_first(comparison: Comparison, headline: str) -> list[str]:
    select(comparison, headline)
    return [headline, *[metric for metric in comparison.metrics if metric != headline]]


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


COST_NOTE = "CPU and wall seconds of a whole run, mean over seeds; largest peak memory."


def pipe_table(table: pd.DataFrame) -> str:
    align = ["left", *["right"] * (table.shape[1] - 1)]
    return table.to_markdown(index=False, disable_numparse=True, colalign=align)


# What pdfTeX's default input encoding lacks, of the signs that definitions of metrics use.
LATEX_SIGNS = str.maketrans(
    {
        "−": "$-$", "∞": r"$\infty$", "·": r"$\cdot$", "×": r"$\times$", "²": "$^2$", "≥": r"$\geq$", "≤": r"$\leq$",
        "Σ": r"$\Sigma$", "α": r"$\alpha$", "ŝ": r"$\hat{s}$", "Ŝ": r"$\hat{S}$", "‖": r"$\Vert$", "→": r"$\to$",
        "√": r"$\surd$", "–": "--",
    }
)  # fmt: skip
LATEX_SPECIAL = str.maketrans(
    {sign: "\\" + sign for sign in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "[": "{[}", "]": "{]}"}
    | {"<": r"$<$", ">": r"$>$", "|": r"$\vert$"}
)


def latex_text(text: str) -> str:
    """Plain text as LaTeX text; brackets in braces, for one after `\\\\` is taken for an option."""
    return text.translate(LATEX_SPECIAL).translate(LATEX_SIGNS).replace("-$\\infty$", r"$-\infty$")


def latex_table(
    comparison: Comparison, headline: str, definitions: Mapping[str, str], *, title: str, remark: str = ""
) -> str:
    """As `markdown_table`, as LaTeX to be read with \\input; needs the packages booktabs and graphicx."""
    parts = ["% needs \\usepackage{booktabs,graphicx}"]
    heading = f"{title}. {remark}." if remark else f"{title}."
    for metric in headline_first(comparison, headline):
        table = score_table(comparison, metric)
        bold = best_cells(comparison, metric, table)
        caption = f"{heading} {section_title(comparison, metric)}. {best_note(comparison, metric)}"
        parts.append(float_table(table, bold, caption, f"tab:{comparison.name}:{metric}"))
    if len(comparison.costs):
        table = cost_table(comparison)
        bold = pd.DataFrame(False, index=table.index, columns=table.columns)
        parts.append(float_table(table, bold, f"{heading} Costs. {COST_NOTE}", f"tab:{comparison.name}:costs"))
    lines = [latex_item(term, text) for term, text in notes(comparison, definitions)]
    return "\n".join([*parts, r"\begin{itemize}", *lines, r"\end{itemize}", ""])


def latex_item(term: str, text: str) -> str:
    name = rf"\emph{{{latex_text(term)}}}: " if term else ""
    return rf"\item {name}{latex_text(text)}"


def float_table(table: pd.DataFrame, bold: pd.DataFrame, caption: str, label: str) -> str:
    """A `table` environment no wider than the line; cells that are `bold` [row, column] in bold."""
    text = table.map(latex_text).where(~bold, r"\textbf{" + table.map(latex_text) + "}")
    text.columns = [latex_text(name) for name in table.columns]
    tabular = text.to_latex(index=False, escape=False, column_format="l" + "r" * (table.shape[1] - 1))
    return "\n".join(
        [
            r"\begin{table}[htbp]",
            r"\centering",
            rf"\caption{{{latex_text(caption)}}}",
            rf"\label{{{label}}}",
            r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
            tabular.rstrip("\n") + "}",
            r"\end{table}",
            "",
        ]
    )


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
    lines = [line(cells, widths) for cells in table.itertuples(index=False)]
    for place, reason in failures.items():
        lines[place] = shorten(f"{lines[place].ljust(widths[0])}  {reason}", WIDTH)
    heading = ". ".join(part for part in (title, section_title(comparison, headline), remark) if part)
    after = [best_note(comparison, headline)]
    after += [f"In the table files alone: {', '.join(left)}."] if left else []
    after += partial_failures(comparison)
    lines = [*wrap(heading), line(table.columns, widths), *lines, *[part for text in after for part in wrap(text)]]
    return "\n".join(lines) + "\n"


def terminal_table(comparison: Comparison, metric: str) -> pd.DataFrame:
    """Cells as text: method, its F0 where some have one, first source with its interval, the others, counts, CPU s."""
    full = score_table(comparison, metric)
    bold = best_cells(comparison, metric, full)
    sources = [source for source in comparison.sources if source in full]
    table = pd.DataFrame({"method": [shorten(method, 40) for method, _ in comparison.order]})
    if any(f0 for _, f0 in comparison.order):
        table["F0"] = [shorten(f0, 24) for _, f0 in comparison.order]
    for source in sources:
        cells = full[source] if source == sources[0] else full[source].str.replace(r" \[.*", "", regex=True)
        table[source] = cells + np.where(bold[source], "*", "")
    table["tracks"], table["left out"] = full["tracks"], full["left out"]
    spent = comparison.costs.groupby(ROW)["cpu_seconds"].sum()
    table["CPU s"] = [cost(spent.get(row, np.nan)) for row in comparison.order]
    return table


def shorten(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = cells
    texts = [first.ljust(widths[0]), *[cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]]
    return "  ".join(texts).rstrip()


def wrap(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent="  ")
