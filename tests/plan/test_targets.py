"""Targets of a configuration by name: what each makes, what is refused; and what is not there in a dry run."""

import re

import numpy as np
import pytest
import soundfile

from tests.plan.given import FIRST, PAPERS, default, paper_files
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.plan.cost import plan_of
from workflow_scripts.plan.fetched import fetched_by
from workflow_scripts.plan.job import Job
from workflow_scripts.plan.leading import is_dry_run
from workflow_scripts.plan.plan import Plan


def made(**targets):
    return Plan(default(targets=targets)).named_targets()


def test_a_target_makes_the_tables_and_figures_of_its_comparisons_and_of_no_other():
    found = made(paper_table1=["guided"], paper_table2=["vocal_ensemble", "guided_frames"])
    kinds = ("compare", "draw", "draw_training", "draw_adaptation", "draw_gains")
    assert found["paper_table1"] == [f"results/{kind}/guided.json" for kind in kinds]
    assert found["paper_table2"] == [
        "results/compare/vocal_ensemble.json", "results/score_f0/vocal_ensemble/f0.md",
        "results/draw/vocal_ensemble.json", "results/draw_training/vocal_ensemble.json",
        *(f"results/{kind}/guided_frames.json" for kind in kinds),
    ]  # fmt: skip


def test_a_target_can_be_one_kind_of_figure_alone():
    assert made(paper_figure4=["f0_robustness/draw_robustness"]) == {
        "paper_figure4": ["results/draw_robustness/f0_robustness.json"]
    }


def test_a_target_of_a_comparison_that_is_not_run_says_how_to_run_it():
    (said,) = made(paper_table1=["guided_marks"])["paper_table1"]
    assert (
        said == "paper_table1 needs the comparison guided_marks, which `run` has not: add --config 'run=[guided_marks]'"
    )


@pytest.mark.parametrize(
    ("targets", "sentence"),
    [
        (
            {"paper_table1": ["guidet"]},
            "targets.paper_table1 names 'guidet', which is not defined; did you mean 'guided'?",
        ),
        ({"paper_table1": ["guided/drow"]}, "targets.paper_table1 names 'guided/drow'; did you mean 'draw'?"),
        ({"paper_table1": ["guided/draw_robustness"]}, "but the comparison 'guided' has nothing for it."),
        ({"draw_gains": ["guided"]}, "targets.draw_gains has a name that a rule has or none can have"),
        ({"paper-table": ["guided"]}, "targets.paper-table has a name that"),
        ({"paper_table1": []}, "targets.paper_table1' is []"),
    ],
)
def test_a_wrong_target_is_refused_before_any_job(targets, sentence):
    with pytest.raises(UserError, match=re.escape(sentence)):
        Plan(default(targets=targets))


@pytest.mark.parametrize(
    ("words", "dry"),
    [
        (["snakemake", "-n"], True),
        (["snakemake", "-np", "all"], True),
        (["snakemake", "--dry-run"], True),
        (["snakemake", "--dag"], True),
        (["snakemake", "--cores", "all", "-p", "--configfile", "mine.yaml"], False),
        (["snakemake", "--notemp", "n", "-j", "unlimited"], False),
    ],
)
def test_a_dry_run_is_known_by_its_words(words, dry):
    assert is_dry_run(words) == dry


def test_a_target_of_a_paper_that_there_is_not_is_told_with_the_nearest():
    plan = Plan(default(targets={"paper_mine_table1": ["guided"]}))
    assert plan.claim_targets(["snakemake", "-n", "paper_mine_table1"]) == {}
    with pytest.raises(
        UserError, match=r"There is no target 'paper_mine_table2' in this .*did you mean 'paper_mine_table1'"
    ):
        plan.claim_targets(["snakemake", "paper_mine_table2"])


def mine(**changes):
    """A comparison of published weights that are adapted to songs by marks; nothing of it is there."""
    return FIRST | {
        "run": ["mine"],
        "datasets": {"mine": {
            "kind": "folder", "stems": ["drums", "bass", "other", "vocals"], "settings": {"root": "/nowhere/songs"},
        }},
        "marks": {"user": {"settings": {"root": "/nowhere/marks"}}},
        "methods": {
            "conv_tasnet_imported": {"weights": {"file": "/nowhere/w.th"}}, "guided_imported": {"marks": "user"},
        },
        "comparisons": {"mine": {
            "dataset": "mine", "sources": ["vocals", "drums", "bass", "other"], "metrics": ["SDR"],
            "methods": ["guided_imported"],
        }},
    } | changes  # fmt: skip


