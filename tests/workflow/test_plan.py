"""The plan: what a configuration means, and how a mistake in it is told."""

import copy
import json
import re
from types import SimpleNamespace

import pytest
import yaml

from workflow_scripts import declared
from workflow_scripts.configuration import LIBRARIES
from workflow_scripts.lib.core.config import checked, read_yaml
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.fingerprint import ROOT
from workflow_scripts.plan import Plan, Row
from workflow_scripts.plan_codes import Codes

DEFAULT = yaml.safe_load((ROOT / "config/config.yaml").read_text())


@pytest.fixture
def config():
    return copy.deepcopy(DEFAULT)


def plain(config):
    """The configuration without the default's changes to methods."""
    return config | {"methods": {}}


def test_the_default_configuration_has_one_comparison_for_each_paper(config):
    plan = Plan(config)
    guided = ["guided", "guided_muted", "guided_frames"]
    assert list(plan.run) == ["vocal_ensemble", "f0_robustness", "singing_voice", *guided]
    assert Row("mixture", "no-f0", 0) in plan.rows("vocal_ensemble")
    assert Row("nmf1", "exact", 0) in plan.rows("vocal_ensemble")


def test_every_key_of_the_default_configuration_is_described_and_every_description_is_a_sentence():
    schema = read_yaml(ROOT / "config/schema.yaml")
    objects = [schema, *schema["$defs"].values()]
    keys = [(key, entry) for each in objects for key, entry in each.get("properties", {}).items()]
    assert len(keys) > 30
    for key, entry in keys:
        assert "$ref" in entry or len(entry["description"]) > 10, key
    checked(DEFAULT, schema, "config/config.yaml")


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_definition_in_config_fits_the_schema(library, config):
    plan = Plan(config)
    names = [path.stem for path in (ROOT / "config" / library).glob("*.yaml")]
    assert names
    for name in names:
        assert plan.definition(library, name)["label"]


def test_a_method_that_needs_marks_has_a_row_for_its_own_and_each_other_source_of_marks(config):
    methods = ["conv_tasnet", "conv_tasnet_muted", "guided_l5"]
    config["comparisons"]["guided"] |= {"methods": methods, "marks": ["exact", "half"], "contrasts": []}
    plan = Plan(config)
    rows = ["conv_tasnet", "conv_tasnet_muted", "conv_tasnet_muted-half", "guided_l5", "guided_l5-half"]
    assert [row.method for row in plan.rows("guided")] == rows
    own, other = plan.method("guided_l5"), plan.method("guided_l5-half")
    assert other == own | {"label": "P-L5:D (small); half of the marks", "marks": "half"}
    points = json.loads(plan.gains("guided"))
    assert [(row["alike"], row["marks"]) for row in points[:2]] == [
        (points[0]["alike"], "exact"), (points[0]["alike"], "half of the marks"),
    ]  # fmt: skip
    config["methods"]["mine"] = {"label": "Mine", "module": "muted", "needs": ["marks"], "start": "conv_tasnet"}
    config["comparisons"]["guided"]["methods"] = ["conv_tasnet", "mine"]
    with pytest.raises(UserError, match=r"methods\.mine needs marks"):
        Plan(config)
    del config["methods"]["mine"]["label"]
    with pytest.raises(UserError, match=r"methods\.mine: it lacks 'label'"):
        Plan(config)
    config["comparisons"]["guided"]["methods"] = methods
    config["comparisons"]["guided"]["marks"] = ["halff"]
    with pytest.raises(UserError, match=r"guided\.marks names 'halff', which is not defined; did you mean 'half'\?"):
        Plan(config)


def test_a_method_that_needs_f0_has_a_row_for_each_f0_source_and_seed(config):
    config["comparisons"]["vocal_ensemble"] |= {"methods": ["nmf1"], "f0": ["exact", "stems"], "seeds": [0, 1]}
    assert Plan(config).rows("vocal_ensemble") == [
        Row("nmf1", f0, seed) for f0 in ("exact", "stems") for seed in (0, 1)
    ]


