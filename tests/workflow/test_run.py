"""Whole runs: from nothing to the tables, what is redone and what is not, mistakes, a killed run."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml

from tests.workflow.conftest import TINY, Project

NOTHING = set()
AFTER_SEPARATION = {"score", "compare", "draw", "report", "all"}


def _audio(project: Project) -> dict[str, str]:
    """Hash of every audio file and score table of a run."""
    results = project.folder / "results"
    files = sorted(path for ending in ("wav", "parquet", "safetensors") for path in results.rglob(f"*.{ending}"))
    return {str(path.relative_to(results)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_run_ends_by_printing_the_tables_and_where_they_lie(finished):
    printed = (finished.folder / "printed.txt").read_text()
    for words in ("vocal ensemble", "singing voice", "NMF1", "Where the results lie:", "results/report/scores.parquet"):
        assert words in printed
    for name in ("table.md", "table.csv", "table.tex", "tests.csv"):
        assert (finished.folder / "results/compare/singing_voice" / name).stat().st_size > 0
        for family in ("club", "studio"):
            assert (finished.folder / "results/compare/singing_voice" / family / name).stat().st_size > 0
            assert f"singing voice, {family} songs alone" in printed
    for name in ("distribution", "heat_map"):
        for ending in ("pdf", "svg", "png"):
            assert (finished.folder / f"results/draw/vocal_ensemble/{name}.{ending}").stat().st_size > 0


def test_a_run_says_what_it_costs_then_a_line_a_job_and_last_what_it_did_cost(finished):
    before, told = (finished.folder / "told.txt").read_text().split("To make: vocal_ensemble, singing_voice, in ")
    lines = told.splitlines()
    jobs = int(lines[0].split()[0])
    assert "Expected: " in told and "nothing to download" in told
    ended = [line for line in lines if f" of {jobs}  " in line]
    assert len(ended) == jobs
    assert any(line.split("  ")[-2] == "separate chorales nmf1 exact" for line in ended)
    assert lines[-1].startswith("It took ") and "of CPU time" in lines[-1]
    assert "Reason" not in before + told and "\r" not in told


def test_one_table_holds_every_score(finished):
    scores = pd.read_parquet(finished.folder / "results/report/scores.parquet")
    assert set(scores["comparison"]) == {"vocal_ensemble", "singing_voice"}
    assert set(scores["f0"]) == {"exact", "stems", "no-f0"}
    means = scores[scores["metric"] == "SI-SDR"].groupby(["comparison", "method"])["value"].mean()
    assert means["vocal_ensemble"]["mixture"] < means["vocal_ensemble"]["nmf1"] < means["vocal_ensemble"]["irm"]
    assert means["singing_voice"]["mixture"] < means["singing_voice"]["irm"]


def test_the_scores_lie_beside_it_as_museval_writes_them(finished):
    import museval

    found = sorted((finished.folder / "results/score/singing_voice/1-of-1/museval/irm/no-f0/seed0/test").glob("*.json"))
    assert len(found) == 2
    store = museval.TrackStore(track_name=found[0].stem)
    store.scores = json.loads(found[0].read_text())
    assert set(store.df["target"]) == {"vocals", "accompaniment"}


def test_every_result_says_what_made_it(finished):
    files = list((finished.folder / "results/separate").rglob("provenance.json"))
    assert files
    for path in files:
        facts = json.loads(path.read_text())
        assert facts["data"] and len(facts["code"]) == 16 and facts["cost"]["cpu_seconds"] > 0


def test_modules_of_jobs_are_compiled_once_whatever_the_environment_says(finished):
    assert list(finished.folder.glob("workflow_scripts/lib/audio/__pycache__/stft.*.pyc"))


def test_a_second_run_does_nothing_whatever_the_time_stamps_say(own):
    assert own.planned() == NOTHING
    generator = np.random.default_rng(0)
    for path in own.folder.rglob("*"):
        if path.is_file() and ".snakemake" not in path.parts:
            os.utime(path, (time.time() - 1000 * generator.random(),) * 2)
    assert own.planned() == NOTHING


def test_a_fresh_copy_of_the_code_beside_kept_results_redoes_nothing(own, tmp_path):
    fresh = Project(tmp_path / "fresh")
    for name in ("results", ".snakemake"):
        shutil.copytree(own.folder / name, fresh.folder / name, symlinks=True, dirs_exist_ok=True)
    assert fresh.planned() == NOTHING


@pytest.mark.parametrize(
    ("module", "old", "new", "rules"),
    [
        ("methods/nmf_supervised.py", "SILENCE = 1e-3", "SILENCE = 1e-2", {"train", "separate"} | AFTER_SEPARATION),
        ("methods/nmf_harmonic.py", "def templates(", "def templates(\n    *,", {"separate"} | AFTER_SEPARATION),
        ("metrics/scale_invariant.py", "FRAME_OFFSET = 1e-8", "FRAME_OFFSET = 1e-7", AFTER_SEPARATION),
        ("figures/latex.py", "return ", "return 2 * ", {"compare", "report", "all"}),
        ("figures/heat_map.py", "BRIGHT = 0.45", "BRIGHT = 0.5", {"draw", "report", "all"}),
        ("audio/pitch.py", "HOP = 256", "HOP = 128", {"estimate_f0", "score_f0", "separate"} | AFTER_SEPARATION),
    ],
)
def test_changed_code_redoes_just_the_rules_that_use_it(own, module, old, new, rules):
    path = own.folder / "workflow_scripts/lib" / module
    code = path.read_text()
    assert old in code
    path.write_text(code + "\n# A comment changes nothing.\n")
    assert own.planned() == NOTHING
    path.write_text(code.replace(old, new))
    assert own.planned() == rules


def test_a_changed_setting_of_one_method_redoes_that_method_alone(own, tmp_path):
    config = yaml.safe_load(TINY.read_text())
    config["methods"] = {"nmf1": {"settings": {"iterations": 3}}}
    (tmp_path / "changed.yaml").write_text(yaml.safe_dump(config))
    done = own.run("--dry-run", config=tmp_path / "changed.yaml")
    assert "by nmf1" in done.stdout
    assert "by irm" not in done.stdout
    assert "by mixture" not in done.stdout


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--config", "shrads=2"], "config: the key 'shrads' is unknown; did you mean 'shards'?\n"),
        (["--config", "run=[guidd]"], "config: run names 'guidd', which is not defined; did you mean 'guided'?\n"),
    ],
)
def test_a_mistake_in_the_configuration_ends_at_once_with_one_sentence(finished, options, sentence):
    done = finished.run(*options)
    assert done.returncode == 1
    assert done.stderr.endswith(sentence)
    assert "Traceback" not in done.stderr


def test_the_last_line_of_a_run_is_why_a_job_failed_and_where_its_log_lies(tmp_path):
    project, config = Project(tmp_path / "project"), _folder_config(tmp_path)
    path = tmp_path / "recordings/second/bass.wav"
    samples, rate = soundfile.read(path)
    soundfile.write(path, np.full_like(samples, np.nan), rate, "FLOAT")
    done = project.run(config=config)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("prepare mine: ") and "second/bass.wav" in last
    assert last.endswith(" (log: results/logs/prepare/mine.log)")
    assert "1 of " in done.stderr.splitlines()[-2] and "Traceback" not in done.stderr + done.stdout


def test_a_mistake_in_the_data_stops_the_run_with_a_sentence_and_no_traceback(tmp_path):
    project, config = Project(tmp_path / "project"), _folder_config(tmp_path)
    (tmp_path / "recordings/second/bass.wav").write_text("no audio")
    done = project.run(config=config)
    assert done.returncode == 1
    assert "second/bass.wav" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert not (project.folder / "results/prepare/mine").exists()


def test_a_folder_of_ones_own_recordings_gets_the_same_tables(tmp_path):
    project, config = Project(tmp_path / "project"), _folder_config(tmp_path)
    done = project.run(config=config)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    scores = pd.read_parquet(project.folder / "results/report/scores.parquet")
    means = scores[scores["metric"] == "SI-SDR"].groupby("method")["value"].mean()
    assert means["mixture"] + 5 < means["irm"]
    assert set(scores["track"]) == {"first", "second"}


def test_changed_recordings_are_noticed_and_touched_ones_are_not(tmp_path):
    project, config = Project(tmp_path / "project"), _folder_config(tmp_path)
    assert project.run("--until", "prepare", config=config).returncode == 0
    stem = tmp_path / "recordings/second/bass.wav"
    os.utime(stem, (1, 1))
    assert "prepare" not in project.planned(config=config)
    _write(stem, 82.0)
    assert "prepare" in project.planned(config=config)


def test_a_killed_run_that_is_started_again_ends_with_the_same_bits(finished, tmp_path):
    project = Project(tmp_path / "killed")
    command = project.command("--configfile", str(TINY))
    running = subprocess.Popen(
        command, cwd=project.folder, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 300
    while not list((project.folder / "results").glob("separate/*/*/*/*/*/*/*/*/*.wav")):
        assert running.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    assert subprocess.run([*project.command(), "--unlock"], cwd=project.folder, check=False).returncode == 0
    assert project.run().returncode == 0
    audio = _audio(finished)
    assert len(audio) > 20
    assert _audio(project) == audio


@pytest.fixture(scope="module")
def sharded(tmp_path_factory) -> Project:
    """A project whose run took the tracks in two shards, and let nobody else read what it wrote."""
    project, before = Project(tmp_path_factory.mktemp("sharded")), os.umask(0o077)
    try:
        done = project.run("--config", "shards=2", "run=[vocal_ensemble]")
    finally:
        os.umask(before)
    assert done.returncode == 0, done.stderr[-3000:]
    return project


def test_every_result_may_be_read_by_those_whom_the_umask_lets(finished, sharded):
    umask = os.umask(0)
    os.umask(umask)
    for project, allowed in ((finished, 0o666 & ~umask), (sharded, 0o600)):
        found = (project.folder / "results").rglob("*")
        files = [path for path in found if path.is_file() and path.name != "README.md"]
        assert len(files) > 50
        assert {path.stat().st_mode & 0o777 for path in files} == {allowed}


def test_the_number_of_shards_changes_no_score(finished, sharded):
    keys = ["track", "source", "method", "f0", "metric", "frame"]
    one, two = (
        pd.read_parquet(each.folder / "results/report/scores.parquet")
        .query("comparison == 'vocal_ensemble'")
        .sort_values(keys)
        .reset_index(drop=True)
        for each in (finished, sharded)
    )
    assert len(one) > 100
    pd.testing.assert_frame_equal(one, two)


def test_the_cluster_profile_plans_the_same_jobs(finished, tmp_path):
    project = Project(tmp_path / "cluster")
    done = project.run("--dry-run", "--quiet", "rules", "--profile", "profiles/slurm")
    assert done.returncode == 0, done.stderr
    assert "separate" in done.stdout


def _folder_config(tmp_path: Path) -> Path:
    """Two tracks of two stems of the user's own, and a configuration for them."""
    root = tmp_path / "recordings"
    for index, track in enumerate(("first", "second")):
        for stem, hz in (("voice", 440.0 + 30 * index), ("bass", 110.0)):
            (root / track).mkdir(parents=True, exist_ok=True)
            _write(root / track / f"{stem}.wav", hz)
    config = {
        "run": ["mine"],
        "datasets": {"mine": {"kind": "folder", "stems": ["voice", "bass"], "settings": {"root": str(root)}}},
        "comparisons": {
            "mine": {"dataset": "mine", "sources": ["voice", "bass"], "methods": ["mixture", "irm"],
                     "metrics": ["SI-SDR", "SDR"]},
        },
    }  # fmt: skip
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(config))
    return tmp_path / "mine.yaml"


def _write(path: Path, hz: float) -> None:
    times = np.arange(3 * 16000) / 16000
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * hz * times) * (1 + 0.3 * np.sin(7 * times)), 16000)
