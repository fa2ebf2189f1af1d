"""The ledger of claims as a forest plot: a line a claim, its difference with the interval, the verdict as its sign."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from workflow_scripts.lib.figures.ledger import judged_parts
from workflow_scripts.lib.figures.style import FONT, heading, wrap_heading
from workflow_scripts.lib.statistics.claim_rows import EQUAL, VALUE
from workflow_scripts.lib.statistics.claim_verdicts import DIFFERS, INCONCLUSIVE, REPRODUCED
from workflow_scripts.lib.statistics.ledger import DECIBEL

WIDTH = 10.0  # inches
LABELS = 4.5  # inches of it that the names of claims may take
ACROSS = {
    "values": "ours - published (dB)",
    "orders": "difference of the two rows (dB; higher is better)",
    "other": "difference, in the unit of the metric",
}
SIGNS = {REPRODUCED: ("o", "black"), INCONCLUSIVE: ("s", "white"), DIFFERS: ("X", "black")}


def forest_figure(ledger: pd.DataFrame, title: str, margin_db: float) -> Figure | None:
    """A panel for values, one for orders, and one for what is not in dB, of recorded and of synthesised data.

    The grey band is the margin of values; ticks are what the published number may be off by, the least difference of an
    order, and the margin of rows that are said to be nearly the same. None where nothing was judged.
    """
    panels = [
        (f"{where}: {what}", what, rows)
        for where, part in judged_parts(ledger)
        for what, rows in _by_what(part.dropna(subset="difference")).items()
        if len(rows)
    ]
    if not panels:
        return None
    heights = [0.5 + 0.2 * len(rows) for _, _, rows in panels]
    figure = Figure(figsize=(WIDTH, 1.3 + sum(heights) + 0.45 * len(panels)), layout="constrained")
    grid = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axes, (name, what, rows) in zip(grid, panels, strict=True):
        draw_claims(axes, rows, margin_db)
        if what == "values":
            axes.axvspan(-margin_db, margin_db, color="0.9", zorder=0)
        axes.set_title(wrap_heading(name, WIDTH - LABELS), fontsize=FONT + 1, loc="left")
        axes.set_xlabel(ACROSS[what], fontsize=FONT)
    handles = [_handle(verdict) for verdict in SIGNS]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=FONT)
    grey = f"; grey: the margin, {margin_db:g} dB" if any(what == "values" for _, what, _ in panels) else ""
    said = heading(title, f"95 % intervals over tracks and seeds{grey}")
    figure.suptitle(wrap_heading(said, WIDTH), fontsize=FONT + 2)
    return figure


def _by_what(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    in_db, values = rows["unit"] == DECIBEL, rows["kind"] == VALUE
    return {"values": rows[in_db & values], "orders": rows[in_db & ~values], "other": rows[~in_db]}


def draw_claims(axes: Axes, rows: pd.DataFrame, margin_db: float) -> None:
    """One panel: the claims in the order of the ledger, from above."""
    axes.axvline(0, color="black", linewidth=0.8, linestyle="--", zorder=1)
    for place, row in enumerate(rows.itertuples()):
        marker, face = SIGNS[row.verdict]
        axes.plot([row.low, row.high], [place, place], color="black", linewidth=1.1, zorder=2)
        axes.plot(
            row.difference, place, marker=marker, color="black", markerfacecolor=face, markersize=5, linestyle="none",
            zorder=3,
        )  # fmt: skip
        ticks = _ticks(row, margin_db)
        axes.plot(ticks, [place] * len(ticks), color="0.5", linestyle="none", marker="|")
    axes.set_yticks(range(len(rows)), [_name(row) for row in rows.itertuples()], fontsize=FONT - 1)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(axis="x", labelsize=FONT)
    axes.grid(axis="x", color="0.88", linewidth=0.6)
    axes.set_axisbelow(True)


def _ticks(row: Any, margin_db: float) -> list[float]:
    if row.kind == EQUAL:
        return [-margin_db, margin_db]
    if row.kind == VALUE:
        return [-row.tolerance, row.tolerance]
    return [row.value] if row.value > 0 else []


def _name(row: Any) -> str:
    return f"{row.id}, {row.comparison}" + (f", {row.group}" if row.group else "") + f": {row.row}"


def _handle(verdict: str) -> Line2D:
    marker, face = SIGNS[verdict]
    return Line2D([], [], color="black", marker=marker, markerfacecolor=face, linestyle="none", label=verdict)
