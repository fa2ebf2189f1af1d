"""What the workflow will do, from the configuration: the rows of each comparison, their files, the code they rest on.

Imported by the Snakefile, in every cluster job too, so nothing heavy is imported here.
"""

import ast
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from workflow_scripts.lib.core.config import NO_F0, checked, merged, read_yaml
from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.core.fingerprint import PACKAGE, ROOT, code_hash, hash_of
from workflow_scripts.lib.datasets.origin import check_dataset, origin_hash
from workflow_scripts.own_song import with_song

LIBRARIES = {"datasets": "dataset", "methods": "method", "f0": "f0_source", "marks": "marks_source"}
F0_MODULES = {
    "exact": [], "stems": ["pitch"], "mixture": ["multipitch", "voice_assignment"], "file": ["f0_user"],
    "degraded": ["f0_degrade"],
}  # fmt: skip
MARKS_MODULES = {"stems": ["activity"], "file": ["marks_user"], "degraded": ["marks_degrade"], "all_active": []}
# A type that a module's Settings names, as the schema says it; other annotations are left to the module itself.
TYPES = {"int": "integer", "float": "number", "str": "string", "bool": "boolean", "None": "null"}


@dataclass(frozen=True)
class Row:
    """One row of a comparison: a method with its F0 source (`no-f0` where it needs none) and seed."""

    method: str
    f0: str
    seed: int


