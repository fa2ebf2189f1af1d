"""What becomes of separation as the F0 gets worse: the robustness figure of arXiv 2201.09592.

A voice that is left out has no estimate to speak of, so that with voices left out the others alone are counted.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.figures.style import FONT, heading
from workflow_scripts.lib.statistics.statistics import ALL, Kind, bootstrap_interval, track_values

PANELS = {
    "offset_hz": "offset of every voiced frame (Hz)",
    "octaves": "octaves that every voiced frame is off",
    "muted": "share of frames muted in all voices",
    "left_out": "voices left out",
}
LINES = ("o-", "s--", "^-.", "D:", "v-", "P--")  # one a method


def robustness(scores: pd.DataFrame, metric: str, errors: Sequence[dict], kind: Kind) -> pd.DataFrame:
    """Points of the figure: method, of, way, value, mean over tracks, low, high (95 % bootstrap interval), tracks.

    errors: f0, of and settings (one way and its value) of each degraded F0 source. The F0 without error is a point
    of every panel, with the value 0 or "none". A track counts with the mean over the sources that it is scored on.
    """
    values = track_values(scores, metric, kind)
    values = values[(values["source"] != ALL) & np.isfinite(values["value"])]
    rows = []
    for method, table in values.groupby("method", sort=False):
        for of, way, value, f0 in _places(errors):
            found = table[table["f0"] == f0]
            if way == "left_out":
                found = found[~found["source"].isin(value)]
            tracks = found.groupby("track")["value"].mean().to_numpy()
            low, high, _ = bootstrap_interval([tracks], np.mean, stream("robustness", metric))
            point = {
                "method": method,
                "of": of,
                "way": way,
                "value": "+".join(value) or "none" if way == "left_out" else value,
            }
            mean = tracks.mean() if tracks.size else np.nan
            rows.append(point | {"mean": mean, "low": low, "high": high, "tracks": tracks.size})
    return pd.DataFrame(rows)


def robustness_figure(points: pd.DataFrame, metric: str, *, title: str, remark: str = "") -> Figure:
    """A panel a way to err, a line a method (and F0 source where there are several), bars from low to high."""
    ways = [way for way in PANELS if way in set(points["way"])]
    with rc_context({"font.size": FONT}):
        figure = Figure(figsize=(6.4, 0.8 + 2.4 * len(ways)), layout="constrained")
        panels = figure.subplots(len(ways), 1, squeeze=False)[:, 0]
        for axes, way in zip(panels, ways, strict=True):
            _draw(axes, points[points["way"] == way])
            axes.set(xlabel=PANELS[way], ylabel=f"{metric} (dB)")
        panels[0].legend()
        figure.suptitle(heading(title, remark))
        return figure


def _draw(axes: Axes, points: pd.DataFrame) -> None:
    several = points["of"].nunique() > 1
    places = points["value"]
    if places.map(type).eq(str).any():
        names = list(dict.fromkeys(places))
        axes.set_xticks(range(len(names)), names)
        places = places.map(names.index)
    for number, ((method, of), line) in enumerate(points.groupby(["method", "of"], sort=False)):
        x, grey = places[line.index].astype(float), f"{0.55 * (number % 2)}"
        bars = np.abs(line[["low", "high"]].sub(line["mean"], axis=0).to_numpy().T)
        label = f"{method} (F0: {of})" if several else method
        axes.errorbar(x, line["mean"], yerr=bars, fmt=LINES[number % len(LINES)], color=grey, capsize=2, label=label)


def _places(errors: Sequence[dict]) -> list[tuple[str, str, object, str]]:
    """(F0 without error, way, value, F0 source) of every point, ascending in the value."""
    found = []
    for of in dict.fromkeys(each["of"] for each in errors):
        mine = [(*each["settings"].items(), each["f0"]) for each in errors if each["of"] == of]
        for way in dict.fromkeys(way for (way, _), _ in mine):
            none: object = [] if way == "left_out" else 0
            points = [(none, of), *[(value, f0) for (name, value), f0 in mine if name == way]]
            found += [(of, way, value, f0) for value, f0 in sorted(points, key=lambda point: _rank(point[0]))]
    return found


def _rank(value: object) -> tuple:
    return (len(value), value) if isinstance(value, list) else (value,)
