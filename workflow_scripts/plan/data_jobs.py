"""Jobs that make what methods are given: data, F0, marks, and weights that others published."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from workflow_scripts.lib.core.registry import CORPORA, DATASETS, F0_SOURCES, LAYOUTS, MARKS_SOURCES, WEIGHTS
from workflow_scripts.lib.datasets.origin import origin_hash
from workflow_scripts.plan.job import Input, Job, Made, Option, text
from workflow_scripts.plan.keys import Resources, Weights

PREPARED = ("settings", "stems", "voices", "rate", "channels", "accept_licence", "terms", "muted")


@dataclass(frozen=True)
class Prepare(Job):
    """A data set, whatever its origin, becomes a track table and a folder a track."""

    dataset: str
    rule, stage = "prepare", "data"

    @property
    def folder(self) -> str:
        return f"results/prepare/{self.dataset}"

    @property
    def options(self) -> Mapping[str, Option]:
        entry = asdict(self.configuration.dataset(self.dataset))
        return {"kind": entry["kind"], "dataset": text({name: entry[name] for name in PREPARED})}

    @property
    def chosen(self) -> tuple[str, ...]:
        entry = self.configuration.dataset(self.dataset)
        inner = {"layout": LAYOUTS, "corpus": CORPORA}  # settings that name an entry of another registry
        found = [registry.module(entry.settings[key]) for key, registry in inner.items() if key in entry.settings]
        return (DATASETS.module(entry.kind), *found)

    @property
    def contents(self) -> tuple[str, ...]:
        entry = self.configuration.dataset(self.dataset)
        return (origin_hash(entry.kind, entry.settings, Path(self.configuration.keys.data_cache)),)

    @property
    def resources(self) -> Resources:
        return self.configuration.dataset(self.dataset).resources


@dataclass(frozen=True)
class EstimateF0(Job):
    """The F0 of the voices of a shard of tracks, from one source."""

    dataset: str
    f0: str
    split: str
    shard: str
    rule, stage = "estimate_f0", "f0"

    @property
    def folder(self) -> str:
        return f"results/estimate_f0/{self.dataset}/{self.f0}/{self.split}/{self.shard}"

    @property
    def inputs(self) -> Mapping[str, Input]:
        of = self.configuration.f0_source(self.f0).of
        before = EstimateF0(self.configuration, self.dataset, of, self.split, self.shard) if of else None
        return {"data": Prepare(self.configuration, self.dataset).manifest} | (
            {"of": before.manifest} if before else {}
        )

    @property
    def options(self) -> Mapping[str, Option]:
        entry = self.configuration.f0_source(self.f0)
        told: dict[str, Option] = {"kind": entry.kind, "settings": text(entry.settings), "split": self.split}
        return told | {"voices": self.configuration.dataset(self.dataset).voices, "part": self.shard}

    @property
    def chosen(self) -> tuple[str, ...]:
        return (F0_SOURCES.module(self.configuration.f0_source(self.f0).kind),)

    @property
    def contents(self) -> tuple[str, ...]:
        root = self.configuration.f0_source(self.f0).settings.get("root")
        return _content("folder", root, self.configuration.keys.data_cache)

    @property
    def resources(self) -> Resources:
        return self.configuration.f0_source(self.f0).resources


@dataclass(frozen=True)
class MakeMarks(Job):
    """When each source plays and when it is silent, in a shard of tracks, from one source of marks."""

    dataset: str
    marks: str
    split: str
    shard: str
    rule, stage = "make_marks", "marks"

    @property
    def folder(self) -> str:
        return f"results/make_marks/{self.dataset}/{self.marks}/{self.split}/{self.shard}"

    @property
    def inputs(self) -> Mapping[str, Input]:
        of = self.configuration.marks_source(self.marks).of
        before = MakeMarks(self.configuration, self.dataset, of, self.split, self.shard) if of else None
        return {"data": Prepare(self.configuration, self.dataset).manifest} | (
            {"of": before.manifest} if before else {}
        )

    @property
    def options(self) -> Mapping[str, Option]:
        entry = self.configuration.marks_source(self.marks)
        told: dict[str, Option] = {"kind": entry.kind, "settings": text(entry.settings), "split": self.split}
        return told | {"stems": self.configuration.dataset(self.dataset).stems, "part": self.shard}

    @property
    def chosen(self) -> tuple[str, ...]:
        return (MARKS_SOURCES.module(self.configuration.marks_source(self.marks).kind),)

    @property
    def contents(self) -> tuple[str, ...]:
        root = self.configuration.marks_source(self.marks).settings.get("root")
        return _content("marks", root, self.configuration.keys.data_cache)

    @property
    def resources(self) -> Resources:
        return self.configuration.marks_source(self.marks).resources


@dataclass(frozen=True)
class ImportWeights(Job):
    """Published weights become a model file."""

    method: str
    rule, stage = "import_weights", "train"

    @property
    def folder(self) -> str:
        return f"results/import_weights/{self.method}"

    @property
    def weights(self) -> Weights:
        found = self.configuration.method(self.method).weights
        assert found is not None  # methods that need weights name them
        return found

    @property
    def options(self) -> Mapping[str, Option]:
        told = {"weights": self.weights.file, "format": self.weights.format}
        return told | ({"sha256": self.weights.sha256} if self.weights.sha256 else {})

    @property
    def chosen(self) -> tuple[str, ...]:
        return (WEIGHTS.module(self.weights.format),)

    @property
    def contents(self) -> tuple[str, ...]:
        file = Path(self.weights.file).expanduser()
        return _content("folder", str(file) if file.is_file() else None, self.configuration.keys.data_cache)

    @property
    def model(self) -> Made:
        return Made(self, f"{self.folder}/model.safetensors")


def _content(kind: str, root: str | None, cache: str) -> tuple[str, ...]:
    """Hash of a file or folder of the user's, where there is one."""
    return (origin_hash(kind, {"root": str(Path(root).expanduser())}, Path(cache)),) if root else ()
