"""What rows gain over the model that they start from: a source, by the quality of their marks, by what is trained."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

from workflow_scripts.lib.figures.style import FONT, heading, wrapped
from workflow_scripts.lib.metrics.registry import METRICS
from workflow_scripts.lib.statistics.statistics import ALL, Kind, compare_pair, track_values

COLUMNS = [
    "metric", "source", "method", "baseline", "marks", "alike", "adapted", "parameters", "kind",
    "effect", "low", "high", "interval", "tracks",
]  # fmt: skip
IN_SILENCE = "PES"  # what marks of silence act on, shown beside the headline metric
MARKERS = "o^vDPXs<>p"
STYLES = ("-", "--", "-.", ":")
WIDE = 40.0  # dB from zero at which an axis is compressed: exact silence lies 100 dB under all else
LINEAR = 10.0  # dB on either side of zero that a compressed axis leaves as they are
STEP = 1.12  # factor between points of one number of parameters, so that they stand beside each other
INTERVALS = "Mean over tracks of the change, 95 % bootstrap interval"
FILLED = "filled: the interval leaves out zero"


def shown_metrics(metrics: Sequence[str]) -> list[str]:
    """Of a comparison's metrics, the headline and, where it is there, the energy where a source is silent."""
    return list(dict.fromkeys([metrics[0], *(name for name in metrics if name == IN_SILENCE)]))


def gains(
    scores: pd.DataFrame, metrics: Sequence[str], rows: Sequence[Mapping[str, Any]], parameters: Mapping[str, int],
    kind: Kind, generator: np.random.Generator,
) -> pd.DataFrame:  # fmt: skip
    """Points of the figures: each row minus its baseline on the same tracks, for each metric and source (and `all`).

    rows: label, baseline (a label), marks (their label or None), `alike` (the same for rows that differ in nothing but
        their marks) and adapted of each row, in the order of the table; none of them uses F0.
    parameters: number of trained parameters, by label.
    Columns: `COLUMNS`; effect, low, high, interval and tracks as in `compare_pair`, of the tracks' medians or means
    (`kind`), in the metric's unit. Rows without scores, or whose baseline has none, are left out.
    """
    seed, found = int(generator.integers(2**63)), []
    for metric in metrics:
        values = track_values(scores, metric, kind)
        for source, group in values[values["f0"] == ""].groupby("source", sort=False):
            table = group.pivot(index="track", columns="method", values="value")
            for row in (row for row in rows if {row["label"], row["baseline"]} <= set(table)):
                pair = compare_pair(table[row["label"]].to_numpy(), table[row["baseline"]].to_numpy(), seed)
                facts = {"metric": metric, "source": source, "method": row["label"], "kind": kind}
                facts["parameters"] = parameters.get(row["label"])
                found.append(facts | {name: row[name] for name in ("baseline", "marks", "alike", "adapted")} | pair)
    return pd.DataFrame(found, columns=COLUMNS).astype({"parameters": "Int64"})


