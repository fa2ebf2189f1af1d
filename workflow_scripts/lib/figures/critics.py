"""What a critic asks of a separator: the estimate, and the critic's gradient with respect to it, side by side."""

from collections.abc import Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from workflow_scripts.lib.figures.style import COLOURS, FONT, heading, wrap_heading

CLIPPED = 99.5  # percentile of the absolute gradient at the ends of its colours


def critic_figure(
    estimates: np.ndarray,
    gradients: np.ndarray,
    sources: Sequence[str],
    *,
    bin_hz: float,
    frame_seconds: float,
    title: str,
    remark: str = "",
) -> Figure:
    """A line a source: its estimate (left) and the gradient of the critic's score of it (right), as in the figure of
    arXiv 1711.00048.

    estimates: [source, bin, frame], log1p of magnitudes, 0 or more.  gradients: [source, bin, frame]; where positive,
    more energy would make the critic take the estimate for a real recording rather.
    bin_hz, frame_seconds: distance of the bins in Hz and of the frames in s.
    Each gradient has its own range, even about zero, so that the colour of zero is the middle one.
    """
    count, bins, frames = estimates.shape
    if gradients.shape != estimates.shape or count != len(sources):
        raise ValueError(f"estimates {estimates.shape}, gradients {gradients.shape} and {len(sources)} sources differ")
    extent = (0, frames * frame_seconds, 0, bins * bin_hz / 1000)
    with rc_context({"font.size": FONT}):
        figure = Figure(figsize=(9.0, 1.0 + 2.6 * count), layout="constrained")
        panels = figure.subplots(count, 2, squeeze=False, sharex=True, sharey=True)
        for line, source, estimate, gradient in zip(panels, sources, estimates, gradients, strict=True):
            reach = float(np.percentile(np.abs(gradient), CLIPPED)) or 1.0
            shown = {
                f"{source}: estimate, log(1 + magnitude)": (estimate, 0.0, float(estimate.max()) or 1.0),
                f"{source}: gradient of the critic's score": (gradient, -reach, reach),
            }
            for axes, (name, (values, low, high)) in zip(line, shown.items(), strict=True):
                image = axes.imshow(
                    values, cmap=COLOURS, vmin=low, vmax=high, origin="lower", aspect="auto", extent=extent,
                    interpolation="none",
                )  # fmt: skip
                axes.set_title(name, loc="left", fontsize=FONT)
                figure.colorbar(image, ax=axes, pad=0.01, fraction=0.05)
            line[0].set_ylabel("frequency (kHz)")
        for axes in panels[-1]:
            axes.set_xlabel("time (s)")
        figure.suptitle(wrap_heading(heading(title, remark), 9.0))
        return figure
