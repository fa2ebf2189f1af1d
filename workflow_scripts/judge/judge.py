"""Judge the published claims of a paper, or one of them, by the scores of a run."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from workflow_scripts.command import run
from workflow_scripts.lib.core.code_graph import ROOT
from workflow_scripts.lib.core.files import sha256_file, write_json, write_text
from workflow_scripts.lib.core.provenance import recorded
from workflow_scripts.lib.figures.forest import forest_figure
from workflow_scripts.lib.figures.ledger import ledger_latex, ledger_page, ledger_summary, verdict_line
from workflow_scripts.lib.figures.style import save_figure
from workflow_scripts.lib.metrics.families import load_metrics
from workflow_scripts.lib.statistics.claim_rows import Judged, read_besides, read_claims
from workflow_scripts.lib.statistics.failures import read_failures
from workflow_scripts.lib.statistics.ledger import Results, count_verdicts, make_ledger
from workflow_scripts.lib.statistics.rows import from_json
from workflow_scripts.lib.statistics.scores import read_scores


def judge(
    *, claims: Path, besides: Path, only: str, rows: list[str], title: str, scores: list[Path], comparisons: str,
    families: list[str], margin_db: float, out: Path, code: str,
) -> None:  # fmt: skip
    """Write ledger.csv, table.md, table.tex, summary.txt, ledger.json, and the figure forest where any claim is judged.

    ledger.json holds all of ledger.csv, the verdicts counted, and the hashes of the scores that they rest on.
    `claims` and `besides` are the tables of a paper's claims and of our rows beside them, in the project. `only` is the
    id of the one claim to judge, by these `rows`; both are empty for all. `scores` and `out` are manifests of folders;
    `comparisons` (JSON of `Judged`) says what they are scores of, by metrics of the `families`, names of modules.
    """
    known = {claim.id: claim for claim in read_claims(ROOT / claims)}
    told = from_json(Judged, comparisons)
    beside = [each for each in read_besides(ROOT / besides, known) if not rows or set(each.row_names) <= set(rows)]
    results = Results(
        {each.name: each for each in told},
        read_scores(scores) if scores else pd.DataFrame(columns=["comparison"]),
        _failures(scores),
        margin_db,
        [metric.name for metric in load_metrics(families).values() if metric.better == "lower"],
    )
    with recorded(out, code, margin_db=margin_db, comparisons=[each.name for each in told]) as folder:
        ledger = make_ledger([known[only]] if only else list(known.values()), beside, results)
        write_text(folder / "ledger.csv", ledger.to_csv(index=False))
        write_text(folder / "table.md", ledger_page(ledger, title, margin_db))
        write_text(folder / "table.tex", ledger_latex(ledger, title, margin_db, folder.name))
        write_text(folder / "summary.txt", ledger_summary(ledger, title))
        said = {"said": f"{title}: {verdict_line(ledger)}", "verdicts": count_verdicts(ledger), "margin_db": margin_db}
        rested_on = {"comparisons": [asdict(each) for each in told], "scores": {str(p): sha256_file(p) for p in scores}}
        entries = {"claims": json.loads(ledger.to_json(orient="records"))}
        write_json(folder / "ledger.json", said | rested_on | entries)
        figure = forest_figure(ledger, title, margin_db)
        if figure:
            save_figure(figure, folder / "forest")


def _failures(scores: Sequence[Path]) -> pd.DataFrame:
    """Those of all comparisons, each with the name that its scores have: that of their folder."""
    parts = [read_failures([path]).assign(comparison=path.parent.name) for path in scores]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["comparison"])


if __name__ == "__main__":
    run(judge)
