"""What the training loop steps: a trainee, its weights by name, and what it learns from."""

from collections.abc import Iterable
from typing import Any, Protocol

import torch
from accelerate import Accelerator

from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.datasets.training_data import TrainingData
from workflow_scripts.lib.networks.tensors import Tensors


class Trainee(Protocol):
    """What the training loop steps, validates, saves and resumes; `training/loop.py` is the loop.

    modules, optimizers, schedulers: by name, everything with a state; together with the random generators and the
        number of the step they are the whole state of a training.
    """

    modules: dict[str, torch.nn.Module]
    optimizers: dict[str, torch.optim.Optimizer]
    schedulers: dict[str, torch.optim.lr_scheduler.LRScheduler]

    def step(self, number: int) -> dict[str, float]:
        """One optimisation step on batch `number` (forward, backward, optimizers, schedulers); its losses.

        The key `loss` comes first. The batch and its noise are a pure function of the seed and the number, so that a
        resumed training needs the number alone; torch's global generators (dropout) are seeded by the loop.
        """
        ...

    def validate(self) -> dict[str, float]:
        """Losses on the validation excerpts, the key `loss` first; the same for the same weights.

        Empty where there is nothing to validate on; the last weights are then the ones that count.
        """
        ...

    def weights(self) -> Tensors:
        """What `separate` is given as its model, for the present weights."""
        ...


class Learner(Protocol):
    """The module of a method that learns, as `methods/contract.py` describes it: it has one of the two."""

    def trainee(
        self, data: TrainingData, settings: Any, seed: int, device: torch.device, accelerator: Accelerator
    ) -> Trainee:
        """What is stepped, where the method learns by gradient descent."""
        ...

    def train(self, scenes: Iterable[Scene], settings: Any) -> Tensors:
        """The model, where the method learns otherwise."""
        ...
