"""Jobs as values: where their results lie, what they read, what they are told, what their fingerprint holds."""

import copy
from dataclasses import fields

import pytest

from tests.plan.given import default, job, paths, set_key
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.statistics.rows import Contrast, CurveRow, ErrorRow, from_json
from workflow_scripts.plan import claim_jobs, data_jobs, figure_jobs, model_jobs, result_jobs, rows, submission_jobs
from workflow_scripts.plan.data_jobs import EstimateF0, ImportWeights, MakeMarks, Prepare
from workflow_scripts.plan.figure_jobs import Draw, DrawAdaptation, DrawGains, DrawRobustness, DrawTraining, Report
from workflow_scripts.plan.job import Job
from workflow_scripts.plan.model_jobs import Adapt, Separate, Train
from workflow_scripts.plan.plan import Plan
from workflow_scripts.plan.result_jobs import Compare, Score, ScoreF0

CHORALES = {"dataset": "chorales", "sources": "a", "seed": 0, "split": "test", "shard": "1-of-1"}


@pytest.fixture
def config():
    return default()


def names(plan: Plan, comparison: str) -> list[tuple[str, str, int]]:
    return [(row.method, row.f0, row.seed) for row in rows.rows_of(plan.configuration, comparison)]


# Rows


def test_the_default_configuration_has_one_comparison_for_each_paper(config):
    plan = Plan(config)
    guided = ["guided", "guided_muted", "guided_frames"]
    assert list(plan.configuration.run) == ["vocal_ensemble", "f0_robustness", "singing_voice", *guided]
    assert {("mixture", "no-f0", 0), ("nmf1", "exact", 0)} <= set(names(plan, "vocal_ensemble"))


def test_a_method_that_needs_f0_has_a_row_for_each_f0_source_and_seed(config):
    config["comparisons"]["vocal_ensemble"] |= {"methods": ["nmf1"], "f0": ["exact", "stems"], "seeds": [0, 1]}
    expected = [("nmf1", f0, seed) for f0 in ("exact", "stems") for seed in (0, 1)]
    assert names(Plan(config), "vocal_ensemble") == expected


def test_a_bound_draws_nothing_so_it_has_a_row_of_the_first_seed_alone(config):
    config["comparisons"]["guided"] |= {"methods": ["mixture", "nmf_supervised"], "seeds": [4, 5]}
    found = [(method, seed) for method, _, seed in names(Plan(config), "guided")]
    assert found == [("mixture", 4), ("nmf_supervised", 4), ("nmf_supervised", 5)]


def test_a_method_that_needs_marks_has_a_row_for_its_own_and_each_other_source_of_marks(config):
    methods = ["conv_tasnet", "conv_tasnet_muted", "guided_l5"]
    config["comparisons"]["guided"] |= {"methods": methods, "marks": ["exact", "half"], "contrasts": []}
    plan = Plan(config)
    expected = ["conv_tasnet", "conv_tasnet_muted", "conv_tasnet_muted-half", "guided_l5", "guided_l5-half"]
    assert [method for method, _, _ in names(plan, "guided")] == expected
    own, other = (plan.configuration.method(name) for name in ("guided_l5", "guided_l5-half"))
    assert vars(other) == vars(own) | {
        "label": "P-L5:D, published gamma and rate (small); half of the marks",
        "marks": "half",
    }
    points = job(plan, DrawGains, comparison="guided").gains()
    assert [row.marks for row in points[:2]] == ["exact", "half of the marks"]
    assert points[0].group == points[1].group


def test_each_value_of_each_way_to_degrade_is_one_more_f0_source(config):
    config["comparisons"]["f0_robustness"] |= {
        "methods": ["nmf1"], "degrade": {"offset_hz": [-60, 2.5], "left_out": [["soprano", "bass"]]},
    }  # fmt: skip
    plan = Plan(config)
    expected = ["exact", "exact-offset_hz--60", "exact-offset_hz-2.5", "exact-left_out-soprano-bass"]
    assert [f0 for _, f0, _ in names(plan, "f0_robustness")] == expected
    assert plan.configuration.f0_source(expected[2]).of == "exact"
    figure = job(plan, DrawRobustness, comparison="f0_robustness")
    assert [each.settings for each in from_json(ErrorRow, figure.options["errors"])] == [
        {"offset_hz": -60}, {"offset_hz": 2.5}, {"left_out": ["soprano", "bass"]},
    ]  # fmt: skip
    drawn = [name for name in plan.configuration.run if job(plan, DrawRobustness, comparison=name).is_made]
    assert drawn == ["f0_robustness"]


