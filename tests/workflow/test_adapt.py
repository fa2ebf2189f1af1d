"""Adaptation in whole runs: a job that is killed, a model that failed, marks, and what the plan refuses."""

import copy
import json
import re
import shutil
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
from tests.workflow.test_plan import DEFAULT
from tests.workflow.test_training import TRAINING, _kill_when_there_is
from workflow_scripts import declared
from workflow_scripts.adapt.adapt import adapt
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.fingerprint import ROOT
from workflow_scripts.lib.weights.model_file import load_model, save_model
from workflow_scripts.marks.make_marks import make_marks
from workflow_scripts.plan import Plan
from workflow_scripts.plan_codes import Codes
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
    _kill_when_there_is(work / "song-3.state.pt", command, project.folder)
    assert not (project.folder / ADAPTED / "song-2.csv").exists()
    project.first = (work / "song-2.safetensors").stat().st_mtime_ns
    assert subprocess.run([*project.command(), "--unlock"], cwd=project.folder, check=False).returncode == 0
    done = project.run("--keep-going", ESTIMATES, config=project.config)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return project


@pytest.fixture
def toys(monkeypatch):
    """The toy methods under the names of methods of the project."""
    monkeypatch.setitem(sys.modules, "workflow_scripts.lib.methods.learner", learner)
    from tests.workflow import adapter

    monkeypatch.setitem(sys.modules, "workflow_scripts.lib.methods.adapter", adapter)


def _options(project: Project, out: Path, **changed) -> dict[str, Any]:
    """What the job of the killed run was called with, as arguments of `adapt`; writes to `out`."""
    _, *options = json.loads((project.folder / ADAPTED / "provenance.json").read_text())["command"]
    given = {name.removeprefix("--"): value for name, value in pairwise(options) if name.startswith("--")}
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
        ("diverged", "the adaptation to song-2: the loss is nan at step 4."),
        ("failed", "the training"),
    ):
        files = {path.name for path in (tmp_path / name).iterdir()}
        assert files == {"failed.txt", "provenance.json"}
        assert (tmp_path / name / "failed.txt").read_text().startswith(reason)
        options = _options(adapted, tmp_path / "separated.json", adapted=tmp_path / f"{name}.json")
        del options["model"]
        separate(**options)
        assert (tmp_path / "separated/failed.txt").read_text().startswith(reason)


def test_changed_marks_redo_what_rests_on_them_and_bad_ones_end_the_run_in_their_sentence(adapted):
    path = adapted.config.parent / "marks/song-3.txt"
    path.write_text("1.0\t1.9\t-voic\n")
    assert adapted.planned("--keep-going", ESTIMATES, config=adapted.config) == {"make_marks", "adapt", "separate"}
    done = adapted.run("--keep-going", ESTIMATES, config=adapted.config)
    assert done.returncode != 0
    assert "song-3.txt, line 1: there is no source 'voic'; did you mean 'voice'" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not (adapted.folder / "results/make_marks/mine/user/test/1-of-1").exists()


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


# The plan of an adaptation, without running it


@pytest.fixture
def config(monkeypatch):
    """The default configuration, with a method that adapts a trained one."""
    has, adapts = declared.has, ("nmf_supervised", "adapt")
    monkeypatch.setattr(declared, "has", lambda module, name: (module, name) == adapts or has(module, name))
    method = {"label": "Adapter", "module": "nmf_supervised", "needs": ["marks", "adaptation"]}
    config = copy.deepcopy(DEFAULT)
    config["methods"] = {"adapter": method | {"start": "nmf_supervised", "marks": "jitter_50ms"}}
    config["comparisons"]["guided"] |= {"methods": ["mixture", "adapter"], "dataset": "songs"}
    config["run"] = ["guided"]
    return config


class _Job(dict):
    __getattr__ = dict.__getitem__


def _job(**names) -> _Job:
    given = {"dataset": "songs", "sources": "vocals+drums", "method": "adapter", "f0": "no-f0", "seed": 2}
    return _Job(given | {"split": "test", "shard": "1-of-3", "marks": "jitter_50ms"} | names)


