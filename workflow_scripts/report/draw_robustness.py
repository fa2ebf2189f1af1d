"""Draw what becomes of the methods of one comparison as their F0 gets worse."""

import json
from pathlib import Path

from workflow_scripts.command import run
from workflow_scripts.lib.core.files import write_text
from workflow_scripts.lib.core.provenance import recorded
from workflow_scripts.lib.figures.robustness import robustness, robustness_figure
from workflow_scripts.lib.figures.style import save_figure
from workflow_scripts.lib.statistics import scores as scored
from workflow_scripts.lib.statistics.statistics import Kind


def draw_robustness(
    *, scores: list[Path], rows: str, errors: str, metric: str, aggregation: Kind, remark: str, out: Path, code: str
) -> None:
    """Write robustness.csv, the points of the figure, and robustness as PDF, SVG and PNG.

    `scores` and `out` are manifests of folders; `errors` (JSON) says what each degraded F0 source is made of.
    """
    with recorded(out, code, metric=metric, aggregation=aggregation) as folder:
        values = scored.labelled(scored.read(scores), json.loads(rows))
        points = robustness(values, metric, json.loads(errors), aggregation)
        write_text(folder / "robustness.csv", points.to_csv(index=False))
        title = f"{values['comparison'].iloc[0].replace('_', ' ')}: {metric}"
        save_figure(robustness_figure(points, metric, title=title, remark=remark), folder / "robustness")


if __name__ == "__main__":
    run(draw_robustness)
