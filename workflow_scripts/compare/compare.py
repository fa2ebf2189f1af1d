"""Compare the methods of one comparison: tables with intervals, and paired tests."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd

from workflow_scripts.command import run
from workflow_scripts.lib.core.files import write_text
from workflow_scripts.lib.core.provenance import recorded
from workflow_scripts.lib.core.settings import checked
from workflow_scripts.lib.figures.contrasts import contrasts_page, contrasts_summary
from workflow_scripts.lib.figures.latex import latex_table
from workflow_scripts.lib.figures.markdown import markdown_table
from workflow_scripts.lib.figures.tables import csv_table
from workflow_scripts.lib.figures.terminal import summary_text
from workflow_scripts.lib.metrics.contract import Scoring
from workflow_scripts.lib.metrics.families import definitions, load_metrics
from workflow_scripts.lib.statistics.aggregates import Kind
from workflow_scripts.lib.statistics.comparison import Comparison
from workflow_scripts.lib.statistics.comparison import compare as compare_scores
from workflow_scripts.lib.statistics.contrasts import contrast_tests
from workflow_scripts.lib.statistics.costs import read_costs
from workflow_scripts.lib.statistics.failures import read_failures
from workflow_scripts.lib.statistics.rows import Contrast, ResultRow, from_json, table_rows
from workflow_scripts.lib.statistics.scores import label_scores, read_scores, scores_of_family


def compare(
    *, scores: list[Path], estimates: list[Path], models: list[Path], adapted: list[Path], rows: str,
    metrics: list[str], families: list[str], aggregation: Kind, groups: list[str], scoring: str, remark: str,
    contrasts: str, out: Path, code: str,
) -> None:  # fmt: skip
    """Write table.csv, .md and .tex, tests.csv, contrasts.csv and summary.txt, and a folder of them for each group.

    `metrics` are of the `families`, names of modules. `groups` are families of songs, of each of which `summary.txt`
    has a table too.
    `scores`, `estimates`, `adapted` and `out` are manifests of folders, `estimates` in the order of `rows` (JSON of
    `ResultRow`), shard after shard; `models` are the provenance files of the training, `adapted` the adapted models of
    the rows that have some, shard after shard. `contrasts` (JSON of `Contrast`) are the planned ones.
    """
    labels, planned = from_json(ResultRow, rows), from_json(Contrast, contrasts)
    known, order = load_metrics(families), table_rows(labels)
    meaning = definitions(metrics, known, checked(Scoring, json.loads(scoring), "scoring"))
    with recorded(out, code, aggregation=aggregation) as folder:
        values = label_scores(read_scores(scores), labels)
        costs, failures = read_costs(labels, estimates, models, adapted), label_scores(read_failures(scores), labels)
        name, summaries = values["comparison"].iloc[0], []
        for group in [None, *groups]:
            chosen, failed = values, failures
            if group is not None:
                chosen, failed = scores_of_family(values, group), failures[failures["family"] == group]
            comparison = compare_scores(
                chosen,
                costs,
                failed,
                order,
                bounds=[row.label for row in labels if row.bound],
                kind=aggregation,
                lower_is_better=[metric.name for metric in known.values() if metric.better == "lower"],
            )
            comparison = replace(comparison, name=f"{name}-{group}" if group else name)
            tests = contrast_tests(chosen, metrics, order, planned, aggregation)
            title = name.replace("_", " ") + (f", {group} songs alone" if group else "")
            where = folder / group if group else folder
            summaries.append(_write(where, comparison, tests, metrics[0], meaning, title, remark))
        write_text(folder / "summary.txt", "\n".join(summaries))


def _write(
    folder: Path, comparison: Comparison, contrasts: pd.DataFrame, headline: str, meaning: dict[str, str], title: str,
    remark: str,
) -> str:  # fmt: skip
    """Write the tables of one comparison; its summary."""
    shown = {"title": title, "remark": remark}
    write_text(folder / "table.csv", csv_table(comparison, meaning))
    page = markdown_table(comparison, headline, meaning, **shown)
    write_text(folder / "table.md", page + contrasts_page(contrasts))
    write_text(folder / "table.tex", latex_table(comparison, headline, meaning, **shown))
    write_text(folder / "tests.csv", comparison.tests.to_csv(index=False))
    write_text(folder / "contrasts.csv", contrasts.to_csv(index=False))
    return summary_text(comparison, headline, **shown) + contrasts_summary(contrasts)


if __name__ == "__main__":
    run(compare)
