"""The rows of a comparison, each a separation, and what tables and figures are told of them."""

from collections.abc import Iterable

from workflow_scripts.lib.core.names import NO_F0
from workflow_scripts.lib.core.registry import METHODS, METRICS
from workflow_scripts.lib.statistics.rows import ResultRow, to_json
from workflow_scripts.plan.claims import comparison_of
from workflow_scripts.plan.configuration import Configuration
from workflow_scripts.plan.declared import has, value_of
from workflow_scripts.plan.job import Made
from workflow_scripts.plan.model_jobs import Adapt, Separate, Train, model_of
from workflow_scripts.plan.submission_jobs import ImportEstimates, ImportScores
from workflow_scripts.plan.submissions import Submission

Row = Separate | ImportEstimates | ImportScores


def rows_of(configuration: Configuration, comparison: str, shard: str | None = None) -> list[Row]:
    """The separations of a comparison, and what others submitted, for one shard (the first), in the table's order."""
    entry = comparison_of(configuration, comparison)
    sources, shard = "+".join(entry.sources), shard or configuration.shards()[0]
    found: list[Row] = []
    for name in entry.methods:
        if name in configuration.submissions:
            found.append(_submitted(configuration, comparison, name, shard))
            continue
        method = configuration.method(name)
        for f0 in configuration.f0_names(entry) if "f0" in method.needs else [NO_F0]:
            for seed in entry.seeds if method.draws and not method.bound else entry.seeds[:1]:
                found.append(Separate(configuration, entry.dataset, sources, name, seed, entry.split, shard, f0))
    return found


def _submitted(configuration: Configuration, comparison: str, name: str, shard: str) -> Row:
    if configuration.submission(name).scores:
        return ImportScores(configuration, comparison, name, shard)
    entry = comparison_of(configuration, comparison)
    return ImportEstimates(configuration, entry.dataset, "+".join(entry.sources), name, entry.split, shard)


def estimated_rows(configuration: Configuration, comparison: str, shard: str | None = None) -> list[Row]:
    """The rows that are scored here, since there are estimates of them."""
    return [row for row in rows_of(configuration, comparison, shard) if not isinstance(row, ImportScores)]


def given_scores(configuration: Configuration, comparison: str) -> list[ImportScores]:
    """The scores that others computed, of all shards."""
    return [row for row in every_shard(configuration, comparison) if isinstance(row, ImportScores)]


def every_shard(configuration: Configuration, comparison: str) -> list[Row]:
    """The rows for all shards, those of one shard together."""
    return [row for shard in configuration.shards() for row in rows_of(configuration, comparison, shard)]


def own_training(row: Row) -> Train | None:
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
    own = [row for row in rows_of(configuration, comparison) if isinstance(row, Separate) and own_training(row)]
    rows = [row for row in own if offers(row, "critics_view")]
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


def labels(rows: Iterable[Row]) -> str:
    """The rows as JSON of `ResultRow`, in their order."""
    return to_json(map(_result_row, rows))


def _result_row(row: Row) -> ResultRow:
    entry = row.entry
    needs = ("training" in entry.needs, "adaptation" in entry.needs)
    return ResultRow(row.method, row.f0, row.seed, entry.label, entry.bound, *needs)


def remark(configuration: Configuration, comparison: str) -> str:
    """What stands beneath tables and figures: of the data, and which rows others submitted."""
    return _remark(configuration, comparison, [each.note for each in _submissions(configuration, comparison)])


def remark_with_credits(configuration: Configuration, comparison: str) -> str:
    """The same, with all that is told of each submission."""
    return _remark(configuration, comparison, [each.credits for each in _submissions(configuration, comparison)])


def _remark(configuration: Configuration, comparison: str, submitted: list[str]) -> str:
    of_data = configuration.dataset(comparison_of(configuration, comparison).dataset).remark
    return " ".join(filter(None, [of_data, *submitted]))


def _submissions(configuration: Configuration, comparison: str) -> list[Submission]:
    methods = comparison_of(configuration, comparison).methods
    return [configuration.submission(name) for name in methods if name in configuration.submissions]
