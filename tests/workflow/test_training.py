"""Training in whole runs: one model a source of F0, a method that diverges, a training that is killed."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
import yaml

from tests.lib.test_excerpts import prepared
from tests.workflow import learner
from tests.workflow.conftest import Project
from workflow_scripts.lib.core.code_graph import ROOT
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.training.learning import TrainingResult
from workflow_scripts.lib.weights.model_file import load_model, save_model
from workflow_scripts.train import train as training_script

MODELS = Path("results/train/mine/voice+bass")
SLOW = MODELS / "slow/no-f0/seed0"
TARGETS = ["results/compare/mine.json", "results/draw_training/mine.json"]
TRAINING = {"steps": 40, "batch": 2, "seconds": 0.5, "validate_every": 10, "checkpoint_every": 3}


def _config(folder: Path) -> Path:
    """Recordings in three splits, and a comparison of a method that learns with one that diverges."""
    times = np.arange(2 * 8000) / 8000
    for number, split in enumerate(["train"] * 3 + ["valid"] + ["test"] * 2):
        track = folder / "recordings" / split / f"song-{number}"
        track.mkdir(parents=True)
        for stem, hz in (("voice", 880.0 + 30 * number), ("bass", 110.0 + 5 * number)):
            soundfile.write(track / f"{stem}.wav", 0.3 * np.sin(2 * np.pi * hz * times), 8000)
    learner = {"label": "Learner", "module": "learner", "needs": ["training"], "training": TRAINING}
    slow = {"settings": {"pause": 0.03}, "budget": {"songs": 2}}
    config = {
        "run": ["mine"],
        "datasets": {"mine": {
            "kind": "folder", "remark": "Tones.", "stems": ["voice", "bass"],
            "settings": {"root": str(folder / "recordings")},
        }},
        "methods": {
            "slow": learner | slow,
            "diverging": learner | {"label": "Diverging learner", "settings": {"diverge_at": 8}},
            "after": learner | {"label": "Learner after it", "start": "diverging"},
            "halted": learner | {"label": "Halted learner", "settings": {"diverge_at": 25}},
            "onwards": learner | {"label": "Learner onwards", "start": "halted"},
        },
        "comparisons": {"mine": {
            "dataset": "mine", "sources": ["voice", "bass"], "metrics": ["SI-SDR"],
            "methods": ["slow", "diverging", "after", "halted", "onwards"],
        }},
    }  # fmt: skip
    (folder / "mine.yaml").write_text(yaml.safe_dump(config))
    return folder / "mine.yaml"


@pytest.fixture(scope="module")
def broken(tmp_path_factory) -> Project:
    """A project whose run was interrupted while the slow method trained, and whose next run was killed then, alone.

    interrupted: steps of the state after the first.  log: of the training whose snakemake was killed.
    refused: what snakemake then said.
    """
    folder = tmp_path_factory.mktemp("trained")
    project, project.config = Project(folder / "project"), _config(folder)
    shutil.copy(ROOT / "tests/workflow/learner.py", project.folder / "workflow_scripts/lib/methods/learner.py")
    target = ["--configfile", str(project.config), "--keep-going", str(SLOW / "model.safetensors")]
    running = start_until(project.folder / SLOW / "state.pt", project.command(*target), project.folder)
    os.killpg(running.pid, signal.SIGINT)  # as Ctrl-C does
    assert running.wait(60) == 1
    project.interrupted = _log(project)
    state = (project.folder / SLOW / "state.pt").stat().st_mtime_ns
    running = start_until(project.folder / SLOW / "state.pt", project.command(*target), project.folder, state)
    running.kill()
    running.wait()
    wait_until(lambda: "stopped by" in _log(project))
    project.killed = _log(project)
    project.refused = subprocess.run(
        project.command(*target), cwd=project.folder, capture_output=True, text=True, check=False
    )
    return project


@pytest.fixture(scope="module")
def trained(broken) -> Project:
    """The same project, unlocked, after a run that ended."""
    unlock = broken.command("--configfile", str(broken.config), "--unlock")
    unlocked = subprocess.run(unlock, cwd=broken.folder, capture_output=True, text=True, check=False)
    assert unlocked.returncode == 0 and "is locked by" not in unlocked.stderr, unlocked.stderr
    done = broken.run("--keep-going", *TARGETS, config=broken.config)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    assert "is locked by" not in done.stderr
    return broken


def start_until(path: Path, command: list[str], folder: Path, older: int = 0) -> subprocess.Popen:
    """A command in a session of its own, when there is a file that is newer than `older` (ns)."""
    running = subprocess.Popen(
        command, cwd=folder, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    wait_until(lambda: running.poll() is not None or (path.exists() and path.stat().st_mtime_ns > older))
    assert running.poll() is None, running.stderr.read()
    return running


def wait_until(true: Callable[[], bool], seconds: float = 300.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _log(project: Project) -> str:
    return (project.folder / "results/logs/train/mine/voice+bass/slow/no-f0-seed0.log").read_text()


def _step_of(said: str) -> int:
    """The step after which a training says that it stopped, and that the next run goes on from."""
    stopped, saved = re.search(
        r"stopped by SIG\w+ after step (\d+); the next run goes on after step (\d+),", said
    ).groups()
    assert stopped == saved
    return int(saved)


def test_an_interrupted_run_saves_its_training_at_the_next_step_and_goes_on_from_there(broken):
    assert "stopped by SIGINT after step" in broken.interrupted and "Traceback" not in broken.interrupted
    assert f"going on after step {_step_of(broken.interrupted)}, from" in broken.killed


def test_where_snakemake_is_killed_its_job_ends_too_and_saves_its_state(broken):
    assert "stopped by SIGTERM after step" in broken.killed and "Traceback" not in broken.killed
    assert _step_of(broken.killed) > _step_of(broken.interrupted)
    assert not (broken.folder / SLOW / "model.safetensors").exists()


def test_a_lock_that_a_killed_run_left_is_explained_with_the_command(broken):
    assert broken.refused.returncode == 1
    assert re.search(
        rf"^{broken.folder}: is locked by a run that was killed; free it with `snakemake --unlock`, then",
        broken.refused.stderr, re.MULTILINE,
    )  # fmt: skip


def test_a_training_killed_under_snakemake_goes_on_and_ends_with_the_bits_of_one_never_killed(trained):
    project = trained
    folder = project.folder / SLOW
    facts = json.loads((folder / "provenance.json").read_text())
    assert len(facts["earlier_attempts"]) == 2 and facts["earlier_attempts"][0]["wall_seconds"] > 0
    assert f"going on after step {_step_of(project.killed)}, from" in _log(project)
    done = subprocess.run(_anew(project, "whole"), cwd=project.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "going on" not in done.stderr, done.stderr
    whole = project.folder / "whole"
    assert (folder / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
    resumed, plain = (pd.read_csv(each / "curves.csv").drop(columns="seconds") for each in (folder, whole))
    assert len(plain) == 4
    pd.testing.assert_frame_equal(resumed, plain, check_exact=True)


def _anew(project: Project, out: str, **changed: Any) -> list[str]:
    """The command of the slow training, which writes to the folder `out`; `changed` are settings of the method."""
    _, *options = json.loads((project.folder / SLOW / "provenance.json").read_text())["command"]
    options[options.index("--out") + 1] = f"{out}/model.safetensors"
    options = [option.replace('"pause": 0.03', f'"pause": {changed.get("pause", 0.03)}') for option in options]
    return [sys.executable, "-m", "workflow_scripts.train.train", *options]


def test_a_training_that_gets_sigterm_saves_its_state_and_goes_on_with_the_same_bits(trained):
    command, out = _anew(trained, "told"), trained.folder / "told"
    running = start_until(out / "state.pt", command, trained.folder)
    running.terminate()
    said = running.communicate(timeout=60)[1]
    assert running.returncode == 1 and "Traceback" not in said
    assert {path.name for path in out.iterdir()} <= {"state.pt", "state.before.pt"}
    again = subprocess.run(command, cwd=trained.folder, capture_output=True, text=True, check=False)
    assert f"going on after step {_step_of(said)}, from" in again.stderr
    assert (out / "model.safetensors").read_bytes() == (trained.folder / SLOW / "model.safetensors").read_bytes()


def test_a_second_training_of_a_folder_ends_in_one_sentence_that_says_who_is_at_work(trained):
    command = _anew(trained, "twice", pause=0.5)
    first = start_until(trained.folder / "twice/state.lock", command, trained.folder)
    wait_until(lambda: (trained.folder / "twice/state.lock").read_text() != "")
    second = subprocess.run(command, cwd=trained.folder, capture_output=True, text=True, check=False)
    alive = first.poll() is None
    first.kill()
    assert alive and second.returncode == 1
    (line,) = second.stderr.splitlines()
    who = f"process {first.pid} on {socket.gethostname()}"
    assert line == f"twice/state.lock: {who} is at work here already; wait for it, or end it."
    first.communicate()
    third = subprocess.Popen(command, cwd=trained.folder, stderr=subprocess.DEVNULL)
    wait_until(lambda: (trained.folder / "twice/state.lock").read_text().startswith(f"process {third.pid} "))
    third.terminate()
    assert third.wait(60) == 1


def test_a_method_that_diverged_is_told_as_failed_with_step_and_checkpoint_and_the_others_go_on(trained):
    project = trained
    summary = (project.folder / "results/compare/mine/summary.txt").read_text()
    assert re.search(
        r"^Diverging learner +failed: the training loss is nan at step 8; last good", summary, re.MULTILINE
    )
    assert re.search(r"^Learner +-?\d+\.\d\d", summary, re.MULTILINE)
    table = (project.folder / "results/compare/mine/table.md").read_text()
    state = MODELS / "diverging/no-f0/seed0/state.pt"
    assert f"failed: the training loss is nan at step 8; last good checkpoint: {state} (step 6)." in table
    assert (project.folder / state).exists()
    log = project.folder / "results/logs/train/mine/voice+bass/diverging/no-f0-seed0.log"
    assert "at step 8" in log.read_text() and "Traceback" not in log.read_text()
    scores = pd.read_parquet(project.folder / "results/score/mine/1-of-1/scores.parquet")
    assert set(scores["method"]) == {"slow", "halted", "onwards"}
    assert scores.loc[scores["method"] == "slow", "value"].mean() > 3  # dB; the mixture has 0


def test_a_training_that_would_start_from_a_failed_one_fails_for_its_reason_and_the_others_go_on(trained):
    model, header = load_model(trained.folder / MODELS / "after/no-f0/seed0/model.safetensors", "cpu")
    start = MODELS / "diverging/no-f0/seed0/model.safetensors"
    assert not model
    assert header["failed"].startswith(f"it starts from {start}, whose training failed: the training loss is nan at")
    summary = (trained.folder / "results/compare/mine/summary.txt").read_text()
    assert re.search(r"^Learner after it +failed: it starts from", summary, re.MULTILINE)
    facts = json.loads((trained.folder / MODELS / "after/no-f0/seed0/provenance.json").read_text())
    assert list(facts["start"]) == [str(start)] and facts["failed"] == header["failed"]


def test_a_training_that_diverged_after_a_validation_is_scored_with_its_best_weights_and_told(trained):
    folder = trained.folder / MODELS / "halted/no-f0/seed0"
    model, header = load_model(folder / "model.safetensors", "cpu")
    best = json.loads((folder / "provenance.json").read_text())["best_step"]
    assert len(model) == 4 and best in (10, 20)
    assert header["diverged"].startswith("the training loss is nan at step 25;")
    assert header["diverged"].endswith(f"The weights are those of step {best}, where the validation loss was lowest.")
    summary = (trained.folder / "results/compare/mine/summary.txt").read_text()
    assert re.search(r"^Halted learner +-?\d+\.\d\d", summary, re.MULTILINE)
    told = " ".join(summary.split())
    assert "Halted learner diverged for seed 0: the training loss is nan at step 25;" in told
    start = MODELS / "halted/no-f0/seed0/model.safetensors"
    assert f"Learner onwards diverged for seed 0: it starts from {start}, whose training diverged:" in told
    assert not (trained.folder / MODELS / "onwards/no-f0/seed0/state.pt").exists()


def test_a_model_says_what_it_was_made_of_and_leaves_no_state(trained):
    project = trained
    folder = project.folder / SLOW
    assert {path.name for path in folder.iterdir()} == {"model.safetensors", "provenance.json", "curves.csv"}
    facts = json.loads((folder / "provenance.json").read_text())
    assert (facts["steps"], facts["seed"], facts["split"]) == (40, 0, "train")
    assert facts["best_step"] % 10 == 0 and facts["best_step"] > 0
    assert len(facts["data"]) == 2  # the budget
    assert facts["cost"]["cpu_seconds"] > 0
    model, header = load_model(folder / "model.safetensors", "cpu")
    assert header["module"] == "learner" and len(model) == 4


def test_the_curves_are_drawn_and_stand_in_one_table(trained):
    project = trained
    folder = project.folder / "results/draw_training/mine"
    curves = pd.read_csv(folder / "curves.csv")
    assert curves.loc[curves["method"] == "slow", "step"].tolist() == [10, 20, 30, 40]
    losses = curves.loc[curves["method"] == "slow", "valid_loss"].to_numpy()
    assert losses[-1] < losses[0]
    assert all((folder / f"curves.{ending}").stat().st_size > 0 for ending in ("pdf", "svg", "png"))


# One training alone


@pytest.fixture
def train(tmp_path, monkeypatch):
    """Trains the learner on ramps, from the model `start` where there is one; the folder of what came out."""
    monkeypatch.setattr(training_script.contract, "load", lambda _, settings: (learner, learner.Settings(**settings)))
    monkeypatch.chdir(tmp_path)
    prepared(Path("data"))

    def run(name: str, *start: Path, unpaired: dict | None = None) -> Path:
        method = {"module": "learner", "settings": {}, "needs": ["training"], "training": SCHEDULE}
        method |= {"budget": {}, "unpaired": unpaired, "train_on": "train"}
        training_script.train(
            data=Path("data.json"), method=json.dumps(method), sources=["voice", "accompaniment"], start=start, seed=0,
            out=Path(name) / "model.safetensors", threads=1, gpu=0, code="code",
        )  # fmt: skip
        return Path(name)

    yield run
    torch.use_deterministic_algorithms(False)


SCHEDULE = TRAINING | {
    "steps": 4, "validate_every": 2, "patience": None, "checkpoint_every": 3, "checkpoint_seconds": 100,
    "precision": "float32", "cache_mb": 1,
}  # fmt: skip


def test_what_a_training_started_from_and_was_given_stands_in_its_provenance(train):
    first = train("first")
    assert "start" not in json.loads((first / "provenance.json").read_text())
    second = train("second", first / "model.safetensors")
    facts = json.loads((second / "provenance.json").read_text())
    assert [len(digest) for digest in facts["start"].values()] == [64]
    with pytest.raises(UserError, match="has 0 training songs outside the paired budget"):
        train("third", unpaired={"family": None})


def test_a_state_is_resumed_only_by_a_training_from_the_same_model(train, monkeypatch):
    fingerprints = []

    def learn(_method, _settings, job, **_options):
        fingerprints.append(job.fingerprint())
        return TrainingResult()

    monkeypatch.setattr(training_script, "learn", learn)
    for number in range(2):
        save_model(Path(f"{number}.safetensors"), {"x": torch.full((1,), number)}, {})
    for start in ([], [Path("0.safetensors")], [Path("1.safetensors")], [Path("0.safetensors")]):
        train("again", *start)
    assert len(fingerprints) == 4 and len(set(fingerprints)) == 3 and fingerprints[1] == fingerprints[3]
