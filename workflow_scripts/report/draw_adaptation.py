"""Draw the course of the adaptations of one comparison."""

from pathlib import Path

from workflow_scripts.command import run
from workflow_scripts.lib.core.files import write_text
from workflow_scripts.lib.core.provenance import recorded
from workflow_scripts.lib.figures.adaptation import adaptation_figure
from workflow_scripts.lib.figures.style import save_figure
from workflow_scripts.lib.statistics.adaptation import adaptation_course, read_curves
from workflow_scripts.lib.statistics.rows import ResultRow, from_json


def draw_adaptation(*, adapted: list[Path], rows: str, comparison: str, remark: str, out: Path, code: str) -> None:
    """Write curves.csv, the losses of every track, and adaptation as PDF, SVG and PNG.

    `adapted` and `out` are manifests of folders, `adapted` in the order of `rows` (JSON of `ResultRow`, the adapted
    ones), shard after shard. Tracks without an adaptation, because nothing was marked or it failed, have no curve.
    """
    with recorded(out, code) as folder:
        table = read_curves(from_json(ResultRow, rows), adapted)
        write_text(folder / "curves.csv", table.to_csv(index=False))
        figure = adaptation_figure(adaptation_course(table), title=comparison.replace("_", " "), remark=remark)
        save_figure(figure, folder / "adaptation")


if __name__ == "__main__":
    run(draw_adaptation)
