"""Jobs that make what methods are given: data, F0, marks, and weights that others published."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from workflow_scripts.lib.core.registry import (
    CORPORA,
    DATASETS,
    F0_SOURCES,
    LAYOUTS,
    MARKS_SOURCES,
    WEIGHTS,
    Registry,
)
from workflow_scripts.lib.datasets.origin import origin_hash
from workflow_scripts.plan.configuration import Configuration
from workflow_scripts.plan.job import Input, Job, Made, Option, text
from workflow_scripts.plan.keys import Resources, Source, Weights

PREPARED = ("settings", "stems", "voices", "rate", "channels", "accept_licence", "terms", "muted")
REGISTERED = ("label", "version", "kind", "of", "settings", "licence", "terms", "citation")


@dataclass(frozen=True)
class Prepare(Job):
    """A data set, whatever its origin, becomes a track table and a folder a track."""

    dataset: str
    rule, stage = "prepare", "data"

    @property
    def folder(self) -> str:
        return f"results/prepare/{self.dataset}"

    @property
    def inputs(self) -> Mapping[str, Input]:
        base = self.configuration.dataset(self.dataset).of
        return {"of": Prepare(self.configuration, base).manifest} if base else {}

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
        return _content(self.configuration, entry.kind, entry.settings)

    @property
    def resources(self) -> Resources:
        return self.configuration.dataset(self.dataset).resources


@dataclass(frozen=True)
class Register(Job):
    """Which data the run used, by its comparisons and their methods' trainings."""

    rule, stage = "register", "data"

    @property
    def folder(self) -> str:
        return "results/register"

    @property
    def datasets(self) -> tuple[str, ...]:
        """Every data set of the run, those first that others are made from."""
        configuration, found = self.configuration, dict[str, None]()
        for entry in configuration.run.values():
            learned_from = [
                configuration.training_dataset(entry.dataset, method)
                for name in entry.methods
                if name not in configuration.submissions and (method := configuration.pretrained(name))
            ]
            for name in (entry.dataset, *learned_from):
                found |= dict.fromkeys([*reversed(list(self._made_from(name)))])
        return tuple(found)

    def _made_from(self, name: str | None) -> Iterator[str]:
        while name:
            yield name
            name = self.configuration.dataset(name).of

    @property
    def inputs(self) -> Mapping[str, Input]:
        return {"data": tuple(Prepare(self.configuration, name).manifest for name in self.datasets)}

    @property
    def options(self) -> Mapping[str, Option]:
        entries = [asdict(self.configuration.dataset(name)) for name in self.datasets]
        return {"datasets": text([{name: entry[name] for name in REGISTERED} for entry in entries])}


@dataclass(frozen=True)
class FromSource(Job):
    """What an F0 source or a source of marks makes of a shard of tracks; both are definitions of one form.

    registry: of their kinds.  files: what is hashed of a folder of the user's, see `origin_hash`.  told: the script's
    option for what of each track is asked for.
    """

    dataset: str
    split: str
    shard: str
    registry: ClassVar[Registry]
    files: ClassVar[str]
    told: ClassVar[str]

    @property
    def source(self) -> Source:
        raise NotImplementedError

    def like_this(self, name: str) -> "FromSource":
        """The job of another source for the same tracks."""
        raise NotImplementedError

    @property
    def inputs(self) -> Mapping[str, Input]:
        found = {"data": Prepare(self.configuration, self.dataset).manifest}
        return found | ({"of": self.like_this(self.source.of).manifest} if self.source.of else {})

    @property
    def options(self) -> Mapping[str, Option]:
        found: dict[str, Option] = {"kind": self.source.kind, "settings": text(self.source.settings)}
        asked = getattr(self.configuration.dataset(self.dataset), self.told)
        return found | {self.told: asked, "split": self.split, "part": self.shard}

    @property
    def chosen(self) -> tuple[str, ...]:
        return (self.registry.module(self.source.kind),)

    @property
    def contents(self) -> tuple[str, ...]:
        root = self.source.settings.get("root")
        return _content(self.configuration, self.files, {"root": str(Path(root).expanduser())}) if root else ()

    @property
    def resources(self) -> Resources:
        return self.source.resources


@dataclass(frozen=True)
class EstimateF0(FromSource):
    """The F0 of the voices."""

    f0: str
    rule, stage = "estimate_f0", "f0"
    registry, files, told = F0_SOURCES, "text", "voices"

    @property
    def folder(self) -> str:
        return f"results/estimate_f0/{self.dataset}/{self.f0}/{self.split}/{self.shard}"

    @property
    def source(self) -> Source:
        return self.configuration.f0_source(self.f0)

    def like_this(self, name: str) -> "EstimateF0":
        return replace(self, f0=name)


@dataclass(frozen=True)
class MakeMarks(FromSource):
    """When each source plays and when it is silent."""

    marks: str
    rule, stage = "make_marks", "marks"
    registry, files, told = MARKS_SOURCES, "text", "stems"

    @property
    def folder(self) -> str:
        return f"results/make_marks/{self.dataset}/{self.marks}/{self.split}/{self.shard}"

    @property
    def source(self) -> Source:
        return self.configuration.marks_source(self.marks)

    def like_this(self, name: str) -> "MakeMarks":
        return replace(self, marks=name)


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
        return _content(self.configuration, "folder", {"root": str(file)}) if file.is_file() else ()

    @property
    def model(self) -> Made:
        return Made(self, f"{self.folder}/model.safetensors")


def _content(configuration: Configuration, kind: str, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Hash of what is fetched, or of a file or folder of the user's; none of one that is not there, see `presence`."""
    if settings.get("root") and not Path(settings["root"]).expanduser().exists():
        return ()
    return (origin_hash(kind, settings, Path(configuration.keys.data_cache)),)
