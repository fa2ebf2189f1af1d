"""Mistakes in a configuration: each is told before any job, in one sentence with the key and the nearest right word."""

import re

import pytest

from tests.plan.given import default, set_key
from tests.plan.test_jobs import adapter, learner
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.plan.data_jobs import Prepare
from workflow_scripts.plan.plan import Plan
from workflow_scripts.plan.seconds import seconds_of
from workflow_scripts.plan.yaml_files import read_yaml


def refused(config, sentence):
    with pytest.raises(UserError, match=re.escape(sentence)) as error:
        Plan(config)
    assert "\n" not in str(error.value)


MISTAKES = [
    ("shrads", 2, "config: the key 'shrads' is unknown; did you mean 'shards'?"),
    ("shards", "two", "config: the key 'shards' is 'two'; allowed is a whole number, at least 1, at most 10000."),
    ("run", ["guidet"], "config: run names 'guidet', which is not defined; did you mean 'guided'?"),
    (
        "comparisons.guided.methods",
        ["mixtur"],
        "config: comparisons.guided.methods names 'mixtur', which is not defined; did you mean 'mixture'?",
    ),
    (
        "comparisons.guided.dataset",
        "song",
        "config: comparisons.guided.dataset names 'song', which is not defined; did you mean 'songs'?",
    ),
    (
        "comparisons.guided.sources",
        ["vocal"],
        "config: comparisons.guided.sources names 'vocal', which is not defined; did you mean 'vocals'?",
    ),
    (
        "comparisons.guided.metrics",
        ["SDRR"],
        "config: comparisons.guided.metrics names 'SDRR', which is not defined; did you mean 'SDR'?",
    ),
    (
        "comparisons.vocal_ensemble.f0",
        ["exakt"],
        "config: comparisons.vocal_ensemble.f0 names 'exakt', which is not defined; did you mean 'exact'?",
    ),
    ("comparisons.vocal_ensemble.f0", [], "needs F0, but no F0 source; name one in"),
    ("comparisons.guided.methods", ["nmf1"], "needs F0"),
    ("comparisons.guided.scoring", {"hop": 0}, "guided.scoring.hop' is 0; allowed is a number, over 0"),
    ("methods.nmf1.like", "nmf3", "methods.nmf1.like is 'nmf3'; did you mean 'nmf2'?"),
    ("methods", {"a": {"like": "b"}, "b": {"like": "a"}}, "methods.b.like is 'a'; "),
    ("methods.nmf1.settings.iterashuns", 3, "'iterashuns' is unknown; did you mean 'iterations'?"),
    ("methods.nmf1.settings.iterations", "many", "the key 'iterations' is 'many'; allowed is a whole number"),
    ("methods.nmf1.module", "nmf_harmonics", "did you mean 'nmf_harmonic'?"),
    ("methods.nmf1.resources.gpus", 1, "'resources.gpus' is unknown; did you mean 'gpu'?"),
    (
        "datasets.songs_4k.kind",
        "embeded",
        "datasets.songs_4k.kind names 'embeded', which is not defined; did you mean 'embedded'?",
    ),
    (
        "comparisons.singing_voice.sources",
        ["vocals", "drums", "bass", "other", "accompaniment"],
        "has 'accompaniment', the sum of the stems not named, but names every stem",
    ),
    ("datasets", {"my.set": {}}, "'datasets' has the name 'my.set'; allowed are letters, digits, '_' and '-'"),
    (
        "comparisons.guided.split",
        "train",
        "scores the split 'train', which its method 'nmf_supervised' is trained",
    ),
    (
        "comparisons.f0_robustness.degrade.left_out",
        [["sopran"]],
        "f0_robustness.degrade.left_out names 'sopran', which is not defined; did you mean 'soprano'?",
    ),
    (
        "comparisons.f0_robustness.degrade.muted",
        [2],
        "comparisons.f0_robustness.degrade.muted.0' is 2; allowed is a number, at least 0, at most 1",
    ),
    (
        "comparisons.guided.contrasts",
        [["irm", "ibn"]],
        "guided.contrasts names 'ibn', which is not defined; did you mean 'ibm'?",
    ),
    (
        "methods.parametric_unsupervised.training_f0",
        "exakt",
        "training_f0 names 'exakt', which is not defined; did you mean 'exact'?",
    ),
    ("comparisons.guided.groups", ["a/b"], "guided.groups.0' is 'a/b'; allowed is a text, matching"),
    (
        "methods.irm.like",
        "imr",
        "config: methods.irm.like is 'imr'; did you mean",
    ),
    ("methods.irm.like", "irm", "config: methods.irm.like is 'irm'; did you mean"),
    ("f0.exact", {"label": "x", "kind": "degraded"}, "f0.exact is of the kind 'degraded', but does not say of what"),
]


