"""The loop of every method that learns by gradient descent, from a corpus or, where it adapts, from one song.

A training that was killed at any moment and is started again ends with the same bits as one that never was: a batch is
a pure function of its number, the global random generators are seeded anew for each step, and everything else that a
step depends on is in the checkpoint.
"""

import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.provenance import meter
from workflow_scripts.lib.core.seeds import seed_of
from workflow_scripts.lib.core.stopping import signals_noted
from workflow_scripts.lib.networks.tensors import Tensors
from workflow_scripts.lib.training import checkpoint
from workflow_scripts.lib.training.contract import Trainee
from workflow_scripts.lib.training.progress import Progress
from workflow_scripts.lib.training.schedule import Schedule


class Diverged(UserError):
    """A loss is not finite: says at which step, and which checkpoint is the last good one."""


class Stopped(SystemExit):
    """A signal ended the training after a step, whose state is saved: exit code 1, and a sentence that says so."""


@dataclass
class History:
    """How far a training has come: all of its state besides the trainee's.

    step: number of steps done.  best_step, best_loss, best: where the validation loss was lowest, and the weights then;
        no weights where the trainee does not validate.
    sums: training losses added up since the last row, `count` of them.
    curves: rows, each with step, wall seconds since the start (attempts that were killed included, up to their last
        checkpoint), training losses (means since the row before) and validation losses.
    attempts: what each attempt cost up to its last checkpoint, the present one last.
    """

    step: int = 0
    best_step: int = 0
    best_loss: float = math.inf
    best: Tensors = field(default_factory=dict)
    sums: dict[str, float] = field(default_factory=dict)
    count: int = 0
    curves: list[dict[str, float]] = field(default_factory=list)
    attempts: list[dict[str, float]] = field(default_factory=list)

    @property
    def validations_since_best(self) -> int:
        """Rows of the curves behind that of the lowest validation loss."""
        return sum(row["step"] > self.best_step for row in self.curves)

    def add(self, losses: dict[str, float]) -> None:
        """Count the losses of one more step."""
        self.step += 1
        self.count += 1
        self.sums = {name: self.sums.get(name, 0.0) + value for name, value in losses.items()}

    def close_row(self, valid: dict[str, float]) -> None:
        """Add a row to the curves.  valid: validation losses, which may be none."""
        train = {f"train_{name}": total / self.count for name, total in self.sums.items()}
        seconds = sum(attempt["wall_seconds"] for attempt in self.attempts)
        row = {"step": self.step, "seconds": round(seconds, 3), **train}
        self.curves.append(row | {f"valid_{name}": value for name, value in valid.items()})
        self.sums, self.count = {}, 0


class Loop:
    """One training: `run()` goes on from the checkpoint where there is one.

    schedule: `validate_every` is the number of steps between two rows of the curves, whether they validate or not.
    continued: the trainee starts from the weights of a model, which are then validated before the first step and are
        kept where no step makes them better.
    state: the checkpoint's file; one of another fingerprint is not resumed.  seed: of the global generators.
    """

    def __init__(
        self, trainee: Trainee, schedule: Schedule, accelerator: Accelerator, *, state: Path, fingerprint: str,
        seed: int, progress: Progress, continued: bool = False,
    ) -> None:  # fmt: skip
        self.trainee, self.schedule, self.accelerator, self.continued = trainee, schedule, accelerator, continued
        self.state, self.fingerprint, self.seed, self.progress = state, fingerprint, seed, progress
        self.history = History()
        self._spent = meter()

    def run(self) -> Tensors:
        """Train to the end; the best weights, or the last ones where the trainee does not validate.

        Raises Diverged at a loss that is not finite, Stopped after the step in which a signal came.
        """
        self._resume()
        self.progress.start(self.history.step, self.schedule.steps)
        try:
            if self.continued and not self.history.curves:
                self._validate()
            with signals_noted() as signals:
                while not self._finished():
                    self._step()
                    self._stop_if_told(signals)
        finally:
            self.progress.close()
        return self.history.best or self.trainee.weights()

    def _finished(self) -> bool:
        patience = self.schedule.patience
        out_of_patience = patience is not None and self.history.validations_since_best >= patience
        return self.history.step >= self.schedule.steps or out_of_patience

    def _step(self) -> None:
        number = self.history.step + 1
        # Dropout and the like draw from the global generators, so that these too depend on the number alone.
        set_seed(seed_of(self.seed, "step", number) % 2**31, device_specific=True)
        losses = self._check("training loss", self.trainee.step(number), number)
        self.history.add(losses)
        self.progress.advance(number, losses["loss"])
        if number % self.schedule.validate_every == 0 or number == self.schedule.steps:
            self._validate()
        if number % self.schedule.checkpoint_every == 0 or self._overdue() or self._finished():
            self._save()

    def _validate(self) -> None:
        """Close a row of the curves with the validation losses, if any, and keep the weights if they are the best."""
        history = self.history
        losses = self._check("validation loss", self.trainee.validate(), history.step)
        history.attempts[-1] = self._spent()
        history.close_row(losses)
        if losses and losses["loss"] < history.best_loss:
            history.best_loss, history.best_step = losses["loss"], history.step
            history.best = {name: each.detach().cpu().clone() for name, each in self.trainee.weights().items()}
        self.progress.note(self._last_row())

    def _last_row(self) -> str:
        """The last row of the curves in words."""
        history, row = self.history, self.history.curves[-1]
        said = f"step {history.step} of {self.schedule.steps}: "
        if "train_loss" in row:
            said += f"training loss {row['train_loss']:.4g}, "
        if "valid_loss" in row:
            best = f"lowest {history.best_loss:.4g} at step {history.best_step}"
            said += f"validation loss {row['valid_loss']:.4g} ({best}), "
        return said + f"{row['seconds']:.0f} s"

    def _check(self, kind: str, losses: dict[str, float], number: int) -> dict[str, float]:
        """The losses, averaged over processes. Raises Diverged where one is not finite."""
        losses = _mean_over_processes(losses, self.accelerator)
        for name, value in losses.items():
            if not math.isfinite(value):
                what = kind if name == "loss" else f"{kind} {name!r}"
                good = f"{self.state} (step {self._saved_step})" if self._saved_step else "none yet"
                raise Diverged(f"the {what} is {value} at step {number}; last good checkpoint: {good}.")
        return losses

    # The checkpoint

    def _resume(self) -> None:
        if self.accelerator.is_main_process:
            checkpoint.sweep(self.state)
        with self.accelerator.main_process_first():  # puts a damaged one aside before the others look for it
            found = checkpoint.load(self.state, self.fingerprint, self.progress.note)
        if found is not None:
            restore(self.trainee, self.accelerator, found["trainee"])
            self.history = History(**found["history"])
            self.progress.note(f"going on after step {self.history.step}, from {self.state}")
        elif self.state.exists():
            self.progress.note(f"{self.state} is of other code, settings or data: starting anew")
        self._saved_step, self._saved_time = self.history.step, time.monotonic()
        self.history.attempts.append(self._spent())

    def _overdue(self) -> bool:
        return time.monotonic() - self._saved_time >= self.schedule.checkpoint_seconds

    def _stop_if_told(self, signals: list[str]) -> None:
        """Save and raise Stopped where a signal came to this process or to another one of the training."""
        told = _mean_over_processes({"told": float(bool(signals))}, self.accelerator)["told"]
        if told:
            if self._saved_step < self.history.step:
                self._save()
            name = signals[0] if signals else "a signal"
            kept = f"the next run goes on after step {self._saved_step}, from {self.state}"
            raise Stopped(f"stopped by {name} after step {self.history.step}; {kept}.")

    def _save(self) -> None:
        if not all(
            torch.isfinite(weight).all() for each in self.trainee.modules.values() for weight in each.parameters()
        ):
            return  # the next loss will say so, and the last checkpoint stays a good one
        self.history.attempts[-1] = self._spent()
        if self.accelerator.is_main_process:
            state = {"trainee": state_of(self.trainee, self.accelerator), "history": vars(self.history)}
            checkpoint.save(self.state, self.fingerprint, state)
        self._saved_step, self._saved_time = self.history.step, time.monotonic()


