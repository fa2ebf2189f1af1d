"""Training curves: a panel a method, since the losses of different methods have nothing in common."""

from collections.abc import Iterable

import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workflow_scripts.lib.figures.style import FONT

STYLES = ("-", "--", "-.", ":")  # one an F0 source
MARKERS = "os^vDP"  # one a seed


def curves_figure(curves: pd.DataFrame, *, title: str, remark: str = "") -> Figure:
    """Loss against step: validation in black with a marker at its lowest point, training in grey.

    `curves`: label, f0 (empty where none is used), seed, step, train_loss, valid_loss; a panel for each label.
    """
    groups = list(curves.groupby("label", sort=False))
    with rc_context({"font.size": FONT}):
        figure = Figure(figsize=(6.4, 0.8 + 2.6 * len(groups)), layout="constrained")
        panels: Iterable[Axes] = figure.subplots(len(groups), 1, squeeze=False)[:, 0] if groups else []
        for axes, (label, rows) in zip(panels, groups, strict=True):
            sources = list(rows["f0"].unique())
            for (f0, seed), run in rows.groupby(["f0", "seed"], sort=False):
                style = STYLES[sources.index(f0) % len(STYLES)]
                name = ", ".join(filter(None, (f"F0: {f0}" if f0 else "", f"seed {seed}")))
                axes.plot(run["step"], run["train_loss"], style, color="0.6")
                axes.plot(run["step"], run["valid_loss"], style, color="0", label=name)
                best = run.loc[run["valid_loss"].idxmin()]
                axes.plot(best["step"], best["valid_loss"], MARKERS[seed % len(MARKERS)], color="0")
            axes.set(title=label, xlabel="step", ylabel="loss")
            axes.legend(title="grey: training, black: validation")
        figure.suptitle("\n".join(filter(None, (f"{title}: training", remark))))
        return figure
