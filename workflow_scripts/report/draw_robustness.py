"""Draw what becomes of the methods of one comparison as their F0 gets worse."""

from pathlib import Path

from workflow_scripts.command import run
from workflow_scripts.lib.core.files import write_text
from workflow_scripts.lib.core.provenance import recorded
from workflow_scripts.lib.figures.robustness import robustness_figure
from workflow_scripts.lib.figures.style import save_figure
from workflow_scripts.lib.statistics.aggregates import Kind
from workflow_scripts.lib.statistics.failures import read_failures, with_failures
from workflow_scripts.lib.statistics.robustness import robustness_points
from workflow_scripts.lib.statistics.rows import ErrorRow, ResultRow, from_json
from workflow_scripts.lib.statistics.scores import label_scores, read_scores


def draw_robustness(
    *, scores: list[Path], rows: str, errors: str, metric: str, aggregation: Kind, remark: str, out: Path, code: str
) -> None:
    """Write robustness.csv, the points of the figure, and robustness as PDF, SVG and PNG.

    `scores` and `out` are manifests of folders; `rows` is JSON of `ResultRow`, and `errors` (JSON of `ErrorRow`) says
    what each degraded F0 source is made of.
    """
    with recorded(out, code, metric=metric, aggregation=aggregation) as folder:
        labels = from_json(ResultRow, rows)
        values = label_scores(read_scores(scores), labels)
        points = robustness_points(values, metric, from_json(ErrorRow, errors), aggregation)
        write_text(folder / "robustness.csv", points.to_csv(index=False))
        title = f"{values['comparison'].iloc[0].replace('_', ' ')}: {metric}"
        said = with_failures(remark, label_scores(read_failures(scores), labels))
        save_figure(robustness_figure(points, metric, title=title, remark=said), folder / "robustness")


if __name__ == "__main__":
    run(draw_robustness)