@pytest.mark.parametrize(("path", "value", "sentence"), MISTAKES, ids=[each[2][-40:] for each in MISTAKES])
def test_a_mistake_is_told_in_one_sentence_with_the_nearest_valid_name(path, value, sentence):
    config = default()
    set_key(config, path, value)
    refused(config, sentence)


OF_ADAPTATION = [
    ({"start": None}, "methods.adapter needs adaptation, but names no model to adapt; name a method in"),
    ({"start": "nmf_supervise"}, "methods.adapter.start names 'nmf_supervise', which is not defined; did you mean"),
    ({"start": "mixture"}, "methods.adapter.start names 'mixture', which is not trained, so it has no model"),
    ({"module": "mixture"}, "methods.adapter needs adaptation, but its module 'mixture' has none"),
    ({"marks": None}, "methods.adapter needs marks, but names none; name a source in methods.adapter.marks."),
    ({"marks": "exakt"}, "methods.adapter.marks names 'exakt', which is not defined; did you mean 'exact'?"),
    ({"needs": ["adaptation"]}, "methods.adapter.marks is given, but `needs` has no 'marks'; add it there."),
    ({"marks": "user"}, "marks.user.settings.root is 'my_marks', where there is nothing; set it to your folder"),
    ({"needs": ["marks", "adaptation", "f0"]}, "needs adaptation and F0, which adaptation is not given"),
]


@pytest.mark.parametrize(("change", "sentence"), OF_ADAPTATION, ids=[each[1][-30:] for each in OF_ADAPTATION])
def test_a_mistake_about_adaptation_is_told_in_one_sentence(change, sentence):
    config = adapter()
    config["methods"]["adapter"] |= change
    refused(config, sentence)


@pytest.mark.parametrize(
    ("library", "change", "sentence"),
    [
        ("marks", {"exact": {"settings": {"minimun": 1}}}, "'minimun' is unknown; did you mean 'minimum'?"),
        (
            "marks",
            {"jitter_50ms": {"of": "exacd"}},
            "marks.jitter_50ms.of names 'exacd', which is not defined; did you",
        ),
        ("datasets", {"songs": {"models_from": "song"}}, "songs.models_from names 'song', which is not defined"),
        (
            "datasets",
            {"songs": {"models_from": "chorales"}},
            "models_from is 'chorales', whose rate is 16000, but that",
        ),
        ("datasets", {"songs": {"muted": {"sed": 1}}}, "the key 'muted.sed' is unknown; did you mean 'seed'?"),
    ],
)
def test_a_mistake_about_marks_and_models_is_told_in_one_sentence(library, change, sentence):
    refused(adapter() | {library: change}, sentence)


@pytest.mark.parametrize(
    ("keys", "methods", "sentence"),
    [
        ({"muted": {"seed": 1}}, ["mixture"], "datasets.own.muted is set, but a recording has no stems to mute"),
        ({}, ["adapter"], "marks.jitter_50ms.of is 'exact', found from stems, but a recording has none"),
        ({}, ["mixture"], "comparisons.guided cannot score 'own', a recording, which has no stems."),
    ],
)
def test_what_needs_stems_is_refused_for_a_recording(keys, methods, sentence):
    config = adapter()
    recording = {"label": "R", "kind": "recording", "settings": {"root": __file__}, "stems": ["vocals", "drums"]}
    config["datasets"] = {"own": recording | keys}
    config["comparisons"]["guided"] |= {"dataset": "own", "sources": ["vocals", "drums"], "methods": methods}
    refused(config, sentence)