def test_shards_name_every_part_once(config):
    assert Plan(config | {"shards": 3}).configuration.shards() == ["1-of-3", "2-of-3", "3-of-3"]


# Definitions


def test_a_variant_says_only_what_differs_from_the_method_that_it_is_like(config):
    config["methods"] = {
        "longer": {"like": "nmf1", "label": "Longer", "settings": {"iterations": 7}},
        "longest": {"like": "longer", "settings": {"iterations": 70}},
    }
    configuration = Plan(config).configuration
    first, longer, longest = (configuration.method(name) for name in ("nmf1", "longer", "longest"))
    assert longer.settings == first.settings | {"iterations": 7}
    assert (longer.module, longer.needs) == (first.module, first.needs)
    assert (longest.label, longest.settings["iterations"]) == ("Longer", 70)


UNET = {"label": "U", "module": "unet", "needs": ["training"], "settings": {"condition": "none"}}
UNET |= {"training": {"steps": 9, "batch": 2}}


def test_a_method_that_is_like_another_takes_its_keys_but_for_those_of_its_own(config):
    config["methods"] = {
        "one": UNET | {"budget": {"songs": 2, "family": "club"}},
        "two": {"like": "one", "label": "Two", "budget": {"songs": 1}, "training": {"steps": 3}},
    }
    one, two = (Plan(config).configuration.method(name) for name in ("one", "two"))
    assert (two.label, two.module, two.needs) == ("Two", "unet", ("training",))
    assert (two.budget.songs, two.budget.family, two.training.steps) == (1, "club", 3)
    assert two.training.batch == one.training.batch == 2 and one.training.steps == 9


# What jobs read


def test_a_job_is_equal_to_another_with_the_same_wildcards_and_made_once(config):
    plan = Plan(config)
    first, second = (job(plan, Prepare, dataset="chorales") for _ in range(2))
    assert first is second and first == Prepare(Plan(default()).configuration, "chorales")
    assert first != job(plan, Prepare, dataset="songs")


def test_a_method_with_a_training_f0_has_one_model_for_every_f0_that_it_separates_with(config):
    plan = Plan(config)
    jobs = [job(plan, Separate, **CHORALES, method="parametric_unsupervised", f0=f0) for f0 in ("stems", "mixture")]
    models = {paths(each)["model"] for each in jobs}
    assert models == {"results/train/chorales/a/parametric_unsupervised/exact/seed0/model.safetensors"}
    assert len({paths(each)["f0"] for each in jobs}) == len({each.fingerprint for each in jobs}) == 2
    own = job(config | {"methods": {}}, Separate, **CHORALES, method="parametric_unsupervised", f0="stems")
    assert "/parametric_unsupervised/stems/" in paths(own)["model"]


def learner(**changes):
    """A configuration with a method that learns from F0 step by step."""
    config = default(run=["vocal_ensemble"])
    config["methods"] = {"learner": {"label": "L", "module": "parametric", "needs": ["f0", "training"]} | changes}
    config["comparisons"]["vocal_ensemble"] |= {"methods": ["mixture", "learner"], "f0": ["exact", "stems"]}
    config["comparisons"]["vocal_ensemble"]["contrasts"] = []
    return config


def training(config, method="learner", f0="stems", seed=3):
    return job(config, Train, dataset="chorales", sources="alto+bass", method=method, f0=f0, seed=seed)


