"""End a run: all scores in one Parquet table, and the summary that is printed."""

import json
from pathlib import Path

from workflow_scripts.command import run
from workflow_scripts.lib.core.files import atomic, write_text
from workflow_scripts.lib.core.provenance import folder_of
from workflow_scripts.lib.statistics.scores import read_scores

FIGURES = {
    "draw_training": "training curves",
    "draw_critics": "what the critics see",
    "draw_robustness": "robustness to F0 errors",
    "draw_adaptation": "course of the adaptation to each song",
    "draw_gains": "gains over the model started from, by source, marks and trained parameters",
}


def report(
    *, scores: list[Path], tables: list[Path], f0: list[Path], figures: list[Path], ledgers: list[Path], register: Path,
    summary: Path, parquet: Path,
) -> None:  # fmt: skip
    """Write `parquet`, and `summary` from the summaries of the comparisons and of the F0.

    `scores`, `tables`, `figures`, `ledgers` and `register` are manifests of folders.
    """
    with atomic(parquet) as temporary:
        read_scores(scores).to_parquet(temporary, index=False)
    folders = [folder_of(manifest) for manifest in tables]
    parts = [(folder / "summary.txt").read_text(encoding="utf-8") for folder in folders]
    parts += [path.read_text(encoding="utf-8") for path in f0]
    judged = [folder_of(manifest) for manifest in ledgers]
    parts += [_verdicts(judged)] if judged else []
    where = [
        f"  {folder}/: table.md, .csv, .tex, tests.csv; figures: results/draw/{folder.name}/" for folder in folders
    ]
    for stage, what in FIGURES.items():
        drawn = [folder_of(manifest) for manifest in figures if manifest.parent.name == stage]
        where += [f"  {folder}/: {what}" for folder in drawn]
    where += [f"  {folder}/: published claims beside ours, table.md, .tex, ledger.csv, forest" for folder in judged]
    where += [f"  {folder_of(register)}/: which data was used, data.csv, and how to cite it, data.bib"]
    where += [f"  {parquet} (every score)", f"  {summary} (this text)"]
    write_text(summary, "\n".join([*parts, "Where the results lie:", *where]) + "\n")


def _verdicts(folders: list[Path]) -> str:
    """A line a ledger: how many claims have which verdict."""
    said = [json.loads((folder / "ledger.json").read_text(encoding="utf-8"))["said"] for folder in folders]
    return "\n".join(["Published claims:", *(f"  {line}" for line in said), ""])


if __name__ == "__main__":
    run(report)
