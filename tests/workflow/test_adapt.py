"""Adaptation in whole runs: a job that is killed, a model that failed, marks, and what the plan refuses."""

import json
import os
import shutil
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml

from tests.workflow import learner
from tests.workflow.conftest import Project
from tests.workflow.test_training import TRAINING, start_until
from workflow_scripts.adapt.adapt import adapt
from workflow_scripts.lib.core.code_graph import ROOT
from workflow_scripts.lib.methods import contract
from workflow_scripts.lib.weights.model_file import load_model, save_model
from workflow_scripts.marks.make_marks import make_marks
from workflow_scripts.separate.separate import separate

RATE = 8000
ADAPTED = Path("results/adapt/mine/voice+bass/adapted/seed0/test/1-of-1")
ESTIMATES = "results/separate/mine/voice+bass/adapted/no-f0/seed0/test/1-of-1.json"


def _tracks(folder: Path) -> None:
    """Two tones a track, of which the voice pauses in the second second, and marks of the pause."""
    times = np.arange(3 * RATE) / RATE
    for number, split in enumerate(["train", "valid", "test", "test"]):
        track = folder / "recordings" / split / f"song-{number}"
        track.mkdir(parents=True)
        voice = 0.3 * np.sin(2 * np.pi * (880 + 30 * number) * times) * ((times < 1) | (times >= 2))
        soundfile.write(track / "voice.wav", voice, RATE)
        soundfile.write(track / "bass.wav", 0.3 * np.sin(2 * np.pi * (110 + 5 * number) * times), RATE)
        (folder / "marks").mkdir(exist_ok=True)
        (folder / "marks" / f"song-{number}.txt").write_text("1.0\t2.0\t-voice\n")


def _config(folder: Path) -> Path:
    _tracks(folder)
    config = {
        "run": ["mine"],
        "datasets": {"mine": {
            "kind": "folder", "stems": ["voice", "bass"], "settings": {"root": str(folder / "recordings")},
        }},
        "marks": {"user": {"settings": {"root": str(folder / "marks")}}},
        "methods": {
            "learner": {"label": "Learner", "module": "learner", "needs": ["training"], "training": TRAINING},
            "adapted": {
                "label": "Adapted", "module": "adapter", "needs": ["marks", "adaptation"], "start": "learner",
                "marks": "user", "settings": {"pause": 0.2},
            },
        },
        "comparisons": {"mine": {
            "dataset": "mine", "sources": ["voice", "bass"], "metrics": ["PES"], "methods": ["learner", "adapted"],
        }},
    }  # fmt: skip
    (folder / "mine.yaml").write_text(yaml.safe_dump(config))
    return folder / "mine.yaml"


@pytest.fixture(scope="module")
def adapted(tmp_path_factory) -> Project:
    """A project whose run was killed while the second track was adapted to, and was then started again and ended."""
    folder = tmp_path_factory.mktemp("adapted")
    project, project.config = Project(folder / "project"), _config(folder)
    for name in ("learner", "adapter"):
        shutil.copy(ROOT / f"tests/workflow/{name}.py", project.folder / f"workflow_scripts/lib/methods/{name}.py")
    command = project.command("--configfile", str(project.config), "--keep-going", ESTIMATES)
    work = project.folder / ADAPTED.with_suffix(".state")
    running = start_until(work / "song-3.state.pt", command, project.folder)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    assert not (project.folder / ADAPTED / "song-2.csv").exists()
    project.first = (work / "song-2.safetensors").stat().st_mtime_ns
    assert subprocess.run([*project.command(), "--unlock"], cwd=project.folder, check=False).returncode == 0
    done = project.run("--keep-going", ESTIMATES, config=project.config)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return project


@pytest.fixture
def toys(monkeypatch):
    """The toy methods in the place of methods of the project."""
    monkeypatch.setitem(sys.modules, "workflow_scripts.lib.methods.learner", learner)
    from tests.workflow import adapter

    modules = {"learner": learner, "adapter": adapter}
    monkeypatch.setattr(
        contract, "load", lambda module, settings: (modules[module], modules[module].Settings(**settings))
    )


