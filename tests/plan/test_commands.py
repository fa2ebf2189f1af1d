"""Every job gives its script the options that the script has, all that it needs, and no others."""

import ast
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.plan.given import default, job
from tests.plan.test_jobs import KINDS, SONGS, adapter, learner, training
from tests.plan.test_submissions import submitted
from workflow_scripts.lib.core.code_graph import ROOT
from workflow_scripts.plan.data_jobs import EstimateF0, ImportWeights
from workflow_scripts.plan.figure_jobs import Draw, Report
from workflow_scripts.plan.job import Job
from workflow_scripts.plan.leading import lead_jobs_here
from workflow_scripts.plan.model_jobs import Adapt, Train
from workflow_scripts.plan.plan import Plan, given
from workflow_scripts.plan.result_jobs import Score
from workflow_scripts.plan.submission_jobs import WriteMixtures

RULES = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "rules").glob("*.smk")))
COMMANDS = dict(re.findall(r"^rule (\w+):(.*?)(?=^rule |^use rule |\Z)", RULES, re.M | re.S))


@pytest.fixture(scope="module")
def jobs(tmp_path_factory) -> dict[type[Job], Job]:
    """A job of every kind."""
    folder = tmp_path_factory.mktemp("song")
    soundfile.write(folder / "song.wav", np.full(22050, 0.1), 22050)
    (folder / "marks.txt").write_text("0.5\t1\t-vocals\n")
    song = Plan(default(song=str(folder / "song.wav"), marks=str(folder / "marks.txt"))).last()
    found = [song, *job(default(), Report).behind(Job)]
    found += [training(learner()), job(adapter(), Adapt, **SONGS)]
    found += [job(default(), ImportWeights, method="conv_tasnet_imported")]
    found += [job(default(), WriteMixtures, dataset="songs_4k"), *Plan(submitted(folder)).last().behind(Job)]
    return {type(each): each for each in found}


def options_of_script(kind: type[Job]) -> tuple[set[str], set[str]]:
    """The options of the function of a script: all, and those without a default."""
    text = (ROOT / "workflow_scripts" / kind.stage / f"{kind.rule}.py").read_text(encoding="utf-8")
    (function,) = (
        node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name == kind.rule
    )
    names = [each.arg for each in function.args.kwonlyargs]
    needed = {name for name, value in zip(names, function.args.kw_defaults, strict=True) if value is None}
    return set(names), needed


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.rule)
def test_a_script_is_given_the_options_that_it_has(jobs, kind):
    made = jobs[kind]
    command = COMMANDS.get(kind.rule) or COMMANDS["draw"]
    by_rule = set(re.findall(r"--([\w-]+) \{", command))
    told = {name.replace("-", "_") for name in (*made.inputs, *made.options, *by_rule)}
    known, needed = options_of_script(kind)
    assert len(known) > 3
    assert needed <= told <= known


def test_what_a_job_is_told_stands_under_the_name_of_the_thing(jobs):
    told = {kind.rule: dict(made.options) for kind, made in jobs.items()}
    assert told["score_f0"]["reference-name"] == "exact"
    assert told["score"]["part"] == "1-of-1" and told["score"]["split"] == "test"
    config = default()
    assert len(config["comparisons"]["guided"]["metrics"]) > 1
    assert job(config, Draw, comparison="guided").options["metric"] == config["comparisons"]["guided"]["metrics"][0]
    assert told["adapt"]["sources"] == ("vocals", "drums") and told["adapt"]["seed"] == 2


def test_a_run_ends_with_its_report():
    plan = Plan(default())
    assert plan.targets() == ["results/report/summary.txt", "results/report/scores.parquet"]


def test_a_rule_is_told_the_paths_words_and_resources_of_the_job_that_its_wildcards_name():
    plan = Plan(default())
    wildcards = {"dataset": "chorales", "f0": "octave_up", "split": "test", "shard": "1-of-1"}
    assert plan.inputs(EstimateF0)(wildcards) == {
        "data": "results/prepare/chorales.json",
        "of": "results/estimate_f0/chorales/exact/test/1-of-1.json",
    }
    words = plan.options(EstimateF0)(wildcards)
    assert words[0] == "--kind=degraded" and words[-2:] == ["--split=test", "--part=1-of-1"]
    assert words[words.index("--voices") :][:5] == ["--voices", "soprano", "alto", "tenor", "bass"]
    assert plan.fingerprint(EstimateF0)(wildcards) == job(default(), EstimateF0, **wildcards).fingerprint
    scored = plan.inputs(Score)({"comparison": "vocal_ensemble", "shard": "1-of-1"})
    assert isinstance(scored["data"], str) and len(scored["estimates"]) > 4


def test_memory_and_time_grow_with_each_attempt_and_nothing_else_does():
    config = default()
    config["methods"] = {"unet": {"resources": {"threads": 3, "mem_mb": 1500, "runtime": 20, "gpu": 1}}}
    plan = Plan(config)
    wildcards = {"dataset": "songs", "sources": "a+b", "method": "unet", "f0": "no-f0", "seed": "0"}
    found = {
        name: [plan.resource(Train, name)(wildcards, attempt) for attempt in (1, 3)]
        for name in ("mem_mb", "runtime", "gpu")
    }
    assert found == {"mem_mb": [1500, 4500], "runtime": [20, 60], "gpu": [1, 1]}
    assert plan.threads(Train)(wildcards) == 3


def test_the_files_of_a_job_are_words_after_the_names_that_they_have_in_the_rule():
    files = {"data": "a.json", "estimates": ["b.json", "c.json"], "start": []}
    assert given(None, files) == ["--data", "a.json", "--estimates", "b.json", "c.json", "--start"]


def test_every_job_finds_this_python_and_this_project(monkeypatch):
    monkeypatch.setenv("PATH", "/elsewhere")
    monkeypatch.setenv("PYTHONPATH", "/other")
    lead_jobs_here()
    assert os.environ["PATH"] == f"{Path(sys.executable).parent}:/elsewhere"
    assert os.environ["PYTHONPATH"] == str(ROOT)