class Plan:
    """The checked configuration and what follows from it. Raises UserError where the configuration is wrong."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.schema = read_yaml(ROOT / "config/schema.yaml")
        own = checked(config.get("own_song", {}), self._part("own_song"), "config: own_song")
        config, self.song = with_song(config, own, lambda name: _definitions(name, config.get(name, {})))
        self.config = checked(config, self.schema, "config")
        self._checked: dict[tuple[str, str], dict[str, Any]] = {}  # definitions, each checked once
        self.run = {name: self._known(name, self.config["comparisons"], "run") for name in self.config["run"]}
        if not (self.run or self.song):
            raise UserError("config: run is empty; name at least one of the comparisons in it.")
        for name, comparison in self.run.items():
            self._check(f"comparisons.{name}", comparison)
            if self.dataset(comparison["dataset"])["kind"] == "recording":
                raise UserError(
                    f"config: comparisons.{name} cannot score {comparison['dataset']!r}, a recording, which has no "
                    "stems."
                )
        if self.song:
            self._check("own_song", self._song_entry())

    @cached_property
    def libraries(self) -> dict[str, dict[str, Any]]:
        """Definitions of data sets, methods, F0 sources and marks: the files in config/, then the user's own keys."""
        found = {library: _definitions(library, self.config[library]) for library in LIBRARIES}
        for comparison in self.config["comparisons"].values():
            for f0 in comparison["f0"]:
                found["f0"] |= degraded(f0, comparison["degrade"])
        return found

    def dataset(self, name: str) -> dict[str, Any]:
        return self._defined("datasets", name)

    def method(self, name: str) -> dict[str, Any]:
        return self._defined("methods", name)

    def f0_source(self, name: str) -> dict[str, Any]:
        return self._defined("f0", name)

    def marks_source(self, name: str) -> dict[str, Any]:
        return self._defined("marks", name)

    def rows(self, comparison: str) -> list[Row]:
        """The rows of a comparison, in the order of its table."""
        entry = self.run[comparison]
        return [
            Row(method, f0, seed)
            for method in entry["methods"]
            for f0 in (self.f0_names(comparison) if "f0" in self.method(method)["needs"] else [NO_F0])
            for seed in (entry["seeds"][:1] if self.method(method)["bound"] else entry["seeds"])
        ]

    def f0_names(self, comparison: str) -> list[str]:
        """The F0 sources of a comparison, each followed by what `degrade` makes of it."""
        entry = self.run[comparison]
        return [name for f0 in entry["f0"] for name in (f0, *degraded(f0, entry["degrade"]))]

    def shards(self) -> list[str]:
        count = self.config["shards"]
        return [f"{k}-of-{count}" for k in range(1, count + 1)]

    # Values, resources, files and options of the rules

    def resource(self, library: str, name: str) -> Callable[[Any, int], int]:
        """What the entry that a job's wildcard names declares; memory and time grow with each attempt."""
        wildcard = {"datasets": "dataset", "methods": "method", "f0": "f0", "marks": "marks"}[library]

        def declared(wildcards: Any, attempt: int) -> int:
            value = self._defined(library, wildcards[wildcard])["resources"][name]
            return value * attempt if name in ("mem_mb", "runtime") else value

        return declared

    def value(self, key: str) -> Callable[[Any], Any]:
        """What the comparison that a job's wildcard names sets for one key."""
        return lambda wildcards: self.run[wildcards.comparison][key]

    def prepared(self, wildcards: Any) -> str:
        """Manifest of the data set of a job's comparison."""
        return f"results/prepare/{self.run[wildcards.comparison]['dataset']}.json"

    def f0_inputs(self, wildcards: Any) -> dict[str, str]:
        """Manifests that an F0 job reads: the data, and the tables to degrade where the source is degraded."""
        entry, job = self.f0_source(wildcards.f0), wildcards
        paths = {"data": f"results/prepare/{job.dataset}.json"}
        if entry["kind"] == "degraded":
            paths["of"] = f"results/estimate_f0/{job.dataset}/{entry['of']}/{job.split}/{job.shard}.json"
        return paths

    def marks_inputs(self, wildcards: Any) -> dict[str, str]:
        """Manifests that a job for marks reads: the data, and the marks to make worse where the source is degraded."""
        entry, job = self.marks_source(wildcards.marks), wildcards
        paths = {"data": f"results/prepare/{job.dataset}.json"}
        if entry["kind"] == "degraded":
            paths["of"] = f"results/make_marks/{job.dataset}/{entry['of']}/{job.split}/{job.shard}.json"
        return paths

    def adapt_inputs(self, wildcards: Any) -> dict[str, str]:
        """What an adaptation job reads: the data, the model that it starts from, and the marks where needed."""
        job = wildcards
        paths = {"data": f"results/prepare/{job.dataset}.json"}
        paths["model"] = f"{self._folder(job.dataset, job.sources, job.method, NO_F0, job.seed)}/model.safetensors"
        return paths | self._marks_input(job)

    def separate_inputs(self, wildcards: Any) -> dict[str, str]:
        """What a separation job reads: the data, and the F0, the marks and the weights where the method needs them."""
        job = wildcards
        paths = {"data": f"results/prepare/{job.dataset}.json"} | self._marks_input(job)
        if job.f0 != NO_F0:
            paths["f0"] = f"results/estimate_f0/{job.dataset}/{job.f0}/{job.split}/{job.shard}.json"
        if "adaptation" in self.method(job.method)["needs"]:
            folder = f"results/adapt/{job.dataset}/{job.sources}/{job.method}/seed{job.seed}"
            paths["adapted"] = f"{folder}/{job.split}/{job.shard}.json"
        elif self._taught(job.method):
            folder = self._folder(job.dataset, job.sources, job.method, job.f0, job.seed)
            paths["model"] = f"{folder}/model.safetensors"
        return paths

    def _marks_input(self, job: Any) -> dict[str, str]:
        method = self.method(job.method)
        path = f"results/make_marks/{job.dataset}/{method['marks']}/{job.split}/{job.shard}.json"
        return {"marks": path} if "marks" in method["needs"] else {}

    def _taught(self, method: str) -> str | None:
        """The method whose training gives the weights that a method starts or works with; None where it has none."""
        entry = self.method(method)
        return method if "training" in entry["needs"] else entry["start"]

    def _school(self, dataset: str, method: str) -> str:
        """The data set that a method learns from, to be used on a data set."""
        own = self.method(method)["train_on"] == "test"
        return dataset if own else self.dataset(dataset)["models_from"] or dataset

    def _folder(self, dataset: str, sources: str, method: str, f0: str, seed: int) -> str:
        """Folder of the model that a method starts or works with."""
        taught = self._taught(method)
        return f"results/train/{self._school(dataset, taught)}/{sources}/{taught}/{self._f0_of(taught, f0)}/seed{seed}"

    def _f0_of(self, taught: str, f0: str) -> str:
        """The F0 source that a method was trained with, to work with `f0`."""
        entry = self.method(taught)
        return (entry["training_f0"] or f0) if "f0" in entry["needs"] else NO_F0

    def start_model(self, wildcards: Any) -> list[str]:
        """The model that a training job starts from, if any."""
        job, start = wildcards, self.method(wildcards.method)["start"]
        if start is None:
            return []
        return [f"{self._folder(job.dataset, job.sources, start, job.f0, job.seed)}/model.safetensors"]

    def unpaired(self, method: str) -> dict[str, Any] | None:
        """Which unlabelled songs a method is given, None where it needs none."""
        entry = self.method(method)
        return entry["unpaired"] if "unpaired" in entry["needs"] else None

    def preparation(self, dataset: str) -> str:
        """What of a data set's definition its preparation depends on, as JSON."""
        entry = self.dataset(dataset)
        names = ("settings", "stems", "voices", "rate", "channels", "accept_licence", "terms", "muted")
        return text({name: entry[name] for name in names})

    def labels(self, comparison: str) -> str:
        """The rows of a comparison as JSON: names, label and kind of each, in the order of the table."""
        rows = self.rows(comparison)
        return text([asdict(row) | self._facts(row.method) for row in rows])

    def _facts(self, method: str) -> dict[str, Any]:
        entry = self.method(method)
        needs = {"trained": "training" in entry["needs"], "adapted": "adaptation" in entry["needs"]}
        return {"label": entry["label"], "bound": entry["bound"]} | needs

    def with_errors(self) -> list[str]:
        """The comparisons that have a figure of robustness."""
        return [name for name, entry in self.run.items() if any(entry["degrade"].values())]

    def with_critics(self) -> list[str]:
        """The comparisons that have a figure of what critics see."""
        return [name for name in self.run if self._critical(name)]

    def critic(self, comparison: str) -> Row:
        """The row whose critics are drawn: the last in the table that has some, with its first seed."""
        rows = self._critical(comparison)
        return next(row for row in rows if row.method == rows[-1].method)

    def critic_model(self, comparison: str) -> str:
        return f"{self._model(comparison, self.critic(comparison))}/model.safetensors"

    def _critical(self, comparison: str) -> list[Row]:
        return [row for row in self._trained(comparison) if _has(self.method(row.method)["module"], "critics_view")]

    def errors(self, comparison: str) -> str:
        """What each degraded F0 source of a comparison is made of, as JSON."""
        entry = self.run[comparison]
        made = {name: each for f0 in entry["f0"] for name, each in degraded(f0, entry["degrade"]).items()}
        return text([{"f0": name, "of": each["of"], "settings": each["settings"]} for name, each in made.items()])

    def contrasts(self, comparison: str) -> str:
        """The planned contrasts of methods that the comparison has, as JSON: pairs of labels."""
        entry = self.run[comparison]
        pairs = [pair for pair in entry["contrasts"] if set(pair) <= set(entry["methods"])]
        return text([[self.method(name)["label"] for name in pair] for pair in pairs])

    def budgets(self, comparison: str) -> str:
        """The trained rows of a comparison as JSON, once for all seeds: label, F0, budget, and `curve`, the same for
        rows that differ in their budget only, and in that of the model that they start from."""
        rows = {(row.method, row.f0): None for row in self._trained(comparison)}
        return text(
            [
                {
                    "label": self.method(method)["label"],
                    "f0": "" if f0 == NO_F0 else f0,
                    "curve": self._but_for_budget(method),
                }
                | self.method(method)["budget"]
                for method, f0 in rows
            ]
        )

    def _but_for_budget(self, method: str) -> str:
        entry = self.method(method)
        other = ("label", "like", "budget", "resources", "start")
        same = {key: value for key, value in entry.items() if key not in other}
        return hash_of(text(same), *([] if entry["start"] is None else [self._but_for_budget(entry["start"])]))

    def remark(self, comparison: str) -> str:
        return self.dataset(self.run[comparison]["dataset"])["remark"]

    def estimates(self, comparison: str, shard: str) -> list[str]:
        """Manifest of the estimates of each row, for one shard."""
        entry = self.run[comparison]
        base = f"results/separate/{entry['dataset']}/{'+'.join(entry['sources'])}"
        tail = f"{entry['split']}/{shard}"
        return [f"{base}/{row.method}/{row.f0}/seed{row.seed}/{tail}.json" for row in self.rows(comparison)]

    def all_estimates(self, comparison: str) -> list[str]:
        """The same for all shards, those of one shard together."""
        return [each for shard in self.shards() for each in self.estimates(comparison, shard)]

    def models(self, comparison: str) -> list[str]:
        """Provenance of the model of each row that has one."""
        return [f"{self._model(comparison, row)}/provenance.json" for row in self._trained(comparison)]

    def adaptations(self, comparison: str) -> list[str]:
        """Manifests of the adapted models of each row that has some, those of one shard together."""
        entry = self.run[comparison]
        base = f"results/adapt/{entry['dataset']}/{'+'.join(entry['sources'])}"
        rows = [row for row in self.rows(comparison) if "adaptation" in self.method(row.method)["needs"]]
        tails = [f"{entry['split']}/{shard}.json" for shard in self.shards()]
        return [f"{base}/{row.method}/seed{row.seed}/{tail}" for tail in tails for row in rows]

    def curves(self, comparison: str) -> list[str]:
        """Curves of the training of each row that `curve_labels` names."""
        return [f"{self._model(comparison, row)}/curves.csv" for row in self._trained_by_steps(comparison)]

    def curve_labels(self, comparison: str) -> str:
        """The rows whose methods learn step by step, as JSON: names and label."""
        rows = self._trained_by_steps(comparison)
        return text([asdict(row) | {"label": self.method(row.method)["label"]} for row in rows])

    def with_curves(self) -> list[str]:
        """The comparisons that have a figure of training curves."""
        return [name for name in self.run if self.curves(name)]

    # Rows that use the model of another row

    def with_adaptation(self) -> list[str]:
        """The comparisons that have a figure of the course of adaptations."""
        return [name for name in self.run if self.adaptations(name)]

    def with_gains(self) -> list[str]:
        """The comparisons that have adapted rows beside that of the model that they start from."""
        return [name for name in self.run if any(row["adapted"] for row in json.loads(self.gains(name)))]

    def gains(self, comparison: str) -> str:
        """The rows that use another row's model, adapted or as it is, as JSON: label, that of the other row, that of
        the marks, `alike`, the same for rows that differ in their marks only, and whether it is adapted."""
        methods = self.run[comparison]["methods"]
        found = []
        for name in methods:
            entry = self.method(name)
            if entry["start"] in methods and not {"training", "f0"} & set(entry["needs"]):
                marks = entry["marks"] and self.marks_source(entry["marks"])["label"]
                row = {"label": entry["label"], "baseline": self.method(entry["start"])["label"], "marks": marks}
                row["alike"] = self._but_for_marks(name)
                found.append(row | {"adapted": "adaptation" in entry["needs"]})
        return text(found)

    def _but_for_marks(self, method: str) -> str:
        other = ("label", "like", "marks", "resources")
        return hash_of(text({key: value for key, value in self.method(method).items() if key not in other}))

    def draw_gains_code(self, comparison: str) -> str:
        chosen = self.gains(comparison)
        return hash_of(code_hash("workflow_scripts.report.draw_gains"), self.score_code(comparison), chosen)

    def draw_adaptation_code(self, comparison: str) -> str:
        dataset = self.run[comparison]["dataset"]
        rows = [row for row in self.rows(comparison) if "adaptation" in self.method(row.method)["needs"]]
        adapted = [self.adapt_code(dataset, row.method) for row in rows]
        return hash_of(code_hash("workflow_scripts.report.draw_adaptation"), *adapted)

    def training_f0(self, dataset: str, method: str, f0: str) -> list[str]:
        """Manifests of the F0 tables that a training needs."""
        splits = {"train": ("train", "valid"), "test": ("test",)}[self.method(method)["train_on"]]
        base = f"results/estimate_f0/{dataset}/{f0}"
        return [f"{base}/{split}/{shard}.json" for split in splits for shard in self.shards()] if f0 != NO_F0 else []

    def _model(self, comparison: str, row: Row) -> str:
        entry = self.run[comparison]
        return self._folder(entry["dataset"], "+".join(entry["sources"]), row.method, row.f0, row.seed)

    def _trained(self, comparison: str) -> list[Row]:
        return [row for row in self.rows(comparison) if "training" in self.method(row.method)["needs"]]

    def _trained_by_steps(self, comparison: str) -> list[Row]:
        """One row for each training, with the F0 source that it learns with."""
        rows = [row for row in self._trained(comparison) if _learns_by_steps(self.method(row.method)["module"])]
        return list(dict.fromkeys(replace(row, f0=self._f0_of(row.method, row.f0)) for row in rows))

    def score_manifests(self, comparison: str) -> list[str]:
        return [f"results/score/{comparison}/{shard}.json" for shard in self.shards()]

    def f0_reference(self, comparison: str) -> str:
        """What estimated F0 is measured against: the exact one of embedded data, otherwise that of the stems."""
        kind = self.dataset(self.run[comparison]["dataset"])["kind"]
        return "exact" if kind == "embedded" else "stems"

    def f0_tables(self, comparison: str, f0: str) -> list[str]:
        entry = self.run[comparison]
        return [f"results/estimate_f0/{entry['dataset']}/{f0}/{entry['split']}/{shard}.json" for shard in self.shards()]

    def all_f0_tables(self, comparison: str) -> list[str]:
        return [each for f0 in self.run[comparison]["f0"] for each in self.f0_tables(comparison, f0)]

    # One recording of the user's own

    def targets(self) -> list[str]:
        """What a run makes: the report, or the stems of the user's recording where one is given."""
        if self.song:
            return [f"results/song/{self.song.name}.json"]
        return [self.summary(), "results/report/scores.parquet"]

    def summary(self) -> str:
        """The text that is printed at the end of a run."""
        return f"results/song/{self.song.name}/summary.txt" if self.song else "results/report/summary.txt"

    def song_inputs(self, wildcards: Any) -> dict[str, str]:  # noqa: ARG002
        """What the stems of the user's recording are made from."""
        song, tail = self.song, "seed0/test/1-of-1.json"
        base = f"results/separate/{song.dataset}/{'+'.join(self.dataset(song.dataset)['stems'])}"
        f0 = {name: song.f0 if "f0" in self.method(name)["needs"] else NO_F0 for name in (song.before, song.method)}
        paths = {"data": f"results/prepare/{song.dataset}.json", "song": str(song.file)}
        paths["before"] = f"{base}/{song.before}/{f0[song.before]}/{tail}"
        paths["after"] = f"{base}/{song.method}/{f0[song.method]}/{tail}"
        marks = self.method(song.method)["marks"]
        return paths | ({"marks": f"results/make_marks/{song.dataset}/{marks}/test/1-of-1.json"} if song.guided else {})

    def song_code(self) -> str:
        song, script = self.song, code_hash("workflow_scripts.song.write_song")
        return hash_of(script, self.separate_code(song.dataset, song.method, song.f0))

    def _song_entry(self) -> dict[str, Any]:
        """The recording as a comparison, to be checked as one."""
        song, sources = self.song, self.dataset(self.song.dataset)["stems"]
        entry = {"dataset": song.dataset, "sources": sources, "methods": [song.before, song.method]}
        entry |= {"metrics": ["SI-SDR"], "f0": [] if song.f0 == NO_F0 else [song.f0]}
        return checked(entry, self._part("comparison"), "config: own_song")

    # Fingerprints. Each holds those of the stages before it, so that a result can never rest on an older one unseen.

    def prepare_code(self, dataset: str) -> str:
        entry = self.dataset(dataset)
        modules = ["workflow_scripts.data.prepare"]
        if entry["kind"] == "embedded":
            modules.append(f"{PACKAGE}.lib.datasets.embedded.{entry['settings']['corpus']}")
        origin = origin_hash(entry["kind"], entry["settings"], Path(self.config["data_cache"]))
        return hash_of(code_hash(*modules), origin, self.preparation(dataset))

    def f0_code(self, dataset: str, f0: str) -> str:
        entry = self.f0_source(f0)
        before = self.f0_code(dataset, entry["of"]) if entry["kind"] == "degraded" else self.prepare_code(dataset)
        file = Path(entry["settings"]["root"]) if entry["kind"] == "file" else None
        origin = origin_hash("folder", {"root": str(file)}, Path(self.config["data_cache"])) if file else ""
        return hash_of(code_hash("workflow_scripts.f0.estimate_f0"), before, origin, text(entry["settings"]))

    def marks_code(self, dataset: str, marks: str) -> str:
        entry = self.marks_source(marks)
        before = self.marks_code(dataset, entry["of"]) if entry["kind"] == "degraded" else self.prepare_code(dataset)
        origin = origin_hash("marks", entry["settings"], self._cache) if entry["kind"] == "file" else ""
        chosen = text([entry["kind"], entry["settings"]])
        return hash_of(code_hash("workflow_scripts.marks.make_marks"), before, origin, chosen)

    def train_code(self, dataset: str, method: str, f0: str) -> str:
        entry = self.method(method)
        start = entry["start"]
        chosen = text([entry["training"], entry["budget"], entry["train_on"], self.unpaired(method), start])
        before = [] if f0 == NO_F0 else [self.f0_code(dataset, f0)]
        before += [] if start is None else [self.train_code(dataset, start, self._f0_of(start, f0))]
        return hash_of(self._method_code("train.train", method), chosen, self.prepare_code(dataset), *before)

    def adapt_code(self, dataset: str, method: str) -> str:
        parts = [self._method_code("adapt.adapt", method), self.prepare_code(dataset)]
        return hash_of(*parts, self._model_code(dataset, method, NO_F0), *self._marks_codes(dataset, method))

    def separate_code(self, dataset: str, method: str, f0: str) -> str:
        parts = [self._method_code("separate.separate", method), self.prepare_code(dataset)]
        if "adaptation" in self.method(method)["needs"]:
            parts.append(self.adapt_code(dataset, method))
        elif self._taught(method):
            parts.append(self._model_code(dataset, method, f0))
        if f0 != NO_F0:
            parts.append(self.f0_code(dataset, f0))
        return hash_of(*parts, *self._marks_codes(dataset, method))

    def _model_code(self, dataset: str, method: str, f0: str) -> str:
        taught = self._taught(method)
        return self.train_code(self._school(dataset, taught), taught, self._f0_of(taught, f0))

    def _marks_codes(self, dataset: str, method: str) -> list[str]:
        entry = self.method(method)
        return [self.marks_code(dataset, entry["marks"])] if "marks" in entry["needs"] else []

    def score_code(self, comparison: str) -> str:
        entry = self.run[comparison]
        rows = [self.separate_code(entry["dataset"], row.method, row.f0) for row in self.rows(comparison)]
        chosen = text([entry["sources"], entry["split"], entry["metrics"], entry["scoring"]])
        return hash_of(code_hash("workflow_scripts.score.score"), chosen, *rows)

    def score_f0_code(self, comparison: str) -> str:
        entry = self.run[comparison]
        sources = [self.f0_code(entry["dataset"], f0) for f0 in entry["f0"]]
        return hash_of(code_hash("workflow_scripts.score.score_f0"), *sources)

    def compare_code(self, comparison: str) -> str:
        groups = text(self.run[comparison]["groups"])
        planned = self.contrasts(comparison)
        return hash_of(code_hash("workflow_scripts.compare.compare"), self.score_code(comparison), groups, planned)

    def draw_code(self, comparison: str) -> str:
        chosen = text(self.run[comparison]["groups"]) + self.budgets(comparison)
        return hash_of(code_hash("workflow_scripts.report.draw"), self.score_code(comparison), chosen)

    def draw_robustness_code(self, comparison: str) -> str:
        return hash_of(code_hash("workflow_scripts.report.draw_robustness"), self.score_code(comparison))

    def draw_critics_code(self, comparison: str) -> str:
        row, dataset = self.critic(comparison), self.run[comparison]["dataset"]
        return hash_of(
            code_hash("workflow_scripts.report.draw_critics"), self.separate_code(dataset, row.method, row.f0)
        )

    def draw_training_code(self, comparison: str) -> str:
        dataset = self.run[comparison]["dataset"]
        models = [self._model_code(dataset, row.method, row.f0) for row in self._trained_by_steps(comparison)]
        return hash_of(code_hash("workflow_scripts.report.draw_training"), *models)

    def report_code(self) -> str:
        before = [self.compare_code(name) + self.score_f0_code(name) for name in self.run]
        return hash_of(code_hash("workflow_scripts.report.report"), *before)

    def _method_code(self, script: str, method: str) -> str:
        entry = self.method(method)
        return hash_of(
            code_hash(f"{PACKAGE}.{script}", f"{PACKAGE}.lib.methods.{entry['module']}"), text(entry["settings"])
        )

    @property
    def _cache(self) -> Path:
        return Path(self.config["data_cache"])

    # Checks

    def _known(self, name: str, valid: dict[str, Any], where: str) -> Any:
        if name not in valid:
            raise UserError(f"config: {where} names {name!r}, which is not defined; {nearest(name, valid)}")
        return valid[name]

    def _defined(self, library: str, name: str) -> dict[str, Any]:
        if (library, name) not in self._checked:
            entry = self._known(name, self.libraries[library], library)
            self._checked[library, name] = checked(entry, self._part(LIBRARIES[library]), f"config: {library}.{name}")
        return self._checked[library, name]

    def _part(self, name: str) -> dict[str, Any]:
        """The schema of one kind of entry."""
        return {"$ref": f"#/$defs/{name}", "$defs": self.schema["$defs"]}

    def _check(self, where: str, entry: dict[str, Any]) -> None:
        self._known(entry["dataset"], self.libraries["datasets"], f"{where}.dataset")
        dataset = self.dataset(entry["dataset"])
        check_dataset(entry["dataset"], dataset)
        self._check_models_from(entry["dataset"], dataset)
        for source in entry["sources"]:
            self._known(source, dict.fromkeys([*dataset["stems"], "accompaniment"]), f"{where}.sources")
        if "accompaniment" in entry["sources"] and set(dataset["stems"]) <= set(entry["sources"]):
            raise UserError(
                f"config: {where}.sources has 'accompaniment', the sum of the stems not named, but names every stem."
            )
        for metric in entry["metrics"]:
            self._known(metric, dict.fromkeys(_metric_names()), f"{where}.metrics")
        for name in entry["methods"]:
            self._known(name, self.libraries["methods"], f"{where}.methods")
            method = self.method(name)
            self._check_adaptation(name, method)
            self._check_marks(name, dataset)
            chain = self._chain(name)
            for each in chain:
                self._check_settings(f"methods.{each}", self.method(each)["module"], self.method(each)["settings"])
                self._check_training(each, self.method(each))
            trained = ["training" in self.method(each)["needs"] and self.method(each)["train_on"] for each in chain]
            if entry["split"] == "train" and "train" in trained:
                raise UserError(
                    f"config: {where} scores the split 'train', which its method {name!r} is trained on; score another "
                    "split or leave the method out."
                )
            if "f0" in method["needs"]:
                self._check_f0(where, name, entry, dataset)
                if method["training_f0"]:
                    self._check_f0_source(f"methods.{name}.training_f0", method["training_f0"])
        for name in entry["f0"]:
            self._check_f0_source(f"{where}.f0", name)
            if dataset["kind"] == "recording" and self._f0_kind(name) in ("exact", "stems"):
                raise UserError(
                    f"config: {where}.f0 has {name!r}, found from stems, but a recording has none; take 'mixture' or a "
                    "table of your own."
                )
        for voice in (voice for voices in entry["degrade"]["left_out"] for voice in voices):
            self._known(voice, dict.fromkeys(dataset["voices"]), f"{where}.degrade.left_out")
        for name in (name for pair in entry["contrasts"] for name in pair):
            self._known(name, self.libraries["methods"], f"{where}.contrasts")

    def _check_f0(self, where: str, method: str, entry: dict[str, Any], dataset: dict[str, Any]) -> None:
        if not entry["f0"]:
            raise UserError(
                f"config: {where} has the method {method!r}, which needs F0, but no F0 source; name one in {where}.f0."
            )
        unvoiced = [source for source in entry["sources"] if source not in dataset["voices"]]
        if unvoiced:
            raise UserError(
                f"config: {where} has the method {method!r}, which needs F0, but the data set {entry['dataset']!r} "
                f"gives {unvoiced[0]!r} no F0; list it in the data set's `voices` or leave the method out."
            )

    def _f0_kind(self, name: str) -> str:
        entry = self.f0_source(name)
        return self._f0_kind(entry["of"]) if entry["kind"] == "degraded" else entry["kind"]

    def _check_f0_source(self, where: str, name: str) -> None:
        self._known(name, self.libraries["f0"], where)
        entry = self.f0_source(name)
        modules = [ROOT / PACKAGE / "lib/audio" / f"{module}.py" for module in F0_MODULES[entry["kind"]]]
        checked(entry["settings"], _settings_schema(modules), f"config: f0.{name}.settings")
        if entry["kind"] == "file" and "root" not in entry["settings"]:
            raise UserError(f"config: f0.{name}.settings lacks 'root', the folder of your own <track>.csv files.")
        if entry["kind"] == "degraded":
            if "of" not in entry:
                raise UserError(
                    f"config: f0.{name} is degraded, but does not say of what; name an F0 source in f0.{name}.of."
                )
            self._check_f0_source(f"f0.{name}.of", entry["of"])

    def _check_adaptation(self, name: str, method: dict[str, Any]) -> None:
        where = f"config: methods.{name}"
        if "adaptation" in method["needs"] and method["start"] is None:
            raise UserError(
                f"{where} needs adaptation, but names no model to adapt; name a method in methods.{name}.start."
            )
        if "adaptation" in method["needs"] and not _has(method["module"], "adapt"):
            raise UserError(
                f"{where} needs adaptation, but its module {method['module']!r} has none; take it out of `needs`."
            )
        if {"adaptation", "f0"} <= set(method["needs"]):
            raise UserError(f"{where} needs adaptation and F0, which adaptation is not given; take one out of `needs`.")

    def _check_marks(self, name: str, dataset: dict[str, Any]) -> None:
        method = self.method(name)
        if "marks" not in method["needs"]:
            if method["marks"] is not None:
                raise UserError(f"config: methods.{name}.marks is given, but `needs` has no 'marks'; add it there.")
            return
        if method["marks"] is None:
            raise UserError(
                f"config: methods.{name} needs marks, but names none; name a source in methods.{name}.marks."
            )
        self._check_marks_source(f"methods.{name}.marks", method["marks"], dataset)

    def _check_marks_source(self, where: str, name: str, dataset: dict[str, Any]) -> None:
        self._known(name, self.libraries["marks"], where)
        entry = self.marks_source(name)
        modules = [ROOT / PACKAGE / "lib/datasets" / f"{module}.py" for module in MARKS_MODULES[entry["kind"]]]
        checked(entry["settings"], _settings_schema(modules), f"config: marks.{name}.settings")
        if entry["kind"] == "file" and not Path(entry["settings"].get("root", "")).expanduser().exists():
            raise UserError(
                f"config: marks.{name}.settings.root is {entry['settings'].get('root')!r}, where there is nothing; set "
                "it to your folder of <track>.txt label files."
            )
        if entry["kind"] == "stems" and dataset["kind"] == "recording":
            raise UserError(
                f"config: {where} is {name!r}, found from stems, but a recording has none; name marks of your own."
            )
        if entry["kind"] == "degraded":
            if "of" not in entry:
                raise UserError(
                    f"config: marks.{name} is degraded, but does not say of what; name marks in marks.{name}.of."
                )
            self._check_marks_source(f"marks.{name}.of", entry["of"], dataset)

    def _check_models_from(self, name: str, dataset: dict[str, Any]) -> None:
        other = dataset["models_from"]
        if other is None:
            return
        where = f"config: datasets.{name}.models_from"
        self._known(other, self.libraries["datasets"], f"datasets.{name}.models_from")
        school = self.dataset(other)
        check_dataset(other, school)
        for key in ("rate", "channels", "stems"):
            if None not in (dataset[key], school[key]) and dataset[key] != school[key]:
                raise UserError(
                    f"{where} is {other!r}, whose {key} is {school[key]}, but that of {name!r} is {dataset[key]}; make "
                    "them equal."
                )

    def _check_settings(self, where: str, module: str, settings: dict[str, Any]) -> None:
        folder = ROOT / PACKAGE / "lib/methods"
        modules = {path.stem for path in folder.glob("*.py") if "class Settings" in path.read_text()} - {"contract"}
        self._known(module, dict.fromkeys(modules), f"{where}.module")
        checked(settings, _settings_schema([folder / f"{module}.py"]), f"config: {where}.settings")

    def _check_training(self, name: str, method: dict[str, Any]) -> None:
        given = self.libraries["methods"][name]
        if "training" in given and not _learns_by_steps(method["module"]):
            raise UserError(
                f"config: methods.{name}.training is given, but the module {method['module']!r} does not learn step by "
                "step; leave it out."
            )
        for key in ("training", "budget", "train_on", "training_f0", "unpaired"):
            need = "unpaired" if key == "unpaired" else "training"
            if key in given and need not in method["needs"]:
                raise UserError(f"config: methods.{name}.{key} is given, but `needs` has no {need!r}; add it there.")
        if "unpaired" in method["needs"] and "training" not in method["needs"]:
            raise UserError(f"config: methods.{name} needs 'unpaired' without 'training', which uses it; add it there.")
        starts = method["start"] is not None
        uses = {"unpaired": "unpaired" in method["needs"], "start": starts and "training" in method["needs"]}
        for what in uses:
            if uses[what] and not _learns_by_steps(method["module"]):
                raise UserError(
                    f"config: methods.{name} uses {what!r}, but the module {method['module']!r} does not learn step by "
                    "step; leave it out."
                )
        if starts:
            self._check_start(name, method)
        if method["train_on"] == "test" and method["settings"].get("supervision") != "mixture":
            raise UserError(
                f"config: methods.{name}.train_on is 'test', which would show the method the stems that it is scored "
                "against; that is allowed only with settings.supervision: mixture, which reads no stem."
            )

    def _chain(self, name: str) -> list[str]:
        """The method, the one whose model it starts from, the one before that, and so on."""
        chain = [name]
        while (start := self.method(chain[-1])["start"]) is not None:
            self._known(start, self.libraries["methods"], f"methods.{chain[-1]}.start")
            chain.append(start)
            if start in chain[:-1]:
                raise UserError(
                    f"config: methods.{chain[-2]}.start goes round in a circle, {' from '.join(chain)}; let one of "
                    "them start from null."
                )
        return chain

    def _check_start(self, name: str, method: dict[str, Any]) -> None:
        where, start = f"config: methods.{name}.start names {method['start']!r}", self.method(method["start"])
        if "training" not in start["needs"]:
            raise UserError(f"{where}, which is not trained, so it has no model to start from; name one that is.")
        if "f0" in start["needs"] and "f0" not in method["needs"]:
            raise UserError(f"{where}, which needs F0, but {name!r} does not; add 'f0' to its needs or name another.")
        shared = ["budget", "train_on"] if "unpaired" in method["needs"] else []
        shared += ["unpaired"] if shared and "unpaired" in start["needs"] else []
        for key in shared:
            if start[key] != method[key]:
                raise UserError(
                    f"{where}, whose {key} is {text(start[key])}, but that of {name!r} is {text(method[key])}, so that "
                    "a song could serve both in pairs and without; make them alike."
                )


