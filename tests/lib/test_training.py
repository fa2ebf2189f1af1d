"""The training loop: killed and resumed, stopped early, diverging; what it shows and what it leaves behind."""

import io
import json
import math
import multiprocessing
import re
import signal
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import safetensors.torch
import torch
from accelerate.utils import PrecisionType

from tests.lib import toy
from tests.lib.test_excerpts import prepared
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.stopping import SIGNALS
from workflow_scripts.lib.datasets.budget import Budget
from workflow_scripts.lib.datasets.corpus import Corpus
from workflow_scripts.lib.training import checkpoint, devices, progress
from workflow_scripts.lib.training.description import MethodDescription, read_description
from workflow_scripts.lib.training.job import TrainingDescription
from workflow_scripts.lib.training.learning import learn
from workflow_scripts.lib.training.loop import Diverged, Stopped, adapt_to_song, restore, state_of
from workflow_scripts.lib.training.network_trainee import peak
from workflow_scripts.lib.weights import model_file


@pytest.fixture(autouse=True)
def _one_thread_and_torch_as_it_was():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)


def _outcome(run) -> tuple:
    """All of a finished training but its times."""
    curves = [{name: value for name, value in row.items() if name != "seconds"} for row in run.history.curves]
    return run.history.step, run.history.best_step, run.history.best_loss, curves


def _assert_same_bits(one, two):
    assert one.keys() == two.keys() and len(one) > 4
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_killed_at_random_moments_it_ends_with_the_bits_of_a_training_never_killed(tmp_path):
    whole = toy.training(toy.Toy(), tmp_path / "whole.pt", stream=io.StringIO())
    weights = whole.run()
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.lib.toy"])
    kills = 0
    for moment in np.random.default_rng(5).uniform(0.1, 0.6, 30):
        started = processes.Event()
        process = processes.Process(target=toy.finish, args=(tmp_path, 0.02, started))
        process.start()
        assert started.wait(60)
        process.join(moment)
        if process.exitcode is not None:
            break
        process.kill()
        process.join()
        kills += any(tmp_path.glob("state*.pt"))  # the last state, or only the one before it
    assert process.exitcode == 0
    assert kills >= 2
    done = torch.load(tmp_path / "done.pt", weights_only=True)
    _assert_same_bits(done["weights"], weights)
    assert _outcome(SimpleNamespace(history=SimpleNamespace(**done["history"]))) == _outcome(whole)
    assert len(done["history"]["attempts"]) == kills + 1
    assert not list(tmp_path.glob(".state*"))


@pytest.mark.parametrize("step", [1, 5, 13, 59])
def test_stopped_after_any_step_it_goes_on_with_the_same_bits(tmp_path, step):
    whole = toy.training(toy.Toy(), tmp_path / "whole.pt", stream=io.StringIO())
    weights = whole.run()
    every = replace(toy.SCHEDULE, checkpoint_every=1)
    broken = toy.Toy(spoil_loss=step + 1)
    with pytest.raises(Diverged):
        toy.training(broken, tmp_path / "state.pt", every, io.StringIO()).run()
    mended = toy.Toy()
    again = toy.training(mended, tmp_path / "state.pt", every, io.StringIO())
    _assert_same_bits(again.run(), weights)
    assert mended.steps == list(range(step + 1, toy.SCHEDULE.steps + 1))
    assert _outcome(again) == _outcome(whole)


class _Told(toy.Toy):
    """Is sent a signal, or several, in a step."""

    def __init__(self, at: int, *signals: signal.Signals) -> None:
        super().__init__()
        self.at, self.signals = at, signals

    def step(self, number):
        for each in self.signals if number == self.at else ():
            signal.raise_signal(each)  # handled before it returns, so that two are not taken for one
        return super().step(number)


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("step", [1, 13, 60])
def test_a_signal_saves_the_state_after_the_step_and_the_next_run_ends_with_the_same_bits(tmp_path, told, step):
    whole = toy.training(toy.Toy(), tmp_path / "whole.pt", stream=io.StringIO())
    weights, never = whole.run(), replace(toy.SCHEDULE, checkpoint_every=1000, checkpoint_seconds=1e9)
    handlers = [signal.getsignal(each) for each in SIGNALS]
    with pytest.raises(Stopped) as stopped:
        toy.training(_Told(step, told), tmp_path / "state.pt", never, io.StringIO()).run()
    state = tmp_path / "state.pt"
    assert str(stopped.value) == (
        f"stopped by {told.name} after step {step}; the next run goes on after step {step}, from {state}."
    )
    assert [signal.getsignal(each) for each in SIGNALS] == handlers
    mended = toy.Toy()
    again = toy.training(mended, state, never, io.StringIO())
    _assert_same_bits(again.run(), weights)
    assert mended.steps == list(range(step + 1, 61))
    assert _outcome(again) == _outcome(whole)


