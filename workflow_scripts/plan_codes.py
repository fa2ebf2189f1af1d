"""Fingerprints of what the jobs compute with: code, settings and the user's files.

Imported by the Snakefile, in every cluster job too, so nothing heavy is imported here.
"""

from pathlib import Path

from workflow_scripts.jobs import text
from workflow_scripts.lib.core.config import NO_F0
from workflow_scripts.lib.core.fingerprint import PACKAGE, code_hash, hash_of
from workflow_scripts.lib.datasets.origin import origin_hash
from workflow_scripts.plan import Plan


class Codes:
    """The fingerprint of each rule's jobs, by the name of the rule.

    Each holds those of the stages before it, so that a result can never rest on an older one unseen.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._cache = Path(plan.config["data_cache"])

    def prepare(self, dataset: str) -> str:
        entry = self.plan.dataset(dataset)
        modules = ["workflow_scripts.data.prepare"]
        if entry["kind"] == "embedded":
            modules.append(f"{PACKAGE}.lib.datasets.embedded.{entry['settings']['corpus']}")
        origin = origin_hash(entry["kind"], entry["settings"], self._cache)
        return hash_of(code_hash(*modules), origin, self.plan.preparation(dataset))

    def estimate_f0(self, dataset: str, f0: str) -> str:
        entry = self.plan.f0_source(f0)
        before = self.estimate_f0(dataset, entry["of"]) if entry["kind"] == "degraded" else self.prepare(dataset)
        user = entry["kind"] == "file"
        origin = origin_hash("folder", {"root": str(Path(entry["settings"]["root"]))}, self._cache) if user else ""
        return hash_of(code_hash("workflow_scripts.f0.estimate_f0"), before, origin, text(entry["settings"]))

    def make_marks(self, dataset: str, marks: str) -> str:
        entry = self.plan.marks_source(marks)
        before = self.make_marks(dataset, entry["of"]) if entry["kind"] == "degraded" else self.prepare(dataset)
        origin = origin_hash("marks", entry["settings"], self._cache) if entry["kind"] == "file" else ""
        chosen = text([entry["kind"], entry["settings"]])
        return hash_of(code_hash("workflow_scripts.marks.make_marks"), before, origin, chosen)

    def train(self, dataset: str, method: str, f0: str) -> str:
        entry = self.plan.method(method)
        start = entry["start"]
        chosen = text([entry["training"], entry["budget"], entry["train_on"], self.plan.unpaired(method), start])
        before = [] if f0 == NO_F0 else [self.estimate_f0(dataset, f0)]
        before += [] if start is None else [self._model_code(dataset, start, f0)]
        return hash_of(self._method_code("train.train", method), chosen, self.prepare(dataset), *before)

    def import_weights(self, method: str) -> str:
        weights = self.plan.method(method)["weights"]
        own = Path(weights["file"]).expanduser().is_file()
        origin = origin_hash("folder", {"root": weights["file"]}, self._cache) if own else ""
        return hash_of(code_hash("workflow_scripts.train.import_weights"), text(weights), origin)

    def adapt(self, dataset: str, method: str) -> str:
        parts = [self._method_code("adapt.adapt", method), self.prepare(dataset)]
        return hash_of(*parts, self._model_code(dataset, method, NO_F0), *self._marks_codes(dataset, method))

    def separate(self, dataset: str, method: str, f0: str) -> str:
        parts = [self._method_code("separate.separate", method), self.prepare(dataset)]
        if "adaptation" in self.plan.method(method)["needs"]:
            parts.append(self.adapt(dataset, method))
        elif self.plan.taught(method):
            parts.append(self._model_code(dataset, method, f0))
        if f0 != NO_F0:
            parts.append(self.estimate_f0(dataset, f0))
        return hash_of(*parts, *self._marks_codes(dataset, method))

    def score(self, comparison: str) -> str:
        entry = self.plan.run[comparison]
        rows = [self.separate(entry["dataset"], row.method, row.f0) for row in self.plan.rows(comparison)]
        chosen = text([entry["sources"], entry["split"], entry["metrics"], entry["scoring"]])
        return hash_of(code_hash("workflow_scripts.score.score"), chosen, *rows)

    def score_f0(self, comparison: str) -> str:
        entry = self.plan.run[comparison]
        sources = [self.estimate_f0(entry["dataset"], f0) for f0 in entry["f0"]]
        return hash_of(code_hash("workflow_scripts.score.score_f0"), *sources)

    def compare(self, comparison: str) -> str:
        groups = text(self.plan.run[comparison]["groups"])
        planned = self.plan.contrasts(comparison)
        return hash_of(code_hash("workflow_scripts.compare.compare"), self.score(comparison), groups, planned)

    def draw(self, comparison: str) -> str:
        chosen = text(self.plan.run[comparison]["groups"]) + self.plan.budgets(comparison)
        return hash_of(code_hash("workflow_scripts.report.draw"), self.score(comparison), chosen)

    def draw_robustness(self, comparison: str) -> str:
        return hash_of(code_hash("workflow_scripts.report.draw_robustness"), self.score(comparison))

    def draw_critics(self, comparison: str) -> str:
        row, dataset = self.plan.critic(comparison), self.plan.run[comparison]["dataset"]
        return hash_of(code_hash("workflow_scripts.report.draw_critics"), self.separate(dataset, row.method, row.f0))

    def draw_training(self, comparison: str) -> str:
        dataset = self.plan.run[comparison]["dataset"]
        models = [self._model_code(dataset, row.method, row.f0) for row in self.plan.trained_by_steps(comparison)]
        return hash_of(code_hash("workflow_scripts.report.draw_training"), *models)

    def draw_gains(self, comparison: str) -> str:
        chosen = self.plan.gains(comparison)
        return hash_of(code_hash("workflow_scripts.report.draw_gains"), self.score(comparison), chosen)

    def draw_adaptation(self, comparison: str) -> str:
        dataset = self.plan.run[comparison]["dataset"]
        rows = [row for row in self.plan.rows(comparison) if "adaptation" in self.plan.method(row.method)["needs"]]
        adapted = [self.adapt(dataset, row.method) for row in rows]
        return hash_of(code_hash("workflow_scripts.report.draw_adaptation"), *adapted)

    def report(self) -> str:
        before = [self.compare(name) + self.score_f0(name) for name in self.plan.run]
        return hash_of(code_hash("workflow_scripts.report.report"), *before)

    def write_song(self) -> str:
        song, script = self.plan.song, code_hash("workflow_scripts.song.write_song")
        return hash_of(script, self.separate(song.dataset, song.method, song.f0))

    def _method_code(self, script: str, method: str) -> str:
        entry = self.plan.method(method)
        return hash_of(
            code_hash(f"{PACKAGE}.{script}", f"{PACKAGE}.lib.methods.{entry['module']}"), text(entry["settings"])
        )

    def _model_code(self, dataset: str, method: str, f0: str) -> str:
        taught = self.plan.taught(method)
        if "weights" in self.plan.method(taught)["needs"]:
            return self.import_weights(taught)
        return self.train(self.plan.school(dataset, taught), taught, self.plan.f0_of(taught, f0))

    def _marks_codes(self, dataset: str, method: str) -> list[str]:
        entry = self.plan.method(method)
        return [self.make_marks(dataset, entry["marks"])] if "marks" in entry["needs"] else []
