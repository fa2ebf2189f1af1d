"""Jobs that draw the figures of a comparison, with what each is told; and the report, which has them all."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from workflow_scripts.lib.core.fingerprint import hash_of
from workflow_scripts.lib.core.names import NO_F0
from workflow_scripts.lib.core.registry import METRICS
from workflow_scripts.lib.statistics.rows import BudgetRow, CurveRow, ErrorRow, GainRow, to_json
from workflow_scripts.plan import rows
from workflow_scripts.plan.claim_jobs import ledgers
from workflow_scripts.plan.configuration import Configuration, degraded_sources
from workflow_scripts.plan.data_jobs import Prepare, Register
from workflow_scripts.plan.job import Input, Job, Option, text
from workflow_scripts.plan.keys import Method
from workflow_scripts.plan.model_jobs import Separate, described, taken
from workflow_scripts.plan.result_jobs import Compare, OfComparison, ScoreF0


@dataclass(frozen=True)
class Figure(OfComparison):
    """Figures of one comparison."""

    stage = "report"


@dataclass(frozen=True)
class Draw(Figure):
    """Distributions, heat maps, and quality against the label budget."""

    rule = "draw"

    @property
    def inputs(self) -> Mapping[str, Input]:
        return {"scores": self.scores}

    @property
    def options(self) -> Mapping[str, Option]:
        return self.told | {
            "metric": self.entry.metrics[0],
            "aggregation": self.entry.aggregation,
            "groups": self.entry.groups,
            "budgets": to_json(self.budgets()),
        }

    def budgets(self) -> list[BudgetRow]:
        """The trained rows, once for all seeds; rows that differ in their budget alone, and in that of the model that
        they start from, are one curve."""
        found = rows.rows_of(self.configuration, self.comparison)
        pairs = dict.fromkeys((row.method, row.f0) for row in found if rows.own_training(row))
        return [self._budget(method, "" if f0 == NO_F0 else f0) for method, f0 in pairs]

    def _budget(self, method: str, f0: str) -> BudgetRow:
        entry = self.configuration.method(method)
        curve = budget_curve(self.configuration, method)
        return BudgetRow(entry.label, f0, curve, entry.budget.songs, entry.budget.family)


@dataclass(frozen=True)
class DrawTraining(Figure):
    """Training curves."""

    rule = "draw_training"

    @property
    def inputs(self) -> Mapping[str, Input]:
        return {"curves": tuple(job.curves for job in rows.trainings_by_steps(self.configuration, self.comparison))}

    @property
    def options(self) -> Mapping[str, Option]:
        jobs = rows.trainings_by_steps(self.configuration, self.comparison)
        curves = [CurveRow(job.method, job.f0, job.seed, job.entry.label) for job in jobs]
        return self.told | {"rows": to_json(curves), "comparison": self.comparison}

    @property
    def is_made(self) -> bool:
        return bool(self.inputs["curves"])


@dataclass(frozen=True)
class DrawRobustness(Figure):
    """What errors in the F0 do."""

    rule = "draw_robustness"

    @property
    def inputs(self) -> Mapping[str, Input]:
        return {"scores": self.scores}

    @property
    def options(self) -> Mapping[str, Option]:
        told = {
            "metric": self.entry.metrics[0],
            "aggregation": self.entry.aggregation,
            "errors": to_json(self.errors()),
        }
        return self.told | told

    @property
    def is_made(self) -> bool:
        return bool(self.entry.degrade)

    def errors(self) -> list[ErrorRow]:
        """What each degraded F0 source is made of."""
        made = {name: each for f0 in self.entry.f0 for name, each in degraded_sources(f0, self.entry).items()}
        return [ErrorRow(name, each["of"], each["settings"]) for name, each in made.items()]


@dataclass(frozen=True)
class DrawCritics(Figure):
    """What the critics of an adversarial training see."""

    rule = "draw_critics"

    @property
    def row(self) -> Separate | None:
        return rows.row_with_critics(self.configuration, self.comparison)

    @property
    def inputs(self) -> Mapping[str, Input]:
        training = rows.own_training(self.row) if self.row else None
        data = Prepare(self.configuration, self.entry.dataset).manifest
        return {"data": data} | ({"model": training.model} if training else {})

    @property
    def options(self) -> Mapping[str, Option]:
        if self.row is None:
            return {}
        told: dict[str, Option] = {"label": self.row.entry.label, "sources": self.entry.sources}
        return described(self.row.entry) | told | {"split": self.entry.split, "remark": self.told["remark"]}

    @property
    def chosen(self) -> tuple[str, ...]:
        return taken(self.row.entry, "critics_view") if self.row else ()

    @property
    def is_made(self) -> bool:
        return self.row is not None


@dataclass(frozen=True)
class DrawAdaptation(Figure):
    """The course of the adaptations."""

    rule = "draw_adaptation"

    @property
    def inputs(self) -> Mapping[str, Input]:
        return {"adapted": self.adapted}

    @property
    def options(self) -> Mapping[str, Option]:
        return self.told | {"comparison": self.comparison}

    @property
    def is_made(self) -> bool:
        return bool(self.adapted)


@dataclass(frozen=True)
class DrawGains(Figure):
    """What rows gain over the row whose model they use."""

    rule = "draw_gains"

    @property
    def inputs(self) -> Mapping[str, Input]:
        return {"scores": self.scores, "adapted": self.adapted}

    @property
    def options(self) -> Mapping[str, Option]:
        return self.told | {
            "gains": to_json(self.gains()),
            "metrics": self.entry.metrics,
            "families": self.families,
            "aggregation": self.entry.aggregation,
        }

    @property
    def chosen(self) -> tuple[str, ...]:
        return tuple(METRICS.module(family) for family in self.families)

    @property
    def is_made(self) -> bool:
        return any(row.adapted for row in self.gains())

    def gains(self) -> list[GainRow]:
        """The rows that use another row's model, adapted or as it is."""
        methods = (self.configuration.method(name) for name in self.entry.methods)
        return [
            self._gain(entry, entry.start)
            for entry in methods
            if entry.start in self.entry.methods and entry.start and not {"training", "f0"} & set(entry.needs)
        ]

    def _gain(self, entry: Method, start: str) -> GainRow:
        marks = self.configuration.marks_source(entry.marks).label if entry.marks else None
        group = _hash_but_for(asdict(entry), "label", "marks", "resources")
        baseline = self.configuration.method(start).label
        return GainRow(entry.label, baseline, marks, group, "adaptation" in entry.needs)