OF_TRAINING = [
    (
        "nmf1",
        {"training": {"steps": 3}},
        "methods.nmf1.training is given, but `needs` has no 'training'; add it there.",
    ),
    ("nmf1", {"budget": {"songs": 1}}, "methods.nmf1.budget is given, but `needs` has no 'training'; add it there."),
    ("learner", {"train_on": "test"}, "methods.learner.train_on is 'test', which would show the method the stems"),
    ("learner", {"training": {"stepps": 3}}, "the key 'training.stepps' is unknown; did you mean 'steps'?"),
    ("learner", {"training": {"precision": "fp8"}}, "the key 'training.precision' is 'fp8'; did you mean 'fp16'?"),
    (
        "learner",
        {"start": "lerner"},
        "methods.learner.start names 'lerner', which is not defined; did you mean 'learner'",
    ),
    (
        "learner",
        {"start": "learner"},
        "learner.start goes round in a circle, learner from learner; let one of them start",
    ),
    (
        "learner",
        {"start": "hpss"},
        "learner.start names 'hpss', which is not trained, so it has no model to start from",
    ),
    (
        "nmf_supervised",
        {"start": "learner"},
        "methods.nmf_supervised has 'start', but the module 'nmf_supervised' does",
    ),
    (
        "nmf_supervised",
        {"training": {"steps": 3}},
        "methods.nmf_supervised has 'training', but the module 'nmf_supervised' does not learn step by step; leave it",
    ),
    (
        "nmf_supervised",
        {"needs": ["training", "unpaired"]},
        "methods.nmf_supervised has 'unpaired', but the module 'nmf_supervised' does not learn step by step; leave it",
    ),
    ("nmf1", {"needs": ["unpaired"]}, "methods.nmf1 needs 'unpaired' without 'training', which uses it; add it there."),
    ("learner", {"unpaired": {"family": "club"}}, "learner.unpaired is given, but `needs` has no 'unpaired'; add it"),
    ("learner", {"budget": {"famly": "club"}}, "the key 'budget.famly' is unknown; did you mean 'family'?"),
    (
        "learner",
        {"needs": ["f0", "training", "unpaired"], "start": "unet", "budget": {"songs": 2}},
        "learner.start names 'unet', whose budget is {\"family\": null, \"songs\": null}, but that of 'learner' is",
    ),
    (
        "learner",
        {"budget": {"songs": 0}},
        "the key 'budget.songs' is 0; allowed is a whole number, at least 1 or null.",
    ),
]


@pytest.mark.parametrize(("method", "change", "sentence"), OF_TRAINING, ids=[each[2][-30:] for each in OF_TRAINING])
def test_a_mistake_about_training_is_told_in_one_sentence(method, change, sentence):
    config = learner()
    config["comparisons"]["vocal_ensemble"]["methods"] = ["nmf1", "learner", "nmf_supervised"]
    config["methods"].setdefault(method, {}).update(change)
    refused(config, sentence)


@pytest.mark.timeout(60)  # a circle that is not seen is walked for ever
def test_a_circle_of_starts_is_seen_where_it_does_not_hold_the_method_itself():
    config = learner(start="second")
    of = {"label": "S", "module": "parametric", "needs": ["f0", "training"]}
    config["methods"] |= {"second": of | {"start": "third"}, "third": of | {"start": "second"}}
    refused(config, "start goes round in a circle, learner from second from third from second; let one")


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ({"exact": "exact"}, "f0.exact.of goes round in a circle, exact of exact; let one of"),
        ({"exact": "x", "x": "exact"}, "f0.x.of goes round in a circle, exact of x of exact; let one of"),
        ({"exact": "y", "y": "x", "x": "y"}, "f0.x.of goes round in a circle, exact of y of x of y; let one of"),
    ],
)
def test_a_circle_of_f0_sources_is_seen(sources, said):
    config = default(run=["vocal_ensemble"])
    degraded = {"label": "d", "kind": "degraded", "settings": {"offset_hz": 1}}
    config["f0"] = {name: degraded | {"of": of} for name, of in sources.items()}
    refused(config, said)


@pytest.mark.timeout(60)
def test_a_circle_of_marks_is_seen():
    config = adapter()
    degraded = {"label": "d", "kind": "degraded", "settings": {}}
    config["marks"] = {"jitter_50ms": degraded | {"of": "x"}, "x": degraded | {"of": "jitter_50ms"}}
    refused(config, "marks.x.of goes round in a circle, jitter_50ms of x of jitter_50ms; let one of")


def test_only_what_is_degraded_is_made_of_another_source():
    config = default(run=["vocal_ensemble"])
    config["f0"] = {"exact": {"of": "stems"}}
    refused(config, "f0.exact.of is given, but the kind 'exact' has none; leave it out.")


