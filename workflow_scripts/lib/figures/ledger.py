"""The ledger of claims as pages: what was judged in full, what was not by its reason."""

from typing import Any

import pandas as pd

from workflow_scripts.lib.figures.latex import float_table, latex_item
from workflow_scripts.lib.figures.markdown import page_text, pipe_table
from workflow_scripts.lib.figures.tables import NONE, number
from workflow_scripts.lib.figures.terminal import wrap_line
from workflow_scripts.lib.statistics.aggregates import ALL
from workflow_scripts.lib.statistics.claim_rows import VALUE
from workflow_scripts.lib.statistics.claim_verdicts import NOT_ATTEMPTED
from workflow_scripts.lib.statistics.ledger import count_verdicts

RECORDED = "On recorded music"
SYNTHESISED = "On synthesised data: the order of methods alone, which says nothing about recorded music"
NOTES = (
    "Difference: of a value, ours minus the published one; of an order, the mean over tracks of the paired difference"
    " of the two rows, seeds averaged first, higher being better. In brackets: its 95 % interval over tracks, and over"
    " seeds where a row has several, otherwise for the one model that there is.",
    "A value is reproduced where that interval, widened by the published number's rounding or error of reading, lies"
    " within the margin of {margin:g} dB on either side of zero; otherwise it differs where the interval leaves out all"
    " that the published number may be. An order is reproduced where the interval lies above zero (or above the least"
    " difference that is claimed), and differs where it lies below. All else is inconclusive.",
    "Claims are judged one by one, without correction for their number: of orders of two methods that are in truth"
    " equal, 2.5 % come out as reproduced and 2.5 % as differing.",
)


def ledger_page(ledger: pd.DataFrame, title: str, margin_db: float) -> str:
    """The ledger as Markdown."""
    parts = [f"## {page_text(title)}", page_text(verdict_line(ledger))]
    for heading, rows in judged_parts(ledger):
        parts += [f"### {heading}", pipe_table(ledger_table(rows))]
    parts += [f"### Not attempted\n\n{pipe_table(reasons_table(ledger))}"] if _missing(ledger).any() else []
    notes = "\n".join(f"- {page_text(note)}" for note in ledger_notes(ledger, margin_db))
    return "\n\n".join([*parts, "### What the verdicts mean", notes]) + "\n"


def ledger_latex(ledger: pd.DataFrame, title: str, margin_db: float, label: str) -> str:
    """The ledger as LaTeX to be read with \\input; needs the packages booktabs and graphicx."""
    parts = ["% needs \\usepackage{booktabs,graphicx}"]
    tables = {heading: ledger_table(rows) for heading, rows in judged_parts(ledger)}
    tables |= {"Not attempted": reasons_table(ledger)} if _missing(ledger).any() else {}
    for place, (heading, table) in enumerate(tables.items(), start=1):
        bold = pd.DataFrame(False, index=table.index, columns=table.columns)
        parts.append(float_table(table, bold, f"{title}. {heading}.", f"tab:claims:{label}:{place}"))
    notes = [latex_item("", note) for note in ledger_notes(ledger, margin_db)]
    return "\n".join([*parts, r"\begin{itemize}", *notes, r"\end{itemize}", ""])


def ledger_summary(ledger: pd.DataFrame, title: str) -> str:
    """Verdicts for the terminal: how many there are, and each claim that was judged where they are few."""
    lines = [f"{title}: {verdict_line(ledger)}"]
    judged = ledger[~_missing(ledger)]
    if len(judged) <= 5:
        lines += [f"{row.id}: {row.verdict}, {claim_text(row)}: {difference_text(row)}" for row in judged.itertuples()]
    if len(ledger) == 1 and judged.empty:
        lines += [f"{ledger['id'].iloc[0]}: {NOT_ATTEMPTED}, {ledger['remark'].iloc[0]}"]
    return "\n".join(line for text in lines for line in wrap_line(text)) + "\n"


def verdict_line(ledger: pd.DataFrame) -> str:
    """How many claims have which verdict, those on synthesised data apart."""
    on_synthesised = ledger["synthesised"].eq(True)
    said = {"": ledger[~on_synthesised], "order alone, on synthesised data: ": ledger[on_synthesised]}
    return "; ".join(f"{head}{_counts_text(rows)}" for head, rows in said.items() if len(rows))


def _counts_text(ledger: pd.DataFrame) -> str:
    return ", ".join(f"{count} {verdict}" for verdict, count in count_verdicts(ledger).items())