FIGURES = (Draw, DrawTraining, DrawCritics, DrawRobustness, DrawAdaptation, DrawGains)


@dataclass(frozen=True)
class Report(Job):
    """The Parquet table of all scores, and the summary that ends a run."""

    rule, stage = "report", "report"

    @property
    def folder(self) -> str:
        return "results/report"

    @property
    def inputs(self) -> Mapping[str, Input]:
        compared = [Compare(self.configuration, name) for name in self.configuration.run]
        return {
            "scores": tuple(made for each in compared for made in each.scores),
            "tables": tuple(each.manifest for each in compared),
            "f0": tuple(ScoreF0(self.configuration, each.comparison).page for each in compared if each.entry.f0),
            "figures": tuple(figure.manifest for figure in self._figures()),
            "ledgers": tuple(each.manifest for each in ledgers(self.configuration)),
            "register": Register(self.configuration).manifest,
        }

    def _figures(self) -> Iterator[Figure]:
        for kind in FIGURES:
            drawn = (kind(self.configuration, name) for name in self.configuration.run)
            yield from (figure for figure in drawn if figure.is_made)


def budget_curve(configuration: Configuration, method: str) -> str:
    """The same for methods that differ in their budget alone, and in that of the model that they start from."""
    entry = asdict(configuration.method(method))
    before = budget_curve(configuration, entry["start"]) if entry["start"] else ""
    return _hash_but_for(entry, "label", "budget", "resources", "start") + before


def _hash_but_for(entry: dict[str, Any], *keys: str) -> str:
    return hash_of(text({key: value for key, value in entry.items() if key not in keys}))
