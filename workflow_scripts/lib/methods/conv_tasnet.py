"""Supervised Conv-TasNet on waveforms, trained and used as in the branch v1 of facebookresearch/demucs.

Loss: L1 between estimated and true waveforms. Adam, learning rate 3e-4. Augmentation: each source with a random sign,
its channels swapped or not, offset by less than a second against the others, and taken from any song of its group of
four; the mixture is made anew of them. Departs from the public code: an excerpt is normalised by its own mixture
where that takes the song's, because a training is given excerpts only (separation has the whole song and takes its
level); long songs are separated in overlapping, cross-faded chunks (`assembly: shifted` is as published with UGOSA).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from accelerate import Accelerator
from torch import nn

from workflow_scripts.lib.audio import waveform
from workflow_scripts.lib.audio.waveform import Assembly
from workflow_scripts.lib.audio.windows import length_error
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.settings import Count, NotNegative, Positive, settings
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.datasets.training_data import TrainingData
from workflow_scripts.lib.networks import tensors
from workflow_scripts.lib.networks.conv_tasnet import ConvTasNet, LibraryConvTasNet, Sizes, channel_error
from workflow_scripts.lib.networks.tensors import Tensors
from workflow_scripts.lib.training import network_trainee
from workflow_scripts.lib.training.network_trainee import Decay, Descent

NAME = "the Conv-TasNet"


@settings
class Settings(Sizes, Assembly, Descent):
    """network: `demucs` (mono or stereo) or `torchaudio`, the library's class (mono).

    remember: False computes the blocks twice in training and keeps less in memory.
    offset_seconds: largest offset of a source in training, in s; an excerpt is cut by as much, at most to its half.
    remix_group: excerpts of a batch among which sources are exchanged; 1 exchanges none.
    """

    network: Literal["demucs", "torchaudio"] = "demucs"
    remember: bool = True
    offset_seconds: NotNegative = 1.0
    remix_group: Count = 4
    learning_rate: Positive = 3e-4
    weight_decay: NotNegative = 0.0
    decay: Decay = 1.0
    decay_steps: Count = 1000

    def check_data(self, rate: int, channels: int | None) -> str | None:
        filtered = length_error(
            "chunk_seconds", self.chunk_seconds, rate, self.length, f"a filter of {self.length} samples"
        )
        return filtered or channel_error(self.network, channels)


@dataclass(frozen=True)
class Example:
    """mixture [batch, channel, time], the sum of references [batch, source, channel, time]."""

    mixture: torch.Tensor
    references: torch.Tensor


def trainee(
    data: TrainingData, settings: Settings, seed: int, device: torch.device, accelerator: Accelerator
) -> network_trainee.NetworkTrainee[Example]:
    """A network at its start values, or at those of `data.start`. Raises UserError where it fits not the channels."""
    excerpts = data.train
    network = tensors.build(lambda: network_of(settings, len(excerpts.sources), excerpts.channels), seed, data.start)
    task = network_trainee.Task(partial(augment, settings), example_of, loss_of)
    facts = tensors.order_of(excerpts.sources)
    return network_trainee.trainee_of(task, network, data, settings, seed, device, accelerator, facts)


def separate(scene: Scene, settings: Settings, model: Tensors) -> torch.Tensor:
    """Estimates [source, channel, time]; raises UserError where the model fits neither the settings nor the scene."""
    outputs = tensors.output_indices(model, scene.sources, NAME)
    network = network_of(settings, len(outputs), len(scene.mixture))
    tensors.restore(network, tensors.without_order(model), scene.rate, scene.mixture.device, NAME)
    return waveform.separate_song(network, outputs, scene.mixture, scene.rate, scene.seed, settings)


def network_of(settings: Settings, sources: int, channels: int) -> nn.Module:
    """The network that the settings describe."""
    if settings.network == "torchaudio":
        return LibraryConvTasNet(sources, channels, settings)
    return ConvTasNet(sources, channels, settings, settings.remember)


def loss_of(network: nn.Module, given: Example) -> torch.Tensor:
    """Mean |estimate - reference| over items, sources, channels and time."""
    return (network(given.mixture).float() - given.references).abs().mean()


def example_of(scenes: Sequence[Scene], generator: torch.Generator) -> Example:  # noqa: ARG001
    """Scenes of one length -> an item each, as they are but for their level; nothing is drawn."""
    references = _references(scenes)
    return Example(references.sum(dim=1), references)


def augment(settings: Settings, scenes: Sequence[Scene], generator: torch.Generator) -> Example:
    """Scenes of one length -> as many items, made of sources that were offset, turned and exchanged at random."""
    references = _references(scenes)
    span = min(round(settings.offset_seconds * scenes[0].rate), references.shape[-1] // 2)
    references = offset_sources(references, span, generator)
    references = exchange_sources(flip_signs_and_channels(references, generator), settings.remix_group, generator)
    return Example(references.sum(dim=1), references)


def offset_sources(references: torch.Tensor, span: int, generator: torch.Generator) -> torch.Tensor:
    """[batch, source, channel, time] -> each source from a position of its own, `span` samples shorter."""
    length = references.shape[-1] - span
    first = torch.randint(span + 1, references.shape[:2], generator=generator).to(references.device)
    index = first[..., None, None] + torch.arange(length, device=references.device)
    return references.gather(-1, index.expand(*references.shape[:-1], length))


def flip_signs_and_channels(references: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """[batch, source, channel, time] -> each source with a random sign, its channels swapped or not."""
    shape = (*references.shape[:2], 1, 1)
    signs = torch.randint(2, shape, generator=generator).to(references) * 2 - 1
    swapped = torch.randint(2, shape, generator=generator).bool().to(references.device)
    return signs * torch.where(swapped, references.flip(2), references)


def exchange_sources(references: torch.Tensor, group: int, generator: torch.Generator) -> torch.Tensor:
    """[batch, source, channel, time] -> sources exchanged at random among each `group` items that follow each other."""
    columns = []
    for source in range(references.shape[1]):
        parts = torch.arange(len(references)).split(group)
        order = torch.cat([part[torch.randperm(len(part), generator=generator)] for part in parts])
        columns.append(references[order.to(references.device), source])
    return torch.stack(columns, dim=1)


def _references(scenes: Sequence[Scene]) -> torch.Tensor:
    """True sources [batch, source, channel, time], at the level of their mixtures."""
    known = [(scene.mixture, scene.references) for scene in scenes if scene.references is not None]
    if len(known) < len(scenes):
        raise UserError("The Conv-TasNet learns from the true sources; the training excerpts came without them.")
    return torch.stack([waveform.level_of(mixture).normalise(references) for mixture, references in known])
