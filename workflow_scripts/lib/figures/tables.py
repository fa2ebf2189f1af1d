"""What the tables of a comparison hold: the long CSV, and cells as text with the notes beneath.

How they are written is in `markdown`, `latex` and `terminal`. One table holds one metric under one aggregation: rows
are methods, columns are sources, so that numbers of different definitions never share a column. What each number means
stands beneath.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.statistics.aggregates import ROW
from workflow_scripts.lib.statistics.comparison import Comparison
from workflow_scripts.lib.statistics.failures import describe_failures
from workflow_scripts.lib.statistics.rows import Row, row_label

NONE = "–"
COST_NOTE = "CPU and wall seconds of a whole run, mean over seeds; largest peak memory."

AGGREGATION_NOTES = {
    "median of medians": "median over the frames of a track, then median over tracks (SiSEC 2018); over all sources,"
    " the mean over a track's sources in between.",
    "mean over frames": "mean over all frames of all tracks (and sources) together (arXiv 2201.09592).",
    "median over tracks": "median of one value a track; over all sources, of the mean over the track's sources.",
    "mean over tracks": "mean of one value a track; over all sources, of the mean over the track's sources.",
}
GENERAL_NOTES = (
    "In brackets: 95 % interval over tracks, the seeds of a method averaged within each track first: of a mean by"
    " Student's t, of a median between order statistics (Hettmansperger and Sheather 1986), which takes six tracks or"
    " more. Simulated, it holds the truth in 95 % of cases; of a mean of skewed (exponential) values in 88 % with 5"
    " tracks, 90 % with 8 and 92 % with 20. Where a row has several seeds, the interval is wider by what they differ in"
    " (degrees of freedom of Welch and Satterthwaite); where it has one, it holds for that one model.",
    "CPU s: what the row cost in the whole run, its own training, adapting and separating together, mean over seeds;"
    " a model that it starts from is not counted in.",
    "failed: number of estimates, each of one track and seed, that the method failed to give; the row's values rest on"
    " the others.",
    "scored and left out: numbers of values over all sources, tracks and seeds that are defined and that are not (a"
    " silent frame, for instance); those left out enter no aggregate. Infinite values count as scored, stay in"
    " medians and are left out of means.",
    "Bold, or * in plain text: best among the methods that compete, which neither the unprocessed mixture does nor a"
    " mask that knows the answer. It is claimed only where it is supported against every other one: two-sided Wilcoxon"
    " signed-rank test over tracks, Holm-corrected over all pairs of methods, p at most 0.05, and a 95 % interval of"
    " the mean paired difference, over tracks and seeds, that excludes zero. Where there are too few tracks for any"
    " outcome to do so, no method is said to lead.",
)


def long_table(comparison: Comparison, definitions: Mapping[str, str]) -> pd.DataFrame:
    """One row a method, F0, source, metric and aggregation, with its definition; each failure has a row."""
    check_definitions(comparison.metrics, definitions)
    best = comparison.best[comparison.best["supported"].astype(bool)]
    table = comparison.summary.merge(best[[*ROW, "source", "metric", "kind"]].assign(best=True), how="left")
    table["best"] = table["best"].eq(True)
    table["status"] = "scored"
    table["definition"] = table["metric"].map(definitions)
    failures = describe_failures(comparison.failures, comparison.tracks)
    rows = failures[ROW].assign(status=failures["said"], best=False)
    table = pd.concat([table, rows], ignore_index=True) if len(rows) else table
    table.insert(2, "bound", table["method"].isin(comparison.bounds))
    table.insert(0, "comparison", comparison.name)
    table.insert(1, "dataset", comparison.dataset)
    counts = ["tracks", "tracks_left_out", "seeds", "scored", "left_out", "infinite", "failed", "seeds_failed"]
    return table.drop(columns="kind").astype(dict.fromkeys(counts, "Int64"))


def csv_table(comparison: Comparison, definitions: Mapping[str, str]) -> str:
    """`long_table` as CSV: undefined values empty, infinite ones as inf."""
    return long_table(comparison, definitions).to_csv(index=False)


def check_definitions(metrics: Sequence[str], definitions: Mapping[str, str]) -> None:
    """Raises UserError where a metric has no definition."""
    missing = [metric for metric in metrics if metric not in definitions]
    if missing:
        raise UserError(f"No definition is given for the metric {', '.join(missing)}; a table states what it shows")


def select(comparison: Comparison, metric: str) -> pd.DataFrame:
    """The summary's rows of one metric under the comparison's aggregation."""
    summary = comparison.summary
    if metric not in comparison.metrics:
        raise UserError(f"The comparison has no metric {metric!r}; {nearest(metric, comparison.metrics)}")
    return summary[(summary["metric"] == metric) & (summary["kind"] == comparison.kind)]


def number(value: float) -> str:
    """Two decimals, as every value of a metric is shown."""
    if np.isnan(value):
        return NONE
    return f"{value:.2f}" if np.isfinite(value) else ("∞" if value > 0 else "-∞")


def with_interval(row: pd.Series) -> str:
    """The value of a row of `summarise`, with its interval where it has one."""
    bracket = "" if row["interval"] else f" [{number(row['low'])}, {number(row['high'])}]"
    return number(row["value"]) + bracket


def failure(comparison: Comparison, row: Row) -> str:
    """Why a method has no scores, in one line."""
    failures = comparison.failures
    reasons = failures.loc[(failures["method"] == row[0]) & (failures["f0"] == row[1]), "reason"]
    return " ".join(f"failed: {reasons.iloc[0]}".split()) if len(reasons) else "not scored"


def score_table(comparison: Comparison, metric: str) -> pd.DataFrame:
    """Cells as text: method, a column a source with intervals, what the row cost, and its counts over all sources."""
    chosen = select(comparison, metric)
    sources = [source for source in comparison.sources if source in set(chosen["source"])]
    spent = cpu_seconds(comparison)
    rows = []
    for row in comparison.order:
        cells = chosen[(chosen["method"] == row[0]) & (chosen["f0"] == row[1])].set_index("source")
        if cells.empty:
            texts, counts = [failure(comparison, row), *[""] * (len(sources) - 1)], {}
        else:
            texts = [with_interval(cells.loc[source]) if source in cells.index else NONE for source in sources]
            counts = row_counts(cells.iloc[-1])  # `all`, where there are several sources
        costs = {"CPU s": cost(spent.get(row, np.nan))}
        rows.append({"method": row_label(*row)} | dict(zip(sources, texts, strict=True)) | costs | counts)
    table = pd.DataFrame(rows).fillna("")
    shown = {"CPU s": len(spent), "failed": chosen["failed"].any(), "infinite": chosen["infinite"].any()}
    return table.drop(columns=[name for name, is_shown in shown.items() if not is_shown])


def row_counts(row: pd.Series) -> dict[str, str]:
    """How many tracks, seeds and values a row of `summarise` rests on, and of how many where some are missing."""
    tracks, seeds = (str(row[name]) for name in ("tracks", "seeds"))
    return {
        "tracks": f"{tracks} of {row['tracks'] + row['tracks_left_out']}" if row["tracks_left_out"] else tracks,
        "seeds": f"{seeds} of {row['seeds'] + row['seeds_failed']}" if row["seeds_failed"] else seeds,
        **{name.replace("_", " "): str(row[name]) for name in ("failed", "scored", "left_out", "infinite")},
    }


def cpu_seconds(comparison: Comparison) -> pd.Series:
    """CPU seconds of each row (method, F0): those of all its stages."""
    return comparison.costs.groupby(ROW)["cpu_seconds"].sum()


def best_cells(comparison: Comparison, metric: str, table: pd.DataFrame) -> pd.DataFrame:
    """True at each cell of `score_table` that may be called best."""
    best = comparison.best[(comparison.best["metric"] == metric) & comparison.best["supported"].astype(bool)]
    found = pd.DataFrame(False, index=table.index, columns=table.columns)
    for row in best.itertuples():
        found.loc[comparison.order.index((row.method, row.f0)), row.source] = True
    return found


def best_note(comparison: Comparison, metric: str) -> str:
    """Which method is marked best on which source, and why not where none is."""
    best = comparison.best[comparison.best["metric"] == metric]
    if best.empty:
        return "No method that competes is scored: nothing is marked as best."
    leading: dict[str, list[str]] = {}
    undecided: dict[str, list[str]] = {}
    for row in best.itertuples():
        said = f"{row_label(row.method, row.f0)}, {'marked as best' if row.supported else row.remark}"
        (leading if row.possible else undecided).setdefault(said if row.possible else row.remark, []).append(row.source)
    parts = {"Leading": leading, "No outcome could support a leader": undecided}
    return " ".join(
        f"{head}: " + "; ".join(f"{', '.join(sources)}: {said}" for said, sources in groups.items()) + "."
        for head, groups in parts.items()
        if groups
    )


def cost_table(comparison: Comparison) -> pd.DataFrame:
    """Cells as text: method, then CPU seconds, wall seconds and peak memory in MiB of each stage."""
    costs = comparison.costs
    stages = [stage for stage in ("train", "adapt", "separate") if (costs["stage"] == stage).any()]
    quantities = {"cpu_seconds": "CPU s", "wall_seconds": "wall s", "peak_memory_mib": "MiB"}
    found = costs.set_index([*ROW, "stage"])
    rows = []
    for row in comparison.order:
        keys = [(*row, stage) for stage in stages]
        cells = [cost(found.loc[key, name]) if key in found.index else NONE for key in keys for name in quantities]
        rows.append([row_label(*row), *cells])
    return pd.DataFrame(
        rows, columns=["method", *[f"{stage} {unit}" for stage in stages for unit in quantities.values()]]
    )


def cost(value: float) -> str:
    """Seconds or MiB, with one decimal up to 100."""
    return NONE if np.isnan(value) else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def partial_failures(comparison: Comparison) -> list[str]:
    """One sentence for each failure of a row that has scores all the same, and for each training that diverged."""
    scored = set(comparison.summary[ROW].itertuples(index=False, name=None))
    failures = describe_failures(comparison.failures, comparison.tracks)
    return [row.said for row in failures.itertuples() if (row.method, row.f0) in scored]


def notes(comparison: Comparison, definitions: Mapping[str, str]) -> list[tuple[str, str]]:
    """(term, explanation) of everything that the tables show; the term is empty for general remarks."""
    check_definitions(comparison.metrics, definitions)
    used = comparison.summary.loc[comparison.summary["kind"] == comparison.kind, "aggregation"].unique()
    terms = [(metric, definitions[metric]) for metric in comparison.metrics]
    terms += [(name, AGGREGATION_NOTES[name]) for name in used]
    return terms + [("", note) for note in (*GENERAL_NOTES, *partial_failures(comparison))]


def section_title(comparison: Comparison, metric: str) -> str:
    """The metric and how it is aggregated."""
    return f"{metric}, {select(comparison, metric)['aggregation'].iloc[0]}"


def headline_first(comparison: Comparison, headline: str) -> list[str]:
    """The comparison's metrics, this one first. Raises UserError where it is not among them."""
    select(comparison, headline)
    return [headline, *[metric for metric in comparison.metrics if metric != headline]]
