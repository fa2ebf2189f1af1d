"""Quality against the label budget: what a paired song more is worth to each method."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workflow_scripts.lib.figures.style import FONT, heading, wrapped
from workflow_scripts.lib.statistics.statistics import ALL, Kind, Row, row_label, select_metric, summarise

STYLES = ("-", "--", "-.", ":", (0, (8, 2, 1, 2, 1, 2)))
MARKERS = "os^vDP*X"
SPREAD = 0.05  # of a step between budgets, so that intervals at one budget stand beside each other


def curves_of(budgets: Sequence[Mapping[str, Any]]) -> dict[str, dict[Row, tuple]]:
    """Name of each curve -> its rows and the budget (songs, family) of each.

    budgets: label, f0, songs, family and `curve` of each trained row; rows of one `curve` differ in budget only. A
    curve is called what the labels of its rows begin with.
    """
    found: dict[tuple[str, str], dict[Row, tuple]] = {}
    for row in budgets:
        found.setdefault((row["curve"], row["f0"]), {})[row["label"], row["f0"]] = (row["songs"], row["family"])
    named: dict[str, dict[Row, tuple]] = {}
    for rows in found.values():
        name = _name(rows)
        named[name if name not in named else row_label(*next(iter(rows)))] = rows
    return named


def has_budgets(budgets: Sequence[Mapping[str, Any]]) -> bool:
    """Whether any method stands in the comparison with more than one budget."""
    return any(len(set(rows.values())) > 1 for rows in curves_of(budgets).values())


def budget_figure(
    scores: Mapping[str, pd.DataFrame],
    metric: str,
    budgets: Sequence[Mapping[str, Any]],
    kind: Kind,
    generator: np.random.Generator,
    *,
    title: str,
    remark: str = "",
) -> Figure:
    """A panel a group of songs (down) and source (across); a line a method, with 95 % bootstrap intervals over tracks.

    scores: of each group, by its name.  budgets: as `curves_of` takes them; a method of one budget is a single point.
    """
    curves = curves_of(budgets)
    found = {budget for rows in curves.values() for budget in rows.values()}
    places = {budget: place for place, budget in enumerate(sorted(found, key=_rank))}
    order = [row for rows in curves.values() for row in rows]
    tables = {name: _values(group, metric, order, kind, generator) for name, group in scores.items()}
    sources = list(dict.fromkeys(source for table in tables.values() for source in table["source"] if source != ALL))
    size = (1.2 + 3.4 * len(sources), 1.2 + 0.22 * len(curves) + 2.6 * len(tables))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(tables), len(sources), squeeze=False, sharex=True)
    for (name, table), across in zip(tables.items(), panels, strict=True):
        for source, axes in zip(sources, across, strict=True):
            _draw(axes, table[table["source"] == source], curves, places)
            axes.set_title(f"{name}: {source}" if name else source, fontsize=FONT + 1, loc="left")
        across[0].set_ylabel(metric, fontsize=FONT)
    for axes in panels[-1]:
        axes.set_xticks(list(places.values()), [_shown(*budget) for budget in places], fontsize=FONT)
        axes.set_xlabel("paired songs", fontsize=FONT)
    said = heading(title, "95 % intervals over tracks", remark)
    figure.suptitle(wrapped(said, size[0]), fontsize=FONT + 2)
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", fontsize=FONT)
    return figure


def _values(
    scores: pd.DataFrame, metric: str, order: Sequence[Row], kind: Kind, generator: np.random.Generator
) -> pd.DataFrame:
    """`summarise` of the rows in `order` alone."""
    chosen = select_metric(scores, metric)
    rows = pd.Series(list(zip(chosen["method"], chosen["f0"], strict=True)), index=chosen.index)
    table = summarise(chosen[rows.isin(order)], order, generator)
    return table[table["kind"] == kind]


def _draw(axes: Axes, table: pd.DataFrame, curves: Mapping[str, dict[Row, tuple]], places: Mapping[tuple, int]) -> None:
    values = {(row.method, row.f0): row for row in table.itertuples()}
    for number, (name, rows) in enumerate(curves.items()):
        found = sorted((places[budget], row) for row, budget in rows.items() if row in values)
        cells = [values[row] for _, row in found]
        middle = np.array([cell.value for cell in cells])
        ends = np.array([[cell.low, cell.high] for cell in cells]).reshape(-1, 2)
        reach = np.nan_to_num(np.abs(ends.T - middle))  # no interval where there is one track
        across = np.array([place for place, _ in found]) + SPREAD * (number - (len(curves) - 1) / 2)
        style = {"linestyle": STYLES[number % len(STYLES)], "marker": MARKERS[number % len(MARKERS)]}
        shade = str(0.55 * (number % 3) / 2)
        axes.errorbar(
            across, middle, yerr=reach, color=shade, linewidth=1.2, markersize=5, capsize=2, label=name,
            markerfacecolor="white", **style,
        )  # fmt: skip
    axes.tick_params(labelsize=FONT)
    axes.grid(axis="y", color="0.88", linewidth=0.6)
    axes.set_axisbelow(True)


def _name(rows: Mapping[Row, tuple]) -> str:
    labels, f0 = [label for label, _ in rows], next(iter(rows))[1]
    alike = [len(set(letters)) == 1 for letters in zip(*labels, strict=False)]
    common = labels[0][: [*alike, False].index(False)].rstrip(" ,;:-–(")
    return row_label(common or labels[0], f0)


def _rank(budget: tuple) -> tuple:
    """Fewer songs first; all songs of a family after any number of them, all songs of all families last."""
    songs, family = budget
    return (songs is None, songs or 0, family is None, family or "")


def _shown(songs: int | None, family: str | None) -> str:
    if songs is not None:
        return str(songs)
    return f"all {family}" if family else "all"
