"""Figures of a comparison, drawn without any global state and readable in grey; their files are the same every time.

What tells things apart is place, line style, hatch or a printed number, never colour alone.
"""

import textwrap
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.core.files import atomic
from workflow_scripts.lib.statistics.statistics import (
    ALL,
    ROW,
    Kind,
    Row,
    check_order,
    row_label,
    track_values,
)

FORMATS = {
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
}
BOUND_STYLES = ("--", "-.", ":", (0, (8, 2, 1, 2, 1, 2)), (0, (1, 3)), (0, (12, 3)))
HATCHES = ("", "//", "..", "xx", "\\\\", "++")  # one an F0 source, none without F0
FONT = 9
LETTERS = 11  # of a heading to an inch
COLOURS = "cividis"  # uniform steps, lightness monotone, alike for colour-blind readers
BRIGHT = 0.45  # relative luminance above which black print is easier to read than white


def values_of(scores: pd.DataFrame, metric: str, order: Sequence[Row], kind: Kind) -> dict[str, pd.DataFrame]:
    """Values of a metric as one table [track, (method, f0)] a source, columns in the order given; `all` comes last."""
    check_order(scores, order)
    values = track_values(scores, metric, kind)
    tables = {}
    for source, group in values.groupby("source", sort=False):
        table = group.pivot(index="track", columns=ROW, values="value").sort_index()
        tables[source] = table[[row for row in order if row in table]]
    return tables


def value_name(scores: pd.DataFrame, metric: str, kind: Kind) -> str:
    """Name of the axis: the metric, and what one value of a track is made of."""
    framewise = scores.loc[scores["metric"] == metric, "frame"].notna().any()
    return f"{metric} ({kind} over the frames of a track)" if framewise else f"{metric} (one value a track)"


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
    tables = values_of(scores, metric, order, kind)
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
    figure.suptitle(
        heading(title, remark, f"{infinite} infinite values not drawn" if infinite else ""), fontsize=FONT + 2
    )
    handles = [bound_handle(number, row, kind) for number, row in enumerate(lines)]
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=min(2, len(handles)), fontsize=FONT)
    return figure


def heading(title: str, *remarks: str) -> str:
    """The title, and beneath it the remarks that there are."""
    return "\n".join(filter(None, [title, ". ".join(filter(None, remarks))]))


def wrapped(text: str, inches: float) -> str:
    """The lines of a heading broken so that they fit a figure of this width."""
    return "\n".join(textwrap.fill(line, int(inches * LETTERS)) for line in text.split("\n"))


def draw_distribution(axes: Axes, table: pd.DataFrame, rows: Sequence[Row], bounds: Sequence[Row], kind: Kind) -> None:
    hatches = {f0: HATCHES[n % len(HATCHES)] for n, f0 in enumerate(dict.fromkeys(["", *[f0 for _, f0 in rows]]))}
    for place, row in enumerate(rows):
        values = finite(table, row)
        if values.size:
            draw_row(axes, place, values, hatches[row[1]])
    for number, row in enumerate(bounds):
        values = finite(table, row)
        if values.size:
            middle = np.median(values) if kind == "median" else np.mean(values)
            axes.axvline(middle, color="black", linewidth=1.1, linestyle=BOUND_STYLES[number % len(BOUND_STYLES)])
    axes.set_yticks(range(len(rows)), [row_label(*row) for row in rows], fontsize=FONT)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(axis="x", labelsize=FONT, labelbottom=True)
    axes.grid(axis="x", color="0.88", linewidth=0.6)
    axes.set_axisbelow(True)


def finite(table: pd.DataFrame, row: Row) -> np.ndarray:
    values = table[row].to_numpy(dtype=float) if row in table else np.empty(0)
    return values[np.isfinite(values)]


def draw_row(axes: Axes, place: int, values: np.ndarray, hatch: str) -> None:
    """A box from quartile to quartile, whiskers to the extremes, and the tracks themselves, spread so as to be seen."""
    axes.boxplot(
        values,
        positions=[place],
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
        place + spread,
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
    style = BOUND_STYLES[number % len(BOUND_STYLES)]
    return Line2D([], [], color="black", linewidth=1.1, linestyle=style, label=f"{row_label(*row)} ({kind})")


def heat_map(
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
    tables = values_of(scores, metric, order, kind)
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
    axes.set_title(heading(title, which, remark, crossed), fontsize=FONT + 1)
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
    """Print a cell's value, black on light and white on dark; `brightness`: its place in the colour map, 0 to 1."""
    if np.isnan(value):
        axes.text(across, down, "×", ha="center", va="center", fontsize=FONT, color="0.35")
        return
    text = f"{round(value, 1) + 0:.1f}" if np.isfinite(value) else ("∞" if value > 0 else "-∞")
    ink = "black" if luminance(colormaps[COLOURS](brightness)) > BRIGHT else "white"
    axes.text(across, down, text.replace("-", "−"), ha="center", va="center", fontsize=FONT - 1, color=ink)


def luminance(colour: Sequence[float]) -> float:
    """Luma of an sRGB colour, 0 to 1, by the weights of ITU-R BT.601."""
    return float(np.dot(colour[:3], [0.299, 0.587, 0.114]))


def save_figure(figure: Figure, stem: Path) -> None:
    """Write `<stem>.pdf`, `<stem>.svg` and `<stem>.png` (150 dots an inch), without dates: same figure, same bytes."""
    stem = Path(stem)
    with rc_context({"svg.hashsalt": "fewstems", "pdf.fonttype": 42}):
        for suffix, metadata in FORMATS.items():
            with atomic(stem.with_name(f"{stem.name}.{suffix}")) as temporary:
                figure.savefig(temporary, format=suffix, metadata=metadata, dpi=150)
