"""Draw what the rows of one comparison gain over the model that they start from."""

import json
from collections.abc import Sequence
from pathlib import Path

from workflow_scripts.command import run
from workflow_scripts.lib.core.files import write_text
from workflow_scripts.lib.core.provenance import folder_of, recorded
from workflow_scripts.lib.figures.gains import gains_figure
from workflow_scripts.lib.figures.gains_by_marks import marks_figure
from workflow_scripts.lib.figures.gains_by_parameters import parameters_figure
from workflow_scripts.lib.figures.style import save_figure
from workflow_scripts.lib.metrics.families import load_metrics
from workflow_scripts.lib.statistics.aggregates import Kind
from workflow_scripts.lib.statistics.failures import read_failures, with_failures
from workflow_scripts.lib.statistics.gains import gain_metrics, gain_points, points_by_marks, points_by_parameters
from workflow_scripts.lib.statistics.rows import GainRow, ResultRow, from_json
from workflow_scripts.lib.statistics.scores import label_scores, read_scores


def draw_gains(
    *, scores: list[Path], adapted: list[Path], rows: str, gains: str, metrics: list[str], families: list[str],
    aggregation: Kind, remark: str, out: Path, code: str,
) -> None:  # fmt: skip
    """Write gains.csv, the points of the figures, and gains, marks and parameters as PDF, SVG and PNG.

    marks is drawn where rows differ in nothing but their marks, parameters where they differ in how many are trained.
    `metrics` are of the `families`, names of modules. `scores`, `adapted` and `out` are manifests of folders, `adapted`
    of the adapted models in the order of `rows` (JSON of `ResultRow`), shard after shard; `gains` (JSON of `GainRow`)
    says which row starts from which.
    """
    labels, known = from_json(ResultRow, rows), load_metrics(families)
    with recorded(out, code, aggregation=aggregation) as folder:
        values = label_scores(read_scores(scores), labels)
        name, failures = values["comparison"].iloc[0], label_scores(read_failures(scores), labels)
        pairs, trained = from_json(GainRow, gains), trained_parameters(labels, adapted)
        points = gain_points(values, gain_metrics(metrics), pairs, trained, aggregation)
        write_text(folder / "gains.csv", points.drop(columns="group").to_csv(index=False))
        figures = {
            "gains": (points, gains_figure),
            "marks": (points_by_marks(points), marks_figure),
            "parameters": (points_by_parameters(points), parameters_figure),
        }
        for stem, (chosen, figure) in figures.items():
            if not chosen.empty:
                shown = {"title": name.replace("_", " "), "remark": with_failures(remark, failures)}
                save_figure(figure(chosen, metrics=known, **shown), folder / stem)


def trained_parameters(rows: Sequence[ResultRow], adapted: Sequence[Path]) -> dict[str, int]:
    """How many parameters each adapted row trained, by its label; rows whose adaptation failed are left out."""
    labels = [row.label for row in rows if row.adapted]
    found = {}
    for index, path in enumerate(adapted):
        facts = json.loads((folder_of(path) / "provenance.json").read_text(encoding="utf-8"))
        if "trained_parameters" in facts:
            found[labels[index % len(labels)]] = facts["trained_parameters"]
    return found


if __name__ == "__main__":
    run(draw_gains)
