"""Distribution of a metric over tracks: a panel a source, a box a method."""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.typing import LineStyleType

from workflow_scripts.lib.figures.style import FONT, heading, wrap_heading
from workflow_scripts.lib.statistics.aggregates import ALL, Kind, value_name, values_by_row
from workflow_scripts.lib.statistics.rows import Row, row_label

BOUND_STYLES: tuple[LineStyleType, ...] = ("--", "-.", ":", (0, (8, 2, 1, 2, 1, 2)), (0, (1, 3)), (0, (12, 3)))
HATCHES = ("", "//", "..", "xx", "\\\\", "++")  # one an F0 source, none without F0


def distribution_figure(
    scores: pd.DataFrame,
    metric: str,
    order: Sequence[Row],
    kind: Kind,
    *,
    bounds: Collection[str],
    title: str,
    remark: str = "",
) -> Figure:
    """One panel a source: every track's value (circle) and their box for each method; bounds as lines at their middle.

    The middle is the median or the mean over tracks (`kind`). Infinite and undefined values are not drawn; the number
    of infinite ones is stated.
    """
    tables = values_by_row(scores, metric, order, kind)
    tables.pop(ALL, None)
    found = [row for row in order if any(row in table for table in tables.values())]
    competing = [row for row in found if row[0] not in bounds] or found
    lines = [row for row in found if row not in competing]
    across = min(len(tables), 2)
    down = -(-len(tables) // across)
    figure = Figure(figsize=(5.6 * across, 1.0 + down * (0.9 + 0.3 * len(competing))), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    panels = list(grid.flat)
    for panel, (source, table) in zip(panels, tables.items(), strict=False):
        draw_distribution(panel, table, competing, lines, kind)
        panel.set_title(source, fontsize=FONT + 1, loc="left")
    for panel in panels[max(0, len(tables) - across) : len(tables)]:
        panel.set_xlabel(value_name(scores, metric, kind), fontsize=FONT)
    for panel in panels[len(tables) :]:
        panel.set_visible(False)
    infinite = sum(int(np.isinf(table.to_numpy(dtype=float)).sum()) for table in tables.values())
    said = heading(title, remark, f"{infinite} infinite values not drawn" if infinite else "")
    figure.suptitle(wrap_heading(said, 5.6 * across), fontsize=FONT + 2)
    handles = [bound_handle(number, row, kind) for number, row in enumerate(lines)]
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=min(2, len(handles)), fontsize=FONT)
    return figure


def draw_distribution(axes: Axes, table: pd.DataFrame, rows: Sequence[Row], bounds: Sequence[Row], kind: Kind) -> None:
    """The panel of one source.  table: values [track, (method, f0)]."""
    hatches = {f0: HATCHES[n % len(HATCHES)] for n, f0 in enumerate(dict.fromkeys(["", *[f0 for _, f0 in rows]]))}
    for position, row in enumerate(rows):
        values = finite_values(table, row)
        if values.size:
            draw_row(axes, position, values, hatches[row[1]])
    for number, row in enumerate(bounds):
        values = finite_values(table, row)
        if values.size:
            middle = np.median(values) if kind == "median" else np.mean(values)
            axes.axvline(middle, color="black", linewidth=1.1, linestyle=BOUND_STYLES[number % len(BOUND_STYLES)])
    axes.set_yticks(range(len(rows)), [row_label(*row) for row in rows], fontsize=FONT)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(axis="x", labelsize=FONT, labelbottom=True)
    axes.grid(axis="x", color="0.88", linewidth=0.6)
    axes.set_axisbelow(True)


def finite_values(table: pd.DataFrame, row: Row) -> np.ndarray:
    """The finite values of a row [track]; none where the table lacks the row."""
    values = table[row].to_numpy(dtype=float) if row in table else np.empty(0)
    return values[np.isfinite(values)]


def draw_row(axes: Axes, position: int, values: np.ndarray, hatch: str) -> None:
    """A box from quartile to quartile, whiskers to the extremes, and the tracks themselves, spread so as to be seen."""
    axes.boxplot(
        values,
        positions=[position],
        widths=0.62,
        whis=(0, 100),
        showfliers=False,
        orientation="horizontal",
        patch_artist=True,
        manage_ticks=False,
        boxprops={"facecolor": "0.93", "edgecolor": "0.55", "hatch": hatch, "linewidth": 0.8},
        medianprops={"color": "black", "linewidth": 2.0},
        whiskerprops={"color": "0.55"},
        capprops={"color": "0.55"},
    )
    spread = np.resize([0.0, -0.16, 0.16, -0.08, 0.08], values.size)
    axes.plot(
        np.sort(values),
        position + spread,
        color="black",
        linestyle="none",
        marker="o",
        markersize=4 if values.size <= 20 else 2.5,
        markerfacecolor="white",
        markeredgecolor="black",
        markeredgewidth=0.8,
        zorder=3,
    )


def bound_handle(number: int, row: Row, kind: Kind) -> Line2D:
    """What the legend shows of a bound."""
    style = BOUND_STYLES[number % len(BOUND_STYLES)]
    return Line2D([], [], color="black", linewidth=1.1, linestyle=style, label=f"{row_label(*row)} ({kind})")
