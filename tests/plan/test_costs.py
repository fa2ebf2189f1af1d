"""What a run will cost: hand-made rates, the order of jobs, and the rates that are kept."""

import json
from pathlib import Path

import pytest

from tests.plan.given import DEFAULT, FIRST, default, job
from workflow_scripts.lib.datasets.embedded import chorales, songs
from workflow_scripts.plan import costs
from workflow_scripts.plan.costs import Costs, JobCost, Rates, every_kind, work_of
from workflow_scripts.plan.data_jobs import Prepare
from workflow_scripts.plan.figure_jobs import Report
from workflow_scripts.plan.fit_costs import fit
from workflow_scripts.plan.job import Job
from workflow_scripts.plan.model_jobs import Adapt, Separate, Train
from workflow_scripts.plan.plan import Plan
from workflow_scripts.plan.result_jobs import Score
from workflow_scripts.plan.seconds import seconds_of
from workflow_scripts.plan.yaml_files import read_yaml

ALONE = {"report", "score_f0"}  # kinds that take no longer than their start
SONGS = {"dataset": "songs_4k", "sources": "vocals+accompaniment"}
TABLE = read_yaml(costs.RATES)


def separation(config=None, method="irm") -> Job:
    where = {"method": method, "f0": "no-f0", "seed": 0, "split": "test", "shard": "1-of-1"}
    return job(config or default(), Separate, **SONGS, **where)


def test_work_is_a_start_and_a_rate_times_the_seconds_of_the_split():
    rates = Rates({"start": {"separate": 2.0}, "work": {"separate oracle": 0.1}, "memory": {"separate oracle": 700}})
    seconds = 18 * songs.TYPICAL_SECONDS * 4096 / 8000  # 18 songs are tested, in mono
    assert rates.cost(separation()) == JobCost(2.0 + 0.1 * seconds, 700, 18 * 20.0 * 4096 * 4 * 2)
    halves = rates.cost(separation(default(shards=2)))
    assert halves.cpu == pytest.approx(2.0 + 0.1 * seconds / 2)


def test_a_method_that_was_not_measured_is_taken_for_what_it_is_like_and_then_for_its_module():
    config = default()
    config["methods"] |= {"mine": {"like": "adversarial_1", "label": "mine", "training": {"steps": 10}}}
    names, amount = work_of(job(config, Train, **SONGS, method="mine", f0="no-f0", seed=0))
    assert names == ("train mine", "train adversarial_1", "train adversarial", "train adversarial")
    assert amount == pytest.approx(10 * 8 * 2.42 * 4096 / 8000)


def test_epochs_of_an_adaptation_count():
    where = {"dataset": "songs_stereo_8k", "sources": "vocals+drums+bass+other", "seed": 0, "split": "test"}
    five, three = (
        work_of(job(default(), Adapt, **where, shard="1-of-1", method=name)).amount
        for name in ("guided_remix", "guided_remix_short")
    )
    assert five / three == pytest.approx(5 / 3)


def test_a_score_costs_by_the_estimates_that_it_compares():
    names, amount = work_of(job(FIRST, Score, comparison="first_singing", shard="1-of-1"))
    assert names[-1] == "score"
    assert amount == pytest.approx(6 * 12 * 7 * 2 * 4096 / 8000)  # songs, s, methods, sources, samples


