"""Draw the figures of one comparison: distributions a source and method, and a track-by-method heat map."""

import json
from pathlib import Path

from workflow_scripts.command import run
from workflow_scripts.lib.core.provenance import recorded
from workflow_scripts.lib.metrics import figures
from workflow_scripts.lib.metrics import scores as scored


def draw(*, scores: list[Path], rows: str, metric: str, aggregation: str, out: Path, code: str) -> None:
    """Write `out/distribution` and `out/heat_map` as PDF, SVG and PNG, of the headline metric."""
    labels = json.loads(rows)
    with recorded(out / "provenance.json", code, metric=metric, aggregation=aggregation):
        values = scored.labelled(scored.read(scores), labels)
        bounds = [row["label"] for row in labels if row["bound"]]
        distribution = figures.distribution_figure(
            values, metric, scored.order(labels), bounds=bounds, kind=aggregation
        )
        figures.save_figure(distribution, out / "distribution")
        figures.save_figure(figures.heat_map(values, metric, scored.order(labels), kind=aggregation), out / "heat_map")


if __name__ == "__main__":
    run(draw)
