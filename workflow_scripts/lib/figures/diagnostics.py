"""What a training measured beside its loss: for critics their losses, distances and penalties, over the steps."""

import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workflow_scripts.lib.figures.curves import MARKERS
from workflow_scripts.lib.figures.style import FONT, heading, wrap_heading

STYLES = ("-", "--", "-.", ":")  # one a source
SHADES = ("0", "0.45", "0.7")  # one a seed
ACROSS = 4  # panels in a line
STANDING = ["method", "label", "f0", "seed", "step", "seconds"]


def quantities(curves: pd.DataFrame) -> dict[str, list[str]]:
    """What a method's curves hold beside the loss: name of each panel -> its columns that hold a value.

    Columns `train_<quantity>_<source>` that share the quantity share a panel; the training loss and the validation
    loss stand in panels of their own, first.
    """
    names = [name for name in curves if name not in STANDING and curves[name].notna().any()]
    extra = [name for name in names if name not in ("train_loss", "valid_loss")]
    firsts = [name.rsplit("_", 1)[0] if name.count("_") > 1 else name for name in extra]
    panels: dict[str, list[str]] = {name: [name] for name in names if name not in extra}
    for name, first in zip(extra, firsts, strict=True):
        panels.setdefault(first if firsts.count(first) > 1 else name, []).append(name)
    return panels


def has_diagnostics(curves: pd.DataFrame) -> bool:
    """Whether any method measured anything beside its loss."""
    return any(set(quantities(rows)) - {"train_loss", "valid_loss"} for _, rows in curves.groupby("label"))


def diagnostics_figure(curves: pd.DataFrame, *, title: str, remark: str = "") -> Figure:
    """A block of panels for each method that measured something beside its loss, a panel a quantity.

    curves: as `curves_figure` takes them, with any number of further columns. Sources differ in the style of the line,
    seeds in shade and in the marker at the end, sources of F0 are drawn alike.
    """
    blocks = {label: (rows, quantities(rows)) for label, rows in curves.groupby("label", sort=False)}
    blocks = {
        label: (rows, panels) for label, (rows, panels) in blocks.items() if set(panels) - {"train_loss", "valid_loss"}
    }
    lines = {label: -(-len(panels) // ACROSS) for label, (_, panels) in blocks.items()}
    width = 3.0 * ACROSS
    with rc_context({"font.size": FONT}):
        figure = Figure(figsize=(width, 0.6 + 2.2 * sum(lines.values()) + 0.3 * len(blocks)), layout="constrained")
        parts = figure.subfigures(len(blocks), 1, squeeze=False, height_ratios=list(lines.values()))[:, 0]
        for part, (label, (rows, panels)) in zip(parts, blocks.items(), strict=True):
            part.suptitle(label)
            grid = list(part.subplots(lines[label], ACROSS, squeeze=False).flat)
            for axes, (name, columns) in zip(grid, panels.items(), strict=False):
                draw_quantity(axes, rows, name, columns)
            for axes in grid[len(panels) :]:
                axes.set_visible(False)
        said = heading(f"{title}: diagnostics", "Shades and markers: seeds", remark.rstrip("."))
        figure.suptitle(wrap_heading(said, width))
        return figure


def draw_quantity(axes: Axes, rows: pd.DataFrame, name: str, columns: list[str]) -> None:
    """A line for each column, source of F0 and seed."""
    for (_, seed), run in rows.groupby(["f0", "seed"], sort=False):
        for number, column in enumerate(columns):
            style, shade = STYLES[number % len(STYLES)], SHADES[seed % len(SHADES)]
            said = column.removeprefix(f"{name}_") if len(columns) > 1 and seed == rows["seed"].iloc[0] else None
            axes.plot(run["step"], run[column], style, color=shade, label=said)
            axes.plot(
                run["step"].iloc[-1], run[column].iloc[-1], MARKERS[seed % len(MARKERS)], color=shade, markersize=4
            )
    axes.set(title=name.replace("_", " "), xlabel="step")
    axes.tick_params(labelsize=FONT - 1)
    if len(columns) > 1:
        axes.legend(fontsize=FONT - 1)