def degraded(f0: str, ways: dict[str, list[Any]]) -> dict[str, Any]:
    """Definitions of the F0 sources that each value of each way makes of a source, by name."""
    found = {}
    for way, value in ((way, value) for way, values in ways.items() for value in values):
        name = "-".join([f0, way, *(value if isinstance(value, list) else [str(value)])])
        found[name] = {"label": name, "kind": "degraded", "of": f0, "settings": {way: value}}
    return found


def growing(value: int) -> Callable[[Any, int], int]:
    """A resource that grows with each attempt, as the retries of a cluster profile expect."""
    return lambda wildcards, attempt: value * attempt  # noqa: ARG005


def lead_jobs_here() -> None:
    """Make every job find this environment's Python and this project, wherever snakemake was started from."""
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    os.environ["PYTHONPATH"] = str(ROOT)


def optional(wildcards: Any, input: Any) -> list[str]:  # noqa: ARG001
    """Options for the inputs that not every job of a rule has."""
    given = [name for name in ("of", "f0", "model", "adapted", "marks") if name in input.keys()]  # noqa: SIM118, a list of files too
    return [part for name in given for part in (f"--{name}", input[name])]


def text(value: Any) -> str:
    """A value as JSON that does not depend on the order of keys."""
    return json.dumps(value, sort_keys=True)


