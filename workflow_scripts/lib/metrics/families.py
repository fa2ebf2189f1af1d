"""The families of metrics that a script is given: what their metrics are, and how they are scored."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from workflow_scripts.lib.core import registry
from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.metrics.contract import Metric, Scoring
from workflow_scripts.lib.metrics.estimate import Score


def load_metrics(families: Iterable[str]) -> dict[str, Metric]:
    """The metrics of these families (names of modules), by name."""
    return {metric.name: metric for family in families for metric in registry.METRICS.load(family).METRICS}


def load_scores(families: Iterable[str]) -> dict[str, Score]:
    """How the metrics of these families are computed, by name."""
    return {name: score for family in families for name, score in registry.METRICS.load(family).SCORES.items()}


def check_names(metrics: Iterable[str], known: Collection[str]) -> None:
    """Raises UserError with the nearest valid name where a metric is not among the known ones."""
    by_letters = {name.lower(): name for name in known}
    for name in metrics:
        if name not in known:
            raise UserError(f"There is no metric {name!r}; {nearest(by_letters.get(name.lower(), name), known)}")


def definitions(names: Sequence[str], metrics: Mapping[str, Metric], scoring: Scoring) -> dict[str, str]:
    """The exact definition of each metric named, for these frames and this silence rule.

    Raises UserError for a name that is not among `metrics`.
    """
    check_names(names, metrics)
    placed = {
        "frames": f"in frames of {scoring.window:g} s every {scoring.hop:g} s",
        "floor": "" if scoring.energy_floor is None else (
            " or in which the sum of squares of the reference, the mixture's absolute peak in each excerpt of 4 s (one "
            "after the other from the start of the track) scaled to 1, is under "
            f"{scoring.energy_floor:g} per 16,000 samples and channel"
        ),
        "scorer": " Computed by museval 0.4.1 itself." if scoring.bsseval == "museval" else "",
    }  # fmt: skip
    return {name: metrics[name].definition.format(**placed) for name in names}
