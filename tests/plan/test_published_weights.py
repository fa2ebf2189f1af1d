"""Published weights in the plan: what they fit, what they are inputs of, mistakes about them."""

import numpy as np
import pytest
import soundfile

from tests.plan.given import PAPERS, default, job, paths
from workflow_scripts.lib.core.code_graph import ROOT
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.plan.data_jobs import ImportWeights
from workflow_scripts.plan.model_jobs import Adapt, Separate
from workflow_scripts.plan.plan import Plan
from workflow_scripts.plan.rows import rows_of
from workflow_scripts.plan.yaml_files import merge, read_yaml

RATE = 44100
SOURCES = ["drums", "bass", "other", "vocals"]


@pytest.fixture
def whole(tmp_path):
    """The default configuration with a folder of one song and a file in place of the published weights."""
    (tmp_path / "songs/test/noise").mkdir(parents=True)
    for name in SOURCES:
        soundfile.write(tmp_path / "songs/test/noise" / f"{name}.wav", np.zeros((100, 2)), RATE)
    (tmp_path / "tasnet.th").write_text("weights")
    mine = {"kind": "folder", "stems": SOURCES, "settings": {"root": str(tmp_path / "songs")}}
    methods = ["conv_tasnet_imported", "guided_imported"]
    comparison = {"dataset": "mine", "sources": SOURCES, "metrics": ["SI-SDR", "PES"], "methods": methods}
    weights = {"format": "tasnet", "file": str(tmp_path / "tasnet.th"), "sha256": "0123456789"}
    return merge(
        default(run=["mine"]),
        {
            "datasets": {"mine": mine},
            "methods": {"conv_tasnet_imported": {"weights": weights}},
            "comparisons": {"mine": comparison},
            "own_song": {"guided_method": "guided_imported"},
        },
    )


def test_a_song_of_ones_own_takes_the_form_that_the_weights_fit_and_no_other_data(whole, tmp_path):
    soundfile.write(tmp_path / "song.wav", np.zeros(8000), 8000)
    (tmp_path / "marks.txt").write_text("0\t1\t-vocals\n")
    plan = Plan(whole | {"song": str(tmp_path / "song.wav"), "marks": str(tmp_path / "marks.txt")})
    entry = plan.configuration.dataset("song-song")
    assert (entry.stems, entry.rate, entry.channels) == (tuple(SOURCES), RATE, 2)
    assert entry.models_from is None
    wildcards = {"dataset": "song-song", "sources": "v", "method": "guided_imported", "seed": 3}
    found = paths(job(plan, Adapt, **wildcards, split="test", shard="1-of-1"))
    assert found["model"] == "results/import_weights/conv_tasnet_imported/model.safetensors"


def test_what_uses_a_file_of_weights_is_redone_if_and_only_if_its_content_changes(whole, tmp_path):
    file, config = tmp_path / "weights.th", whole | {"data_cache": str(tmp_path / "cache")}
    config["methods"]["conv_tasnet_imported"]["weights"] |= {"file": str(file)}
    codes = []
    for content in ("first", "first", "second"):
        file.write_text(content)
        wildcards = {"dataset": "mine", "sources": "v", "method": "guided_imported", "seed": 0}
        adapted = job(config, Adapt, **wildcards, split="test", shard="1-of-1")
        codes.append((job(config, ImportWeights, method="conv_tasnet_imported").fingerprint, adapted.fingerprint))
    assert codes[0] == codes[1]
    assert not set(codes[1]) & set(codes[2])


MISTAKES = [
    ({"needs": []}, "methods.conv_tasnet_imported.weights is given, but `needs` has no 'weights'; add it there."),
    ({"weights": None}, "methods.conv_tasnet_imported needs weights, but names none; name a file in methods."),
    ({"needs": ["weights", "training"]}, "needs weights, which are its model, and so neither 'training' nor a start"),
    ({"start": "conv_tasnet"}, "needs weights, which are its model, and so neither 'training' nor a start"),
    (
        {"module": "unet", "settings": {}},
        "fit the module conv_tasnet, but it is unet in 'mine'",
    ),
    ({"weights": {"file": "tasne", "sha256": None}}, "weights.file is 'tasne', where there is no file; give the path"),
    (
        {"weights": {"file": "x", "format": "demucs"}},
        "weights.format names 'demucs', which is not defined; allowed: tasnet, umss",
    ),
]


