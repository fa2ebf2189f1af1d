"""Jobs of methods: training, adaptation to each track, separation."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar

from workflow_scripts.lib.core.names import NO_F0
from workflow_scripts.lib.core.registry import METHODS
from workflow_scripts.plan.configuration import Configuration
from workflow_scripts.plan.data_jobs import EstimateF0, ImportWeights, MakeMarks, Prepare
from workflow_scripts.plan.declared import has, value_of
from workflow_scripts.plan.job import Input, Job, Made, Option, text
from workflow_scripts.plan.keys import Method, Resources


@dataclass(frozen=True)
class OfMethod(Job):
    """A job of one method. sources: joined by +.  takes: what it needs of the method's module, beside its settings."""

    dataset: str
    sources: str
    method: str
    takes: ClassVar[tuple[str, ...]]

    @property
    def entry(self) -> Method:
        return self.configuration.method(self.method)

    @property
    def data(self) -> Made:
        return Prepare(self.configuration, self.dataset).manifest

    @property
    def chosen(self) -> tuple[str, ...]:
        return taken(self.entry, *self.takes)

    @property
    def resources(self) -> Resources:
        return self.entry.resources


@dataclass(frozen=True)
class Train(OfMethod):
    """The model of a method for one data set, F0 source and seed."""

    f0: str
    seed: int
    rule, stage, takes = "train", "train", ("trainee", "train")

    @property
    def folder(self) -> str:
        return f"results/train/{self.dataset}/{self.sources}/{self.method}/{self.f0}/seed{self.seed}"

    @property
    def inputs(self) -> Mapping[str, Input]:
        splits = {"train": ("train", "valid"), "test": ("test",)}[self.entry.train_on] if self.f0 != NO_F0 else ()
        tables = tuple(
            EstimateF0(self.configuration, self.dataset, split, shard, self.f0).manifest
            for split in splits
            for shard in self.configuration.shards()
        )
        start = model_of(self.configuration, self.dataset, self.sources, self.entry.start, self.f0, self.seed)
        return {"data": self.data, "f0": tables, "start": (start,) if start else ()}

    @property
    def options(self) -> Mapping[str, Option]:
        entry = asdict(self.entry)
        told = {name: entry[name] for name in ("training", "budget", "train_on")}
        told["unpaired"] = entry["unpaired"] if "unpaired" in self.entry.needs else None
        return described(self.entry, **told) | {"sources": tuple(self.sources.split("+")), "seed": self.seed}

    @property
    def model(self) -> Made:
        return Made(self, f"{self.folder}/model.safetensors")

    @property
    def curves(self) -> Made:
        return Made(self, f"{self.folder}/curves.csv")

    @property
    def provenance(self) -> Made:
        return Made(self, f"{self.folder}/provenance.json")


@dataclass(frozen=True)
class OfTracks(OfMethod):
    """A job of one method on a shard of tracks."""

    seed: int
    split: str
    shard: str

    @property
    def options(self) -> Mapping[str, Option]:
        where: dict[str, Option] = {"split": self.split, "part": self.shard, "seed": self.seed}
        return described(self.entry) | {"sources": tuple(self.sources.split("+"))} | where

    @property
    def marks(self) -> dict[str, Input]:
        """The marks that the method needs, where it does."""
        if "marks" not in self.entry.needs or self.entry.marks is None:
            return {}
        job = MakeMarks(self.configuration, self.dataset, self.split, self.shard, self.entry.marks)
        return {"marks": job.manifest}


@dataclass(frozen=True)
class Adapt(OfTracks):
    """Models adapted to each track."""

    rule, stage, takes = "adapt", "adapt", ("adapt", "trained_parameters")

    @property
    def folder(self) -> str:
        return f"results/adapt/{self.dataset}/{self.sources}/{self.method}/seed{self.seed}/{self.split}/{self.shard}"

    @property
    def inputs(self) -> Mapping[str, Input]:
        model = model_of(self.configuration, self.dataset, self.sources, self.method, NO_F0, self.seed)
        return {"data": self.data} | ({"model": model} if model else {}) | self.marks


@dataclass(frozen=True)
class Separate(OfTracks):
    """Estimates of every source. As a value without its shard it is a row of a comparison."""

    f0: str
    rule, stage, takes = "separate", "separate", ("separate",)

    @property
    def folder(self) -> str:
        base = f"results/separate/{self.dataset}/{self.sources}/{self.method}/{self.f0}/seed{self.seed}"
        return f"{base}/{self.split}/{self.shard}"

    @property
    def inputs(self) -> Mapping[str, Input]:
        found = {"data": self.data} | self.marks
        if self.f0 != NO_F0:
            found["f0"] = EstimateF0(self.configuration, self.dataset, self.split, self.shard, self.f0).manifest
        job = (self.configuration, self.dataset, self.sources, self.method)
        if "adaptation" in self.entry.needs:
            method = adapted_as(self.configuration, self.method)
            found["adapted"] = replace(Adapt(*job, self.seed, self.split, self.shard), method=method).manifest
        elif model := model_of(*job, self.f0, self.seed):
            found["model"] = model
        return found


def adapted_as(configuration: Configuration, name: str) -> str:
    """The method with whose adapted models a method separates: the furthest that it is like and that adapts alike."""
    kin = configuration.kin("methods", name)
    own = _adaptation(configuration.method(name))
    return [each for each in kin if _adaptation(configuration.method(each)) == own][-1]


def _adaptation(entry: Method) -> tuple[Any, ...]:
    """What an adaptation depends on: not the settings that the module says are of its separation."""
    module = METHODS.module(entry.module)
    later = value_of(module, "OF_SEPARATION") if has(module, "OF_SEPARATION") else ()
    settings = {name: value for name, value in entry.settings.items() if name not in later}
    return entry.module, entry.start, entry.needs, entry.marks, settings


def model_of(
    configuration: Configuration, dataset: str, sources: str, method: str | None, f0: str, seed: int
) -> Made | None:
    """The model that a method starts or works with on a data set; None where there is none."""
    name = configuration.pretrained(method) if method else None
    if name is None:
        return None
    if "weights" in configuration.method(name).needs:
        return ImportWeights(configuration, name).model
    learned_from = configuration.training_dataset(dataset, name)
    return Train(configuration, learned_from, sources, name, configuration.training_f0(name, f0), seed).model


def described(entry: Method, **told: Any) -> dict[str, Option]:
    """What a script is told of a method."""
    return {"method": text({"module": entry.module, "settings": entry.settings, "needs": entry.needs} | told)}


def taken(entry: Method, *names: str) -> tuple[str, ...]:
    """What a job takes of a method's module: its settings, and functions of the contract."""
    return tuple(f"{METHODS.module(entry.module)}:{name}" for name in ("Settings", *names))
