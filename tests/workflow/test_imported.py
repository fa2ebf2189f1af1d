"""Published weights in place of a training: a whole run, and one's own song."""

import hashlib
import json

import numpy as np
import pytest
import soundfile
import torch
import yaml

from tests.methods.test_tasnet_weights import network, published
from tests.workflow.conftest import Project
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.plan.yaml_files import read_yaml

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
