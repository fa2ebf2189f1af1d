"""Draw the figures of one comparison: distributions a source and method, and a track-by-method heat map."""

import json
from pathlib import Path

from workflow_scripts.command import run
from workflow_scripts.lib.core.provenance import recorded
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.figures import style
from workflow_scripts.lib.figures.budget import budget_figure, has_budgets
from workflow_scripts.lib.statistics import scores as scored
from workflow_scripts.lib.statistics.statistics import Kind


def draw(
    *, scores: list[Path], rows: str, metric: str, aggregation: Kind, groups: list[str], budgets: str, remark: str,
    out: Path, code: str,
) -> None:  # fmt: skip
    """Write the figures distribution and heat_map as PDF, SVG and PNG, for all songs and in a folder for each group.

    Where a method stands in the comparison with several budgets (`budgets`, JSON), also the figure budget, a panel a
    group. `groups` are families of songs; `scores` and `out` are manifests of folders.
    """
    labels, trained = json.loads(rows), json.loads(budgets)
    with recorded(out, code, metric=metric, aggregation=aggregation) as folder:
        values, order = scored.labelled(scored.read(scores), labels), scored.order(labels)
        name = values["comparison"].iloc[0]
        shown = {"title": name.replace("_", " "), "remark": remark}
        parts = {group: scored.of_family(values, group) for group in groups}
        bounds = [row["label"] for row in labels if row["bound"]]
        for group, part in {"": values, **parts}.items():
            titled = shown | {"title": ", ".join(filter(None, (shown["title"], group)))}
            distribution = style.distribution_figure(part, metric, order, aggregation, bounds=bounds, **titled)
            style.save_figure(distribution, folder / group / "distribution")
            style.save_figure(style.heat_map(part, metric, order, aggregation, **titled), folder / group / "heat_map")
        if has_budgets(trained):
            generator = stream("bootstrap", name, "budgets")
            figure = budget_figure(parts or {"": values}, metric, trained, aggregation, generator, **shown)
            style.save_figure(figure, folder / "budget")


if __name__ == "__main__":
    run(draw)
