"""Every job gives its script the options that the script has, all that it needs, and no others."""

import ast
import re

import pytest

from tests.plan.given import default, job
from tests.plan.test_jobs import KINDS, SONGS, adapter, learner, training
from workflow_scripts.lib.core.code_graph import ROOT
from workflow_scripts.plan.data_jobs import ImportWeights
from workflow_scripts.plan.figure_jobs import Draw, Report
from workflow_scripts.plan.job import Job
from workflow_scripts.plan.model_jobs import Adapt
from workflow_scripts.plan.plan import Plan

RULES = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "rules").glob("*.smk")))
COMMANDS = dict(re.findall(r"^rule (\w+):(.*?)(?=^rule |^use rule |\Z)", RULES, re.M | re.S))


@pytest.fixture(scope="module")
def jobs(tmp_path_factory) -> dict[type[Job], Job]:
    """A job of every kind."""
    song = tmp_path_factory.mktemp("song") / "song.wav"
    song.touch()
    found = job(default(), Report).behind(Job)
    found += [training(learner()), job(adapter(), Adapt, **SONGS)]
    found += [job(default(), ImportWeights, method="conv_tasnet_imported")]
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
    if kind.rule == "write_song":
        pytest.skip("a whole run of one's own song has it")
    made = jobs[kind]
    command = COMMANDS.get(kind.rule) or COMMANDS["draw"]
    by_rule = set(re.findall(r"--([\w-]+) \{", command))
    given = {name.replace("-", "_") for name in (*made.inputs, *made.options, *by_rule)}
    known, needed = options_of_script(kind)
    assert len(known) > 3
    assert given <= known
    assert needed <= given


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
