"""What rows gain over the model that they start from, by the quality of their marks."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workflow_scripts.lib.figures.change_axes import MARKERS, draw_point, figure_by_metric, grey_of
from workflow_scripts.lib.metrics.contract import Metric

STYLES = ("-", "--", "-.", ":")


def marks_figure(points: pd.DataFrame, *, metrics: Mapping[str, Metric], title: str, remark: str = "") -> Figure:
    """Change against the kind of marks, in the order of the table; a panel a metric, a line a method.

    points: of `statistics.gains.points_by_marks`.  A method is called as its first row.
    """
    kinds, groups = list(points["marks"].unique()), list(points.groupby("group", sort=False))
    size = (max(6.4, 2.4 + 0.75 * len(kinds)), 2.4 + 2.4 * points["metric"].nunique())

    def draw(axes: Axes, chosen: pd.DataFrame) -> None:
        for number, (name, group) in enumerate(groups):
            of_group = chosen[chosen["group"] == name].sort_values("marks", key=lambda marks: marks.map(kinds.index))
            spread = 0.06 * (number - (len(groups) - 1) / 2)
            positions = [kinds.index(marks) + spread for marks in of_group["marks"]]
            grey, style = grey_of(number), STYLES[number % len(STYLES)]
            axes.plot(positions, of_group["effect"], color=grey, linewidth=1.1, linestyle=style, zorder=2)
            for position, point in zip(positions, of_group.itertuples(), strict=True):
                draw_point(axes, "y", position, point, MARKERS[number % len(MARKERS)], grey)
            axes.plot(
                [], [], color=grey, linestyle=style, marker=MARKERS[number % len(MARKERS)], markerfacecolor="white",
                label=group["method"].iloc[0],
            )  # fmt: skip
        axes.set_xticks(range(len(kinds)), kinds, rotation=30, ha="right", rotation_mode="anchor")
        axes.set_xlim(-0.5, len(kinds) - 0.5)

    return figure_by_metric(points, draw, size, "marks", metrics, title, remark)
