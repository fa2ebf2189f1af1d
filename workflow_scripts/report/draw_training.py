"""Draw the training curves of one comparison."""

from dataclasses import asdict
from pathlib import Path

import pandas as pd

from workflow_scripts.command import run
from workflow_scripts.lib.core.files import write_text
from workflow_scripts.lib.core.names import NO_F0
from workflow_scripts.lib.core.provenance import recorded
from workflow_scripts.lib.figures.curves import curves_figure
from workflow_scripts.lib.figures.diagnostics import diagnostics_figure, has_diagnostics
from workflow_scripts.lib.figures.style import save_figure
from workflow_scripts.lib.statistics.rows import CurveRow, from_json


def draw_training(*, curves: list[Path], rows: str, comparison: str, remark: str, out: Path, code: str) -> None:
    """Write curves.csv, all curves in one table, and curves as PDF, SVG and PNG.

    Where a training measured more than its loss, such as that of critics, all of it stands in the figure diagnostics.
    `out` is the manifest of their folder; `rows` (JSON of `CurveRow`) says whose each file in `curves` is.
    """
    labels = from_json(CurveRow, rows)
    with recorded(out, code) as folder:
        tables = [pd.read_csv(path).assign(**asdict(row)) for path, row in zip(curves, labels, strict=True)]
        table = pd.concat(tables, ignore_index=True).replace({"f0": {NO_F0: ""}})
        names = ["method", "label", "f0", "seed"]
        table = table[[*names, *table.columns.drop(names)]]
        write_text(folder / "curves.csv", table.to_csv(index=False))
        shown = {"title": comparison.replace("_", " "), "remark": remark}
        save_figure(curves_figure(table, **shown), folder / "curves")
        if has_diagnostics(table):
            save_figure(diagnostics_figure(table, **shown), folder / "diagnostics")


if __name__ == "__main__":
    run(draw_training)
