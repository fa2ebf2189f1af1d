"""What becomes of separation as the F0 gets worse: the robustness figure of arXiv 2201.09592."""

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workflow_scripts.lib.figures.style import FONT, heading, wrap_heading
from workflow_scripts.lib.statistics.rows import row_label

PANELS = {
    "offset_hz": "offset of every voiced frame (Hz)",
    "octaves": "octaves that every voiced frame is off",
    "muted": "share of frames muted in all voices",
    "left_out": "voices left out",
}
LINES = ("o-", "s--", "^-.", "D:", "v-", "P--")  # one a method


def robustness_figure(points: pd.DataFrame, metric: str, *, title: str, remark: str = "") -> Figure:
    """A panel a way to err, a line a method (and F0 source where there are several), bars from low to high.

    points: of `statistics.robustness.robustness_points`, of the metric named.
    """
    ways = [way for way in PANELS if way in set(points["way"])]
    with rc_context({"font.size": FONT}):
        figure = Figure(figsize=(6.4, 0.8 + 2.4 * len(ways)), layout="constrained")
        panels = figure.subplots(len(ways), 1, squeeze=False)[:, 0]
        for axes, way in zip(panels, ways, strict=True):
            _draw(axes, points[points["way"] == way])
            axes.set(xlabel=PANELS[way], ylabel=f"{metric} (dB)")
        panels[0].legend()
        figure.suptitle(wrap_heading(heading(title, remark), 6.4))
        return figure


def _draw(axes: Axes, points: pd.DataFrame) -> None:
    """The panel of one way to err."""
    several = points["of"].nunique() > 1
    positions = points["value"]
    if positions.map(type).eq(str).any():
        names = list(dict.fromkeys(positions))
        axes.set_xticks(range(len(names)), names)
        positions = positions.map(names.index)
    for number, ((method, of), line) in enumerate(points.groupby(["method", "of"], sort=False)):
        x, grey = positions[line.index].astype(float), f"{0.55 * (number % 2)}"
        bars = np.abs(line[["low", "high"]].sub(line["mean"], axis=0).to_numpy().T)
        label = row_label(method, of if several else "")
        axes.errorbar(x, line["mean"], yerr=bars, fmt=LINES[number % len(LINES)], color=grey, capsize=2, label=label)