def _options(project: Project, out: Path, **changed) -> dict[str, Any]:
    """What the job of the killed run was called with, as arguments of `adapt`; writes to `out`."""
    _, *options = json.loads((project.folder / ADAPTED / "provenance.json").read_text())["command"]
    given = dict(option.removeprefix("--").split("=", 1) for option in options if "=" in option)
    given |= {name.removeprefix("--"): value for name, value in pairwise(options) if "=" not in name}
    given = {name: given[name] for name in ("data", "model", "marks", "method", "split", "part", "code")}
    for name in ("data", "model", "marks"):
        given[name] = project.folder / given[name]
    given |= {"sources": ["voice", "bass"], "seed": 0, "threads": 1, "gpu": 0}
    return given | {"out": out} | changed


def _method(module: str, settings: dict[str, Any], *needs: str) -> str:
    return json.dumps({"module": module, "settings": settings, "needs": needs})


def test_an_adaptation_that_was_killed_keeps_finished_tracks_and_ends_with_the_bits_of_one_never_killed(
    adapted, toys, tmp_path
):
    folder = adapted.folder / ADAPTED
    names = {f"song-{number}.{ending}" for number in (2, 3) for ending in ("safetensors", "csv")}
    assert {path.name for path in folder.iterdir()} - {".snakemake_timestamp"} == names | {"provenance.json"}
    assert not folder.with_suffix(".state").exists()
    assert (folder / "song-2.safetensors").stat().st_mtime_ns == adapted.first
    adapt(**_options(adapted, tmp_path / "1-of-1.json"))
    for name in names:
        assert (folder / name).read_bytes() == (tmp_path / "1-of-1" / name).read_bytes(), name
    adapt(**_options(adapted, tmp_path / "2-of-2.json", part="2-of-2"))
    assert (tmp_path / "2-of-2/song-3.csv").read_bytes() == (folder / "song-3.csv").read_bytes()
    assert not (tmp_path / "2-of-2/song-2.csv").exists()


def test_each_track_starts_from_the_trained_weights_and_becomes_quieter_where_it_is_marked_silent(adapted):
    model, _ = load_model(adapted.folder / "results/train/mine/voice+bass/learner/no-f0/seed0/model.safetensors", "cpu")
    tracks = [load_model(adapted.folder / ADAPTED / f"song-{number}.safetensors", "cpu")[0] for number in (2, 3)]
    assert len(model) == 4
    for name, weights in model.items():
        moved = [float((track[name] - weights).abs().max()) for track in tracks]
        assert all(0 < each < 6.5 * 0.003 for each in moved)  # six steps of Adam, no further
    curve = pd.read_csv(adapted.folder / ADAPTED / "song-2.csv")
    assert curve["step"].tolist() == [1, 2, 3, 4, 5, 6]
    assert curve["loss"].iloc[-1] < curve["loss"].iloc[0]
    facts = json.loads((adapted.folder / ADAPTED / "provenance.json").read_text())
    assert facts["trained_parameters"] == sum(weights.numel() for weights in model.values()) > 0


def test_estimates_are_made_with_the_weights_of_their_track(adapted, toys, tmp_path):
    folder = adapted.folder / ESTIMATES.removesuffix(".json")
    options = _options(adapted, tmp_path / "1-of-1.json")
    model = options.pop("model")
    separate(**options, adapted=adapted.folder / ADAPTED.with_suffix(".json"))
    plain = options | {"out": tmp_path / "plain.json", "marks": None, "method": _method("learner", {})}
    separate(**plain, model=model)
    for name in ("song-2/voice.wav", "song-3/bass.wav"):
        found = [path.read_bytes() for path in (folder / name, tmp_path / "1-of-1" / name, tmp_path / "plain" / name)]
        assert found[0] == found[1] != found[2]


