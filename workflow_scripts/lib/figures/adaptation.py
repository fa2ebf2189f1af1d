"""The course of adaptations to single songs: a panel a method, since losses of different methods are not comparable."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from workflow_scripts.lib.figures.style import FONT, heading, wrap_heading

STYLES = ("-", "--", "-.", ":", "o-", "s--", "^-.", "D:")  # one a loss


def adaptation_figure(points: pd.DataFrame, *, title: str, remark: str = "") -> Figure:
    """A panel a method, a line a loss: its mean over tracks, in grey from the least to the greatest.

    points: of `statistics.adaptation.adaptation_course`.
    """
    groups = list(points.groupby("label", sort=False))
    losses = list(points["loss"].unique())
    across = min(3, max(1, len(groups)))
    down = -(-len(groups) // across)
    size = (0.8 + 3.0 * across, 1.3 + 2.4 * down)
    figure = Figure(figsize=size, layout="constrained")
    panels = list(figure.subplots(down, across, squeeze=False, sharey=True).flat) if groups else []
    for axes, (label, rows) in zip(panels, groups, strict=False):
        _draw(axes, rows, losses)
        axes.set_title(wrap_heading(label, 3.0), fontsize=FONT, loc="left")
    for axes in panels[::across]:
        axes.set_ylabel("share of the first", fontsize=FONT)
    for axes in panels[len(groups) :]:
        axes.set_visible(False)
    styles = {name: line for axes in panels for line, name in zip(*axes.get_legend_handles_labels(), strict=True)}
    if styles:
        figure.legend(
            [styles[name] for name in losses], losses, loc="outside lower center", ncols=min(4, len(losses)),
            fontsize=FONT,
        )  # fmt: skip
    meaning = "Share of what each loss was at first; mean over songs, in grey from the least to the greatest"
    said = heading(f"{title}: adaptation", meaning, remark)
    figure.suptitle(wrap_heading(said, size[0]), fontsize=FONT + 2)
    return figure


def _draw(axes: Axes, rows: pd.DataFrame, losses: list[str]) -> None:
    for number, name in enumerate(losses):
        line = rows[rows["loss"] == name].sort_values("at")
        if line.empty:
            continue
        axes.fill_between(line["at"], line["low"], line["high"], color="black", alpha=0.12, linewidth=0)
        style: dict[str, Any] = {"linewidth": 1.3, "markersize": 4, "markerfacecolor": "white", "label": name}
        axes.plot(line["at"], line["mean"], STYLES[number % len(STYLES)], color="black", **style)
    axes.set_xlabel(rows["counter"].iloc[0], fontsize=FONT)
    axes.tick_params(labelsize=FONT)
    locator = axes.xaxis.get_major_locator()
    assert isinstance(locator, MaxNLocator)  # of a linear axis
    locator.set_params(integer=True)