@pytest.mark.parametrize("key", ["rate", "channels", "stems"])
def test_models_of_another_data_set_fit_in_rate_channels_and_stems(key):
    config = adapter()
    songs = {"kind": "embedded", "stems": ["vocals", "drums", "bass", "other"], "settings": {"corpus": "songs"}}
    songs |= {"label": "Q", "rate": 22050, "channels": 1, "models_from": "from"}
    other = {"rate": 8000, "channels": 2, "stems": ["vocals", "drums", "bass", "rest"]}[key]
    config["datasets"] = {"mine": songs, "from": {**songs, "models_from": None, key: other}}
    config["comparisons"]["guided"]["dataset"] = "mine"
    refused(config, f"datasets.mine.models_from is 'from', whose {key} is {other}, but that of 'mine' is {songs[key]}")


def test_the_data_set_that_models_come_from_is_looked_at_too():
    config = adapter()
    songs = {"kind": "embedded", "stems": ["vocals", "drums", "bass", "other"], "label": "Q", "rate": 22050}
    config["datasets"] = {
        "mine": songs | {"settings": {"corpus": "songs"}, "models_from": "from"},
        "from": songs | {"settings": {"corpus": "songs", "second": 5}},
    }
    config["comparisons"]["guided"]["dataset"] = "mine"
    refused(config, "datasets.from.settings: the key 'second' is unknown; did you mean 'seconds'")


def test_a_yaml_file_is_utf_8_whatever_the_locale_and_another_coding_is_told_in_one_sentence(tmp_path):
    file = tmp_path / "nmf.yaml"
    file.write_bytes("label: Müller 合唱".encode())
    assert read_yaml(file) == {"label": "Müller 合唱"}
    file.write_bytes("label: Müller".encode("latin-1"))
    with pytest.raises(UserError, match=r"nmf\.yaml: cannot be read as YAML \(.*\)\.$") as error:
        read_yaml(file)
    assert "\n" not in str(error.value)


PAIRS = {"label": "P", "kind": "subsets", "of": "chorales", "stems": ["high", "low"], "voices": ["high", "low"]}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"of": None}, "datasets.pairs is of the kind 'subsets', but does not say of what; name a data set in"),
        ({"of": "choral"}, "datasets.pairs.of names 'choral', which is not defined; did you mean 'chorales'"),
        ({"of": "pairs"}, "datasets.pairs.of goes round in a circle, pairs of pairs; let one of them"),
        ({"of": "trios"}, "datasets.trios.of is given, but the kind 'embedded' has none; leave it out."),
        (
            {"kind": "excerpts"},
            "datasets.pairs.stems is ['high', 'low'], but a data set of the kind 'excerpts' has the",
        ),
        ({"stems": list("abcd"), "voices": []}, "a data set of the kind 'subsets' has fewer stems than 'chorales'"),
        ({"settings": {"count": 2}}, "config: datasets.pairs.settings: the key 'count' is unknown"),
    ],
)
def test_a_data_set_that_cannot_be_made_from_another_is_refused(changes, sentence):
    config = default(run=["two"])
    trios = dict(config["datasets"].get("chorales") or {}) | {"like": "chorales", "of": "chorales"}
    config["datasets"] |= {"pairs": PAIRS | changes, "trios": trios}
    config["comparisons"]["two"] = {
        "dataset": "pairs", "sources": ["a", "b"] if "stems" in changes else ["high", "low"],
        "methods": ["irm"], "metrics": ["SI-SDR"],
    }  # fmt: skip
    refused(config, sentence)


def test_data_made_from_another_waits_for_it_and_is_as_long_as_all_choices(tmp_path):
    config = default(run=["two"])
    config["datasets"] |= {"pairs": PAIRS}
    config["comparisons"]["two"] = {
        "dataset": "pairs", "sources": ["high", "low"], "methods": ["irm"], "metrics": ["SI-SDR"],
    }  # fmt: skip
    plan = Plan(config)
    (made,) = (each for each in plan.last().behind(Prepare) if each.dataset == "pairs")
    assert made.inputs["of"].path == "results/prepare/chorales.json"
    whole, pairs = (seconds_of(plan.configuration, name) for name in ("chorales", "pairs"))
    assert pairs == {split: 6 * length for split, length in whole.items()}
