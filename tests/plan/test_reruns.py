"""What is redone when the code is edited: on a copy of the real tree, which jobs get another fingerprint."""

import re
import shutil
from pathlib import Path

import pytest

from tests.plan.given import default
from workflow_scripts.lib.core import code_graph, fingerprint, registry
from workflow_scripts.lib.core.registry import REGISTRIES
from workflow_scripts.plan import configuration, declared
from workflow_scripts.plan.job import Job
from workflow_scripts.plan.plan import Plan

RUN = ["vocal_ensemble", "f0_robustness", "singing_voice", "guided", "guided_frames"]
ALL = ""
CACHES = (
    code_graph.module_of, code_graph._named_by, fingerprint.code_hash, fingerprint._digest, registry._entries,
    declared.value_of, declared._is_light, declared._light_names, declared._libraries,
)  # fmt: skip


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A copy of the project's code, which the planning then looks at."""
    shutil.copytree(code_graph.ROOT / "workflow_scripts", tmp_path / "workflow_scripts")
    shutil.copytree(code_graph.ROOT / "config", tmp_path / "config")
    monkeypatch.setattr(code_graph, "ROOT", tmp_path)
    monkeypatch.setattr(configuration, "ROOT", tmp_path)
    monkeypatch.setattr(registry, "FOLDER", tmp_path / "workflow_scripts/lib")
    yield tmp_path
    _forget()


def _forget() -> None:
    for cached in CACHES:
        cached.cache_clear()


def _fingerprints() -> dict[tuple[str, str], str]:
    """By rule and folder, of all jobs of a run."""
    _forget()
    return {(job.rule, job.folder): job.fingerprint for job in Plan(default(run=RUN)).last().behind(Job)}


@pytest.fixture(scope="module")
def before():
    return _fingerprints()


COMPARED = {"compare": ALL, "report": ALL}
FROM_SCORES = COMPARED | {"draw": ALL}
ENSEMBLE = {
    "score": "vocal_ensemble|f0_robustness", "compare": "vocal_ensemble|f0_robustness",
    "draw": "/draw/vocal_ensemble|f0_robustness", "draw_robustness": ALL, "judge": "parametric", "report": ALL,
}  # fmt: skip
GUIDED = {
    "score": "guided", "compare": "guided", "draw": "guided", "draw_gains": ALL, "judge": "one_shot", "report": ALL,
}  # fmt: skip
SINGING = {
    "score": "singing_voice", "compare": "singing_voice", "draw": "singing_voice", "judge": "adversarial",
    "report": ALL,
}  # fmt: skip