def test_a_second_ctrl_c_does_not_wait_for_the_step(tmp_path):
    twice = _Told(4, signal.SIGINT, signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        toy.training(twice, tmp_path / "state.pt", stream=io.StringIO()).run()
    assert twice.steps == [1, 2, 3]


def test_a_signal_does_not_put_weights_that_are_not_finite_into_the_state(tmp_path):
    spoilt = _Told(9, signal.SIGTERM)
    spoilt.spoil_weights = 9
    schedule = replace(toy.SCHEDULE, checkpoint_seconds=1e9)
    with pytest.raises(Stopped, match=r"stopped by SIGTERM after step 9; the next run goes on after step 7,"):
        toy.training(spoilt, tmp_path / "state.pt", schedule, io.StringIO()).run()


def test_a_finished_training_started_again_does_no_step(tmp_path):
    weights = toy.training(toy.Toy(), tmp_path / "state.pt", stream=io.StringIO()).run()
    again = toy.Toy()
    _assert_same_bits(toy.training(again, tmp_path / "state.pt", stream=io.StringIO()).run(), weights)
    assert again.steps == []


def test_a_state_of_other_code_settings_or_data_is_not_resumed(tmp_path):
    toy.training(toy.Toy(), tmp_path / "state.pt", stream=io.StringIO()).run()
    other, said = toy.Toy(), io.StringIO()
    toy.training(other, tmp_path / "state.pt", stream=said, fingerprint="another").run()
    assert other.steps == list(range(1, toy.SCHEDULE.steps + 1))
    assert "starting anew" in said.getvalue()


class _Trap:
    def __reduce__(self):
        return (open, ("sprung", "w"))


@pytest.mark.parametrize("kind", ["text", "pickle", "tensors"])
def test_a_file_that_is_no_state_is_put_aside_and_no_code_in_it_runs(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    path, said = tmp_path / "state.pt", []
    if kind == "text":
        path.write_text("no state")
    else:
        torch.save(_Trap() if kind == "pickle" else {"weights": torch.zeros(2)}, path)
    content = path.read_bytes()
    assert checkpoint.load(path, "one", said.append) is None
    (sentence,) = said
    assert re.fullmatch(r".*state\.pt: .*, so it is now called state\.damaged1\.pt: starting anew\.", sentence)
    assert "\n" not in sentence
    assert [each.name for each in tmp_path.iterdir()] == ["state.damaged1.pt"]
    assert (tmp_path / "state.damaged1.pt").read_bytes() == content


def _flip(path, position):
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(("damaged", "first"), [(["state.pt"], 36), (["state.pt", "state.before.pt"], 1)])
def test_from_a_damaged_state_it_goes_on_from_the_one_before_or_anew_with_the_same_bits(tmp_path, damaged, first):
    """A bit of a tensor is another than was written, which only a sum can tell."""
    whole = toy.training(toy.Toy(), tmp_path / "whole.pt", stream=io.StringIO())
    weights = whole.run()
    schedule = replace(toy.SCHEDULE, checkpoint_seconds=1e9)  # states after the steps 35 and 42
    with pytest.raises(Diverged):
        toy.training(toy.Toy(spoil_loss=45), tmp_path / "state.pt", schedule, io.StringIO()).run()
    for name in damaged:
        with zipfile.ZipFile(tmp_path / name) as archive:
            tensor = max(archive.infolist(), key=lambda each: each.file_size * ("/data/" in each.filename))
            bytes_of = archive.read(tensor)
        _flip(tmp_path / name, (tmp_path / name).read_bytes().index(bytes_of) + len(bytes_of) // 2)
    mended, said = toy.Toy(), io.StringIO()
    again = toy.training(mended, tmp_path / "state.pt", schedule, said)
    _assert_same_bits(again.run(), weights)
    assert mended.steps[0] == first
    assert _outcome(again) == _outcome(whole)
    assert len(list(tmp_path.glob("state.damaged*.pt"))) == len(damaged)
    assert ("going on from the checkpoint before it" in said.getvalue()) and (
        ("starting anew" in said.getvalue()) == (first == 1)
    )
    assert f"going on after step {first - 1}, from" in said.getvalue() or first == 1


def test_killed_between_renaming_the_old_state_and_the_new_one_it_goes_on_from_the_old_one(tmp_path, monkeypatch):
    checkpoint.save(tmp_path / "state.pt", "one", {"step": 1})
    replace_file = Path.replace

    def killed(path, target):
        if path.name.startswith(".state"):
            raise KeyboardInterrupt
        return replace_file(path, target)

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.save(tmp_path / "state.pt", "one", {"step": 2})
    monkeypatch.undo()
    assert not (tmp_path / "state.pt").exists()
    assert checkpoint.load(tmp_path / "state.pt", "one", print) == {"step": 1}


def test_two_states_are_kept_and_none_after_the_training(tmp_path):
    for step in range(4):
        checkpoint.save(tmp_path / "state.pt", "one", {"step": step})
    assert sorted(each.name for each in tmp_path.iterdir()) == ["state.before.pt", "state.pt"]
    assert checkpoint.load(tmp_path / "state.before.pt", "one", print) == {"step": 2}
    checkpoint.discard(tmp_path / "state.pt")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_job_was_writing_is_swept_away(tmp_path):
    (tmp_path / ".state.123.pt").write_text("half")
    toy.training(toy.Toy(), tmp_path / "state.pt", replace(toy.SCHEDULE, steps=1), io.StringIO()).run()
    assert [path.name for path in tmp_path.iterdir()] == ["state.pt"]


class _BestAfter20(toy.Toy):
    def validate(self):
        return {"loss": abs(len(self.steps) - 20.0)}


def test_the_weights_are_those_of_the_lowest_validation_loss(tmp_path):
    run = toy.training(_BestAfter20(), tmp_path / "state.pt", stream=io.StringIO())
    best = run.run()
    short = toy.training(_BestAfter20(), tmp_path / "short.pt", replace(toy.SCHEDULE, steps=20), io.StringIO())
    _assert_same_bits(best, short.run())
    assert (run.history.best_step, run.history.best_loss, run.history.step) == (20, 0.0, 60)


def test_training_stops_after_so_many_validations_without_a_lower_loss(tmp_path):
    run = toy.training(_BestAfter20(), tmp_path / "state.pt", replace(toy.SCHEDULE, patience=3), io.StringIO())
    run.run()
    assert run.history.step == 35
    assert [row["step"] for row in run.history.curves] == [5, 10, 15, 20, 25, 30, 35]


def test_the_curves_hold_the_mean_of_every_training_loss_and_the_validation_loss(tmp_path):
    learner, seen = toy.Toy(), []
    step = learner.step
    learner.step = lambda number: seen.append(step(number)) or seen[-1]
    run = toy.training(learner, tmp_path / "state.pt", replace(toy.SCHEDULE, steps=12), io.StringIO())
    run.run()
    assert [row["step"] for row in run.history.curves] == [5, 10, 12]
    for row, part in zip(run.history.curves, (seen[:5], seen[5:10], seen[10:]), strict=True):
        assert math.isclose(row["train_loss"], np.mean([losses["loss"] for losses in part]))
        assert math.isclose(row["train_twice"], 2 * row["train_loss"])
    assert run.history.curves[-1]["valid_loss"] == learner.validate()["loss"]


def test_a_loss_that_is_not_finite_stops_with_the_step_and_the_last_good_checkpoint(tmp_path):
    schedule = replace(toy.SCHEDULE, checkpoint_seconds=1e9)
    with pytest.raises(Diverged, match=r"training loss is nan at step 25; .* checkpoint: .*state\.pt \(step 21\)\."):
        toy.training(toy.Toy(spoil_loss=25), tmp_path / "state.pt", schedule, io.StringIO()).run()
    with pytest.raises(Diverged, match=r"at step 4; last good checkpoint: none yet\."):
        toy.training(toy.Toy(spoil_loss=4), tmp_path / "early.pt", schedule, io.StringIO()).run()


def test_weights_that_are_not_finite_are_never_in_a_checkpoint(tmp_path):
    schedule = replace(toy.SCHEDULE, checkpoint_every=1, validate_every=100)
    with pytest.raises(Diverged, match=r"at step 13; .*\(step 11\)"):
        toy.training(toy.Toy(spoil_weights=12), tmp_path / "state.pt", schedule, io.StringIO()).run()
    state = checkpoint.load(tmp_path / "state.pt", "one", print)
    assert torch.isfinite(state["trainee"]["modules"]["second"]["bias"]).all()


def test_a_log_gets_plain_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    log = io.StringIO()
    toy.training(toy.Toy(), tmp_path / "state.pt", stream=log).run()
    lines = log.getvalue().splitlines()
    assert any(line.startswith("step 4 of 60: loss ") and line.endswith(" left") for line in lines)
    assert any(line.startswith("step 5 of 60: training loss ") and "validation loss" in line for line in lines)
    assert "\r" not in log.getvalue()


def test_the_time_left_is_that_of_the_steps_left_at_the_pace_so_far(monkeypatch):
    now = iter([0.0, 100.0, 100.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    log = io.StringIO()
    lines = progress.progress_on(log)
    lines.start(20, 100)
    lines.advance(40, 0.5)  # 20 steps took 100 s, and 60 are left
    assert log.getvalue() == "step 40 of 100: loss 0.5, 05:00 left\n"


def test_a_terminal_gets_a_bar_with_the_loss_and_the_time_left(tmp_path):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    toy.training(toy.Toy(pause=0.02), tmp_path / "state.pt", replace(toy.SCHEDULE, steps=20), terminal).run()
    shown = terminal.getvalue()
    assert "\r" in shown and "20/20" in shown and "loss=" in shown and "<00:0" in shown
    assert "validation loss" in shown


@pytest.mark.parametrize(("supervision", "given"), [("mixture", False), ("voices", True)])
def test_a_method_that_learns_from_mixtures_is_given_no_stem(tmp_path, supervision, given):
    seen = []

    def trainee(data, settings, seed, device, accelerator):
        seen.extend([*data.train.batch(seed, 1), *data.valid.every_excerpt()])
        return toy.Toy()

    corpus = Corpus(prepared(tmp_path / "data"), ("voice", "accompaniment"))
    learned = learn(
        SimpleNamespace(trainee=trainee), SimpleNamespace(supervision=supervision), toy.job(corpus), gpus=0,
        state=tmp_path / "state.pt", stream=io.StringIO(),
    )  # fmt: skip
    assert len(seen) > 4
    assert all((scene.references is not None) == given for scene in seen)
    assert learned.facts()["steps"] == toy.SCHEDULE.steps and learned.facts()["earlier_attempts"] == []


def _learned(tmp_path, learner, name):
    corpus = Corpus(prepared(tmp_path / "data"), ("voice",))
    method, state = SimpleNamespace(trainee=lambda *_: learner), tmp_path / f"{name}.pt"
    return learn(method, SimpleNamespace(), toy.job(corpus), gpus=0, state=state, stream=io.StringIO())


def test_a_training_that_diverges_before_any_validation_gives_no_model_but_the_reason(tmp_path):
    learned = _learned(tmp_path, toy.Toy(spoil_loss=5), "state")
    assert learned.model == {}
    assert learned.failed.startswith("the training loss is nan at step 5")
    assert learned.facts()["failed"] == learned.failed
    assert learned.outcome() == {"failed": learned.failed}
    assert _learned(tmp_path, _Unvalidated(spoil_loss=25), "unvalidated").outcome().keys() == {"failed"}


def test_a_training_that_diverges_later_gives_the_best_weights_until_then_and_says_so(tmp_path):
    learned = _learned(tmp_path, toy.Toy(spoil_loss=25), "state")
    best = learned.history.best_step
    assert 0 < best <= 20 and best % 5 == 0
    assert learned.failed == "" and learned.outcome() == {"diverged": learned.diverged}
    assert learned.diverged.startswith("the training loss is nan at step 25;")
    assert learned.diverged.endswith(f"The weights are those of step {best}, where the validation loss was lowest.")
    assert learned.facts()["diverged"] == learned.diverged
    _assert_same_bits(learned.model, _learned(tmp_path, _ValidatedAt(best), "whole").model)
    assert (tmp_path / "state.pt").exists()


def test_a_continued_training_that_only_gets_worse_keeps_the_weights_that_it_started_from(tmp_path):
    runs = {}
    for continued in (False, True):
        learner = toy.Toy()
        start = {name: each.clone() for name, each in learner.weights().items()}
        for optimizer in learner.optimizers.values():
            optimizer.param_groups[0]["lr"] *= -0.1  # uphill
        loop = toy.training(learner, tmp_path / f"{continued}.pt", continued=continued)
        weights = loop.run()
        runs[continued] = loop.history.best_step, all(torch.equal(weights[name], start[name]) for name in start)
        assert [row["step"] for row in loop.history.curves[:2]] == ([0, 5] if continued else [5, 10])
    assert runs == {False: (5, False), True: (0, True)}


class _ValidatedAt(toy.Toy):
    """Validates after one step alone, so that the weights then are the best."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self.only = step

    def validate(self):
        return super().validate() if self.steps[-1] == self.only else {}


def test_a_model_file_has_the_same_bytes_for_the_same_content_and_gives_it_back(tmp_path):
    model = {"b": torch.arange(6.0).reshape(2, 3).T, "a": torch.tensor(3)}
    for name, header in (("one", {"x": 1, "y": [2]}), ("two", {"y": [2], "x": 1})):
        model_file.save_model(tmp_path / name, model, header)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    read, header = model_file.load_model(tmp_path / "one", torch.device("cpu"))
    assert header == {"x": 1, "y": [2]} and read.keys() == model.keys()
    assert all(torch.equal(read[name], model[name]) for name in model)


def test_a_model_file_with_another_bit_anywhere_is_refused_in_one_sentence(tmp_path):
    path = tmp_path / "model.safetensors"
    model_file.save_model(path, {"a": torch.arange(4.0)}, {"x": 1})
    for position in range(path.stat().st_size):
        _flip(path, position)
        with pytest.raises(UserError, match=r"^[^\n]*model\.safetensors: .*; delete it, and it is made anew\.$"):
            model_file.load_model(path, "cpu")
        _flip(path, position)
    assert model_file.load_model(path, "cpu")[1] == {"x": 1}
    safetensors.torch.save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(UserError, match="has no header that a model of this workflow has"):
        model_file.load_model(path, "cpu")


# A training on one song, which has nothing to validate on


class _Unvalidated(toy.Toy):
    def validate(self):
        return {}


def _adapt(learner, state, epochs=4, fingerprint="one"):
    return adapt_to_song(
        learner, toy.accelerator_for(0, "float32"), epochs=epochs, steps_an_epoch=3, checkpoint_seconds=1e-9,
        state=state, fingerprint=fingerprint, seed=3, progress=progress.progress_on(io.StringIO()),
    )  # fmt: skip


def test_an_adaptation_gives_the_last_weights_and_a_row_an_epoch_with_the_means_of_its_losses(tmp_path):
    learner, losses = _Unvalidated(), []
    step = learner.step
    learner.step = lambda number: losses.append(step(number)) or losses[-1]
    weights, rows = _adapt(learner, tmp_path / "state.pt")
    _assert_same_bits(weights, learner.weights())
    assert [list(row) for row in rows] == [["epoch", "step", "loss", "twice"]] * 4
    assert [(row["epoch"], row["step"]) for row in rows] == [(1, 3), (2, 6), (3, 9), (4, 12)]
    for epoch, row in enumerate(rows):
        part = losses[3 * epoch : 3 * epoch + 3]
        assert row["loss"] == pytest.approx(np.mean([each["loss"] for each in part]))
        assert row["twice"] == pytest.approx(np.mean([each["twice"] for each in part]))


def test_an_adaptation_stopped_in_an_epoch_goes_on_to_the_same_weights_and_rows(tmp_path):
    whole, rows = _adapt(_Unvalidated(), tmp_path / "whole.pt")
    with pytest.raises(Diverged):
        _adapt(_Unvalidated(spoil_loss=8), tmp_path / "state.pt")
    again = _Unvalidated()
    weights, again_rows = _adapt(again, tmp_path / "state.pt")
    assert again.steps == [8, 9, 10, 11, 12]
    assert again_rows == rows
    _assert_same_bits(weights, whole)


def test_the_peak_of_a_signal_is_over_time_whatever_its_other_axes_and_one_for_silence():
    signals = torch.tensor([[[0.1, -0.7, 0.2], [0.0, 0.0, 0.0]], [[0.3, 0.2, 0.1], [-2.0, 1.0, 0.5]]])
    assert peak(signals).tolist() == torch.tensor([[[0.7], [1.0]], [[0.3], [2.0]]]).tolist()
    assert peak(signals[0, 0]).tolist() == torch.tensor([0.7]).tolist()


# Devices


@pytest.mark.parametrize(
    ("gpus", "cards", "rank", "processes"),
    [(4, 2, None, "2"), (2, 8, None, "2"), (1, 2, None, None), (2, 2, "0", None)],
)
def test_a_training_is_started_anew_once_for_each_card_that_it_may_use(monkeypatch, gpus, cards, rank, processes):
    started = []
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cards)
    monkeypatch.setattr(devices.os, "execv", lambda *words: started.append(words))
    monkeypatch.setattr(devices.sys, "argv", ["train.py", "--seed=3"])
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    if rank is not None:
        monkeypatch.setenv("LOCAL_RANK", rank)
    devices.one_process_a_card(gpus, "workflow_scripts.train.train")
    assert len(started) == (processes is not None)
    for program, words in started:
        assert program == words[0] == devices.sys.executable
        assert words[words.index("--num_processes") + 1] == processes
        assert words[-3:] == ["-m", "workflow_scripts.train.train", "--seed=3"]


def test_every_precision_has_the_name_that_accelerate_knows_it_by():
    assert set(devices.MIXED.values()) <= set(PrecisionType.list())
    assert devices.MIXED["float32"] == "no"
    assert all(devices.MIXED[name] == name for name in ("bf16", "fp16"))


@pytest.mark.parametrize(("has", "precisions"), [("avx2", ["no", "no", "no"]), ("avx512_bf16", ["no", "bf16", "no"])])
def test_a_cpu_takes_bfloat16_only_where_it_multiplies_it(monkeypatch, has, precisions):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {has: True, "amx_bf16": False})
    monkeypatch.setattr(devices, "Accelerator", lambda **given: SimpleNamespace(**given))  # a process has one for good
    assert [devices.accelerator_for(0, name).mixed_precision for name in devices.MIXED] == precisions


@pytest.mark.parametrize(("rank", "first"), [(None, True), ("0", True), ("1", False)])
def test_of_several_processes_one_writes(monkeypatch, rank, first):
    monkeypatch.delenv("RANK", raising=False)
    if rank is not None:
        monkeypatch.setenv("RANK", rank)
    assert devices.is_first_process() is first


def test_the_scale_of_half_precision_is_part_of_the_state():
    def scaled(scale: float) -> SimpleNamespace:
        scaler = torch.amp.GradScaler("cpu", init_scale=scale)
        scaler.scale(torch.ones(()))  # it has its scale from its first use on
        return SimpleNamespace(scaler=scaler, unwrap_model=lambda module: module)

    before, after = scaled(8.0), scaled(2.0)
    restore(toy.Toy(), after, state_of(toy.Toy(), before))
    assert after.scaler.get_scale() == 8.0


# The description of a method to its scripts

DESCRIPTION = {
    "module": "unet", "settings": {"width": 4}, "needs": ["training"], "training": {"steps": 7}, "budget": {"songs": 2},
    "unpaired": None, "train_on": "train",
}  # fmt: skip


NEEDS = ("f0", "references", "training", "weights", "unpaired", "marks", "adaptation")


@pytest.mark.parametrize("need", NEEDS)
def test_a_method_may_need_each_of_these(need):
    assert read_description(json.dumps(DESCRIPTION | {"needs": [need]}), TrainingDescription).needs == (need,)


def test_a_description_has_the_defaults_of_what_it_does_not_say():
    found = read_description(json.dumps(DESCRIPTION), TrainingDescription)
    assert (found.training.steps, found.training.batch, found.training.patience) == (7, 4, 10)
    assert (found.budget, found.unpaired, found.needs) == (Budget(songs=2), None, ("training",))


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"training": {"stpes": 7}}, "--method: the key 'training.stpes' is unknown; did you mean 'steps'"),
        ({"training": {"steps": 0}}, "--method: the key 'training.steps' is 0; allowed is a whole number, at least 1"),
        ({"train_on": "valid"}, "--method: the key 'train_on' is 'valid'; allowed: test, train"),
        ({"needs": ["stems"]}, "--method: the key 'needs.0' is 'stems'; "),
    ],
)
def test_a_mistake_in_a_description_is_told_with_its_key(changed, sentence):
    with pytest.raises(UserError) as error:
        read_description(json.dumps(DESCRIPTION | changed), TrainingDescription)
    assert str(error.value).startswith(sentence)


def test_a_description_that_is_no_json_or_lacks_a_key_is_refused():
    with pytest.raises(UserError, match="--method: cannot be read as JSON"):
        read_description("{'module': 'unet'}", MethodDescription)
    with pytest.raises(UserError, match="lacks 'settings'"):
        read_description('{"module": "unet", "needs": []}', MethodDescription)