def test_rates_are_fitted_to_all_jobs_of_a_kind_together(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan, spent = Plan(FIRST), {"nmf1": (5.0, 300.0), "irm": (2.0, 400.0)}
    jobs = [each for each in plan.last().behind(Separate) if each.method in spent]
    for each in jobs:
        Path(each.folder).mkdir(parents=True)
        seconds, mebibytes = spent[each.method]
        cost = {"cpu_seconds": seconds, "peak_memory_mib": mebibytes}
        Path(each.folder, "provenance.json").write_text(json.dumps({"cost": cost}))
    found = fit(plan)
    total = {name: sum(work_of(each).amount for each in jobs if each.method == name) for name in spent}
    many = {name: sum(each.method == name for each in jobs) for name in spent}
    assert found["work"].keys() == {"separate nmf1", "separate nmf_harmonic", "separate irm", "separate oracle"} | ALONE
    for name, (seconds, _) in spent.items():
        assert found["work"][f"separate {name}"] == pytest.approx(many[name] * seconds / total[name], rel=0.01)
    assert (found["memory"]["separate nmf1"], found["memory"]["separate oracle"]) == (300, 400)


def test_what_nobody_measured_is_unknown_and_counted_as_such():
    config = default(run=["mine"])
    config["datasets"] |= {"mine": {"like": "musdb18", "accept_licence": True}}
    config["comparisons"] = {
        "mine": {"dataset": "mine", "sources": ["vocals", "accompaniment"], "methods": ["irm"], "metrics": ["SDR"]}
    }
    plan = Plan(config, looks=False)
    jobs = plan.last().behind(Job)
    cost = Costs(plan.last()).run(jobs, 2)
    assert cost.unknown == sum(isinstance(each, Prepare | Separate) or each.rule == "score" for each in jobs) == 3
    assert cost.download == 4684228845


def test_hours_on_a_gpu_are_not_invented_and_its_time_limits_are_told():
    config = default(run=["singing_voice"])
    config["methods"] |= {"adversarial": {"resources": {"gpu": 1, "runtime": 90}}}
    plan = Plan(config)
    jobs = plan.last().behind(Job)
    on_gpu = [each for each in jobs if each.resources.gpu]
    known = Costs(plan.last())
    assert len(on_gpu) > 5 and not any(known.of(each) for each in on_gpu)
    cost = known.run(jobs, 2)
    assert (cost.gpu_jobs, cost.gpu_limit, cost.unknown) == (len(on_gpu), len(on_gpu) * 5400, len(on_gpu))


@pytest.mark.parametrize("dataset", ["chorales", "chorales_first", "songs_4k_first"])
def test_the_seconds_of_embedded_pieces_are_those_of_their_splits(dataset):
    found = seconds_of(Plan(FIRST).configuration, dataset)
    expected = {
        "chorales": {"train": 16 * 19, "valid": 4 * 19, "test": 8 * 19},
        "chorales_first": {"train": 8 * 10, "valid": 2 * 10, "test": 6 * 10},
        "songs_4k_first": {"train": 12 * 12, "valid": 2 * 12, "test": 6 * 12},
    }
    assert found == pytest.approx(expected[dataset])
    assert set(chorales.SPLITS) == set(chorales.PIECES) and set(songs.SPLITS) == set(songs.PIECES)


def test_two_cores_halve_what_can_be_halved_and_no_chain_is_cut(monkeypatch):
    plan = Plan(FIRST)
    monkeypatch.setattr(Rates, "cost", lambda _, each: JobCost(10.0 if each.rule == "train" else 1.0, 100, 0))
    known = Costs(plan.last())
    jobs = plan.last().behind(Job)
    one, two, many = (known.run(jobs, cores).wall / (1 + costs.LEADER) for cores in (1, 2, 100))
    threads = sum(10 if each.rule == "train" else 1 / each.resources.threads for each in jobs)
    assert one == pytest.approx(threads, rel=0.02)
    assert one / 2 <= two < 0.65 * one
    assert many == pytest.approx(max(known.to_the_end.values()))


def test_what_the_longest_chain_needs_comes_before_what_it_does_not():
    plan = Plan(FIRST)
    priority = plan.priority(Train)
    where = {"f0": "no-f0", "seed": "0"}
    first = {"dataset": "songs_stereo_8k_first", "sources": "vocals+drums+bass+other", "method": "conv_tasnet_first"}
    last = {"dataset": "songs_4k_first", "sources": "vocals+accompaniment", "method": "adversarial_control_first"}
    assert priority(first | where) > priority(last | where) > 0
    assert Plan(FIRST, looks=False).priority(Train)(first | where) == 0


@pytest.mark.parametrize("config", [FIRST, DEFAULT], ids=["first look", "study"])
def test_every_job_of_the_first_look_and_the_study_has_a_rate(config):
    plan = Plan(config)
    known = Costs(plan.last())
    assert [each for each in plan.last().behind(Job) if not known.of(each)] == []


def test_the_rates_are_of_kinds_that_there_are():
    kinds = set(every_kind())
    assert set(TABLE["start"]) == kinds
    assert TABLE["work"].keys() == TABLE["memory"].keys()
    assert {name.split()[0] for name in TABLE["work"]} <= kinds
    assert all(0 <= value < 100 for value in TABLE["work"].values())
    assert isinstance(Plan(FIRST).last(), Report)
