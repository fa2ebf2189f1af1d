"""A tiny training with all that a state must hold: two networks and optimizers, a schedule, dropout, running means."""

import sys
import time
from multiprocessing.synchronize import Event
from pathlib import Path

import torch

from workflow_scripts.lib.core.seeds import seed_of
from workflow_scripts.lib.datasets.budget import UnpairedBudget
from workflow_scripts.lib.datasets.corpus import Corpus
from workflow_scripts.lib.networks.tensors import Tensors
from workflow_scripts.lib.training.devices import accelerator_for
from workflow_scripts.lib.training.job import TrainingDescription, TrainingJob
from workflow_scripts.lib.training.loop import Loop
from workflow_scripts.lib.training.progress import progress_on
from workflow_scripts.lib.training.schedule import Schedule

SCHEDULE = Schedule(
    steps=60, batch=4, seconds=1.0, validate_every=5, patience=None, checkpoint_every=7, checkpoint_seconds=0.05,
    precision="float32", cache_mb=0,
)  # fmt: skip


class Toy:
    """Learns a random linear map through dropout. `spoil` are steps whose loss, or whose weights, are made NaN."""

    def __init__(self, pause: float = 0.0, spoil_loss: int = 0, spoil_weights: int = 0) -> None:
        torch.manual_seed(0)
        first = torch.nn.Sequential(torch.nn.Linear(6, 12), torch.nn.BatchNorm1d(12), torch.nn.Dropout(0.3))
        self.modules = {"first": first, "second": torch.nn.Linear(12, 2)}
        self.optimizers = {
            "first": torch.optim.Adam(first.parameters(), 0.02),
            "second": torch.optim.SGD(self.modules["second"].parameters(), 0.05, momentum=0.9),
        }
        self.schedulers = {"first": torch.optim.lr_scheduler.StepLR(self.optimizers["first"], 8, 0.5)}
        self.pause, self.spoil_loss, self.spoil_weights, self.steps = pause, spoil_loss, spoil_weights, []

    def step(self, number: int) -> dict[str, float]:
        self.steps.append(number)
        loss = self._loss(number)
        for optimizer in self.optimizers.values():
            optimizer.zero_grad()
        loss.backward()
        for optimizer in self.optimizers.values():
            optimizer.step()
        self.schedulers["first"].step()
        if number == self.spoil_weights:
            torch.nn.init.constant_(self.modules["second"].bias, float("nan"))
        time.sleep(self.pause)
        return {"loss": float("nan") if number == self.spoil_loss else loss.item(), "twice": 2 * loss.item()}

    def validate(self) -> dict[str, float]:
        self.modules["first"].eval()
        with torch.no_grad():
            loss = self._loss(0).item()
        self.modules["first"].train()
        return {"loss": loss}

    def weights(self) -> Tensors:
        return {f"{name}.{key}": each for name, net in self.modules.items() for key, each in net.state_dict().items()}

    def _loss(self, number: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(seed_of("toy", number) % 2**63)
        given = torch.randn(16, 6, generator=generator)
        target = torch.stack([given.sum(1), given[:, 0] - given[:, 1]], dim=1)
        return (self.modules["second"](self.modules["first"](given)) - target).square().mean()


def job(corpus: Corpus, unpaired: UnpairedBudget | None = None, start: Tensors | None = None) -> TrainingJob:
    """The training of a toy on a corpus."""
    description = TrainingDescription("toy", {}, (), SCHEDULE, corpus.budget, unpaired, "train")
    return TrainingJob(description, corpus, seed=0, start=start or {})


def training(
    toy, state: Path, schedule: Schedule = SCHEDULE, stream=sys.stderr, fingerprint: str = "one", continued=False
) -> Loop:
    return Loop(
        toy, schedule, accelerator_for(0, "float32"), state=state, fingerprint=fingerprint, seed=3,
        progress=progress_on(stream), continued=continued,
    )  # fmt: skip


def finish(folder: Path, pause: float, started: Event) -> None:
    """Train to the end and save what came out: the work of a process that the tests kill."""
    torch.set_num_threads(1)
    run = training(Toy(pause), folder / "state.pt", stream=open(folder / "log.txt", "a"))  # noqa: SIM115
    started.set()
    weights = run.run()
    torch.save({"weights": weights, "history": vars(run.history)}, folder / "done.pt")
