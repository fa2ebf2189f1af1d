"""Quality against the label budget: what a paired song more is worth to each method."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workflow_scripts.lib.figures.style import FONT, heading, wrap_heading
from workflow_scripts.lib.statistics.aggregates import ALL
from workflow_scripts.lib.statistics.budgets import Budget, curves_of, rank_budget
from workflow_scripts.lib.statistics.rows import BudgetRow, Row

STYLES = ("-", "--", "-.", ":", (0, (8, 2, 1, 2, 1, 2)))
MARKERS = "os^vDP*X"
SPREAD = 0.05  # of a step between budgets, so that intervals at one budget stand beside each other


def budget_figure(
    tables: Mapping[str, pd.DataFrame], metric: str, budgets: Sequence[BudgetRow], *, title: str, remark: str = ""
) -> Figure:
    """A panel a group of songs (down) and source (across); a line a method, with 95 % intervals.

    tables: `budget_values` of each group, by its name.  budgets: a method of one budget is a single point.
    """
    curves = curves_of(budgets)
    found = {budget for rows in curves.values() for budget in rows.values()}
    positions = {budget: position for position, budget in enumerate(sorted(found, key=rank_budget))}
    sources = list(dict.fromkeys(source for table in tables.values() for source in table["source"] if source != ALL))
    size = (1.2 + 3.4 * len(sources), 1.2 + 0.22 * len(curves) + 2.6 * len(tables))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(tables), len(sources), squeeze=False, sharex=True)
    for (name, table), across in zip(tables.items(), panels, strict=True):
        for source, axes in zip(sources, across, strict=True):
            _draw(axes, table[table["source"] == source], curves, positions)
            axes.set_title(f"{name}: {source}" if name else source, fontsize=FONT + 1, loc="left")
        across[0].set_ylabel(metric, fontsize=FONT)
    for axes in panels[-1]:
        axes.set_xticks(list(positions.values()), [_budget_label(*budget) for budget in positions], fontsize=FONT)
        axes.set_xlabel("paired songs", fontsize=FONT)
    said = heading(title, "95 % intervals over tracks and seeds", remark)
    figure.suptitle(wrap_heading(said, size[0]), fontsize=FONT + 2)
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", fontsize=FONT)
    return figure


def _draw(
    axes: Axes, table: pd.DataFrame, curves: Mapping[str, dict[Row, Budget]], positions: Mapping[Budget, int]
) -> None:
    """The panel of one group and source.  table: of `budget_values`, of this source."""
    values = {(row.method, row.f0): row for row in table.itertuples()}
    for number, (name, rows) in enumerate(curves.items()):
        found = sorted((positions[budget], row) for row, budget in rows.items() if row in values)
        cells = [values[row] for _, row in found]
        middle = np.array([cell.value for cell in cells])
        ends = np.array([[cell.low, cell.high] for cell in cells]).reshape(-1, 2)
        reach = np.nan_to_num(np.abs(ends.T - middle))  # no interval where there is one track
        across = np.array([position for position, _ in found]) + SPREAD * (number - (len(curves) - 1) / 2)
        style: dict[str, Any] = {"linestyle": STYLES[number % len(STYLES)], "marker": MARKERS[number % len(MARKERS)]}
        shade = str(0.55 * (number % 3) / 2)
        axes.errorbar(
            across, middle, yerr=reach, color=shade, linewidth=1.2, markersize=5, capsize=2, label=name,
            markerfacecolor="white", **style,
        )  # fmt: skip
    axes.tick_params(labelsize=FONT)
    axes.grid(axis="y", color="0.88", linewidth=0.6)
    axes.set_axisbelow(True)


def _budget_label(songs: int | None, family: str | None) -> str:
    if songs is not None:
        return str(songs)
    return f"all {family}" if family else "all"
