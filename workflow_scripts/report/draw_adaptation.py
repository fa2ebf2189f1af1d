"""Draw the course of the adaptations of one comparison."""

import json
from pathlib import Path

import pandas as pd

from workflow_scripts.command import run
from workflow_scripts.lib.core.files import write_text
from workflow_scripts.lib.core.provenance import folder_of, recorded
from workflow_scripts.lib.figures.adaptation import adaptation_figure, course
from workflow_scripts.lib.figures.style import save_figure


def draw_adaptation(*, adapted: list[Path], rows: str, comparison: str, remark: str, out: Path, code: str) -> None:
    """Write curves.csv, the losses of every track, and adaptation as PDF, SVG and PNG.

    `adapted` and `out` are manifests of folders, `adapted` in the order of `rows` (JSON, its adapted ones), shard after
    shard. Tracks without an adaptation, because nothing was marked or it failed, have no curve.
    """
    labels = [row for row in json.loads(rows) if row["adapted"]]
    with recorded(out, code) as folder:
        tables = [
            pd.read_csv(curve).assign(**names, track=curve.stem)
            for index, path in enumerate(adapted)
            for names in [{name: labels[index % len(labels)][name] for name in ("method", "label", "seed")}]
            for curve in sorted(folder_of(path).glob("*.csv"))
            if curve.read_text(encoding="utf-8").strip()
        ]
        names = ["method", "label", "seed", "track"]
        table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=names)
        # The order of the comparison's table, whatever the number of shards.
        place = {(row["method"], row["seed"]): number for number, row in enumerate(labels)}
        keys = pd.Series([place[key] for key in zip(table["method"], table["seed"], strict=True)], table.index, int)
        table = table.loc[keys.sort_values(kind="stable").index, [*names, *table.columns.drop(names)]]
        write_text(folder / "curves.csv", table.to_csv(index=False))
        figure = adaptation_figure(course(table), title=comparison.replace("_", " "), remark=remark)
        save_figure(figure, folder / "adaptation")


if __name__ == "__main__":
    run(draw_adaptation)
