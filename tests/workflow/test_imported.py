"""Published weights in place of a training: a whole run, one's own song, the papers' configurations, and mistakes."""

import copy
import hashlib
import json

import numpy as np
import pytest
import soundfile
import torch
import yaml

from tests.methods.test_tasnet_weights import network, published
from tests.workflow.conftest import Project
from tests.workflow.test_plan import DEFAULT
from workflow_scripts.lib.core.config import merged, read_yaml
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.fingerprint import ROOT
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.plan import Plan
from workflow_scripts.plan_codes import Codes

RATE = 44100
SOURCES = ["drums", "bass", "other", "vocals"]
SIZES = {"filters": 6, "bottleneck": 4, "hidden": 5, "blocks": 2, "repeats": 2}  # those of the file, see `network`
FAST = {"settings": {"chunk_seconds": 1.0, "assembly": "faded"}, "resources": {"gpu": 0, "threads": 1}}


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """A configuration for two seconds of noise a source, and beside it marks and a small file like the published."""
    folder = tmp_path_factory.mktemp("imported")
    generator = stream("imported")
    for name in SOURCES:
        path = folder / "songs/test/noise" / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, 0.1 * generator.standard_normal((2 * RATE, 2)), RATE)
    (folder / "marks.txt").write_text("0.5\t1.5\t-vocals\n")
    torch.save(published(network()), folder / "tasnet.th")
    sha256 = hashlib.sha256((folder / "tasnet.th").read_bytes()).hexdigest()
    adapted = FAST["settings"] | {"strategy": "l5", "epochs": 1, "window_seconds": 1.0, "pitch_copies": 0}
    given = {
        "run": ["mine"],
        "datasets": {"mine": {"kind": "folder", "stems": SOURCES, "settings": {"root": str(folder / "songs")}}},
        "methods": {
            "conv_tasnet_imported": FAST | {
                "settings": FAST["settings"] | SIZES, "weights": {"file": str(folder / "tasnet.th"), "sha256": sha256},
            },
            "guided_imported": FAST | {"settings": adapted},
        },
        "comparisons": {"mine": {
            "dataset": "mine", "sources": SOURCES, "metrics": ["SI-SDR", "PES"],
            "methods": ["conv_tasnet_imported", "guided_imported"],
        }},
        "own_song": {"guided_method": "guided_imported"},
    }  # fmt: skip
    (folder / "mine.yaml").write_text(yaml.safe_dump(given))
    return folder / "mine.yaml"


@pytest.fixture
def whole(config):
    return merged(copy.deepcopy(DEFAULT), read_yaml(config))


def test_a_run_and_a_song_of_ones_own_use_published_weights_without_any_training(config, tmp_path):
    project = Project(tmp_path / "project")
    done = project.run("--", "results/compare/mine.json", config=config)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    results = project.folder / "results"
    assert not (results / "train").exists()
    facts = json.loads((results / "import_weights/conv_tasnet_imported/provenance.json").read_text())
    assert facts["sha256"] == read_yaml(config)["methods"]["conv_tasnet_imported"]["weights"]["sha256"]
    assert "P-L1:D (published weights)" in (results / "compare/mine/table.md").read_text()
    base = results / "separate/mine/drums+bass+other+vocals"
    before, after = (
        soundfile.read(base / name / "no-f0/seed0/test/1-of-1/noise/bass.wav")[0]
        for name in ("conv_tasnet_imported", "guided_imported")
    )
    assert np.abs(before).max() > 0
    assert np.abs(after - before).max() > 0

    song, marks = config.parent / "songs/test/noise/vocals.wav", config.parent / "marks.txt"
    done = project.run("--config", f"song={song}", f"marks={marks}", "--", "separate_song", config=config)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    stems = [soundfile.read(results / f"song/vocals/{name}.wav")[0] for name in (*SOURCES, "rest")]
    np.testing.assert_allclose(
        sum(stems), soundfile.read(song)[0], atol=1e-4
    )  # of stems in 32 bits, far louder than it
    assert not list(results.glob("prepare/songs*"))


def test_a_song_of_ones_own_takes_the_form_that_the_weights_fit_and_no_other_data(whole, tmp_path):
    soundfile.write(tmp_path / "song.wav", np.zeros(100), 8000)
    (tmp_path / "marks.txt").write_text("0\t1\t-vocals\n")
    plan = Plan(whole | {"song": str(tmp_path / "song.wav"), "marks": str(tmp_path / "marks.txt")})
    entry = plan.dataset("song-song")
    assert (entry["stems"], entry["rate"], entry["channels"]) == (SOURCES, RATE, 2)
    assert entry["models_from"] is None
    assert (
        plan._folder("song-song", "v", "guided_imported", "no-f0", 3) == "results/import_weights/conv_tasnet_imported"
    )


def test_what_uses_a_file_of_weights_is_redone_if_and_only_if_its_content_changes(whole, tmp_path):
    file, plan = tmp_path / "weights.th", whole | {"data_cache": str(tmp_path / "cache")}
    plan["methods"]["conv_tasnet_imported"]["weights"] |= {"file": str(file)}
    codes = []
    for content in ("first", "first", "second"):
        file.write_text(content)
        found = Codes(Plan(plan))
        codes.append((found.import_weights("conv_tasnet_imported"), found.adapt("mine", "guided_imported")))
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
    ({"weights": {"file": "x", "format": "demucs"}}, "the key 'weights.format' is 'demucs'; allowed: tasnet, umss"),
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


ON_REAL_DATA = [*sorted((ROOT / "config/papers").glob("*.yaml")), ROOT / "config/real_singers.yaml"]


@pytest.mark.parametrize("path", ON_REAL_DATA, ids=lambda path: path.stem)
def test_a_configuration_on_real_data_is_one_and_asks_for_the_terms_of_its_data(path):
    given = merged(copy.deepcopy(DEFAULT), read_yaml(path))
    with pytest.raises(UserError, match="downloaded only after you have accepted its terms"):
        Plan(given)
    plan = Plan(merged(given, {"datasets": {name: {"accept_licence": True} for name in given["datasets"]}}))
    assert all(plan.rows(name) for name in plan.run)