LIB = "workflow_scripts/lib/"
# What was edited: file, old text, new text -> of each rule, the folders of the jobs whose fingerprints change.
EDITS = {
    "a comment": (LIB + "methods/parametric.py", "\nCHUNKS_AT_ONCE = 8", "\n# So many.\nCHUNKS_AT_ONCE = 8", {}),
    "a docstring": (LIB + "networks/unet.py", '"""', '"""Other words. ', {}),
    "the wording of an error": (LIB + "datasets/conversion.py", "is damaged, only", "is cut short, only", {}),
    "the wording of all errors": (LIB + "core/errors.py", "did you mean", "perhaps you mean", {}),
    "the wording of progress": (LIB + "training/loop.py", "going on after step", "goes on after step", {}),
    "what a setting means": (LIB + "training/schedule.py", "Optimisation steps at most", "Steps at most", {}),
    "another reader of data sets": (LIB + "datasets/layouts/csd.py", "SONGS = {", 'OTHER = 1\nSONGS = {', {}),
    "another metric": (LIB + "metrics/loudness.py", None, 'METRICS = ()\nSCORES = {}\n', {}),
    "another method": (LIB + "methods/nothing.py", None, "class Settings:\n    pass\n", {}),
    "another figure": (LIB + "figures/pie.py", None, "PIE = 1\n", {}),
    "another kind of F0 source": (LIB + "audio/f0_sources/ear.py", None, "class Settings:\n    pass\n", {}),
    "the reading of published weights": (LIB + "weights/tasnet.py", "def convert", "OTHER = 1\n\n\ndef convert", {}),
    "a check of weights": (LIB + "weights/published.py", "def check_weights", "X = 1\n\ndef check_weights", {}),
    "a marks file of the user's": (LIB + "datasets/marks_sources/file.py", "ENDINGS = (", 'X = 1\nENDINGS = (', {}),
    "how a method separates": (
        LIB + "methods/parametric.py", "CHUNKS_AT_ONCE = 8", "CHUNKS_AT_ONCE = 4",
        {"separate": "/parametric_"} | ENSEMBLE,
    ),
    "how a method trains": (
        LIB + "methods/conv_tasnet.py", "references.sum(dim=1), references)\n\n\ndef offset",
        "2 * references.sum(dim=1), references)\n\n\ndef offset",
        {"train": "/conv_tasnet/", "adapt": ALL, "separate": "/(conv_tasnet|guided_)", "draw_training": "/guided",
         "draw_adaptation": ALL} | GUIDED,
    ),
    "how a method adapts": (
        LIB + "methods/one_shot.py", "steps_an_epoch=len(trainee.windows)", "steps_an_epoch=1 + len(trainee.windows)",
        {"adapt": ALL, "separate": "/guided_", "draw_adaptation": ALL} | GUIDED,
    ),
    "how many parameters a method says to adapt": (
        LIB + "methods/one_shot.py", "return sum(each.numel()", "return 2 * sum(each.numel()",
        {"adapt": ALL, "separate": "/guided_", "draw_adaptation": ALL} | GUIDED,
    ),
    "the loss of a method": (
        LIB + "losses/spectral.py", "FLOOR = 1e-10", "FLOOR = 1e-9",
        {"train": "/parametric_", "separate": "/parametric_", "draw_training": "vocal_ensemble|f0_robustness"}
        | ENSEMBLE,
    ),
    "an F0 source": (
        LIB + "audio/f0_sources/mixture.py", "def find_f0", "EXTRA = 1\n\n\ndef find_f0",
        {"estimate_f0": "/mixture/", "score_f0": "vocal_ensemble", "separate": "/mixture/seed",
         "score": "vocal_ensemble", "compare": "vocal_ensemble", "draw": "/draw/vocal_ensemble", "judge": "parametric",
         "report": ALL},
    ),
    "an embedded corpus": (
        LIB + "datasets/embedded/chorales.py", "PIECES", "EXTRA = 1\nPIECES",
        {"prepare": "chorales", "register": ALL, "estimate_f0": ALL, "score_f0": ALL, "train": "/chorales/",
         "separate": "/chorales/", "draw_training": "vocal_ensemble|f0_robustness"} | ENSEMBLE,
    ),
    "a metric of some comparisons": (
        LIB + "metrics/silence.py", "def _energy_where_zero", "EXTRA = 1\n\n\ndef _energy_where_zero", GUIDED,
    ),
    "how intervals are found": (
        LIB + "statistics/intervals.py", "LEVEL = 0.95", "LEVEL = 0.9",
        FROM_SCORES | {"draw_robustness": ALL, "draw_gains": ALL, "judge": ALL},
    ),
    "one figure": (LIB + "figures/heat_map.py", "1.9 + 0.66", "1.8 + 0.66", {"draw": ALL, "report": ALL}),
    "the style of all figures": (
        LIB + "figures/style.py", "FONT = 9", "FONT = 10",
        {"draw": ALL, "draw_training": ALL, "draw_critics": ALL, "draw_robustness": ALL, "draw_adaptation": ALL,
         "draw_gains": ALL, "judge": ALL, "report": ALL},
    ),
    "the script of a stage": (
        "workflow_scripts/score/score_f0.py", "{cell:.3f}", "{cell:.2f}", {"score_f0": ALL, "report": ALL},
    ),
    "a file of data beside a module": (
        LIB + "datasets/embedded/chorale_notes.json", "{", "{\n",
        {"prepare": "chorales", "register": ALL, "estimate_f0": ALL, "score_f0": ALL, "train": "/chorales/",
         "separate": "/chorales/", "draw_training": "vocal_ensemble|f0_robustness"} | ENSEMBLE,
    ),
    "the critics' network": (
        LIB + "networks/critic.py", "LEAK = 0.2", "LEAK = 0.1",
        {"train": r"/adversarial(_\d)?/", "separate": r"/adversarial(_\d)?/", "draw_training": "singing_voice",
         "draw_critics": ALL} | SINGING,
    ),
}  # fmt: skip


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_redoes_what_uses_it_and_nothing_else(tree: Path, before, edit):
    file, old, new, expected = EDITS[edit]
    path = tree / file
    if old is None:
        path.write_text(new)
    else:
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
    after = _fingerprints()
    assert after.keys() == before.keys()
    changed = {job for job in before if before[job] != after[job]}
    right = {(rule, folder) for rule, folder in before if rule in expected and re.search(expected[rule], f"/{folder}/")}
    assert changed == right


def test_every_job_names_the_entries_of_the_registries_that_its_code_asks_for(tree):
    """What a registry loads is imported by a computed name, so that only what a job names is in its fingerprint."""
    names = {registry_name: of for registry_name, of in vars(registry).items() if of in REGISTRIES}
    assert len(names) == len(REGISTRIES)
    jobs = Plan(default(run=RUN)).last().behind(Job)
    asked = 0
    for job in jobs:
        found = code_graph.reached(f"workflow_scripts.{job.stage}.{job.rule}", *job.chosen)
        for name, of in names.items():
            if ("workflow_scripts.lib.core.registry", name) in found:
                asked += 1
                assert any(each.startswith(f"{registry.PACKAGE}.{of.room}.") for each in job.chosen), (job, name)
    assert asked > 150
