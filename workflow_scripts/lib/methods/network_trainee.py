"""What the methods share that learn by gradient descent: one network in training, its excerpts, its weights."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import torch
from accelerate import Accelerator
from torch import nn

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.seeds import seed_of
from workflow_scripts.lib.datasets.excerpts import Excerpts
from workflow_scripts.lib.datasets.training_data import TrainingData
from workflow_scripts.lib.methods import voices
from workflow_scripts.lib.methods.contract import Scene, Tensors

Network = TypeVar("Network", bound=nn.Module)
Example = TypeVar("Example")


@dataclass(frozen=True)
class Descent:
    """Adam with an L2 penalty; the learning rate is multiplied by `decay` every `decay_steps` steps.

    The defaults are those of arXiv 2201.09592.
    """

    learning_rate: float = 1e-4
    weight_decay: float = 1e-5
    decay: float = 0.98
    decay_steps: int = 29000


@dataclass(frozen=True)
class Task(Generic[Example]):
    """What a network learns.

    example, fixed_example: scenes of one length and a generator (on the CPU) -> what the loss needs, for training and
        for validation.
    loss: the network and an example -> scalar.
    """

    example: Callable[[Sequence[Scene], torch.Generator], Example]
    fixed_example: Callable[[Sequence[Scene], torch.Generator], Example]
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
    _fixed: list[Example] = field(default_factory=list)

    def step(self, number: int) -> dict[str, float]:
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
        self.network.eval()
        if not self._fixed:
            self._fixed = self._fixed_examples()
        with torch.no_grad():
            losses = [self.task.loss(self.network, example).item() for example in self._fixed]
        return {"loss": sum(losses) / len(losses)}

    def weights(self) -> Tensors:
        return weights(self.modules["network"], self.facts)

    def _fixed_examples(self) -> list[Example]:
        """One excerpt each, so that the mean over them is that over excerpts; their noise never changes."""
        scenes = self.valid.fixed()
        return [
            self.task.fixed_example([scene], generator_of("validation", index)) for index, scene in enumerate(scenes)
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
    with_stems = all(scene.references is not None for scene in scenes)
    references = torch.stack([scene.references.mean(dim=1) for scene in scenes]) if with_stems else None
    return Batch(mixtures / peaks, references / peaks.unsqueeze(1) if with_stems else None)


def peak(signals: torch.Tensor) -> torch.Tensor:
    """Absolute peaks of signals [..., time], [..., 1]; 1 for silence."""
    peaks = signals.abs().amax(dim=-1, keepdim=True)
    return torch.where(peaks > 0, peaks, 1)


def contours(scenes: Sequence[Scene], hop: int, frames: int, attack: float = 0.0, release: float = 0.0) -> torch.Tensor:
    """F0 of the sources at samples m * hop, [batch, voice, frame] float32 in Hz, 0 where unvoiced.

    A voice takes its next pitch `attack` s ahead and keeps its last one for `release` s.
    """
    tables = [torch.tensor(voices.contours(scene, hop, frames, attack, release)) for scene in scenes]
    return torch.stack(tables).float().to(scenes[0].mixture.device)


def built(make: Callable[[], Network], seed: int, start: Mapping[str, torch.Tensor]) -> Network:
    """A network with the weights `start` or, where that is empty, with start values drawn from `seed`.

    torch's global generator is left as it was. Raises UserError where the weights are those of another network.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of(seed, "start values") % 2**63)
        network = make()
    if start:
        expected = network.state_dict()
        tensors = {name: each for name, each in start.items() if name in expected}
        check_tensors(tensors, expected, "The model to start from")
        network.load_state_dict(tensors)
    return network


def generator_of(*names: object) -> torch.Generator:
    """A generator of its own for these names, on the CPU, so that all devices see the same numbers."""
    return torch.Generator().manual_seed(seed_of(*names) % 2**63)


def weights(network: nn.Module, facts: Tensors) -> Tensors:
    """The network's tensors by name, copied to the CPU, and the facts beside them."""
    return {**{name: each.detach().cpu().clone() for name, each in network.state_dict().items()}, **facts}


def restored(network: Network, model: Tensors, scene: Scene, method: str) -> Network:
    """The network with the model's tensors, ready to separate the scene on its device.

    Raises UserError where the model is for another rate, or for a network of other settings.
    """
    rate = int(model["rate"]) if "rate" in model else None
    if rate != scene.rate:
        raise UserError(
            f"The model of {method} was trained at {rate} Hz, the mixture has {scene.rate} Hz; separate at the rate of "
            "the training."
        )
    expected = network.state_dict()
    tensors = {name: each for name, each in model.items() if name != "rate"}
    check_tensors(tensors, expected, f"The model of {method}")
    network.load_state_dict(tensors)
    return network.to(scene.mixture.device).eval()


def check_tensors(tensors: Tensors, expected: Tensors, what: str) -> None:
    """Raise UserError where names or shapes differ; `what` opens the sentence."""
    differing = {
        "lacks": sorted(expected.keys() - tensors.keys()),
        "has, against the settings,": sorted(tensors.keys() - expected.keys()),
    }
    for verb, names in differing.items():
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise UserError(f"{what} {verb} the tensor {names[0]!r}{more}; the settings must be those of its training.")
    for name, tensor in tensors.items():
        if tensor.shape != expected[name].shape:
            raise UserError(
                f"{what} has the tensor {name!r} with shape {tuple(tensor.shape)} where the settings ask for "
                f"{tuple(expected[name].shape)}; the settings must be those of its training."
            )