@pytest.mark.parametrize(("keys", "sentence"), MISTAKES, ids=[each[1][-40:] for each in MISTAKES])
def test_a_mistake_about_weights_is_told_in_one_sentence(whole, keys, sentence):
    own = whole["methods"]["conv_tasnet_imported"]
    whole["methods"]["conv_tasnet_imported"] = own | keys
    with pytest.raises(UserError) as refusal:
        Plan(whole)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("key", "value", "right"), [("rate", 8000, "44100"), ("channels", 1, "2")], ids=["rate", "channels"]
)
def test_data_that_the_weights_do_not_fit_is_refused_before_any_job(whole, key, value, right):
    whole["datasets"]["mine"][key] = value
    with pytest.raises(UserError, match=f"fit the {key} {right}, but it is {value} in 'mine'"):
        Plan(whole)


def test_sources_that_the_weights_do_not_have_and_the_split_of_the_training_are_refused(whole):
    entry = whole["comparisons"]["mine"]
    with pytest.raises(UserError, match=r"fit the sources \['bass', 'drums', 'other', 'vocals'\], but it is \['drums'"):
        Plan(whole | {"comparisons": {"mine": entry | {"sources": ["vocals", "drums"]}}})
    with pytest.raises(UserError, match="scores the split 'train', which its method 'conv_tasnet_imported' is trained"):
        Plan(whole | {"comparisons": {"mine": entry | {"split": "train"}}})


ON_REAL_DATA = [path for path in PAPERS if not path.stem.endswith("_mini")] + [ROOT / "config/real_singers.yaml"]


@pytest.mark.parametrize("path", ON_REAL_DATA, ids=lambda path: path.stem)
def test_a_configuration_on_real_data_is_one_and_asks_for_the_terms_of_its_data(path, tmp_path):
    (tmp_path / "umss.pth").write_text("weights")
    weights = {"parametric_imported": {"weights": {"file": str(tmp_path / "umss.pth")}}}
    given = merge(merge(default(), {"methods": weights}), read_yaml(path))
    with pytest.raises(UserError, match=r"downloaded only after you have accepted its terms|is not downloaded; "):
        Plan(given)
    accepted = merge(given, {"datasets": {name: {"accept_licence": True} for name in given["datasets"]}})
    plan = Plan(accepted, dry=True)
    assert not [sentence for sentence in plan.configuration.absent if "terms" in sentence]
    assert all(rows_of(plan.configuration, name) for name in plan.configuration.run)


def test_weights_that_must_be_had_from_elsewhere_and_are_not_there_are_told_with_their_place():
    given = merge(default(), read_yaml(ROOT / "config/papers/parametric_weights.yaml"))
    accepted = merge(given, {"datasets": {"csd": {"accept_licence": True}}})
    with pytest.raises(UserError) as refusal:
        Plan(accepted)
    assert str(refusal.value) == (
        "config: methods.parametric_imported.weights.file is 'umss.pth', where there is no file; give the path of one, "
        "from github.com/schufo/umss, folder trained_models."
    )


def test_imported_parametric_weights_are_the_model_of_every_f0(tmp_path):
    (tmp_path / "umss.pth").write_text("weights")
    weights = {"parametric_imported": {"weights": {"file": str(tmp_path / "umss.pth")}}}
    given = merge(default(methods=weights), read_yaml(ROOT / "config/papers/parametric_weights.yaml"))
    accepted = merge(given, {"datasets": {"csd": {"accept_licence": True}}})
    for f0 in ("stems", "mixture_published", "mixture"):
        wildcards = {"dataset": "csd", "sources": "soprano+alto+tenor+bass", "method": "parametric_imported", "f0": f0}
        found = paths(job(accepted, Separate, **wildcards, seed=0, split="test", shard="1-of-1"))
        assert found["model"] == "results/import_weights/parametric_imported/model.safetensors"
    with pytest.raises(UserError, match=r"fit the rate 16000, but it is 44100 in 'csd'"):
        Plan(merge(accepted, {"datasets": {"csd": {"rate": 44100}}}))
