"""What the figures of gains share: changes with their intervals on an axis, compressed where they are far from zero."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

from workflow_scripts.lib.figures.style import FONT, heading, wrap_heading
from workflow_scripts.lib.metrics.contract import Metric
from workflow_scripts.lib.statistics.aggregates import ALL

MARKERS = "o^vDPXs<>p"
WIDE = 40.0  # dB from zero at which an axis is compressed: exact silence lies 100 dB under all else
LINEAR = 10.0  # dB on either side of zero that a compressed axis leaves as they are
INTERVALS = "Mean over tracks of the change, 95 % interval over tracks and seeds"
FILLED = "filled: the interval leaves out zero"


def figure_by_metric(
    points: pd.DataFrame, draw: Callable[[Axes, pd.DataFrame], None], size: tuple[float, float], across: str,
    metrics: Mapping[str, Metric], title: str, remark: str,
) -> Figure:  # fmt: skip
    """A panel a metric, one above the other, each drawn by `draw` with the metric's points; the baseline lies at 0.

    size: inches across and down.  across: name of the axis that the panels share.
    """
    names = list(points["metric"].unique())
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(names), 1, squeeze=False, sharex=True)[:, 0]
    for axes, metric in zip(panels, names, strict=True):
        chosen = points[points["metric"] == metric]
        draw(axes, chosen)
        axes.axhline(0, color="black", linewidth=0.8, linestyle="--", zorder=1)
        axes.set_ylabel(change_label(metrics[metric]).replace(" (", "\n("), fontsize=FONT)
        compress(axes, "y", chosen)
    panels[-1].set_xlabel(across, fontsize=FONT)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", fontsize=FONT - 1)
    source = points["source"].iloc[0]
    over = "mean over sources" if source == ALL else f"source: {source}"
    finish(figure, size, "y", gains_title(title, points), f"{INTERVALS}; {over}; {FILLED}", remark)
    return figure


def draw_point(axes: Axes, along: str, position: float, point: Any, marker: str, grey: str = "0") -> None:
    """A point and its interval along the axis of values (`along`: x or y), at `position` on the other axis."""
    if not np.isfinite(point.effect):
        return
    # Resampled means can all lie to one side of the mean by round-off.
    reach = np.nan_to_num(np.maximum([[point.effect - point.low], [point.high - point.effect]], 0))
    clear = point.low > 0 or point.high < 0
    values = {"x": point.effect, "y": position, "xerr": reach} if along == "x" else {
        "x": position, "y": point.effect, "yerr": reach
    }  # fmt: skip
    axes.errorbar(
        **values, fmt=marker, color=grey, ecolor=grey, elinewidth=1.1, capsize=2.5, markersize=5,
        markerfacecolor=grey if clear else "white", zorder=3,
    )  # fmt: skip


def grey_of(number: int) -> str:
    """Black and grey by turns."""
    return str(0.5 * (number % 2))


def compress(axes: Axes, along: str, points: pd.DataFrame) -> None:
    """Make room for small values where there are also very large ones: linear up to `LINEAR`, logarithmic beyond."""
    values = points[["effect", "low", "high"]].to_numpy(dtype=float)
    least, greatest = np.nanmin(values, initial=-LINEAR), np.nanmax(values, initial=LINEAR)
    if max(-least, greatest) <= WIDE:
        return
    set_scale, set_limits, axis = (
        (axes.set_xscale, axes.set_xlim, axes.xaxis) if along == "x" else (axes.set_yscale, axes.set_ylim, axes.yaxis)
    )
    set_scale("symlog", linthresh=LINEAR)
    set_limits(1.6 * least, 1.6 * greatest)
    axis.set_major_formatter(ScalarFormatter())


def change_label(metric: Metric) -> str:
    """Name of the axis: the metric, its unit, and which way is better."""
    unit = f"{metric.unit}; " if metric.unit != "1" else ""
    return f"change in {metric.name} ({unit}{metric.better} is better)"


def gains_title(title: str, points: pd.DataFrame) -> str:
    """The title, and what the gains are taken over."""
    baselines = points["baseline"].unique()
    return f"{title}: gains over {baselines[0] if len(baselines) == 1 else 'the model that each row starts from'}"


def finish(figure: Figure, size: tuple[float, float], along: Literal["x", "y"], title: str, *said: str) -> None:
    """Letters, a grid across the axis of values (`along`), and the heading."""
    for axes in figure.axes:
        axes.tick_params(labelsize=FONT)
        axes.grid(axis=along, color="0.88", linewidth=0.6)
        axes.set_axisbelow(True)
    figure.suptitle(wrap_heading(heading(title, *said), size[0]), fontsize=FONT + 2)