def test_each_stage_of_an_adaptation_is_given_the_files_of_the_stages_before(config):
    plan, job = Plan(config), _job()
    marks = "results/make_marks/songs/{}/test/1-of-3.json"
    prepared = {"data": "results/prepare/songs.json"}
    assert plan.marks_inputs(job) == prepared | {"of": marks.format("exact")}
    assert plan.adapt_inputs(job) == prepared | {
        "model": "results/train/songs/vocals+drums/nmf_supervised/no-f0/seed2/model.safetensors",
        "marks": marks.format("jitter_50ms"),
    }
    assert plan.separate_inputs(job) == prepared | {
        "adapted": "results/adapt/songs/vocals+drums/adapter/seed2/test/1-of-3.json",
        "marks": marks.format("jitter_50ms"),
    }
    base = "results/adapt/songs/vocals+drums+bass+other/adapter/seed0/test"
    config["shards"] = 2
    assert Plan(config).adaptations("guided") == [f"{base}/1-of-2.json", f"{base}/2-of-2.json"]
    assert Plan(config).models("guided") == []


def test_a_data_set_may_take_its_models_from_another(config):
    songs = {"kind": "embedded", "stems": ["vocals", "drums", "bass", "other"], "settings": {"corpus": "songs"}}
    config["datasets"] = {"quiet": songs | {"label": "Q", "rate": 22050, "muted": {"seed": 0}, "models_from": "songs"}}
    plan = Plan(config)
    found = plan.adapt_inputs(_job(dataset="quiet"))
    assert found["data"] == "results/prepare/quiet.json"
    assert found["model"].startswith("results/train/songs/vocals+drums/nmf_supervised/")
    codes = Codes(plan)
    assert codes.adapt("quiet", "adapter") != codes.adapt("songs", "adapter")
    assert codes.prepare("quiet") != codes.prepare("songs")


@pytest.mark.parametrize(
    "change",
    [
        {"methods": {"nmf_supervised": {"settings": {"components": 7}}}},
        {"marks": {"exact": {"settings": {"minimum": 0.7}}}},
        {"methods": {"adapter": {"marks": "exact"}}},
        {"methods": {"adapter": {"settings": {"iterations": 7}}}},
    ],
)
def test_what_an_adaptation_depends_on_is_in_its_fingerprint_and_in_that_of_its_estimates(config, change):
    plain = Codes(Plan(copy.deepcopy(config)))
    for library, entries in change.items():
        for name, keys in entries.items():
            config.setdefault(library, {}).setdefault(name, {}).update(keys)
    changed = Codes(Plan(config))
    assert changed.adapt("songs", "adapter") != plain.adapt("songs", "adapter")
    assert changed.separate("songs", "adapter", "no-f0") != plain.separate("songs", "adapter", "no-f0")
    assert changed.separate("songs", "mixture", "no-f0") == plain.separate("songs", "mixture", "no-f0")


MISTAKES = [
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


@pytest.mark.parametrize(("change", "sentence"), MISTAKES, ids=[each[1][-30:] for each in MISTAKES])
def test_a_mistake_about_adaptation_is_told_in_one_sentence(config, change, sentence):
    config["methods"]["adapter"] |= change
    with pytest.raises(UserError, match=re.escape(sentence)) as error:
        Plan(config)
    assert "\n" not in str(error.value)


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
def test_a_mistake_about_marks_and_models_is_told_in_one_sentence(config, library, change, sentence):
    config[library] = change
    with pytest.raises(UserError, match=re.escape(sentence)):
        Plan(config)


@pytest.mark.parametrize(
    ("keys", "methods", "sentence"),
    [
        ({"muted": {"seed": 1}}, ["mixture"], "datasets.own.muted is set, but a recording has no stems to mute"),
        ({}, ["adapter"], "marks.jitter_50ms.of is 'exact', found from stems, but a recording has none"),
        ({}, ["mixture"], "comparisons.guided cannot score 'own', a recording, which has no stems."),
    ],
)
def test_what_needs_stems_is_refused_for_a_recording(config, keys, methods, sentence):
    recording = {"label": "R", "kind": "recording", "settings": {"root": __file__}, "stems": ["vocals", "drums"]}
    config["datasets"] = {"own": recording | keys}
    config["comparisons"]["guided"] |= {"dataset": "own", "sources": ["vocals", "drums"], "methods": methods}
    with pytest.raises(UserError, match=re.escape(sentence)):
        Plan(config)