def test_a_method_with_a_training_f0_has_one_model_for_every_f0_that_it_separates_with(config):
    plan = Plan(config)
    jobs = [
        SimpleNamespace(
            dataset="chorales", sources="a", method="parametric_unsupervised", f0=f0, seed=0, split="test",
            shard="1-of-1",
        )
        for f0 in ("stems", "mixture")
    ]  # fmt: skip
    paths = [plan.separate_inputs(job) for job in jobs]
    assert {path["model"] for path in paths} == {
        "results/train/chorales/a/parametric_unsupervised/exact/seed0/model.safetensors"
    }
    assert len({path["f0"] for path in paths}) == 2
    codes = {Codes(plan).separate("chorales", "parametric_unsupervised", f0) for f0 in ("stems", "mixture")}
    assert len(codes) == 2
    own = Plan(plain(copy.deepcopy(DEFAULT)))
    assert "/parametric_unsupervised/stems/" in own.separate_inputs(jobs[0])["model"]


def test_each_value_of_each_way_to_degrade_is_one_more_f0_source(config):
    config["comparisons"]["f0_robustness"] |= {
        "methods": ["nmf1"], "degrade": {"offset_hz": [-60, 2.5], "left_out": [["soprano", "bass"]]},
    }  # fmt: skip
    plan = Plan(config)
    names = ["exact", "exact-offset_hz--60", "exact-offset_hz-2.5", "exact-left_out-soprano-bass"]
    assert [row.f0 for row in plan.rows("f0_robustness")] == names
    assert plan.f0_source(names[2])["of"] == "exact"
    assert [each["settings"] for each in json.loads(plan.errors("f0_robustness"))] == [
        {"offset_hz": -60}, {"offset_hz": 2.5}, {"left_out": ["soprano", "bass"]},
    ]  # fmt: skip
    assert plan.with_errors() == ["f0_robustness"]


def test_contrasts_of_methods_that_a_comparison_lacks_are_passed_over(config):
    config["comparisons"]["vocal_ensemble"] |= {
        "methods": ["nmf1", "nmf2"],
        "contrasts": [["nmf2", "nmf1"], ["irm", "nmf1"]],
    }
    assert json.loads(Plan(config).contrasts("vocal_ensemble")) == [
        ["NMF2 (source-filter)", "NMF1 (harmonic templates)"]
    ]


def test_a_users_variant_of_a_method_has_a_fingerprint_of_its_own(config):
    config["methods"] = {"nmf1": {"settings": {"iterations": 7}}}
    changed, plain = Codes(Plan(config)), Codes(Plan(copy.deepcopy(DEFAULT)))
    assert changed.separate("chorales", "nmf1", "exact") != plain.separate("chorales", "nmf1", "exact")
    assert changed.separate("chorales", "nmf2", "exact") == plain.separate("chorales", "nmf2", "exact")


def test_a_variant_says_only_what_differs_from_the_method_that_it_is_like(config):
    config["methods"] = {
        "longer": {"like": "nmf1", "label": "Longer", "settings": {"iterations": 7}},
        "longest": {"like": "longer", "settings": {"iterations": 70}},
    }
    plan = Plan(config)
    first = plan.method("nmf1")
    assert plan.method("longer") == first | {"label": "Longer", "settings": first["settings"] | {"iterations": 7}}
    assert (plan.method("longest")["label"], plan.method("longest")["settings"]["iterations"]) == ("Longer", 70)


def test_a_change_of_the_data_changes_the_fingerprint_of_everything_after_it_and_of_no_other_data(config):
    config["datasets"] = {"chorales": {"settings": {"seconds": 5}}}
    changed, plain = Plan(config), Plan(copy.deepcopy(DEFAULT))
    assert changed.preparation("chorales") != plain.preparation("chorales")
    assert Codes(changed).score("vocal_ensemble") != Codes(plain).score("vocal_ensemble")
    assert Codes(changed).score("guided") == Codes(plain).score("guided")


def test_a_bound_draws_nothing_so_it_has_a_row_of_the_first_seed_alone(config):
    config["comparisons"]["guided"] |= {"methods": ["mixture", "nmf_supervised"], "seeds": [4, 5]}
    assert [(row.method, row.seed) for row in Plan(config).rows("guided")] == [
        ("mixture", 4), ("nmf_supervised", 4), ("nmf_supervised", 5),
    ]  # fmt: skip


