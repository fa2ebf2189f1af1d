"""Published claims in the plan: their tables are sound, and what is planned to judge them is no more than they need."""

import copy
import re
from dataclasses import replace
from functools import cache

import pytest

from tests.plan.given import FIRST, PAPERS, default, job, paths
from workflow_scripts.lib.core.code_graph import ROOT
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.names import NO_F0
from workflow_scripts.lib.statistics.claim_rows import EQUAL, ORDER, VALUE, Judged
from workflow_scripts.lib.statistics.rows import from_json
from workflow_scripts.plan.claim_jobs import Judge
from workflow_scripts.plan.claims import comparison_of, papers
from workflow_scripts.plan.configuration import Configuration
from workflow_scripts.plan.figure_jobs import Report
from workflow_scripts.plan.job import Job
from workflow_scripts.plan.model_jobs import Adapt, Separate, Train
from workflow_scripts.plan.plan import Plan
from workflow_scripts.plan.yaml_files import merge, read_yaml

CLAIMS = {claim.id: (name, claim) for name, paper in papers().items() for claim in paper.claims.values()}
BESIDES = [beside for paper in papers().values() for beside in paper.besides]


@cache
def shipped() -> dict[str, Configuration]:
    """The configuration that defines each comparison."""
    found = {name: Configuration(default(run=[name])) for name in FIRST["comparisons"]}
    for file in (each for each in PAPERS if not each.stem.endswith("_mini")):
        own = read_yaml(file)
        config = merge(copy.deepcopy(FIRST), own)
        found |= {name: Configuration(config | {"run": [name]}) for name in own["comparisons"]}
    return found


# The tables


def test_the_papers_have_their_claims_and_no_id_stands_in_two_of_them():
    counts = {name: len(paper.claims) for name, paper in papers().items()}
    assert set(counts) == {"parametric", "adversarial", "one_shot"} and min(counts.values()) > 30
    assert len(CLAIMS) == sum(counts.values()) > 700
    assert [each for each in CLAIMS if not re.fullmatch(r"[a-z0-9-]{2,60}", each)] == []


def test_beside_each_claim_stands_a_row_or_the_reason_why_none_does():
    with_rows = {beside.id for beside in BESIDES}
    reasons = {id for id, (_, claim) in CLAIMS.items() if claim.not_attempted}
    assert with_rows | reasons == set(CLAIMS) and not with_rows & reasons
    assert [claim.id for _, claim in CLAIMS.values() if claim.not_attempted.endswith(".")] == []


def test_a_tolerance_is_half_of_the_last_digit_or_the_error_of_reading_a_plot():
    for _, claim in CLAIMS.values():
        if claim.kind == VALUE and claim.mark != "about":
            assert claim.tolerance is not None, claim.id
            digits = round(claim.value / (2 * claim.tolerance), 6)
            assert (claim.tolerance >= 0.1) if claim.mark == "figure" else digits == int(digits), claim.id
        assert bool(claim.error) == bool(claim.runs), claim.id
        assert claim.where and claim.paper and claim.mark in ("", "figure", "about", "second-hand", "derived"), claim.id


@pytest.mark.parametrize("comparison", sorted({beside.comparison for beside in BESIDES}))
def test_every_row_and_metric_beside_a_claim_is_there(comparison):
    configuration = shipped()[comparison]
    entry = configuration.run[comparison]
    for beside in (each for each in BESIDES if each.comparison == comparison):
        for method, f0 in beside.rows:
            assert (f0 == NO_F0) == ("f0" not in configuration.method(method).needs), beside
            assert method in entry.methods, beside
            assert f0 in {NO_F0, *configuration.f0_names(entry)}, beside
        assert beside.metric in entry.metrics and beside.source in {"all", *entry.sources}, beside
        assert beside.group in {"", *entry.groups}, beside


def test_rows_of_synthesised_data_stand_beside_orders_alone():
    embedded = {name for name in shipped() if name in FIRST["comparisons"]}
    kinds = {CLAIMS[beside.id][1].kind for beside in BESIDES if beside.comparison in embedded}
    assert kinds == {ORDER, EQUAL}
    assert all(beside.definitions.startswith("differs: ") for beside in BESIDES if beside.comparison in embedded)


# What is planned


def behind(ledger: str, config=None, kind: type[Job] = Job) -> list[Job]:
    return job(config or default(), Judge, ledger=ledger).behind(kind)


def test_a_claim_needs_its_two_rows_and_no_job_of_another_method():
    claim = "claim_l1-over-b0-other"
    assert [(row.method, row.dataset) for row in behind(claim, kind=Separate)] == [
        ("guided_l1", "songs_stereo_8k_muted"), ("conv_tasnet", "songs_stereo_8k_muted"),
    ]  # fmt: skip
    assert [each.method for each in behind(claim, kind=Train)] == ["conv_tasnet"]
    assert [each.method for each in behind(claim, kind=Adapt)] == ["guided_l1"]
    assert {each.rule for each in behind(claim)} == {
        "judge", "score", "separate", "adapt", "train", "make_marks", "prepare",
    }  # fmt: skip


def test_a_claim_on_two_f0_sources_needs_these_and_the_seeds_of_the_comparison():
    config = default()
    config["comparisons"]["vocal_ensemble"]["seeds"] = [0, 1]
    rows = behind("claim_us-ref-over-est", config, Separate)
    assert {(row.method, row.f0) for row in rows} == {("parametric_unsupervised", f0) for f0 in ("stems", "mixture")}
    assert {row.seed for row in rows} == {0, 1} and len(rows) == 4
    assert comparison_of(Configuration(config), "claim_us-ref-over-est").metrics == ("SI-SDR-frames",)
    reduced = comparison_of(Configuration(config), "claim_us-octave-down-over-up")
    assert reduced.f0 == ("exact-octaves--1", "exact-octaves-1") and not reduced.degrade
    assert reduced.methods == ("parametric_unsupervised",) and reduced.metrics == ("SI-SDR",)


