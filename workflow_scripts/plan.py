"""What the workflow will do, from the configuration: the rows of each comparison and the files that they rest on.

Imported by the Snakefile, in every cluster job too, so nothing heavy is imported here.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from workflow_scripts import declared
from workflow_scripts.configuration import Configuration, degraded
from workflow_scripts.jobs import text
from workflow_scripts.lib.core.config import NO_F0
from workflow_scripts.lib.core.fingerprint import hash_of
from workflow_scripts.plan_checks import check


@dataclass(frozen=True)
class Row:
    """One row of a comparison: a method with its F0 source (`no-f0` where it needs none) and seed."""

    method: str
    f0: str
    seed: int


class Plan(Configuration):
    """The checked configuration and what follows from it. Raises UserError where the configuration is wrong."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        check(self)

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

    def _trained(self, comparison: str) -> list[Row]:
        return [row for row in self.rows(comparison) if "training" in self.method(row.method)["needs"]]

    def trained_by_steps(self, comparison: str) -> list[Row]:
        """One row for each training, with the F0 source that it learns with."""
        rows = [row for row in self._trained(comparison) if declared.learns_by_steps(self.method(row.method)["module"])]
        return list(dict.fromkeys(replace(row, f0=self.f0_of(row.method, row.f0)) for row in rows))

    def critic(self, comparison: str) -> Row:
        """The row whose critics are drawn: the last in the table that has some, with its first seed."""
        rows = self._critical(comparison)
        return next(row for row in rows if row.method == rows[-1].method)

    def _critical(self, comparison: str) -> list[Row]:
        rows = self._trained(comparison)
        return [row for row in rows if declared.has(self.method(row.method)["module"], "critics_view")]

    # What jobs are given

    def resource(self, library: str, name: str) -> Callable[[Any, int], int]:
        """What the entry that a job's wildcard names declares; memory and time grow with each attempt."""
        wildcard = {"datasets": "dataset", "methods": "method", "f0": "f0", "marks": "marks"}[library]

        def needed(wildcards: Any, attempt: int) -> int:
            value = self.definition(library, wildcards[wildcard])["resources"][name]
            return value * attempt if name in ("mem_mb", "runtime") else value

        return needed

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

    def training_f0(self, dataset: str, method: str, f0: str) -> list[str]:
        """Manifests of the F0 tables that a training needs."""
        splits = {"train": ("train", "valid"), "test": ("test",)}[self.method(method)["train_on"]]
        base = f"results/estimate_f0/{dataset}/{f0}"
        return [f"{base}/{split}/{shard}.json" for split in splits for shard in self.shards()] if f0 != NO_F0 else []

    def start_model(self, wildcards: Any) -> list[str]:
        """The model that a training job starts from, if any."""
        job, start = wildcards, self.method(wildcards.method)["start"]
        if start is None:
            return []
        return [f"{self._folder(job.dataset, job.sources, start, job.f0, job.seed)}/model.safetensors"]

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
        elif self.taught(job.method):
            folder = self._folder(job.dataset, job.sources, job.method, job.f0, job.seed)
            paths["model"] = f"{folder}/model.safetensors"
        return paths

    def _marks_input(self, job: Any) -> dict[str, str]:
        method = self.method(job.method)
        path = f"results/make_marks/{job.dataset}/{method['marks']}/{job.split}/{job.shard}.json"
        return {"marks": path} if "marks" in method["needs"] else {}

    def _folder(self, dataset: str, sources: str, method: str, f0: str, seed: int) -> str:
        """Folder of the model that a method starts or works with."""
        taught = self.taught(method)
        if "weights" in self.method(taught)["needs"]:
            return f"results/import_weights/{taught}"
        return f"results/train/{self.school(dataset, taught)}/{sources}/{taught}/{self.f0_of(taught, f0)}/seed{seed}"

    # What is made for a comparison

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
        return [f"{self._model(comparison, row)}/curves.csv" for row in self.trained_by_steps(comparison)]

    def critic_model(self, comparison: str) -> str:
        return f"{self._model(comparison, self.critic(comparison))}/model.safetensors"

    def _model(self, comparison: str, row: Row) -> str:
        entry = self.run[comparison]
        return self._folder(entry["dataset"], "+".join(entry["sources"]), row.method, row.f0, row.seed)

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

    # What its tables and figures are told

    def labels(self, comparison: str) -> str:
        """The rows of a comparison as JSON: names, label and kind of each, in the order of the table."""
        rows = self.rows(comparison)
        return text([asdict(row) | self._facts(row.method) for row in rows])

    def _facts(self, method: str) -> dict[str, Any]:
        entry = self.method(method)
        needs = {"trained": "training" in entry["needs"], "adapted": "adaptation" in entry["needs"]}
        return {"label": entry["label"], "bound": entry["bound"]} | needs

    def remark(self, comparison: str) -> str:
        return self.dataset(self.run[comparison]["dataset"])["remark"]

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
        other = ("label", "budget", "resources", "start")
        same = {key: value for key, value in entry.items() if key not in other}
        return hash_of(text(same), *([] if entry["start"] is None else [self._but_for_budget(entry["start"])]))

    def curve_labels(self, comparison: str) -> str:
        """The rows whose methods learn step by step, as JSON: names and label."""
        rows = self.trained_by_steps(comparison)
        return text([asdict(row) | {"label": self.method(row.method)["label"]} for row in rows])

    def with_errors(self) -> list[str]:
        """The comparisons that have a figure of robustness."""
        return [name for name, entry in self.run.items() if any(entry["degrade"].values())]

    def with_critics(self) -> list[str]:
        """The comparisons that have a figure of what critics see."""
        return [name for name in self.run if self._critical(name)]

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
        song, tail = self.song, "test/1-of-1.json"
        base = f"results/separate/{song.dataset}/{'+'.join(self.dataset(song.dataset)['stems'])}"
        paths = {"data": f"results/prepare/{song.dataset}.json", "song": str(song.file)}
        paths["after"] = f"{base}/{song.method}/{song.f0}/seed0/{tail}"
        if song.before:
            paths["before"] = f"{base}/{song.before}/{song.f0}/seed0/{tail}"
        if song.guided:
            paths["marks"] = f"results/make_marks/{song.dataset}/{self.method(song.method)['marks']}/{tail}"
        else:
            paths["f0"] = f"results/estimate_f0/{song.dataset}/{song.f0}/{tail}"
        return paths
