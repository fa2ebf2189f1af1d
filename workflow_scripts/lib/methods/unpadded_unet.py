"""The supervised separator of arXiv 1711.00048, and what else can be made of the same unpaired recordings.

Loss: mean squared error of log(1 + magnitude), summed over the sources, of paired excerpts. Half of each batch can be
made instead: by random sums of unpaired solo recordings (the alternative that the paper argues against), or by a fixed
teacher, the model that the training starts from, from unlabelled mixtures.

Departs from the public code in its defaults: a mask as output, since a ReLU output can die; the learning rate; a track
is scaled to the peak met in training. An excerpt gives one patch, where the public code cuts several from a cache.
"""

from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import torch
from accelerate import Accelerator

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.settings import NotNegative, settings
from workflow_scripts.lib.datasets import mixing
from workflow_scripts.lib.datasets.excerpts import Excerpts
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.datasets.training_data import TrainingData, Unpaired
from workflow_scripts.lib.losses.adversarial import supervised_error
from workflow_scripts.lib.networks import tensors
from workflow_scripts.lib.networks.tensors import Tensors
from workflow_scripts.lib.training import patches
from workflow_scripts.lib.training.patches import SeparatorSettings, example_of, gain_error
from workflow_scripts.lib.training.separator import SeparatorInTraining, by_source, paired_seed


@settings
class Settings(SeparatorSettings):
    """extra: what half of each batch is made of.

    `none`; `remix`, sums of unpaired solo recordings; `self_training`, unlabelled mixtures with the estimates of the
    model that the training starts from; `noisy_student`, the same estimates shuffled and added up anew.
    gain_low, gain_high: of the sources that are added up, drawn uniformly.
    """

    extra: Literal["none", "remix", "self_training", "noisy_student"] = "none"
    gain_low: NotNegative = 0.5
    gain_high: NotNegative = 1.2

    def check(self) -> str | None:
        return super().check() or gain_error(self.gain_low, self.gain_high)


@dataclass
class SupervisedTrainee:
    """One separator, one optimiser; see `contract.Trainee`."""

    separator: SeparatorInTraining
    train: Excerpts | mixing.PartlySyntheticBatches
    seed: int
    schedulers: dict[str, torch.optim.lr_scheduler.LRScheduler] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.modules, self.optimizers = self.separator.modules, self.separator.optimizers

    def step(self, number: int) -> dict[str, float]:
        separator = self.separator
        example = example_of(self.train.batch(self.seed, number), separator.settings)
        separator.network.train()
        separator.optimizers["separator"].zero_grad()
        errors = supervised_error(separator(example.mixture), example.targets)
        errors.sum().backward()
        separator.descend()
        return {"loss": errors.sum().item(), **by_source("mse", separator.sources, errors)}

    def validate(self) -> dict[str, float]:
        return self.separator.validate()

    def weights(self) -> Tensors:
        return self.separator.weights()


def trainee(
    data: TrainingData, settings: Settings, seed: int, device: torch.device, accelerator: Accelerator
) -> SupervisedTrainee:
    """Raises UserError where what the setting `extra` is made of is missing."""
    separator = SeparatorInTraining(data, settings, seed, device, accelerator)
    return SupervisedTrainee(separator, _pairs(data, settings, device), paired_seed(data, seed))


def separate(scene: Scene, settings: Settings, model: Tensors) -> torch.Tensor:
    """Estimates [source, channel, time]; raises UserError where the model fits neither the settings nor the scene."""
    return patches.separate(scene, settings, model)


def unpaired_of(data: TrainingData, what: str) -> Unpaired:
    """Raises UserError where there are no unpaired recordings, or none of a source; `what` needs them."""
    if data.unpaired is None:
        raise UserError(f"{what} needs unpaired recordings; add `unpaired` to the method's `needs`.")
    missing = [source for source in data.train.sources if source not in data.unpaired.solos]
    if missing:
        raise UserError(f"{what} needs solo recordings of every source; there are none of {', '.join(missing)}.")
    return data.unpaired


def _pairs(data: TrainingData, settings: Settings, device: torch.device) -> Excerpts | mixing.PartlySyntheticBatches:
    if settings.extra == "none":
        return data.train
    unpaired = unpaired_of(data, f"The setting `extra: {settings.extra}`")
    gains = mixing.Gains(settings.gain_low, settings.gain_high)
    if settings.extra == "remix":
        return mixing.PartlySyntheticBatches(data.train, mixing.RandomMixes(unpaired, data.train.sources, gains))
    noise = gains if settings.extra == "noisy_student" else None
    teacher = _teacher(data, settings, device)
    return mixing.PartlySyntheticBatches(data.train, mixing.PseudoLabels(unpaired, data.train.sources, teacher, noise))


def _teacher(data: TrainingData, settings: Settings, device: torch.device) -> mixing.Teacher:
    """The model that the training starts from. Raises UserError where it starts from none."""
    if not data.start:
        raise UserError(f"The setting `extra: {settings.extra}` needs a teacher; name the method to `start` from.")
    network = tensors.build(lambda: patches.network_of(settings, len(data.train.sources)), 0, data.start)
    network = network.to(device).eval().requires_grad_(False)
    return partial(patches.signals, network, settings=settings)
