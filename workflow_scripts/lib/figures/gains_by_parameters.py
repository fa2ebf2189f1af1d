"""What rows gain over the model that they start from, by how many parameters they train."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workflow_scripts.lib.figures.change_axes import MARKERS, draw_point, figure_by_metric, grey_of
from workflow_scripts.lib.metrics.contract import Metric

STEP = 1.12  # factor between points of one number of parameters, so that they stand beside each other


def parameters_figure(points: pd.DataFrame, *, metrics: Mapping[str, Metric], title: str, remark: str = "") -> Figure:
    """Change against the number of trained parameters; a panel a metric, a point a method.

    points: of `statistics.gains.points_by_parameters`; those of one number stand beside each other, about that number.
    """
    methods = list(points["method"].unique())
    counts = points.drop_duplicates("method").set_index("method")["parameters"].astype(float)
    beside = counts.groupby(counts).cumcount() - (counts.groupby(counts).transform("size") - 1) / 2
    positions = counts * STEP**beside
    size = (6.4, 1.4 + 0.2 * len(methods) + 2.6 * points["metric"].nunique())

    def draw(axes: Axes, chosen: pd.DataFrame) -> None:
        for point in chosen.itertuples():
            number = methods.index(point.method)
            marker, grey = MARKERS[number % len(MARKERS)], grey_of(number)
            draw_point(axes, "y", positions[point.method], point, marker, grey)
            axes.plot([], [], color=grey, linestyle="none", marker=marker, markerfacecolor="white", label=point.method)
        axes.set_xscale("log")

    return figure_by_metric(points, draw, size, "trained parameters", metrics, title, remark)