UNET = {"label": "U", "module": "unet", "needs": ["training"], "training": {"steps": 9, "batch": 2}}


def test_a_method_that_is_like_another_takes_its_keys_but_for_those_of_its_own(config):
    config["methods"] = {
        "one": UNET | {"budget": {"songs": 2, "family": "club"}},
        "two": {"like": "one", "label": "Two", "budget": {"songs": 1}, "training": {"steps": 3}},
    }
    plan = Plan(config)
    one, two = plan.method("one"), plan.method("two")
    assert (two["label"], two["module"], two["needs"]) == ("Two", "unet", ["training"])
    assert (two["budget"], two["training"]["steps"]) == ({"songs": 1, "family": "club"}, 3)
    assert two["training"]["batch"] == one["training"]["batch"] == 2 and one["training"]["steps"] == 9


def test_rows_that_differ_in_their_budget_and_in_that_of_what_they_start_from_are_one_curve(config):
    config["methods"] = {
        "first": UNET | {"budget": {"songs": 1}},
        "first_2": {"like": "first", "label": "U, 2", "budget": {"songs": 2}},
        "then": UNET | {"label": "T", "start": "first", "settings": {"width": 4}, "budget": {"songs": 1}},
        "then_2": {"like": "then", "start": "first_2", "label": "T, 2", "budget": {"songs": 2}},
    }
    config["comparisons"]["guided"] |= {"methods": ["mixture", *config["methods"]], "seeds": [0, 1]}
    rows = json.loads(Plan(config).budgets("guided"))
    assert [(row["label"], row["songs"], row["family"], row["f0"]) for row in rows] == [
        ("U", 1, None, ""), ("U, 2", 2, None, ""), ("T", 1, None, ""), ("T, 2", 2, None, ""),
    ]  # fmt: skip
    curves = [row["curve"] for row in rows]
    assert curves[0] == curves[1] != curves[2] == curves[3]


def test_settings_are_checked_with_those_that_they_inherit(tmp_path, monkeypatch):
    folder = tmp_path / "workflow_scripts/lib/methods"
    folder.mkdir(parents=True)
    (folder / "base.py").write_text("class Common:\n    window: int = 4\n")
    own = "from workflow_scripts.lib.methods.base import Common\n\nclass Settings(Common):\n    alpha: float = 1.0\n"
    (folder / "own.py").write_text(own)
    monkeypatch.setattr(declared, "ROOT", tmp_path)
    assert declared.settings_schema([folder / "own.py"])["properties"] == {
        "window": {"type": ["integer"]}, "alpha": {"type": ["number"]},
    }  # fmt: skip


def test_what_a_table_a_group_is_made_of_is_in_the_fingerprint_of_the_tables_and_figures(config):
    plain = Codes(Plan(copy.deepcopy(config)))
    config["comparisons"]["guided"]["groups"] = ["club"]
    changed = Codes(Plan(config))
    assert changed.compare("guided") != plain.compare("guided")
    assert changed.draw("guided") != plain.draw("guided")
    assert changed.score("guided") == plain.score("guided")


def test_shards_name_every_part_once(config):
    assert Plan(config | {"shards": 3}).shards() == ["1-of-3", "2-of-3", "3-of-3"]


def _set(path, value):
    def change(config):
        *parents, last = path.split(".")
        for key in parents:
            config = config.setdefault(key, {})
        config[last] = value

    return change