def test_a_method_that_needs_f0_has_a_model_for_each_source_of_f0_and_seed():
    config = learner()
    config["comparisons"]["vocal_ensemble"]["seeds"] = [0, 1]
    plan = Plan(config)
    base = "results/train/chorales/soprano+alto+tenor+bass/learner"
    folders = [f"{base}/{f0}/seed{seed}" for f0 in ("exact", "stems") for seed in (0, 1)]
    compared = job(plan, Compare, comparison="vocal_ensemble")
    assert paths(compared)["models"] == [f"{folder}/provenance.json" for folder in folders]
    drawn = job(plan, DrawTraining, comparison="vocal_ensemble")
    assert drawn.is_made and paths(drawn)["curves"] == [f"{folder}/curves.csv" for folder in folders]
    assert [row.f0 for row in from_json(CurveRow, drawn.options["rows"])] == ["exact", "exact", "stems", "stems"]


def test_training_is_given_the_f0_of_every_shard_of_the_splits_that_it_reads():
    found = paths(training(learner() | {"shards": 2}))["f0"]
    base = "results/estimate_f0/chorales/stems"
    assert found == [f"{base}/{split}/{k}-of-2.json" for split in ("train", "valid") for k in (1, 2)]
    assert paths(training(learner(), f0="no-f0"))["f0"] == []
    own = learner(train_on="test", settings={"supervision": "mixture"})
    assert paths(training(own))["f0"] == ["results/estimate_f0/chorales/stems/test/1-of-1.json"]


def test_a_model_to_start_from_is_an_input_for_the_same_data_sources_f0_and_seed():
    config = learner()
    config["methods"]["again"] = config["methods"]["learner"] | {"start": "learner"}
    start = "results/train/chorales/alto+bass/learner/{}/seed3/model.safetensors"
    assert paths(training(config, "again"))["start"] == [start.format("stems")]
    assert paths(training(config))["start"] == []
    config["methods"]["learner"]["needs"] = ["training"]
    assert paths(training(config, "again"))["start"] == [start.format("no-f0")]


def adapter():
    """A configuration with a method that adapts the model of another."""
    config = default(run=["guided"])
    method = {"label": "A", "module": "one_shot", "needs": ["marks", "adaptation"], "start": "conv_tasnet"}
    config["methods"] = {"adapter": method | {"marks": "jitter_50ms"}}
    config["comparisons"]["guided"] |= {"methods": ["mixture", "adapter"], "dataset": "songs", "contrasts": []}
    return config


SONGS = {"dataset": "songs", "sources": "vocals+drums", "method": "adapter", "seed": 2}
SONGS |= {"split": "test", "shard": "1-of-3"}


def test_a_method_that_only_separates_in_another_way_shares_the_adaptation_that_it_is_like():
    def adapted(**settings):
        config = adapter()
        config["methods"]["again"] = {"like": "adapter", "settings": {"output": "consistent"} | settings}
        return paths(job(config, Separate, **SONGS | {"method": "again", "f0": "no-f0"}))["adapted"].split("/")[4]

    assert adapted() == "adapter"
    assert adapted(gamma=2.0) == "again"


def test_each_stage_of_an_adaptation_is_given_the_files_of_the_stages_before():
    config, marks = adapter(), "results/make_marks/songs/{}/test/1-of-3.json"
    prepared = {"data": "results/prepare/songs.json"}
    made = job(config, MakeMarks, dataset="songs", marks="jitter_50ms", split="test", shard="1-of-3")
    assert paths(made) == prepared | {"of": marks.format("exact")}
    model = "results/train/songs/vocals+drums/conv_tasnet/no-f0/seed2/model.safetensors"
    assert paths(job(config, Adapt, **SONGS)) == prepared | {"model": model, "marks": marks.format("jitter_50ms")}
    assert paths(job(config, Separate, **SONGS, f0="no-f0")) == prepared | {
        "adapted": "results/adapt/songs/vocals+drums/adapter/seed2/test/1-of-3.json",
        "marks": marks.format("jitter_50ms"),
    }
    base = "results/adapt/songs/vocals+drums+bass+other/adapter/seed0/test"
    compared = paths(job(config | {"shards": 2}, Compare, comparison="guided"))
    assert compared["adapted"] == [f"{base}/1-of-2.json", f"{base}/2-of-2.json"]
    assert compared["models"] == []


