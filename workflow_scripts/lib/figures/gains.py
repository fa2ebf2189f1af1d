"""What rows gain over the model that they start from: a panel a source and metric, a line a method."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from workflow_scripts.lib.figures.change_axes import (
    FILLED,
    INTERVALS,
    change_label,
    compress,
    draw_point,
    finish,
    gains_title,
)
from workflow_scripts.lib.figures.style import FONT
from workflow_scripts.lib.metrics.contract import Metric


def gains_figure(points: pd.DataFrame, *, metrics: Mapping[str, Metric], title: str, remark: str = "") -> Figure:
    """A panel a metric (down) and source (across), a method a line of it; no change is the line at zero.

    Circles are adapted, squares use the model as it is; filled where the interval leaves out zero.
    points: of `statistics.gains.gain_points`.  metrics: by name, those that the points are of.
    """
    names, sources = (list(points[name].unique()) for name in ("metric", "source"))
    methods = list(points["method"].unique())
    size = (2.6 + 1.9 * len(sources), 1.2 + len(names) * (0.8 + 0.26 * len(methods)))
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(len(names), len(sources), squeeze=False, sharex="row", sharey=True)
    for metric, across in zip(names, grid, strict=True):
        chosen = points[points["metric"] == metric]
        for source, axes in zip(sources, across, strict=True):
            for point in chosen[chosen["source"] == source].itertuples():
                draw_point(axes, "x", methods.index(point.method), point, "o" if point.adapted else "s")
            axes.axvline(0, color="black", linewidth=0.8, linestyle="--", zorder=1)
            axes.set_title(source, fontsize=FONT + 1, loc="left")
        compress(across[0], "x", chosen)
        across[len(across) // 2].set_xlabel(change_label(metrics[metric]), fontsize=FONT)
    grid[0, 0].set_yticks(range(len(methods)), methods)
    grid[0, 0].set_ylim(len(methods) - 0.5, -0.5)
    finish(figure, size, "x", gains_title(title, points), f"{INTERVALS}; squares: not adapted; {FILLED}", remark)
    return figure
