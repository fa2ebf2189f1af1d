"""Compare the methods of one comparison: tables with intervals, and paired tests."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from workflow_scripts.command import run
from workflow_scripts.lib.core.config import NO_F0
from workflow_scripts.lib.core.files import write_text
from workflow_scripts.lib.core.provenance import folder_of, recorded
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.metrics import scores as scored
from workflow_scripts.lib.metrics import tables
from workflow_scripts.lib.metrics.registry import METRICS, definitions
from workflow_scripts.lib.metrics.statistics import Kind


def compare(
    *, scores: list[Path], estimates: list[Path], models: list[Path], adapted: list[Path], rows: str,
    metrics: list[str], aggregation: Kind, scoring: str, remark: str, out: Path, code: str,
) -> None:  # fmt: skip
    """Write table.csv, table.md, table.tex, tests.csv and summary.txt.

    `scores`, `estimates`, `adapted` and `out` are manifests of folders, `estimates` in the order of
    `rows` (JSON), shard after shard; `models` are the provenance files of the training, `adapted` the adapted models of
    the rows that have some, shard after shard.
    """
    labels = json.loads(rows)
    with recorded(out, code, aggregation=aggregation) as folder:
        values = scored.labelled(scored.read(scores), labels)
        comparison = tables.compare(
            values,
            _costs(labels, estimates, models, adapted),
            _failures(labels, estimates),
            scored.order(labels),
            bounds=[row["label"] for row in labels if row["bound"]],
            kind=aggregation,
            lower_is_better=[name for name, metric in METRICS.items() if metric.better == "lower"],
            generator=stream("bootstrap", values["comparison"].iloc[0]),
        )
        meaning = definitions(metrics, **json.loads(scoring))
        shown = {"title": comparison.name.replace("_", " "), "remark": remark}
        write_text(folder / "table.csv", tables.csv_table(comparison, meaning))
        write_text(folder / "table.md", tables.markdown_table(comparison, metrics[0], meaning, **shown))
        write_text(folder / "table.tex", tables.latex_table(comparison, metrics[0], meaning, **shown))
        write_text(folder / "tests.csv", comparison.tests.to_csv(index=False))
        write_text(folder / "summary.txt", tables.summary_text(comparison, metrics[0], **shown))


def _failures(labels: list[dict], estimates: list[Path]) -> pd.DataFrame:
    """The rows without scores, and why."""
    first = zip(labels, estimates, strict=False)  # the first shard's: all shards have one model
    found = [(row, folder_of(path) / "failed.txt") for row, path in first]
    failed = [
        (row["label"], row["f0"], row["seed"], path.read_text(encoding="utf-8").strip())
        for row, path in found
        if path.exists()
    ]
    return pd.DataFrame(failed, columns=["method", "f0", "seed", "reason"]).replace({"f0": {NO_F0: ""}})


def _costs(labels: list[dict], estimates: list[Path], models: list[Path], adapted: list[Path]) -> pd.DataFrame:
    """What each row's jobs cost, from their provenance; a training that was killed and went on, all its attempts."""
    count = len(labels)
    jobs = [
        ("separate", labels[index % count], folder_of(path) / "provenance.json") for index, path in enumerate(estimates)
    ]
    with_own = [row for row in labels if row["adapted"]]
    jobs += [
        ("adapt", with_own[index % len(with_own)], folder_of(path) / "provenance.json")
        for index, path in enumerate(adapted)
    ]
    trained = [row for row in labels if row["trained"]]
    jobs += [("train", row, path) for row, path in zip(trained, models, strict=True)]
    return pd.DataFrame(
        [
            {"method": row["label"], "f0": row["f0"], "seed": row["seed"], "stage": stage} | cost
            for stage, row, path in jobs
            for cost in _attempts(path)
        ]
    ).replace({"f0": {NO_F0: ""}, "wall_seconds": {None: np.nan}})


def _attempts(path: Path) -> list[dict]:
    facts = json.loads(path.read_text(encoding="utf-8"))
    return [*facts.get("earlier_attempts", []), facts["cost"]]


if __name__ == "__main__":
    run(compare)