def test_a_data_set_may_take_its_models_from_another():
    config = adapter()
    songs = {"kind": "embedded", "stems": ["vocals", "drums", "bass", "other"], "settings": {"corpus": "songs"}}
    config["datasets"] = {"quiet": songs | {"label": "Q", "rate": 22050, "muted": {"seed": 0}, "models_from": "songs"}}
    quiet, own = job(config, Adapt, **SONGS | {"dataset": "quiet"}), job(config, Adapt, **SONGS)
    assert paths(quiet)["data"] == "results/prepare/quiet.json"
    assert paths(quiet)["model"].startswith("results/train/songs/vocals+drums/conv_tasnet/")
    assert quiet.fingerprint != own.fingerprint
    assert [each.dataset for each in quiet.behind(Prepare)] == ["quiet", "songs"]


def test_the_scores_are_made_of_a_row_each_in_the_order_of_the_table_shard_after_shard(config):
    plan = Plan(config | {"shards": 2})
    count = len(names(plan, "guided"))
    score = paths(job(plan, Score, comparison="guided", shard="2-of-2"))["estimates"]
    assert len(score) == count and all(path.endswith("/2-of-2.json") for path in score)
    compared = paths(job(plan, Compare, comparison="guided"))
    assert compared["estimates"][count:] == score
    assert compared["scores"] == [f"results/score/guided/{k}-of-2.json" for k in (1, 2)]


def test_estimated_f0_is_measured_against_the_exact_one_of_embedded_data(config):
    found = paths(job(config, ScoreF0, comparison="vocal_ensemble"))
    base = "results/estimate_f0/chorales"
    assert found["reference"] == [f"{base}/exact/test/1-of-1.json"]
    assert found["estimates"] == [f"{base}/{f0}/test/1-of-1.json" for f0 in ("exact", "stems", "mixture")]


def test_the_report_is_made_of_every_table_and_figure_that_there_is(config):
    found = paths(job(config, Report))
    assert found["tables"] == [f"results/compare/{name}.json" for name in config["run"]]
    assert found["f0"] == [f"results/score_f0/{name}/f0.md" for name in ("vocal_ensemble", "f0_robustness")]
    drawn = {path.removeprefix("results/").removesuffix(".json") for path in found["figures"]}
    guided = {f"{stage}/{name}" for stage in ("draw_gains", "draw_adaptation") for name in config["run"][3:]}
    assert {each for each in drawn if each.startswith(("draw_gains", "draw_adaptation"))} == guided
    assert {"draw_robustness/f0_robustness", "draw_critics/singing_voice"} <= drawn
    assert not {"draw_critics/guided", "draw_robustness/guided"} & drawn


# What tables and figures are told


def test_contrasts_of_methods_that_a_comparison_lacks_are_passed_over(config):
    config["comparisons"]["vocal_ensemble"] |= {
        "methods": ["nmf1", "nmf2"],
        "contrasts": [["nmf2", "nmf1"], ["irm", "nmf1"]],
    }
    found = job(config, Compare, comparison="vocal_ensemble").contrasts()
    assert found == [Contrast("NMF2 (source-filter)", "NMF1 (harmonic templates)")]


def test_rows_that_differ_in_their_budget_and_in_that_of_what_they_start_from_are_one_curve(config):
    config["methods"] = {
        "first": UNET | {"budget": {"songs": 1}},
        "first_2": {"like": "first", "label": "U, 2", "budget": {"songs": 2}},
        "then": UNET | {"label": "T", "start": "first", "budget": {"songs": 1}, "training": {"steps": 4}},
        "then_2": {"like": "then", "start": "first_2", "label": "T, 2", "budget": {"songs": 2}},
    }
    config["comparisons"]["guided"] |= {"methods": ["mixture", *config["methods"]], "seeds": [0, 1], "contrasts": []}
    found = job(config, Draw, comparison="guided").budgets()
    assert [(row.label, row.songs, row.family, row.f0) for row in found] == [
        ("U", 1, None, ""), ("U, 2", 2, None, ""), ("T", 1, None, ""), ("T, 2", 2, None, ""),
    ]  # fmt: skip
    curves = [row.curve for row in found]
    assert curves[0] == curves[1] != curves[2] == curves[3]


