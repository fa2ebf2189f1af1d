"""Batches of paired excerpts of which one half is made up: from unpaired solo recordings, or by a teacher."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from workflow_scripts.lib.core.generators import generator_of
from workflow_scripts.lib.core.seeds import seed_of
from workflow_scripts.lib.datasets.excerpts import Excerpts
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.datasets.training_data import Unpaired

# mixtures [item, time] -> estimates [source, item, time]
Teacher = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Gains:
    """Linear gains drawn uniformly from [low, high)."""

    low: float
    high: float

    def draw(self, shape: tuple[int, ...], generator: torch.Generator, device: torch.device) -> torch.Tensor:
        """Gains of this shape on the device, drawn on the CPU so that all devices see the same ones."""
        return (self.low + (self.high - self.low) * torch.rand(shape, generator=generator)).to(device)


@dataclass(frozen=True)
class PartlySyntheticBatches:
    """Batches as `paired` gives them, the second half of each replaced by what `synthesise` gives.

    synthesise: (seed, number, how many) -> scenes with references, a pure function of these.
    """

    paired: Excerpts
    synthesise: Callable[[int, int, int], list[Scene]]

    def batch(self, seed: int, number: int) -> list[Scene]:
        """This process's share of batch `number`, the paired excerpts first."""
        scenes = self.paired.batch(seed, number)
        replaced = len(scenes) // 2
        return scenes[: len(scenes) - replaced] + self.synthesise(seed, number, replaced)


@dataclass(frozen=True)
class RandomMixes:
    """Sums of solo recordings that were never played together, each with a gain of its own."""

    unpaired: Unpaired
    sources: tuple[str, ...]
    gains: Gains

    def __call__(self, seed: int, number: int, count: int) -> list[Scene]:
        """`count` mixes for batch `number`."""
        solos = [self.unpaired.solos[source] for source in self.sources]
        seeds = [seed_of(seed, "solo", source) for source in self.sources]
        drawn = [each.batch(own, number)[:count] for each, own in zip(solos, seeds, strict=True)]
        if not count:
            return []
        references = torch.stack([torch.stack([scene.mixture for scene in scenes]) for scenes in drawn], dim=1)
        return _scenes_of(_apply_gains(references, self.gains, seed, number, solos[0].share), drawn[0][0])


@dataclass(frozen=True)
class PseudoLabels:
    """Unlabelled mixtures with a fixed teacher's estimates for their sources.

    gains: None keeps each mixture with its estimates. Otherwise the estimates of each source are shuffled among the
        items and added up anew, with these gains, as a noisy student (arXiv 2102.07961) learns.
    """

    unpaired: Unpaired
    sources: tuple[str, ...]
    teacher: Teacher
    gains: Gains | None

    def __call__(self, seed: int, number: int, count: int) -> list[Scene]:
        """`count` mixtures of batch `number`, the estimates of the teacher as their references."""
        scenes = self.unpaired.mixtures.batch(seed_of(seed, "mixtures"), number)[:count]
        if not count:
            return []
        mixtures = torch.stack([scene.mixture.mean(dim=0) for scene in scenes])
        estimates = self.teacher(mixtures).transpose(0, 1).unsqueeze(2)
        if self.gains is None:
            pairs = zip(mixtures.unsqueeze(1), estimates, strict=True)
            return [Scene(mixture, scenes[0].rate, self.sources, 0, None, each) for mixture, each in pairs]
        share = self.unpaired.mixtures.share
        generator = generator_of(seed, "orders", number, *share)
        orders = [torch.randperm(count, generator=generator) for _ in self.sources]
        shuffled = torch.stack([estimates[order, index] for index, order in enumerate(orders)], dim=1)
        like = Scene(mixtures[:1], scenes[0].rate, self.sources)
        return _scenes_of(_apply_gains(shuffled, self.gains, seed, number, share), like)


def _apply_gains(
    references: torch.Tensor, gains: Gains, seed: int, number: int, share: tuple[int, int]
) -> torch.Tensor:
    """References [item, source, channel, time], each times a gain of its own."""
    generator = generator_of(seed, "gains", number, *share)
    return references * gains.draw((*references.shape[:2], 1, 1), generator, references.device)


def _scenes_of(references: torch.Tensor, like: Scene) -> list[Scene]:
    """References [item, source, channel, time] -> scenes whose mixtures are the sums of the sources."""
    return [Scene(each.sum(dim=0), like.rate, like.sources, 0, None, each) for each in references]
