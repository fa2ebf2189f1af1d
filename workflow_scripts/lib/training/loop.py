"""The training loop of every method that learns by gradient descent.

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
from workflow_scripts.lib.networks.tensors import Tensors
from workflow_scripts.lib.training import checkpoint
from workflow_scripts.lib.training.contract import Trainee
from workflow_scripts.lib.training.progress import Progress


class Diverged(UserError):
    """A loss is not finite: says at which step, and which checkpoint is the last good one."""


@dataclass(frozen=True)
class Schedule:
    """The key `training` of a method's YAML; config/schema.yaml has meaning, unit, range and default of each."""

    steps: int
    batch: int
    seconds: float
    validate_every: int
    patience: int | None
    checkpoint_every: int
    checkpoint_seconds: float
    precision: str
    cache_mb: int


@dataclass
class Course:
    """How far a training has come: all of its state besides the trainee's.

    step: number of steps done.  best_step, best_loss, best: where the validation loss was lowest, and the weights then.
    sums: training losses added up since the last validation, `count` of them.
    curves: one row a validation: step, wall seconds since the start (attempts that were killed included, up to their
        last checkpoint), training losses (means since the row before) and validation losses.
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
        return sum(row["step"] > self.best_step for row in self.curves)

    def add(self, losses: dict[str, float]) -> None:
        """Count the losses of one more step."""
        self.step += 1
        self.count += 1
        self.sums = {name: self.sums.get(name, 0.0) + value for name, value in losses.items()}

    def close_row(self, valid: dict[str, float]) -> None:
        """Add a row to the curves."""
        train = {f"train_{name}": total / self.count for name, total in self.sums.items()}
        seconds = sum(attempt["wall_seconds"] for attempt in self.attempts)
        row = {"step": self.step, "seconds": round(seconds, 3), **train}
        self.curves.append(row | {f"valid_{name}": value for name, value in valid.items()})
        self.sums, self.count = {}, 0


class Training:
    """One training: `run()` goes on from the checkpoint where there is one.

    state: the checkpoint's file; one of another fingerprint is not resumed.  seed: of the global generators.
    """

    def __init__(
        self, trainee: Trainee, schedule: Schedule, accelerator: Accelerator, *, state: Path, fingerprint: str,
        seed: int, progress: Progress,
    ) -> None:  # fmt: skip
        self.trainee, self.schedule, self.accelerator = trainee, schedule, accelerator
        self.state, self.fingerprint, self.seed, self.progress = state, fingerprint, seed, progress
        self.course = Course()
        self._spent = meter()

    def run(self) -> Tensors:
        """Train to the end; the best weights. Raises Diverged at a loss that is not finite."""
        self._resume()
        self.progress.start(self.course.step, self.schedule.steps)
        try:
            while not self._finished():
                self._step()
        finally:
            self.progress.close()
        return self.course.best

    def _finished(self) -> bool:
        patience = self.schedule.patience
        tired = patience is not None and self.course.validations_since_best >= patience
        return self.course.step >= self.schedule.steps or tired

    def _step(self) -> None:
        course, number = self.course, self.course.step + 1
        set_seed(seed_of(self.seed, "step", number) % 2**31, device_specific=True)
        losses = self._checked("training loss", self.trainee.step(number), number)
        course.add(losses)
        self.progress.advance(number, losses["loss"])
        if number % self.schedule.validate_every == 0 or number == self.schedule.steps:
            self._validate()
        if number % self.schedule.checkpoint_every == 0 or self._overdue() or self._finished():
            self._save()

    def _validate(self) -> None:
        course = self.course
        losses = self._checked("validation loss", self.trainee.validate(), course.step)
        course.attempts[-1] = self._spent()
        course.close_row(losses)
        if losses["loss"] < course.best_loss:
            course.best_loss, course.best_step = losses["loss"], course.step
            course.best = {name: each.detach().cpu().clone() for name, each in self.trainee.weights().items()}
        row = course.curves[-1]
        self.progress.note(
            f"step {course.step} of {self.schedule.steps}: training loss {row['train_loss']:.4g}, "
            f"validation loss {losses['loss']:.4g} (lowest {course.best_loss:.4g} at step {course.best_step}), "
            f"{row['seconds']:.0f} s"
        )

    def _checked(self, kind: str, losses: dict[str, float], number: int) -> dict[str, float]:
        """The losses, averaged over processes. Raises Diverged where one is not finite."""
        losses = _averaged(losses, self.accelerator)
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
        found = checkpoint.load(self.state, self.fingerprint)
        if found is not None:
            restore(self.trainee, self.accelerator, found["trainee"])
            self.course = Course(**found["course"])
            self.progress.note(f"going on after step {self.course.step}, from {self.state}")
        elif self.state.exists():
            self.progress.note(f"{self.state} is of other code, settings or data: starting anew")
        self._saved_step, self._saved_time = self.course.step, time.monotonic()
        self.course.attempts.append(self._spent())

    def _overdue(self) -> bool:
        return time.monotonic() - self._saved_time >= self.schedule.checkpoint_seconds

    def _save(self) -> None:
        if not all(
            torch.isfinite(weight).all() for each in self.trainee.modules.values() for weight in each.parameters()
        ):
            return  # the next loss will say so, and the last checkpoint stays a good one
        self.course.attempts[-1] = self._spent()
        if self.accelerator.is_main_process:
            state = {"trainee": captured(self.trainee, self.accelerator), "course": vars(self.course)}
            checkpoint.save(self.state, self.fingerprint, state)
        self._saved_step, self._saved_time = self.course.step, time.monotonic()


def captured(trainee: Trainee, accelerator: Accelerator) -> dict[str, Any]:
    """State of everything in the trainee that has one."""
    modules = {name: accelerator.unwrap_model(module) for name, module in trainee.modules.items()}
    parts = {"modules": modules, "optimizers": trainee.optimizers, "schedulers": trainee.schedulers}
    state = {kind: {name: each.state_dict() for name, each in group.items()} for kind, group in parts.items()}
    return state | {"scaler": accelerator.scaler.state_dict() if accelerator.scaler is not None else None}


def restore(trainee: Trainee, accelerator: Accelerator, state: dict[str, Any]) -> None:
    """Put the trainee back into a state that `captured` gave."""
    for name, module in trainee.modules.items():
        accelerator.unwrap_model(module).load_state_dict(state["modules"][name])
    for name, optimizer in trainee.optimizers.items():
        optimizer.load_state_dict(state["optimizers"][name])
    for name, scheduler in trainee.schedulers.items():
        scheduler.load_state_dict(state["schedulers"][name])
    if accelerator.scaler is not None:
        accelerator.scaler.load_state_dict(state["scaler"])


def _averaged(losses: dict[str, float], accelerator: Accelerator) -> dict[str, float]:
    """Mean over the processes, so that all of them decide alike."""
    if accelerator.num_processes == 1:
        return {name: float(value) for name, value in losses.items()}
    values = torch.tensor(list(losses.values()), dtype=torch.float64, device=accelerator.device)
    return dict(zip(losses, accelerator.reduce(values, "mean").tolist(), strict=True))
