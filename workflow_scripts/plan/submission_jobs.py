"""Jobs that take what others submit into a comparison, and one that writes what they need to take part."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from workflow_scripts.lib.core.names import NO_F0
from workflow_scripts.lib.core.registry import METRICS
from workflow_scripts.lib.datasets.origin import origin_hash
from workflow_scripts.plan.claims import comparison_of
from workflow_scripts.plan.configuration import Configuration
from workflow_scripts.plan.data_jobs import Prepare
from workflow_scripts.plan.declared import value_of
from workflow_scripts.plan.job import Input, Job, Option, text
from workflow_scripts.plan.keys import Comparison, Method
from workflow_scripts.plan.model_jobs import OfMethod


@dataclass(frozen=True)
class ImportEstimates(OfMethod):
    """Estimates that others submitted, where and as `Separate` writes its own; a row of a comparison too."""

    split: str
    shard: str
    rule, stage, takes = "import_estimates", "submissions", ()
    f0: ClassVar[str] = NO_F0
    seed: ClassVar[int] = 0

    @property
    def folder(self) -> str:
        return f"results/import_estimates/{self.dataset}/{self.sources}/{self.method}/{self.split}/{self.shard}"

    @property
    def root(self) -> str:
        return self.configuration.submission(self.method).estimates or ""

    @property
    def inputs(self) -> Mapping[str, Input]:
        return {"data": self.data}

    @property
    def options(self) -> Mapping[str, Option]:
        told: dict[str, Option] = {"submission": self.method, "root": self.root}
        return told | {"sources": tuple(self.sources.split("+")), "split": self.split, "part": self.shard}

    @property
    def chosen(self) -> tuple[str, ...]:
        return ()

    @property
    def contents(self) -> tuple[str, ...]:
        return _content(self.configuration, self.root)


@dataclass(frozen=True)
class ImportScores(Job):
    """Scores that others submitted, as `Score` writes its own; a row of a comparison too."""

    comparison: str
    method: str
    shard: str
    rule, stage = "import_scores", "submissions"
    f0: ClassVar[str] = NO_F0
    seed: ClassVar[int] = 0

    @property
    def folder(self) -> str:
        return f"results/import_scores/{self.comparison}/{self.method}/{self.shard}"

    @property
    def entry(self) -> Method:
        return self.configuration.method(self.method)

    @property
    def of(self) -> Comparison:
        return comparison_of(self.configuration, self.comparison)

    @property
    def dataset(self) -> str:
        return self.of.dataset

    @property
    def sources(self) -> str:
        return "+".join(self.of.sources)

    @property
    def table(self) -> str:
        return self.configuration.submission(self.method).scores or ""

    @property
    def inputs(self) -> Mapping[str, Input]:
        return {"data": Prepare(self.configuration, self.dataset).manifest}

    @property
    def options(self) -> Mapping[str, Option]:
        told: dict[str, Option] = {"submission": self.method, "table": self.table, "comparison": self.comparison}
        told |= {"dataset": self.dataset, "sources": self.of.sources, "split": self.of.split, "part": self.shard}
        return told | {"levels": text(levels_of(self.of.metrics)), "hop": text(self.of.scoring.hop)}

    @property
    def contents(self) -> tuple[str, ...]:
        return _content(self.configuration, self.table)


@dataclass(frozen=True)
class WriteMixtures(Job):
    """The test mixtures of a data set, for estimates made elsewhere."""

    dataset: str
    rule, stage = "write_mixtures", "submissions"

    @property
    def folder(self) -> str:
        return f"results/mixtures/{self.dataset}"

    @property
    def inputs(self) -> Mapping[str, Input]:
        return {"data": Prepare(self.configuration, self.dataset).manifest}

    @property
    def options(self) -> Mapping[str, Option]:
        """The sources that each comparison on these mixtures asks for."""
        every = self.configuration.keys.comparisons
        used = {name: each for name, each in every.items() if (each.dataset, each.split) == (self.dataset, "test")}
        return {"comparisons": text({name: each.sources for name, each in used.items()})}


def levels_of(metrics: tuple[str, ...]) -> dict[str, str]:
    """Of each of these metrics, whether it is of a `frame` or of a `track`."""
    every = (metric for family in METRICS.names() for metric in value_of(METRICS.module(family), "METRICS"))
    return {metric.name: metric.level for metric in every if metric.name in metrics}


def _content(configuration: Configuration, path: str) -> tuple[str, ...]:
    return (origin_hash("folder", {"root": path}, Path(configuration.keys.data_cache)),)
