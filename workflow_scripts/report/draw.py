"""Draw the figures of one comparison: distributions a source and method, and a track-by-method heat map."""

import json
from pathlib import Path

from workflow_scripts.command import run
from workflow_scripts.lib.core.provenance import recorded
from workflow_scripts.lib.metrics import figures
from workflow_scripts.lib.metrics import scores as scored
from workflow_scripts.lib.metrics.statistics import Kind


def draw(*, scores: list[Path], rows: str, metric: str, aggregation: Kind, remark: str, out: Path, code: str) -> None:
    """Write the figures distribution and heat_map as PDF, SVG and PNG; `scores` and `out` are manifests of folders."""
    labels = json.loads(rows)
    with recorded(out, code, metric=metric, aggregation=aggregation) as folder:
        values, order = scored.labelled(scored.read(scores), labels), scored.order(labels)
        shown = {"title": values["comparison"].iloc[0].replace("_", " "), "remark": remark}
        bounds = [row["label"] for row in labels if row["bound"]]
        distribution = figures.distribution_figure(values, metric, order, aggregation, bounds=bounds, **shown)
        figures.save_figure(distribution, folder / "distribution")
        figures.save_figure(figures.heat_map(values, metric, order, aggregation, **shown), folder / "heat_map")


if __name__ == "__main__":
    run(draw)
