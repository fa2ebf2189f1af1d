"""What the methods share that learn by gradient descent: one network in training, and the excerpts that it is given."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Generic, TypeVar

import torch
from accelerate import Accelerator
from pydantic import Field
from torch import nn

from workflow_scripts.lib.audio import voices
from workflow_scripts.lib.core.generators import generator_of
from workflow_scripts.lib.core.settings import Count, NotNegative, Positive, settings
from workflow_scripts.lib.datasets.excerpts import Excerpts
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.datasets.training_data import TrainingData
from workflow_scripts.lib.networks import tensors
from workflow_scripts.lib.networks.tensors import Tensors

Example = TypeVar("Example")
Decay = Annotated[float, Field(gt=0, le=1)]  # factor of a learning rate


@settings
class Descent:
    """Adam, with the defaults of arXiv 2201.09592.

    learning_rate: at the start.  weight_decay: weight of the L2 penalty.
    decay, decay_steps: factor of the learning rate, and the steps after each of which it is applied.
    """

    learning_rate: Positive = 1e-4
    weight_decay: NotNegative = 1e-5
    decay: Decay = 0.98
    decay_steps: Count = 29000


@dataclass(frozen=True)
class Task(Generic[Example]):
    """What a network learns.

    example, validation_example: scenes of one length and a generator (on the CPU) -> what the loss needs, for training
        and for validation.
    loss: the network and an example -> scalar.
    """

    example: Callable[[Sequence[Scene], torch.Generator], Example]
    validation_example: Callable[[Sequence[Scene], torch.Generator], Example]
    loss: Callable[[nn.Module, Example], torch.Tensor]


@dataclass
class NetworkTrainee(Generic[Example]):
    """One network, one optimiser, one loss; see `contract.Trainee`.

    network: as the accelerator wraps it; `modules` has it bare.  facts: tensors that go with the weights.
    """

    task: Task[Example]
    train: Excerpts
    valid: Excerpts
    seed: int
    accelerator: Accelerator
    network: nn.Module
    facts: Tensors
    modules: dict[str, nn.Module]
    optimizers: dict[str, torch.optim.Optimizer]
    schedulers: dict[str, torch.optim.lr_scheduler.LRScheduler]
    _validation: list[Example] = field(default_factory=list)

    def step(self, number: int) -> dict[str, float]:
        """One step of the optimiser and the schedule of its rate on batch `number`."""
        self.network.train()
        generator = generator_of(self.seed, "batch", number, *self.train.share)
        example = self.task.example(self.train.batch(self.seed, number), generator)
        self.optimizers["network"].zero_grad()
        loss = self.task.loss(self.network, example)
        self.accelerator.backward(loss)
        self.optimizers["network"].step()
        self.schedulers["network"].step()
        return {"loss": loss.item()}

    def validate(self) -> dict[str, float]:
        """The mean loss over all validation excerpts."""
        self.network.eval()
        if not self._validation:
            self._validation = self._validation_examples()
        with torch.no_grad():
            losses = [self.task.loss(self.network, example).item() for example in self._validation]
        return {"loss": sum(losses) / len(losses)}

    def weights(self) -> Tensors:
        """The network's weights, and the facts that go with them."""
        return tensors.of_network(self.modules["network"], self.facts)

    def _validation_examples(self) -> list[Example]:
        """One excerpt each, so that the mean over them is that over excerpts; their noise never changes."""
        scenes = self.valid.every_excerpt()
        return [
            self.task.validation_example([scene], generator_of("validation", index))
            for index, scene in enumerate(scenes)
        ]


def trainee_of(
    task: Task[Example], network: nn.Module, data: TrainingData, descent: Descent, seed: int, device: torch.device,
    accelerator: Accelerator, facts: Tensors,
) -> NetworkTrainee[Example]:  # fmt: skip
    """The network in training from its present weights on; `facts` and the rate go with its weights."""
    network = network.to(device)
    optimizer = torch.optim.Adam(network.parameters(), lr=descent.learning_rate, weight_decay=descent.weight_decay)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, descent.decay_steps, descent.decay)
    prepared, optimizer = accelerator.prepare(network, optimizer)
    return NetworkTrainee(
        task, data.train, data.valid, seed, accelerator, prepared, {**facts, "rate": torch.tensor(data.train.rate)},
        {"network": network}, {"network": optimizer}, {"network": scheduler},
    )  # fmt: skip


@dataclass(frozen=True)
class Batch:
    """Excerpts of one length, each divided by its mixture's absolute peak, channels averaged.

    mixture: [batch, time] in [-1, 1].  references: [batch, source, time], None where the scenes have none.
    """

    mixture: torch.Tensor
    references: torch.Tensor | None


def batch(scenes: Sequence[Scene]) -> Batch:
    """Scenes of one length -> their mixtures and references, scaled as arXiv 2201.09592 does."""
    mixtures = torch.stack([scene.mixture.mean(dim=0) for scene in scenes])
    peaks = peak(mixtures)
    references = [scene.references.mean(dim=1) for scene in scenes if scene.references is not None]
    with_stems = len(references) == len(scenes)
    return Batch(mixtures / peaks, torch.stack(references) / peaks.unsqueeze(1) if with_stems else None)


def peak(signals: torch.Tensor) -> torch.Tensor:
    """Absolute peaks of signals [..., time], [..., 1]; 1 for silence."""
    peaks = signals.abs().amax(dim=-1, keepdim=True)
    return torch.where(peaks > 0, peaks, 1)


def contours(scenes: Sequence[Scene], hop: int, frames: int, attack: float = 0.0, release: float = 0.0) -> torch.Tensor:
    """F0 of the sources at samples m * hop, [batch, voice, frame] float32 in Hz, 0 where unvoiced.

    A voice takes its next pitch `attack` s ahead and keeps its last one for `release` s.
    """
    tables = [
        torch.tensor(voices.contours(scene.f0, scene.sources, scene.rate, hop, frames, attack, release))
        for scene in scenes
    ]
    return torch.stack(tables).float().to(scenes[0].mixture.device)