def _definitions(library: str, own: dict[str, Any]) -> dict[str, Any]:
    """The files of a library in config/, the user's own keys laid over them, and `like` filled in."""
    files = {path.stem: read_yaml(path) for path in sorted((ROOT / "config" / library).glob("*.yaml"))}
    found = merged(files, own)
    return {name: _like(name, library, found, ()) for name in found}


def _like(name: str, library: str, found: dict[str, Any], before: tuple[str, ...]) -> dict[str, Any]:
    """An entry laid over the one that it names in `like`, if any. before: the entries that led to it."""
    entry = dict(found[name])
    other = entry.pop("like", None)
    if other is None:
        return entry
    if other not in found or other in (*before, name):
        valid = found.keys() - {*before, name}
        raise UserError(f"config: {library}.{name}.like is {other!r}; {nearest(other, valid)}")
    return merged(_like(other, library, found, (*before, name)), entry)


def _settings_schema(paths: list[Path]) -> dict[str, Any]:
    """The dataclasses `Settings` of modules as a JSON schema, read without importing them (they may import torch)."""
    fields = [node for path in paths for node in _fields(path, "Settings")]
    properties = {ast.unparse(node.target): _schema_of(ast.unparse(node.annotation)) for node in fields}
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _fields(path: Path, name: str) -> list[ast.AnnAssign]:
    """The fields of a class of a module, those of its bases in this project first; none where it has no such class."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    homes = {
        alias.asname or alias.name: (ROOT.joinpath(*node.module.split(".")).with_suffix(".py"), alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(f"{PACKAGE}.")
        for alias in node.names
    }
    found = []
    for each in (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name):
        for base in each.bases:
            found += _fields(*homes.get(ast.unparse(base), (path, ast.unparse(base))))
        found += [node for node in each.body if isinstance(node, ast.AnnAssign)]
    return found


def _learns_by_steps(module: str) -> bool:
    """Whether a method's module has the function `trainee`."""
    return _has(module, "trainee")


@cache
def _has(module: str, function: str) -> bool:
    """Whether a method's module has a function, its own or an imported one, found without importing it."""
    tree = ast.parse((ROOT / PACKAGE / "lib/methods" / f"{module}.py").read_text(encoding="utf-8"))
    own = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    imported = {
        alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    return function in own | imported


def _schema_of(annotation: str) -> dict[str, Any]:
    if annotation.startswith("Literal["):
        return {"enum": list(ast.literal_eval(annotation.removeprefix("Literal").replace("[", "(").replace("]", ",)")))}
    names = annotation.split(" | ")
    return {"type": [TYPES[name] for name in names]} if set(names) <= set(TYPES) else {}


def _metric_names() -> list[str]:
    """Names of the metrics, read from the registry without importing it (it imports SciPy)."""
    tree = ast.parse((ROOT / PACKAGE / "lib/metrics/registry.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "Metric"]
    first = [call.args[0] if call.args else next(k.value for k in call.keywords if k.arg == "name") for call in calls]
    return [node.value for node in first if isinstance(node, ast.Constant)]
