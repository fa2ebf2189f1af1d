"""The loop of an adaptation: a fixed number of steps on one song, resumable, the same bits whenever it was killed."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

from workflow_scripts.lib.training import checkpoint
from workflow_scripts.lib.training.loop import Diverged

# Number of the step -> groups of losses; the key `loss` of each is what is stepped on, the others are shown.
Terms = Callable[[int], Iterator[dict[str, torch.Tensor]]]


@dataclass
class Course:
    """Steps done, sums of the losses since the last epoch ended, and a row for each epoch."""

    step: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    curve: list[dict[str, float]] = field(default_factory=list)

    def add(self, losses: dict[str, float], steps_an_epoch: int) -> None:
        self.step += 1
        self.sums = {name: self.sums.get(name, 0.0) + value for name, value in losses.items()}
        if self.step % steps_an_epoch == 0:
            means = {name: total / steps_an_epoch for name, total in self.sums.items()}
            self.curve.append({"epoch": self.step // steps_an_epoch, "step": self.step, **means})
            self.sums = {}


@dataclass
class Loop:
    """network and optimizer are stepped in place.

    terms: a pure function of the number of the step and the network's weights; torch's global generators are not
    used. state: the checkpoint's file; one of another fingerprint is not resumed. seconds: between two checkpoints.
    """

    network: nn.Module
    optimizer: torch.optim.Optimizer
    terms: Terms
    steps_an_epoch: int
    epochs: int
    state: Path
    fingerprint: str
    seconds: float
    course: Course = field(default_factory=Course)

    def run(self) -> list[dict[str, float]]:
        """All steps that are left; the curve. Raises Diverged at a loss that is not finite."""
        self._resume()
        saved, steps = time.monotonic(), self.epochs * self.steps_an_epoch
        while self.course.step < steps:
            self.course.add(self._stepped(), self.steps_an_epoch)
            if time.monotonic() - saved >= self.seconds or self.course.step == steps:
                self._save()
                saved = time.monotonic()
        return self.course.curve

    def _stepped(self) -> dict[str, float]:
        """One step; its losses, `loss` first."""
        number = self.course.step
        self.optimizer.zero_grad()
        losses = {"loss": 0.0}
        for group in self.terms(number):
            group["loss"].backward()
            losses["loss"] += group["loss"].item()
            losses |= {name: each.item() for name, each in group.items() if name != "loss"}
        for name, value in losses.items():
            if not math.isfinite(value):
                raise Diverged(f"the adaptation's {name} is {value} at step {number + 1}; take a lower learning_rate.")
        self.optimizer.step()
        return losses

    def _resume(self) -> None:
        checkpoint.sweep(self.state)
        found = checkpoint.load(self.state, self.fingerprint)
        if found is not None:
            self.network.load_state_dict(found["network"])
            self.optimizer.load_state_dict(found["optimizer"])
            self.course = Course(**found["course"])

    def _save(self) -> None:
        state = {"network": self.network.state_dict(), "optimizer": self.optimizer.state_dict()}
        checkpoint.save(self.state, self.fingerprint, state | {"course": vars(self.course)})
