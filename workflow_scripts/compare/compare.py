"""Compare the methods of one comparison: tables with intervals, and paired tests."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from workflow_scripts.command import run
from workflow_scripts.lib.core.config import NO_F0
from workflow_scripts.lib.core.files import write_text
from workflow_scripts.lib.core.provenance import folder_of, recorded
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.figures import table_texts, tables
from workflow_scripts.lib.metrics.registry import METRICS, definitions
from workflow_scripts.lib.statistics import scores as scored
from workflow_scripts.lib.statistics.contrasts import contrasted, contrasts_page, contrasts_summary
from workflow_scripts.lib.statistics.statistics import Kind


def compare(
    *, scores: list[Path], estimates: list[Path], models: list[Path], adapted: list[Path], rows: str,
    metrics: list[str], aggregation: Kind, groups: list[str], scoring: str, remark: str, contrasts: str, out: Path,
    code: str,
) -> None:  # fmt: skip
    """Write table.csv, .md and .tex, tests.csv, contrasts.csv and summary.txt, and a folder of them for each group.

    `groups` are families of songs, of each of which `summary.txt` has a table too.
    `scores`, `estimates`, `adapted` and `out` are manifests of folders, `estimates` in the order of
    `rows` (JSON), shard after shard; `models` are the provenance files of the training, `adapted` the adapted models of
    the rows that have some, shard after shard. `contrasts` (JSON) are the planned pairs of methods, by their labels.
    """
    labels = json.loads(rows)
    meaning = definitions(metrics, **json.loads(scoring))
    with recorded(out, code, aggregation=aggregation) as folder:
        values = scored.labelled(scored.read(scores), labels)
        costs, failures = _costs(labels, estimates, models, adapted), _failures(labels, estimates)
        name, summaries = values["comparison"].iloc[0], []
        for group in [None, *groups]:
            chosen = values if group is None else scored.of_family(values, group)
            comparison = tables.compare(
                chosen,
                costs,
                failures,
                scored.order(labels),
                bounds=[row["label"] for row in labels if row["bound"]],
                kind=aggregation,
                lower_is_better=[name for name, metric in METRICS.items() if metric.better == "lower"],
                generator=stream("bootstrap", name, *([group] if group else [])),
            )
            comparison = replace(comparison, name=f"{name}-{group}" if group else name)
            planned = contrasted(chosen, metrics, scored.order(labels), json.loads(contrasts), aggregation)
            title = name.replace("_", " ") + (f", {group} songs alone" if group else "")
            where = folder / group if group else folder
            summaries.append(_write(where, comparison, planned, metrics[0], meaning, title, remark))
        write_text(folder / "summary.txt", "\n".join(summaries))


def _write(
    folder: Path, comparison: tables.Comparison, planned: pd.DataFrame, headline: str, meaning: dict[str, str],
    title: str, remark: str,
) -> str:  # fmt: skip
    """Write the tables of one comparison; its summary."""
    shown = {"title": title, "remark": remark}
    write_text(folder / "table.csv", tables.csv_table(comparison, meaning))
    page = table_texts.markdown_table(comparison, headline, meaning, **shown)
    write_text(folder / "table.md", page + contrasts_page(planned))
    write_text(folder / "table.tex", table_texts.latex_table(comparison, headline, meaning, **shown))
    write_text(folder / "tests.csv", comparison.tests.to_csv(index=False))
    write_text(folder / "contrasts.csv", planned.to_csv(index=False))
    return table_texts.summary_text(comparison, headline, **shown) + contrasts_summary(planned)


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
