"""The rows of a comparison, each a separation, and what tables and figures are told of them."""

from workflow_scripts.lib.core.names import NO_F0
from workflow_scripts.lib.core.registry import METHODS, METRICS
from workflow_scripts.lib.statistics.rows import ResultRow, to_json
from workflow_scripts.plan.claims import comparison_of
from workflow_scripts.plan.configuration import Configuration
from workflow_scripts.plan.declared import has, value_of
from workflow_scripts.plan.job import Made
from workflow_scripts.plan.model_jobs import Adapt, Separate, Train, model_of


def rows_of(configuration: Configuration, comparison: str, shard: str | None = None) -> list[Separate]:
    """The separations of a comparison for one shard (the first), in the order of its table."""
    entry = comparison_of(configuration, comparison)
    sources, shard = "+".join(entry.sources), shard or configuration.shards()[0]
    found = []
    for name in entry.methods:
        method = configuration.method(name)
        for f0 in configuration.f0_names(entry) if "f0" in method.needs else [NO_F0]:
            for seed in entry.seeds if method.draws and not method.bound else entry.seeds[:1]:
                found.append(Separate(configuration, entry.dataset, sources, name, seed, entry.split, shard, f0))
    return found


def every_shard(configuration: Configuration, comparison: str) -> list[Separate]:
    """The separations for all shards, those of one shard together."""
    return [row for shard in configuration.shards() for row in rows_of(configuration, comparison, shard)]


def own_training(row: Separate) -> Train | None:
    """The training of a row's own method; None where it has none."""
    if "training" not in row.entry.needs:
        return None
    made = model_of(row.configuration, row.dataset, row.sources, row.method, row.f0, row.seed)
    return made.job if made and isinstance(made.job, Train) else None


def trainings(configuration: Configuration, comparison: str) -> list[Train]:
    """That of each row whose method is trained; rows may share one."""
    return [each for row in rows_of(configuration, comparison) if (each := own_training(row))]


def trainings_by_steps(configuration: Configuration, comparison: str) -> list[Train]:
    """The trainings that have curves, each once."""
    return [each for each in dict.fromkeys(trainings(configuration, comparison)) if offers(each, "trainee")]


def adaptations(configuration: Configuration, comparison: str) -> tuple[Made, ...]:
    """The adapted models of each row that has some, those of one shard together."""
    found = [row.inputs.get("adapted") for row in every_shard(configuration, comparison)]
    return tuple(made for made in found if isinstance(made, Made))


def row_with_critics(configuration: Configuration, comparison: str) -> Separate | None:
    """The row whose critics are drawn: the last in the table that has some, with its first seed."""
    rows = [row for row in rows_of(configuration, comparison) if own_training(row) and offers(row, "critics_view")]
    return next((row for row in rows if row.method == rows[-1].method), None)


def offers(job: Separate | Train | Adapt, function: str) -> bool:
    """Whether the module of a job's method has a function of the contract."""
    return has(METHODS.module(job.entry.module), function)


def families_of(metrics: tuple[str, ...]) -> tuple[str, ...]:
    """The families of metrics, modules of lib/metrics, that some metrics are of, in the order of their first use."""
    homes = metric_homes()
    return tuple(dict.fromkeys(homes[name] for name in metrics))


def metric_homes() -> dict[str, str]:
    """Family of each metric that there is."""
    return {metric.name: family for family in METRICS.names() for metric in value_of(METRICS.module(family), "METRICS")}


# What tables and figures are told of the rows


def labels(configuration: Configuration, comparison: str) -> str:
    """The rows as JSON of `ResultRow`, in the order of the table."""
    return to_json(_result_row(row) for row in rows_of(configuration, comparison))


def _result_row(row: Separate) -> ResultRow:
    entry = row.entry
    needs = ("training" in entry.needs, "adaptation" in entry.needs)
    return ResultRow(row.method, row.f0, row.seed, entry.label, entry.bound, *needs)


def remark(configuration: Configuration, comparison: str) -> str:
    return configuration.dataset(comparison_of(configuration, comparison).dataset).remark