def state_of(trainee: Trainee, accelerator: Accelerator) -> dict[str, Any]:
    """State of everything in the trainee that has one."""
    modules = {name: accelerator.unwrap_model(module) for name, module in trainee.modules.items()}
    parts = {"modules": modules, "optimizers": trainee.optimizers, "schedulers": trainee.schedulers}
    state = {kind: {name: each.state_dict() for name, each in group.items()} for kind, group in parts.items()}
    return state | {"scaler": accelerator.scaler.state_dict() if accelerator.scaler is not None else None}


def restore(trainee: Trainee, accelerator: Accelerator, state: dict[str, Any]) -> None:
    """Put the trainee back into a state that `state_of` gave."""
    for name, module in trainee.modules.items():
        accelerator.unwrap_model(module).load_state_dict(state["modules"][name])
    for name, optimizer in trainee.optimizers.items():
        optimizer.load_state_dict(state["optimizers"][name])
    for name, scheduler in trainee.schedulers.items():
        scheduler.load_state_dict(state["schedulers"][name])
    if accelerator.scaler is not None:
        accelerator.scaler.load_state_dict(state["scaler"])


def adapt_to_song(
    trainee: Trainee, accelerator: Accelerator, *, epochs: int, steps_an_epoch: int, checkpoint_seconds: float,
    state: Path, fingerprint: str, seed: int, progress: Progress,
) -> tuple[Tensors, list[dict[str, float]]]:  # fmt: skip
    """The last weights after a fixed number of steps, and a row an epoch: epoch, step and means of the losses.

    A song has nothing to validate on, so nothing stops the training early, and no weights are better than the last.
    """
    steps = epochs * steps_an_epoch
    schedule = Schedule(
        steps=steps, validate_every=steps_an_epoch, patience=None, checkpoint_every=steps,
        checkpoint_seconds=checkpoint_seconds,
    )  # fmt: skip
    loop = Loop(trainee, schedule, accelerator, state=state, fingerprint=fingerprint, seed=seed, progress=progress)
    return loop.run(), [_epoch_row(epoch, row) for epoch, row in enumerate(loop.history.curves, 1)]


def _epoch_row(epoch: int, row: dict[str, float]) -> dict[str, float]:
    means = {name.removeprefix("train_"): value for name, value in row.items() if name.startswith("train_")}
    return {"epoch": epoch, "step": row["step"], **means}


def _mean_over_processes(losses: dict[str, float], accelerator: Accelerator) -> dict[str, float]:
    """Mean over the processes, so that all of them decide alike."""
    if accelerator.num_processes == 1:
        return {name: float(value) for name, value in losses.items()}
    values = torch.tensor(list(losses.values()), dtype=torch.float64, device=accelerator.device)
    return dict(zip(losses, accelerator.reduce(values, "mean").tolist(), strict=True))
