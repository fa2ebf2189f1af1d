"""Draw what the rows of one comparison gain over the model that they start from."""

import json
from pathlib import Path

from workflow_scripts.command import run
from workflow_scripts.lib.core.files import write_text
from workflow_scripts.lib.core.provenance import folder_of, recorded
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.figures import gains as gained
from workflow_scripts.lib.figures.style import save_figure
from workflow_scripts.lib.statistics import scores as scored
from workflow_scripts.lib.statistics.statistics import Kind


def draw_gains(
    *, scores: list[Path], adapted: list[Path], rows: str, gains: str, metrics: list[str], aggregation: Kind,
    remark: str, out: Path, code: str,
) -> None:  # fmt: skip
    """Write gains.csv, the points of the figures, and gains, marks and parameters as PDF, SVG and PNG.

    marks is drawn where rows differ in nothing but their marks, parameters where they differ in how many are trained.
    `scores`, `adapted` and `out` are manifests of folders, `adapted` of the adapted models in the order of `rows`
    (JSON), shard after shard; `gains` (JSON) says which row starts from which.
    """
    labels = json.loads(rows)
    with recorded(out, code, aggregation=aggregation) as folder:
        values = scored.labelled(scored.read(scores), labels)
        name = values["comparison"].iloc[0]
        # The stream of the planned contrasts, so that a difference has one interval wherever it is told.
        generator, trained = stream("contrasts", name), trained_parameters(labels, adapted)
        shown_metrics = gained.shown_metrics(metrics)
        points = gained.gains(values, shown_metrics, json.loads(gains), trained, aggregation, generator)
        write_text(folder / "gains.csv", points.drop(columns="alike").to_csv(index=False))
        shown = {"title": name.replace("_", " "), "remark": remark}
        figures = {
            "gains": (points, gained.gains_figure),
            "marks": (gained.by_marks(points), gained.marks_figure),
            "parameters": (gained.by_parameters(points), gained.parameters_figure),
        }
        for stem, (chosen, figure) in figures.items():
            if not chosen.empty:
                save_figure(figure(chosen, **shown), folder / stem)


def trained_parameters(labels: list[dict], adapted: list[Path]) -> dict[str, int]:
    """How many parameters each adapted row trained, by its label; rows whose adaptation failed are left out."""
    rows = [row for row in labels if row["adapted"]]
    found = {}
    for index, path in enumerate(adapted):
        facts = json.loads((folder_of(path) / "provenance.json").read_text(encoding="utf-8"))
        if "trained_parameters" in facts:
            found[rows[index % len(rows)]["label"]] = facts["trained_parameters"]
    return found


if __name__ == "__main__":
    run(draw_gains)
