"""Draw the figures of one comparison: distributions, a track-by-method heat map, and quality against the budget."""

from pathlib import Path

from workflow_scripts.command import run
from workflow_scripts.lib.core.provenance import recorded
from workflow_scripts.lib.figures.budget import budget_figure
from workflow_scripts.lib.figures.distribution import distribution_figure
from workflow_scripts.lib.figures.heat_map import heat_map_figure
from workflow_scripts.lib.figures.style import save_figure
from workflow_scripts.lib.statistics.aggregates import Kind
from workflow_scripts.lib.statistics.budgets import budget_values, has_budgets
from workflow_scripts.lib.statistics.failures import read_failures, with_failures
from workflow_scripts.lib.statistics.rows import BudgetRow, ResultRow, from_json, table_rows
from workflow_scripts.lib.statistics.scores import label_scores, read_scores, scores_of_family


def draw(
    *, scores: list[Path], rows: str, metric: str, aggregation: Kind, groups: list[str], budgets: str, remark: str,
    out: Path, code: str,
) -> None:  # fmt: skip
    """Write the figures distribution and heat_map as PDF, SVG and PNG, for all songs and in a folder for each group.

    Where a method stands in the comparison with several budgets (`budgets`, JSON of `BudgetRow`), also the figure
    budget, a panel a group. `groups` are families of songs; `scores` and `out` are manifests of folders, `rows` is JSON
    of `ResultRow`.
    """
    labels, trained = from_json(ResultRow, rows), from_json(BudgetRow, budgets)
    with recorded(out, code, metric=metric, aggregation=aggregation) as folder:
        values, order = label_scores(read_scores(scores), labels), table_rows(labels)
        failures = label_scores(read_failures(scores), labels)
        name = values["comparison"].iloc[0].replace("_", " ")
        parts = {group: scores_of_family(values, group) for group in groups}
        bounds = [row.label for row in labels if row.bound]
        for group, part in {"": values, **parts}.items():
            missing = failures[failures["family"] == group] if group else failures
            shown = {"title": ", ".join(filter(None, (name, group))), "remark": with_failures(remark, missing)}
            distribution = distribution_figure(part, metric, order, aggregation, bounds=bounds, **shown)
            save_figure(distribution, folder / group / "distribution")
            save_figure(heat_map_figure(part, metric, order, aggregation, **shown), folder / group / "heat_map")
        if has_budgets(trained):
            tables = {
                group: budget_values(part, metric, trained, aggregation)
                for group, part in (parts or {"": values}).items()
            }
            said = with_failures(remark, failures)
            save_figure(budget_figure(tables, metric, trained, title=name, remark=said), folder / "budget")


if __name__ == "__main__":
    run(draw)