MISTAKES = [
    (_set("shrads", 2), "config: the key 'shrads' is unknown; did you mean 'shards'?"),
    (_set("shards", "two"), "config: the key 'shards' is 'two'; allowed is a whole number, at least 1."),
    (_set("run", ["guidet"]), "config: run names 'guidet', which is not defined; did you mean 'guided'?"),
    (
        _set("comparisons.guided.methods", ["mixtur"]),
        "config: comparisons.guided.methods names 'mixtur', which is not defined; did you mean 'mixture'?",
    ),
    (
        _set("comparisons.guided.dataset", "song"),
        "config: comparisons.guided.dataset names 'song', which is not defined; did you mean 'songs'?",
    ),
    (
        _set("comparisons.guided.sources", ["vocal"]),
        "config: comparisons.guided.sources names 'vocal', which is not defined; did you mean 'vocals'?",
    ),
    (
        _set("comparisons.guided.metrics", ["SDRR"]),
        "config: comparisons.guided.metrics names 'SDRR', which is not defined; did you mean 'SDR'?",
    ),
    (
        _set("comparisons.vocal_ensemble.f0", ["exakt"]),
        "config: comparisons.vocal_ensemble.f0 names 'exakt', which is not defined; did you mean 'exact'?",
    ),
    (_set("comparisons.vocal_ensemble.f0", []), "needs F0, but no F0 source; name one in"),
    (_set("comparisons.guided.methods", ["nmf1"]), "needs F0"),
    (_set("comparisons.guided.scoring", {"hop": 0}), "guided.scoring.hop' is 0; allowed is a number, over 0"),
    (_set("methods.nmf1.like", "nmf3"), "methods.nmf1.like is 'nmf3'; did you mean 'nmf2'?"),
    (_set("methods", {"a": {"like": "b"}, "b": {"like": "a"}}), "methods.b.like is 'a'; "),
    (_set("methods.nmf1.settings.iterashuns", 3), "'iterashuns' is unknown; did you mean 'iterations'?"),
    (_set("methods.nmf1.settings.iterations", "many"), "the key 'iterations' is 'many'; allowed is a whole number"),
    (_set("methods.nmf1.module", "nmf_harmonics"), "did you mean 'nmf_harmonic'?"),
    (_set("methods.nmf1.resources.gpus", 1), "'resources.gpus' is unknown; did you mean 'gpu'?"),
    (_set("datasets.songs_4k.kind", "embeded"), "the key 'kind' is 'embeded'; did you mean 'embedded'?"),
    (
        _set("comparisons.singing_voice.sources", ["vocals", "drums", "bass", "other", "accompaniment"]),
        "has 'accompaniment', the sum of the stems not named, but names every stem",
    ),
    (_set("datasets", {"my.set": {}}), "'datasets' has the name 'my.set'; allowed are letters, digits, '_' and '-'"),
    (
        _set("comparisons.guided.split", "train"),
        "scores the split 'train', which its method 'nmf_supervised' is trained",
    ),
    (
        _set("comparisons.f0_robustness.degrade.left_out", [["sopran"]]),
        "f0_robustness.degrade.left_out names 'sopran', which is not defined; did you mean 'soprano'?",
    ),
    (
        _set("comparisons.f0_robustness.degrade.muted", [2]),
        "comparisons.f0_robustness.degrade.muted.0' is 2; allowed is a number, at least 0, at most 1",
    ),
    (
        _set("comparisons.guided.contrasts", [["irm", "ibn"]]),
        "guided.contrasts names 'ibn', which is not defined; did you mean 'ibm'?",
    ),
    (
        _set("methods.parametric_unsupervised.training_f0", "exakt"),
        "training_f0 names 'exakt', which is not defined; did you mean 'exact'?",
    ),
    (_set("comparisons.guided.groups", ["a/b"]), "guided.groups.0' is 'a/b'; allowed is a text, matching"),
    (
        _set("methods.irm.like", "imr"),
        "config: methods.irm.like is 'imr'; did you mean",
    ),
    (_set("methods.irm.like", "irm"), "config: methods.irm.like is 'irm'; did you mean"),
    (_set("f0.exact", {"label": "x", "kind": "degraded"}), "f0.exact is degraded, but does not say of what"),
]


@pytest.mark.parametrize(("change", "sentence"), MISTAKES, ids=[sentence[-40:] for _, sentence in MISTAKES])
def test_a_mistake_is_told_in_one_sentence_with_the_nearest_valid_name(config, change, sentence):
    change(config)
    with pytest.raises(UserError, match=re.escape(sentence)) as error:
        Plan(config)
    assert "\n" not in str(error.value)
