"""The plan: what a configuration means, and how a mistake in it is told."""

import copy
import re

import pytest
import yaml

from workflow_scripts.lib.core.config import checked, read_yaml
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.fingerprint import ROOT
from workflow_scripts.plan import LIBRARIES, Plan, Row

DEFAULT = yaml.safe_load((ROOT / "config/config.yaml").read_text())


@pytest.fixture
def config():
    return copy.deepcopy(DEFAULT)


def test_the_default_configuration_has_one_comparison_for_each_paper(config):
    plan = Plan(config)
    assert list(plan.run) == ["vocal_ensemble", "singing_voice", "guided", "guided_muted"]
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
        assert plan._defined(library, name)["label"]


def test_a_method_that_needs_f0_has_a_row_for_each_f0_source_and_seed(config):
    config["comparisons"]["vocal_ensemble"] |= {"methods": ["nmf1"], "f0": ["exact", "stems"], "seeds": [0, 1]}
    assert Plan(config).rows("vocal_ensemble") == [
        Row("nmf1", f0, seed) for f0 in ("exact", "stems") for seed in (0, 1)
    ]


def test_a_users_variant_of_a_method_has_a_fingerprint_of_its_own(config):
    config["methods"] = {"nmf1": {"settings": {"iterations": 7}}}
    changed, plain = Plan(config), Plan(copy.deepcopy(DEFAULT))
    assert changed.separate_code("chorales", "nmf1", "exact") != plain.separate_code("chorales", "nmf1", "exact")
    assert changed.separate_code("chorales", "nmf2", "exact") == plain.separate_code("chorales", "nmf2", "exact")


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
    assert changed.score_code("vocal_ensemble") != plain.score_code("vocal_ensemble")
    assert changed.score_code("guided") == plain.score_code("guided")


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
    (_set("datasets.songs.kind", "embeded"), "the key 'kind' is 'embeded'; did you mean 'embedded'?"),
    (
        _set("comparisons.singing_voice.sources", ["vocals", "drums", "bass", "other", "accompaniment"]),
        "has 'accompaniment', the sum of the stems not named, but names every stem",
    ),
    (_set("datasets", {"my.set": {}}), "'datasets' has the name 'my.set'; allowed are letters, digits, '_' and '-'"),
    (
        _set("comparisons.guided.split", "train"),
        "scores the split 'train', which its method 'nmf_supervised' is trained",
    ),
    (_set("f0.exact", {"label": "x", "kind": "degraded"}), "f0.exact is degraded, but does not say of what"),
]


@pytest.mark.parametrize(("change", "sentence"), MISTAKES, ids=[sentence[-40:] for _, sentence in MISTAKES])
def test_a_mistake_is_told_in_one_sentence_with_the_nearest_valid_name(config, change, sentence):
    change(config)
    with pytest.raises(UserError, match=re.escape(sentence)) as error:
        Plan(config)
    assert "\n" not in str(error.value)