def test_a_claim_is_judged_on_the_run_before_what_else_is_defined_and_needs_no_run_of_it():
    on = {
        run: from_json(Judged, job(default(run=[run]), Judge, ledger="claim_l1-over-b0-other").options["comparisons"])
        for run in ("guided", "guided_frames", "vocal_ensemble")
    }
    assert {run: told[0].name for run, told in on.items()} == {
        "guided": "guided", "guided_frames": "guided_frames", "vocal_ensemble": "guided_frames",
    }  # fmt: skip
    assert {told[0].scored_as for told in on.values()} == {"claim_l1-over-b0-other"}


def test_the_separations_of_a_claim_are_those_of_the_whole_comparison():
    whole = {each: each.fingerprint for each in job(default(), Report).behind(Separate)}
    own = behind("claim_semi-over-super-voice", kind=Separate)
    assert own and all(whole[each] == each.fingerprint for each in own)


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        (
            "claim_l1-over-b0-othr",
            "There is no claim 'l1-over-b0-othr' in config/claims; did you mean 'l1-over-b0-other'?",
        ),
        ("claim_pit-gain", "The claim pit-gain is not attempted: another system on other sounds."),
        (
            "claim_l1-sdr-other",
            "The claim l1-sdr-other is judged on one_shot_muted, which the configuration does not define; add that "
            "file of config/papers which does, with --configfile.",
        ),
    ],
)  # fmt: skip
def test_a_claim_that_cannot_be_judged_is_refused_in_one_sentence(word, sentence):
    plan = Plan(default())
    with pytest.raises(UserError) as told:
        plan.claim_targets(["snakemake", word])
    assert str(told.value) == sentence


def test_a_value_is_not_judged_on_synthesised_data_of_the_very_comparison():
    config = default()
    config["comparisons"]["one_shot_muted"] = config["comparisons"]["guided"]
    with pytest.raises(UserError, match="is of a value, which is not judged on the synthesised data of one_shot_muted"):
        Plan(config).claim_targets(["claim_l1-sdr-other"])


def test_a_claim_beside_which_a_comparison_has_several_rows_is_judged_by_the_first():
    told = job(default(), Judge, ledger="claim_l1-over-b0-other").options
    assert told["rows"] == ("guided_l1", "conv_tasnet") and told["only"] == "l1-over-b0-other"
    assert job(default(), Judge, ledger="one_shot").options["rows"] == ()


def test_the_words_that_ask_for_claims_are_told_from_others():
    words = ["snakemake", "claim_us-over-nmf1", "results/judge/claim_us-over-nmf1.json", "--config", "all"]
    assert Plan(default()).claim_targets(words) == {"claim_us-over-nmf1": "results/judge/claim_us-over-nmf1.json"}


def test_the_study_ends_with_the_ledgers_that_it_can_judge_and_the_first_look_has_none():
    assert paths(job(default(), Report))["ledgers"] == [
        f"results/judge/{name}.json" for name in ("parametric", "adversarial", "one_shot")
    ]
    assert paths(job(default(run=["singing_voice"]), Report))["ledgers"] == ["results/judge/adversarial.json"]
    assert paths(job(copy.deepcopy(FIRST), Report))["ledgers"] == []
    bare = default(run=["vocal_ensemble"])
    bare["comparisons"]["vocal_ensemble"] |= {"methods": ["mixture", "nmf1"], "contrasts": []}
    assert paths(job(bare, Report))["ledgers"] == []


def test_a_ledger_is_told_which_data_are_synthesised():
    told = from_json(Judged, job(default(), Judge, ledger="one_shot").options["comparisons"])
    assert [(each.name, each.scored_as, each.synthesised) for each in told] == [
        ("guided", "guided", True), ("guided_frames", "guided_frames", True),
    ]  # fmt: skip
    paper = merge(copy.deepcopy(FIRST), read_yaml(ROOT / "config/papers/one_shot.yaml"))
    for name in ("musdb18_ten", "musdb18_ten_muted"):
        paper["datasets"][name]["accept_licence"] = True
    told = from_json(Judged, job(paper, Judge, ledger="one_shot").options["comparisons"])
    assert [(each.name, each.synthesised) for each in told] == [("one_shot_muted", False), ("one_shot_songs", False)]
    paper["datasets"]["musdb18_ten"]["synthesised"] = True
    told = from_json(Judged, job(paper, Judge, ledger="one_shot").options["comparisons"])
    assert [each.synthesised for each in told] == [False, True]


def test_a_ledger_is_redone_for_another_margin_and_for_a_changed_claim_and_nothing_else_is(monkeypatch):
    one, other = default(), default(claims={"margin_db": 0.3})
    assert job(one, Judge, ledger="one_shot").fingerprint != job(other, Judge, ledger="one_shot").fingerprint
    scores = [[each.fingerprint for each in behind("one_shot", config)[1:]] for config in (one, other)]
    assert scores[0] == scores[1]
    names = ("one_shot", "claim_l1-over-b0-other", "parametric")
    before = {name: job(one, Judge, ledger=name).fingerprint for name in names}
    paper = papers()["one_shot"]
    claims = paper.claims | {"b0-sdr-bass": replace(paper.claims["b0-sdr-bass"], value=8.0)}
    changed = papers() | {"one_shot": paper._replace(claims=claims)}
    monkeypatch.setattr("workflow_scripts.plan.claim_jobs.papers", lambda: changed)
    after = {name: job(one, Judge, ledger=name).fingerprint for name in before}
    assert {name for name in before if before[name] != after[name]} == {"one_shot"}