def test_gains_and_the_course_of_the_adaptation_are_drawn(adapted):
    drawn = [f"results/{stage}/mine" for stage in ("draw_gains", "draw_adaptation")]
    done = adapted.run("--keep-going", *(f"{each}.json" for each in drawn), config=adapted.config)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    gains, course = (adapted.folder / each for each in drawn)
    points = pd.read_csv(gains / "gains.csv")
    assert set(points["method"]) == {"Adapted"} and set(points["baseline"]) == {"Learner"}
    facts = json.loads((adapted.folder / ADAPTED / "provenance.json").read_text())
    assert set(points["parameters"]) == {facts["trained_parameters"]}
    assert (points.loc[points["source"] == "voice", "effect"] < 0).all()  # PES: quieter where marked silent
    assert (gains / "gains.pdf").exists() and (course / "adaptation.pdf").exists()
    assert pd.read_csv(course / "curves.csv")["track"].unique().tolist() == ["song-2", "song-3"]


def test_a_start_that_failed_and_an_adaptation_that_diverged_leave_the_reason_for_the_table(adapted, toys, tmp_path):
    diverging = _method("adapter", {"diverge_at": 4}, "marks", "adaptation")
    adapt(**_options(adapted, tmp_path / "diverged.json", method=diverging))
    save_model(tmp_path / "failed.safetensors", {}, {"failed": "the training loss is nan at step 3."})
    adapt(**_options(adapted, tmp_path / "failed.json", model=tmp_path / "failed.safetensors"))
    for name, reason in (
        ("diverged", "the adaptation: the loss is nan at step 4."),
        ("failed", "the training"),
    ):
        files = {path.name for path in (tmp_path / name).iterdir()}
        assert files == {"failed.json", "provenance.json"}
        reasons = json.loads((tmp_path / name / "failed.json").read_text())
        assert reasons.keys() == {"song-2", "song-3"} and all(each.startswith(reason) for each in reasons.values())
        options = _options(adapted, tmp_path / "separated.json", adapted=tmp_path / f"{name}.json")
        del options["model"]
        separate(**options)
        assert json.loads((tmp_path / "separated/failed.json").read_text()) == reasons


def test_changed_marks_redo_what_rests_on_them_and_bad_ones_end_the_run_in_their_sentence(adapted):
    path = adapted.config.parent / "marks/song-3.txt"
    path.write_text("1.0\t1.8\t-voice\n")
    assert adapted.planned("--keep-going", ESTIMATES, config=adapted.config) == {"make_marks", "adapt", "separate"}
    path.write_text("1.0\t1.9\t-voic\n")
    made = adapted.folder / "results/make_marks/mine/user/test/1-of-1/song-3.txt"
    before = made.read_bytes()
    done = adapted.run("--keep-going", ESTIMATES, config=adapted.config)
    assert done.returncode != 0
    assert "song-3.txt, line 1: there is no source 'voic'; did you mean 'voice'" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert made.read_bytes() == before  # nothing was begun, so nothing is lost


def test_marks_found_from_stems_are_audacity_labels(adapted, tmp_path):
    data = adapted.folder / "results/prepare/mine.json"
    chosen = {"kind": "stems", "settings": '{"floor_db": -60}', "stems": ["voice", "bass"], "split": "test"}
    make_marks(data=data, part="1-of-1", out=tmp_path / "exact.json", code="", **chosen)
    # At 2 s the tone stands at zero for one sample more.
    assert (tmp_path / "exact/song-2.txt").read_text() == (
        "0.000000\t1.000000\tvoice\n0.000000\t3.000000\tbass\n1.000000\t2.000125\t-voice\n2.000125\t3.000000\tvoice\n"
    )
    worse = {"kind": "degraded", "settings": '{"keep": "silent"}', "of": tmp_path / "exact.json"}
    make_marks(data=data, part="1-of-1", out=tmp_path / "worse.json", code="", **(chosen | worse))
    assert (tmp_path / "worse/song-2.txt").read_text() == "1.000000\t2.000125\t-voice\n"
    control = {"kind": "all_active", "settings": "{}"}
    make_marks(data=data, part="1-of-1", out=tmp_path / "control.json", code="", **(chosen | control))
    assert (tmp_path / "control/song-3.txt").read_text() == "0.000000\t3.000000\tbass\n0.000000\t3.000000\tvoice\n"
