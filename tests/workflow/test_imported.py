"""Published weights in place of a training: a whole run, and one's own song."""

import hashlib
import json

import numpy as np
import pytest
import soundfile
import torch
import yaml

from tests.methods.published_tasnet import network, published, save_as_published
from tests.methods.test_parametric import released
from tests.workflow.conftest import Project
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.plan.yaml_files import read_yaml

RATE = 44100
SOURCES = ["drums", "bass", "other", "vocals"]
SIZES = {"filters": 6, "bottleneck": 4, "hidden": 5, "blocks": 2, "repeats": 2}  # those of the file, see `network`
METHODS = ["conv_tasnet_imported", "conv_tasnet_imported_consistent", "guided_imported"]
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
    save_as_published(published(network()), folder)
    (folder / "v1-old.th").rename(folder / "tasnet.th")
    sha256 = hashlib.sha256((folder / "tasnet.th").read_bytes()).hexdigest()
    adapted = FAST["settings"] | {"strategy": "l5", "epochs": 1, "window_seconds": 1.0, "pitch_copies": 0}
    given = {
        "run": ["mine"],
        "datasets": {"mine": {"kind": "folder", "stems": SOURCES, "settings": {"root": str(folder / "songs")}}},
        "methods": {
            "conv_tasnet_imported": FAST | {
                "settings": FAST["settings"] | SIZES, "weights": {"file": str(folder / "tasnet.th"), "sha256": sha256},
            },
            "conv_tasnet_imported_consistent": FAST,
            "guided_imported": FAST | {"settings": adapted},
        },
        "comparisons": {"mine": {
            "dataset": "mine", "sources": SOURCES, "metrics": ["SI-SDR", "PES"],
            "methods": METHODS,
        }},
        "own_song": {"guided_method": "guided_imported"},
    }  # fmt: skip
    (folder / "mine.yaml").write_text(yaml.safe_dump(given))
    return folder / "mine.yaml"


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
    paths = (base / name / "no-f0/seed0/test/1-of-1/noise/bass.wav" for name in METHODS)
    before, obeying, adapted = (soundfile.read(path)[0] for path in paths)
    assert np.abs(before).max() > 0
    np.testing.assert_array_equal(obeying, before)  # all play all the time, so there is nothing to obey
    assert np.abs(adapted - before).max() > 0

    song, marks = config.parent / "songs/test/noise/vocals.wav", config.parent / "marks.txt"
    done = project.run("--config", f"song={song}", f"marks={marks}", "--", "separate_song", config=config)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    stems = [soundfile.read(results / f"song/vocals/{name}.wav")[0] for name in (*SOURCES, "rest")]
    np.testing.assert_allclose(
        sum(stems), soundfile.read(song)[0], atol=1e-4
    )  # of stems in 32 bits, far louder than it
    assert not list(results.glob("prepare/songs*"))


def test_a_run_scores_published_parametric_weights(tmp_path):
    """Random numbers in the published names and sizes, on two seconds of two tones with partials."""
    rate, time, folder = 16000, np.arange(2 * 16000) / 16000, tmp_path / "songs/test/tones"
    folder.mkdir(parents=True)
    for name, f0 in (("soprano", 440.0), ("alto", 262.0)):
        partials = [np.sin(2 * np.pi * k * f0 * time) / k for k in range(1, 8)]
        soundfile.write(folder / f"{name}.wav", 0.1 * np.sum(partials, axis=0), rate)
    torch.save(released(), tmp_path / "umss.pth")
    voices = ["soprano", "alto"]
    given = {
        "run": ["mine"],
        "datasets": {"mine": {
            "kind": "folder", "stems": voices, "voices": voices, "rate": rate, "channels": 1,
            "settings": {"root": str(tmp_path / "songs")},
        }},
        "methods": {"parametric_imported": {"weights": {"file": str(tmp_path / "umss.pth")}}},
        "comparisons": {"mine": {
            "dataset": "mine", "sources": voices, "f0": ["stems"], "methods": ["mixture", "parametric_imported"],
            "metrics": ["SI-SDR-frames", "SI-SDR"],
        }},
    }  # fmt: skip
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(given))
    project = Project(tmp_path / "project")
    done = project.run("--", "results/compare/mine.json", config=tmp_path / "mine.yaml")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    results = project.folder / "results"
    assert not (results / "train").exists()
    assert "Parametric, unsupervised (published weights)" in (results / "compare/mine/table.md").read_text()
    base = results / "separate/mine/soprano+alto/parametric_imported/stems/seed0/test/1-of-1/tones"
    estimates = [soundfile.read(base / f"{name}.wav")[0] for name in voices]
    mixture = soundfile.read(results / "prepare/mine/test/tones/mixture.wav")[0]
    np.testing.assert_allclose(sum(estimates), mixture, atol=1e-4)  # the masks share the mixture among the voices
    assert all(np.abs(each).max() > 1e-3 for each in estimates)
