"""Heat map of a metric: a cell a track and method, with its value printed in it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.figures.style import COLOURS, FONT, heading, wrap_heading
from workflow_scripts.lib.statistics.aggregates import ALL, Kind, value_name, values_by_row
from workflow_scripts.lib.statistics.rows import Row, row_label

BRIGHT = 0.45  # relative luminance above which black print is easier to read than white


def heat_map_figure(
    scores: pd.DataFrame,
    metric: str,
    order: Sequence[Row],
    kind: Kind,
    *,
    source: str | None = None,
    title: str,
    remark: str = "",
) -> Figure:
    """One cell a track (down) and method (across), its value printed in it; crossed where undefined.

    source: one of the scores' sources; by default the mean over the sources, or the only one.
    """
    tables = values_by_row(scores, metric, order, kind)
    source = source or (ALL if ALL in tables else next(iter(tables)))
    if source not in tables:
        raise UserError(f"The scores hold no source {source!r}; {nearest(source, tables)}")
    values = tables[source].to_numpy(dtype=float)
    tracks, methods = values.shape
    labels = [row_label(*row) for row in tables[source].columns]
    names = [str(name) for name in tables[source].index]
    width = 1.9 + 0.66 * methods + 0.085 * max(map(len, names))
    figure = Figure(figsize=(max(width, 5.0), 1.6 + 0.3 * tracks + 0.06 * max(map(len, labels))), layout="constrained")
    axes = figure.subplots()
    low, high = colour_range(values)
    shown = np.ma.masked_invalid(np.where(np.isinf(values), np.clip(values, low, high), values))
    image = axes.imshow(shown, cmap=COLOURS, vmin=low, vmax=high, aspect="auto", interpolation="none")
    for (down, across), value in np.ndenumerate(values):
        draw_cell(axes, down, across, value, float(np.clip((value - low) / (high - low), 0, 1)))
    axes.set_xticks(range(methods), labels, rotation=40, ha="right", rotation_mode="anchor", fontsize=FONT)
    axes.set_yticks(range(tracks), names, fontsize=FONT)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    which = f"source: {source}" if source != ALL else "mean over sources"
    crossed = "×: undefined" if np.isnan(values).any() else ""
    said = heading(title, which, remark, crossed)
    axes.set_title(wrap_heading(said, figure.get_size_inches()[0]), fontsize=FONT + 1)
    bar = figure.colorbar(image, ax=axes, pad=0.02, fraction=0.04, aspect=25)
    bar.set_label(value_name(scores, metric, kind), fontsize=FONT)
    bar.ax.tick_params(labelsize=FONT)
    return figure


def colour_range(values: np.ndarray) -> tuple[float, float]:
    """Least and largest finite value, apart from each other; infinite cells take the colours of the ends."""
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def draw_cell(axes: Axes, down: int, across: int, value: float, brightness: float) -> None:
    """Print a cell's value, black on light and white on dark; `brightness`: where it lies in the colour map, 0 to 1."""
    if np.isnan(value):
        axes.text(across, down, "×", ha="center", va="center", fontsize=FONT, color="0.35")
        return
    text = f"{round(value, 1) + 0:.1f}" if np.isfinite(value) else ("∞" if value > 0 else "-∞")
    ink = "black" if luminance(colormaps[COLOURS](brightness)) > BRIGHT else "white"
    axes.text(across, down, text.replace("-", "−"), ha="center", va="center", fontsize=FONT - 1, color=ink)


def luminance(colour: Sequence[float]) -> float:
    """Luma of an sRGB colour, 0 to 1, by the weights of ITU-R BT.601."""
    return float(np.dot(colour[:3], [0.299, 0.587, 0.114]))