def gains_figure(points: pd.DataFrame, *, title: str, remark: str = "") -> Figure:
    """A panel a metric (down) and source (across), a method a line of it; no change is the line at zero.

    Circles are adapted, squares use the model as it is; filled where the interval leaves out zero.
    """
    metrics, sources = (list(points[name].unique()) for name in ("metric", "source"))
    methods = list(points["method"].unique())
    size = (2.6 + 1.9 * len(sources), 1.2 + len(metrics) * (0.8 + 0.26 * len(methods)))
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(len(metrics), len(sources), squeeze=False, sharex="row", sharey=True)
    for metric, across in zip(metrics, grid, strict=True):
        chosen = points[points["metric"] == metric]
        for source, axes in zip(sources, across, strict=True):
            for point in chosen[chosen["source"] == source].itertuples():
                _draw_point(axes, "x", methods.index(point.method), point, "o" if point.adapted else "s")
            axes.axvline(0, color="black", linewidth=0.8, linestyle="--", zorder=1)
            axes.set_title(source, fontsize=FONT + 1, loc="left")
        _compress(across[0], "x", chosen)
        across[len(across) // 2].set_xlabel(_axis(metric), fontsize=FONT)
    grid[0, 0].set_yticks(range(len(methods)), methods)
    grid[0, 0].set_ylim(len(methods) - 0.5, -0.5)
    _finish(figure, size, "x", _titled(title, points), f"{INTERVALS}; squares: not adapted; {FILLED}", remark)
    return figure


def by_marks(points: pd.DataFrame) -> pd.DataFrame:
    """The points of rows that another one differs from in nothing but its marks, over all sources (or the only one)."""
    overall = _overall(points)
    kinds = overall.dropna(subset="marks").groupby("alike")["marks"].nunique()
    return overall[overall["alike"].isin(kinds.index[kinds > 1])]


def marks_figure(points: pd.DataFrame, *, title: str, remark: str = "") -> Figure:
    """Change against the kind of marks, in the order of the table; a panel a metric, a line a method.

    points: of `by_marks`.  A method is called as its first row.
    """
    kinds, groups = list(points["marks"].unique()), list(points.groupby("alike", sort=False))
    size = (max(6.4, 2.4 + 0.75 * len(kinds)), 2.4 + 2.4 * points["metric"].nunique())

    def draw(axes: Axes, chosen: pd.DataFrame) -> None:
        for number, (alike, group) in enumerate(groups):
            of_group = chosen[chosen["alike"] == alike].sort_values("marks", key=lambda marks: marks.map(kinds.index))
            spread = 0.06 * (number - (len(groups) - 1) / 2)
            places = [kinds.index(marks) + spread for marks in of_group["marks"]]
            grey, style = _grey(number), STYLES[number % len(STYLES)]
            axes.plot(places, of_group["effect"], color=grey, linewidth=1.1, linestyle=style, zorder=2)
            for place, point in zip(places, of_group.itertuples(), strict=True):
                _draw_point(axes, "y", place, point, MARKERS[number % len(MARKERS)], grey)
            name = group["method"].iloc[0]
            axes.plot(
                [], [], color=grey, linestyle=style, marker=MARKERS[number % len(MARKERS)], markerfacecolor="white",
                label=name,
            )  # fmt: skip
        axes.set_xticks(range(len(kinds)), kinds, rotation=30, ha="right", rotation_mode="anchor")
        axes.set_xlim(-0.5, len(kinds) - 0.5)

    return _stacked(points, draw, size, "marks", title, remark)


def by_parameters(points: pd.DataFrame) -> pd.DataFrame:
    """The points of rows of which parameters are trained; none unless they differ in how many."""
    overall = _overall(points).dropna(subset="parameters")
    return overall if overall["parameters"].nunique() > 1 else overall.iloc[:0]


def parameters_figure(points: pd.DataFrame, *, title: str, remark: str = "") -> Figure:
    """Change against the number of trained parameters; a panel a metric, a point a method.  points: of `by_parameters`.

    Points of one number stand beside each other, about the place of that number.
    """
    methods = list(points["method"].unique())
    counts = points.drop_duplicates("method").set_index("method")["parameters"].astype(float)
    beside = counts.groupby(counts).cumcount() - (counts.groupby(counts).transform("size") - 1) / 2
    places = counts * STEP**beside
    size = (6.4, 1.4 + 0.2 * len(methods) + 2.6 * points["metric"].nunique())

    def draw(axes: Axes, chosen: pd.DataFrame) -> None:
        for point in chosen.itertuples():
            number = methods.index(point.method)
            marker, grey = MARKERS[number % len(MARKERS)], _grey(number)
            _draw_point(axes, "y", places[point.method], point, marker, grey)
            axes.plot([], [], color=grey, linestyle="none", marker=marker, markerfacecolor="white", label=point.method)
        axes.set_xscale("log")

    return _stacked(points, draw, size, "trained parameters", title, remark)


def _overall(points: pd.DataFrame) -> pd.DataFrame:
    """The points over all sources, or of the only one."""
    return points[points["source"] == ALL] if ALL in set(points["source"]) else points


def _stacked(
    points: pd.DataFrame, draw: Callable[[Axes, pd.DataFrame], None], size: tuple[float, float], across: str,
    title: str, remark: str,
) -> Figure:  # fmt: skip
    """A panel a metric, one above the other, each drawn by `draw` with the metric's points; the baseline lies at 0."""
    metrics = list(points["metric"].unique())
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(metrics), 1, squeeze=False, sharex=True)[:, 0]
    for axes, metric in zip(panels, metrics, strict=True):
        chosen = points[points["metric"] == metric]
        draw(axes, chosen)
        axes.axhline(0, color="black", linewidth=0.8, linestyle="--", zorder=1)
        axes.set_ylabel(_axis(metric).replace(" (", "\n("), fontsize=FONT)
        _compress(axes, "y", chosen)
    panels[-1].set_xlabel(across, fontsize=FONT)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", fontsize=FONT - 1)
    source = points["source"].iloc[0]
    over = "mean over sources" if source == ALL else f"source: {source}"
    _finish(figure, size, "y", _titled(title, points), f"{INTERVALS}; {over}; {FILLED}", remark)
    return figure