@pytest.fixture
def guided():
    return Plan(default(run=["vocal_ensemble", "singing_voice", "guided", "guided_muted", "guided_marks"]))


def test_comparisons_whose_rows_adapt_have_these_figures_and_no_others(guided):
    for kind in (DrawGains, DrawAdaptation):
        drawn = [name for name in guided.configuration.run if job(guided, kind, comparison=name).is_made]
        assert drawn == ["guided", "guided_muted", "guided_marks"]
    assert job(guided, DrawGains, comparison="singing_voice").gains() == []  # further training is no adaptation


def test_every_row_that_uses_the_model_of_another_row_stands_beside_it_in_the_order_of_the_table(guided):
    found, configuration = job(guided, DrawGains, comparison="guided").gains(), guided.configuration
    methods = [name for name in configuration.run["guided"].methods if name.startswith(("guided", "conv_tasnet_"))]
    assert [row.label for row in found] == [configuration.method(name).label for name in methods]
    assert {row.baseline for row in found} == {configuration.method("conv_tasnet").label}
    assert [row.adapted for row in found] == [name.startswith("guided") for name in methods]
    told = {row.label: row.marks for row in found}
    assert len(told) > 7 and set(told.values()) == {"exact"}
    found = job(guided, DrawGains, comparison="guided_marks").gains()
    assert {"exact", "half of the marks", "all sources all the time"} < {row.marks for row in found}


def test_rows_that_differ_in_their_marks_are_one_group_and_those_with_other_settings_are_not(guided):
    found = [row for row in job(guided, DrawGains, comparison="guided_marks").gains() if row.adapted]
    assert len(found) == len({row.marks for row in found}) == 10
    assert len({row.group for row in found}) == 1
    strategies = [row for row in job(guided, DrawGains, comparison="guided").gains() if row.label.startswith("P-L")]
    assert len({row.group for row in strategies}) == len(strategies) == 7


# Fingerprints


def test_no_two_jobs_of_the_default_run_have_one_fingerprint(config):
    report = job(config, Report)
    found = {each: each.fingerprint for each in report.behind(Job)}
    assert len(found) > 200
    assert len(set(found.values())) == len(found)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("methods.conv_tasnet.settings.filters", 32),
        ("methods.conv_tasnet.training.steps", 7),
        ("marks.exact.settings.minimum", 0.7),
        ("methods.adapter.marks", "exact"),
        ("methods.adapter.settings", {"epochs": 7}),
    ],
)
def test_what_an_adaptation_depends_on_is_in_its_fingerprint_and_in_that_of_its_estimates(path, value):
    config = adapter()
    set_key(changed := copy.deepcopy(config), path, value)
    other = {"method": "mixture", "f0": "no-f0"}
    for kind, more in ((Adapt, {}), (Separate, {"f0": "no-f0"})):
        assert job(changed, kind, **SONGS | more).fingerprint != job(config, kind, **SONGS | more).fingerprint
    assert job(changed, Separate, **SONGS | other).fingerprint == job(config, Separate, **SONGS | other).fingerprint


@pytest.mark.parametrize(
    "change",
    [
        {"training": {"steps": 7}}, {"budget": {"songs": 1}}, {"budget": {"family": "club"}},
        {"settings": {"code_width": 7}}, {"needs": ["f0", "training", "unpaired"]},
        {"needs": ["f0", "training", "unpaired"], "unpaired": {"family": "club"}},
    ],
)  # fmt: skip
def test_what_a_model_depends_on_is_in_its_fingerprint_and_in_that_of_its_estimates(change):
    plain, changed = learner(), learner(**change)
    assert training(changed).fingerprint != training(plain).fingerprint
    estimates = {**CHORALES, "method": "learner", "f0": "stems"}
    assert job(changed, Separate, **estimates).fingerprint != job(plain, Separate, **estimates).fingerprint
    assert training(plain, f0="exact").fingerprint != training(plain).fingerprint
    assert (
        training(changed, "nmf_supervised", "no-f0").fingerprint
        == training(plain, "nmf_supervised", "no-f0").fingerprint
    )