def judged_parts(ledger: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """(heading, rows) of what was judged on recorded and on synthesised data, as far as there is any."""
    judged, on_synthesised = ~_missing(ledger), ledger["synthesised"].eq(True)
    parts = [(RECORDED, ledger[judged & ~on_synthesised]), (SYNTHESISED, ledger[judged & on_synthesised])]
    return [(heading, rows) for heading, rows in parts if len(rows)]


def ledger_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Cells as text of claims that were judged."""
    return pd.DataFrame(
        [
            {
                "claim": row.id,
                "what is claimed": claim_text(row),
                "ours": ours_text(row),
                "published": published_text(row),
                "our value": number(row.ours) if row.kind == VALUE else "",
                "difference [95 % interval]": difference_text(row),
                "n": counts_text(row),
                "definitions": row.definitions,
                "verdict": row.verdict + (f" ({row.remark})" if row.remark else ""),
            }
            for row in rows.itertuples()
        ]
    )


def reasons_table(ledger: pd.DataFrame) -> pd.DataFrame:
    """Cells as text: each reason why claims were not attempted, how many and which."""
    groups = ledger[_missing(ledger)].groupby("remark", sort=False)["id"]
    found = [{"reason": reason, "claims": f"{len(ids)}: {', '.join(ids)}"} for reason, ids in groups]
    return pd.DataFrame(found, columns=["reason", "claims"])


def ledger_notes(ledger: pd.DataFrame, margin_db: float) -> list[str]:
    """How the verdicts are found, and how the values of published numbers that are not printed ones are known."""
    marks = {
        "figure": "read off a plot", "about": "published as about", "second-hand": "quoted from another text",
        "derived": "computed from published files of scores",
    }  # fmt: skip
    used = [f"{mark}: {marks[mark]}" for mark in marks if mark in set(ledger["mark"])]
    metrics = [metric for metric in ledger.loc[~_missing(ledger), "metric"].unique() if metric != short_name(metric)]
    return [
        *(note.format(margin=margin_db) for note in NOTES),
        *([f"Metrics as published: {'; '.join(metrics)}."] if metrics else []),
        *([f"Marks: {'; '.join(used)}."] if used else []),
    ]


def claim_text(row: Any) -> str:
    """What a claim says, in a line.  row: of the ledger, as `itertuples` gives it."""
    of = "" if row.source == ALL else f" of {row.source}"
    metric = short_name(row.metric)
    said = {
        "value": f"{metric}{of} of {row.method}",
        "order": f"{row.method} better than {row.over}, {metric}{of}",
        "equal": f"{row.method} nearly as {row.over}, {metric}{of}",
    }
    return f"{said[row.kind]}; {row.dataset}, {row.condition}"


def short_name(metric: str) -> str:
    """The name of a published metric without its definition: `SDR` of `SDR (museval, frames of 2 s)`."""
    return metric.split(" (")[0].split(" of ")[0]


def published_text(row: Any) -> str:
    """The published value as far as it is exact, and its mark."""
    if pd.isna(row.value):
        return ""
    more = "> " if row.kind == "order" else ""
    within = "" if pd.isna(row.tolerance) else f" ± {row.tolerance:g}"
    return f"{more}{row.value:g}{within}" + (f" ({row.mark})" if row.mark else "")


def ours_text(row: Any) -> str:
    """The comparison and rows of ours, with the aggregation."""
    rows = f"{row.row} - {row.over_row}" if row.over_row else row.row
    group = f", {row.group}" if row.group else ""
    return f"{row.comparison}{group}: {rows}, {row.our_metric}, {row.our_aggregation}"


def difference_text(row: Any) -> str:
    """The difference and its interval, where there is one."""
    if pd.isna(row.difference):
        return NONE
    ends = "" if pd.isna(row.low) else f" [{row.low:+.2f}, {row.high:+.2f}]"
    return f"{row.difference:+.2f}{ends}"


def counts_text(row: Any) -> str:
    """How many tracks and seeds a verdict rests on, and how many estimates are missing."""
    seeds = f", {row.seeds} seeds" if row.seeds > 1 else ""
    failed = f", {row.failed} failed" if row.failed else ""
    return f"{row.tracks} tracks{seeds}{failed}"


def _missing(ledger: pd.DataFrame) -> pd.Series:
    return ledger["verdict"] == NOT_ATTEMPTED