def test_a_dry_run_tells_all_that_is_not_there_and_a_run_refuses_the_first():
    with pytest.raises(UserError, match="/nowhere/songs: there is no such folder"):
        Plan(mine())
    plan = Plan(mine(), dry=True)
    assert plan.last().fingerprint and plan.costs.to_the_end
    absent = plan.configuration.absent
    assert len(absent) == 3
    for each in ("/nowhere/songs: there is no such folder", "'/nowhere/marks', where there is", "'/nowhere/w.th'"):
        assert sum(each in sentence for sentence in absent) == 1


def test_a_dry_run_looks_at_the_songs_that_are_there_without_the_marks_that_are_not(tmp_path):
    config = mine()
    config["datasets"]["mine"]["settings"] = {"root": str(tmp_path)}
    folder = tmp_path / "test/song"
    folder.mkdir(parents=True)
    for stem in config["datasets"]["mine"]["stems"]:
        soundfile.write(folder / f"{stem}.wav", np.full((44100, 2), 0.1), 44100)
    plan = Plan(config, dry=True)
    assert [sentence for sentence in plan.configuration.absent if str(tmp_path) in sentence] == []
    assert len(plan.configuration.absent) == 2
    (folder / "vocals.wav").unlink()
    with pytest.raises(UserError, match="vocals"):
        Plan(config, dry=True)


def test_an_archive_that_two_data_sets_share_is_fetched_once_and_not_again(tmp_path):
    config = default(run=["one", "two"], data_cache=str(tmp_path))
    accepted = {"like": "musdb18", "label": "songs", "accept_licence": True}
    config["datasets"] |= {"one": accepted, "two": accepted | {"muted": {"seed": 0}}}
    entry = {"sources": ["vocals", "accompaniment"], "methods": ["irm"], "metrics": ["SDR"]}
    config["comparisons"] = {name: entry | {"dataset": name} for name in ("one", "two")}
    jobs = Plan(config).last().behind(Job)
    (found,) = fetched_by(jobs)
    assert (found.bytes, found.accepted, found.label) == (4684228845, True, "songs")
    assert str(found).endswith("some of the songs; terms accepted: https://zenodo.org/records/1117372")
    (tmp_path / "musdb18.zip").touch()
    assert fetched_by(jobs) == []


def test_a_dry_run_forgives_no_mistake():
    config = mine()
    config["datasets"]["mine"]["voices"] = ["vocal"]
    with pytest.raises(UserError, match="voices has 'vocal', which is none of its stems"):
        Plan(config, dry=True)


@pytest.mark.parametrize("path", PAPERS, ids=lambda path: path.stem)
def test_a_paper_is_planned_without_its_data_and_every_file_has_terms_and_a_licence(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan = plan_of([str(each) for each in paper_files(path)], dry=True)
    assert plan.configuration.absent
    fetched = plan.costs.run(plan.last().behind(Job), 2).fetched
    assert all(each.licence and each.url.startswith("https://") for each in fetched)
    assert len({each.url for each in fetched}) == len(fetched)
    assert all(plan.named_targets().values())


@pytest.mark.parametrize("path", [path for path in PAPERS if len(paper_files(path)) > 1], ids=lambda path: path.stem)
def test_a_miniature_has_the_rows_and_metrics_of_its_paper_on_one_core_without_a_gpu(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = [str(each) for each in paper_files(path)]
    little, whole = (plan_of(each, dry=True) for each in (words, words[:1]))
    for name, comparison in little.configuration.run.items():
        other = whole.configuration.run[name]
        for key in ("methods", "metrics", "sources", "contrasts", "aggregation", "scoring", "groups"):
            assert getattr(comparison, key) == getattr(other, key), (name, key)
    jobs = little.last().behind(Job)
    assert len(jobs) > 20
    assert {(job.resources.gpu, job.resources.threads) for job in jobs} == {(0, 1)}
