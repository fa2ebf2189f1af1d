"""Tables of a comparison as LaTeX."""

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
    """An item of a list, which begins with the term that it explains."""
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