def _draw_point(axes: Axes, along: str, place: float, point: Any, marker: str, grey: str = "0") -> None:
    """A point and its interval along the axis of values, filled where the interval leaves out zero."""
    if not np.isfinite(point.effect):
        return
    # Resampled means can all lie to one side of the mean by round-off.
    reach = np.nan_to_num(np.maximum([[point.effect - point.low], [point.high - point.effect]], 0))
    clear = point.low > 0 or point.high < 0
    values = {"x": point.effect, "y": place, "xerr": reach} if along == "x" else {
        "x": place, "y": point.effect, "yerr": reach
    }  # fmt: skip
    axes.errorbar(
        **values, fmt=marker, color=grey, ecolor=grey, elinewidth=1.1, capsize=2.5, markersize=5,
        markerfacecolor=grey if clear else "white", zorder=3,
    )  # fmt: skip


def _grey(number: int) -> str:
    return str(0.5 * (number % 2))


def _compress(axes: Axes, along: str, points: pd.DataFrame) -> None:
    """Make room for small values where there are also very large ones: linear up to `LINEAR`, logarithmic beyond."""
    values = points[["effect", "low", "high"]].to_numpy(dtype=float)
    least, greatest = np.nanmin(values, initial=-LINEAR), np.nanmax(values, initial=LINEAR)
    if max(-least, greatest) <= WIDE:
        return
    scaled, limited, axis = (
        (axes.set_xscale, axes.set_xlim, axes.xaxis) if along == "x" else (axes.set_yscale, axes.set_ylim, axes.yaxis)
    )
    scaled("symlog", linthresh=LINEAR)
    limited(1.6 * least, 1.6 * greatest)
    axis.set_major_formatter(ScalarFormatter())


def _axis(metric: str) -> str:
    """Name of the axis: the metric, its unit, and which way is better."""
    known = METRICS[metric]
    unit = f"{known.unit}; " if known.unit != "1" else ""
    return f"change in {metric} ({unit}{known.better} is better)"


def _titled(title: str, points: pd.DataFrame) -> str:
    baselines = points["baseline"].unique()
    return f"{title}: gains over {baselines[0] if len(baselines) == 1 else 'the model that each row starts from'}"


def _finish(figure: Figure, size: tuple[float, float], along: str, title: str, *said: str) -> None:
    for axes in figure.axes:
        axes.tick_params(labelsize=FONT)
        axes.grid(axis=along, color="0.88", linewidth=0.6)
        axes.set_axisbelow(True)
    figure.suptitle(wrapped(heading(title, *said), size[0]), fontsize=FONT + 2)
