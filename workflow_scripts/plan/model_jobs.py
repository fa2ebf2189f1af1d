"""Jobs of methods: training, adaptation to each track, separation."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from workflow_scripts.lib.core.names import NO_F0
from workflow_scripts.lib.core.registry import METHODS
from workflow_scripts.plan.configuration import Configuration
from workflow_scripts.plan.data_jobs import EstimateF0, ImportWeights, MakeMarks, Prepare
from workflow_scripts.plan.job import Input, Job, Made, Option, text
from workflow_scripts.plan.keys import Resources


@dataclass(frozen=True)
class Train(Job):
    """The model of a method for one data set, F0 source and seed. sources: joined by +."""

    dataset: str
    sources: str
    method: str
    f0: str
    seed: int
    rule, stage = "train", "train"

    @property
    def folder(self) -> str:
        return f"results/train/{self.dataset}/{self.sources}/{self.method}/{self.f0}/seed{self.seed}"

    @property
    def inputs(self) -> Mapping[str, Input]:
        configuration, entry = self.configuration, self.configuration.method(self.method)
        splits = {"train": ("train", "valid"), "test": ("test",)}[entry.train_on] if self.f0 != NO_F0 else ()
        tables = tuple(
            EstimateF0(configuration, self.dataset, self.f0, split, shard).manifest
            for split in splits
            for shard in configuration.shards()
        )
        start = model_of(configuration, self.dataset, self.sources, entry.start, self.f0, self.seed)
        return {"data": Prepare(configuration, self.dataset).manifest, "f0": tables, "start": (start,) if start else ()}

    @property
    def options(self) -> Mapping[str, Option]:
        entry = asdict(self.configuration.method(self.method))
        told = {name: entry[name] for name in ("training", "budget", "train_on")}
        told["unpaired"] = entry["unpaired"] if "unpaired" in entry["needs"] else None
        return described(entry, **told) | {"sources": tuple(self.sources.split("+")), "seed": self.seed}

    @property
    def chosen(self) -> tuple[str, ...]:
        return taken(self.configuration, self.method, "trainee", "train")

    @property
    def resources(self) -> Resources:
        return self.configuration.method(self.method).resources

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
class Adapt(Job):
    """Models adapted to each track of a shard."""

    dataset: str
    sources: str
    method: str
    seed: int
    split: str
    shard: str
    rule, stage = "adapt", "adapt"

    @property
    def folder(self) -> str:
        return f"results/adapt/{self.dataset}/{self.sources}/{self.method}/seed{self.seed}/{self.split}/{self.shard}"

    @property
    def inputs(self) -> Mapping[str, Input]:
        model = model_of(self.configuration, self.dataset, self.sources, self.method, NO_F0, self.seed)
        found: dict[str, Input] = {"data": Prepare(self.configuration, self.dataset).manifest}
        return found | ({"model": model} if model else {}) | marks_of(self)

    @property
    def options(self) -> Mapping[str, Option]:
        entry = asdict(self.configuration.method(self.method))
        return described(entry) | part_of(self)

    @property
    def chosen(self) -> tuple[str, ...]:
        return taken(self.configuration, self.method, "adapt", "trained_parameters")

    @property
    def resources(self) -> Resources:
        return self.configuration.method(self.method).resources


@dataclass(frozen=True)
class Separate(Job):
    """Estimates of every source of a shard of tracks. As a value without its shard it is a row of a comparison."""

    dataset: str
    sources: str
    method: str
    f0: str
    seed: int
    split: str
    shard: str
    rule, stage = "separate", "separate"

    @property
    def folder(self) -> str:
        base = f"results/separate/{self.dataset}/{self.sources}/{self.method}/{self.f0}/seed{self.seed}"
        return f"{base}/{self.split}/{self.shard}"

    @property
    def inputs(self) -> Mapping[str, Input]:
        configuration, job = self.configuration, (self.dataset, self.sources, self.method)
        found: dict[str, Input] = {"data": Prepare(configuration, self.dataset).manifest} | marks_of(self)
        if self.f0 != NO_F0:
            found["f0"] = EstimateF0(configuration, self.dataset, self.f0, self.split, self.shard).manifest
        if "adaptation" in configuration.method(self.method).needs:
            found["adapted"] = Adapt(configuration, *job, self.seed, self.split, self.shard).manifest
        elif model := model_of(configuration, *job, self.f0, self.seed):
            found["model"] = model
        return found

    @property
    def options(self) -> Mapping[str, Option]:
        entry = asdict(self.configuration.method(self.method))
        return described(entry) | part_of(self)

    @property
    def chosen(self) -> tuple[str, ...]:
        return taken(self.configuration, self.method, "separate")

    @property
    def resources(self) -> Resources:
        return self.configuration.method(self.method).resources


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


def marks_of(job: Adapt | Separate) -> dict[str, Input]:
    """The marks that a method needs, where it does."""
    entry = job.configuration.method(job.method)
    if "marks" not in entry.needs or entry.marks is None:
        return {}
    return {"marks": MakeMarks(job.configuration, job.dataset, entry.marks, job.split, job.shard).manifest}


def described(entry: dict[str, Any], **told: Any) -> dict[str, Option]:
    """What a script is told of a method (keys of its definition)."""
    return {"method": text({name: entry[name] for name in ("module", "settings", "needs")} | told)}


def part_of(job: Adapt | Separate) -> dict[str, Option]:
    """The tracks, sources and seed of a job."""
    return {"sources": tuple(job.sources.split("+")), "split": job.split, "part": job.shard, "seed": job.seed}


def taken(configuration: Configuration, method: str, *names: str) -> tuple[str, ...]:
    """What a job takes of a method's module: its settings, and functions of the contract."""
    module = METHODS.module(configuration.method(method).module)
    return tuple(f"{module}:{name}" for name in ("Settings", *names))