def test_a_change_of_the_model_to_start_from_changes_what_starts_from_it():
    plain = learner()
    plain["methods"]["again"] = plain["methods"]["learner"] | {"start": "learner"}
    plain["methods"]["third"] = plain["methods"]["learner"] | {"start": "again"}
    changed = copy.deepcopy(plain)
    changed["methods"]["learner"]["training"] = {"steps": 7}
    found = [training(config, name).fingerprint for config in (plain, changed) for name in ("again", "third")]
    assert len(set(found)) == 4


def test_a_change_of_the_data_changes_everything_after_it_and_nothing_of_other_data(config):
    changed = copy.deepcopy(config) | {"datasets": {"chorales": {"settings": {"seconds": 5}}}}
    for name, same in (("vocal_ensemble", False), ("guided", True)):
        first, second = (job(each, Score, comparison=name, shard="1-of-1") for each in (config, changed))
        assert (first.fingerprint == second.fingerprint) is same


def test_what_a_table_a_group_is_made_of_is_in_the_fingerprint_of_tables_and_figures_alone(config):
    changed = copy.deepcopy(config)
    changed["comparisons"]["guided"]["groups"] = ["club"]
    for kind, more, same in ((Compare, {}, False), (Draw, {}, False), (Score, {"shard": "1-of-1"}, True)):
        first, second = (job(each, kind, comparison="guided", **more) for each in (config, changed))
        assert (first.fingerprint == second.fingerprint) is same


def test_a_fingerprint_depends_neither_on_the_order_in_which_jobs_are_asked_nor_on_other_comparisons(config):
    alone = job(config | {"run": ["guided"]}, Compare, comparison="guided")
    plan = Plan(config)
    last = [job(plan, Compare, comparison=name).fingerprint for name in ("vocal_ensemble", "guided")][-1]
    assert alone.fingerprint == last


KINDS = [
    each
    for module in (data_jobs, model_jobs, result_jobs, figure_jobs, claim_jobs, submission_jobs)
    for each in vars(module).values()
    if isinstance(each, type) and issubclass(each, Job) and hasattr(each, "rule") and each.__module__ == module.__name__
]


def test_each_rule_has_a_kind_of_job_and_each_kind_a_script_of_its_name(config):
    from workflow_scripts.lib.core.code_graph import ROOT

    text = "".join(path.read_text() for path in sorted((ROOT / "rules").glob("*.smk")))
    assert len(KINDS) == 23
    for kind in KINDS:
        assert f"rule {kind.rule}:" in text or f"as {kind.rule} with:" in text
        assert (ROOT / "workflow_scripts" / kind.stage / f"{kind.rule}.py").is_file(), kind
        assert f"plan.fingerprint({kind.__name__})" in text
        assert {each.name for each in fields(kind)} >= {"configuration"}


def test_published_weights_in_place_of_a_training_are_an_input_of_what_uses_them(config):
    found = paths(
        job(config, Separate, **CHORALES | {"dataset": "musdb18hq"}, method="conv_tasnet_imported", f0="no-f0")
    )
    assert found["model"] == "results/import_weights/conv_tasnet_imported/model.safetensors"
    assert job(config, ImportWeights, method="conv_tasnet_imported").manifest.path.startswith("results/import_weights")


def test_a_degraded_f0_rests_on_the_one_that_it_is_made_of(config):
    made = job(config, EstimateF0, dataset="chorales", f0="octave_up", split="test", shard="1-of-1")
    assert paths(made)["of"] == "results/estimate_f0/chorales/exact/test/1-of-1.json"
    set_key(config, "f0.exact.label", "anything")
    assert (
        job(config, EstimateF0, dataset="chorales", f0="octave_up", split="test", shard="1-of-1").fingerprint
        == made.fingerprint
    )


def test_an_unknown_data_set_of_a_path_that_is_asked_for_is_told_by_name(config):
    with pytest.raises(UserError, match="datasets names 'choral', which is not defined; did you mean 'chorales'"):
        _ = job(config, Prepare, dataset="choral").fingerprint
