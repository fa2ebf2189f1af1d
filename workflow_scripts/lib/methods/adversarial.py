"""Adversarial semi-supervised separation, arXiv 1711.00048 (public code: f90/AdversarialAudioSeparation).

A U-Net separator learns from few paired excerpts, and one critic a source compares its estimates on unlabelled mixtures
with unpaired solo recordings of that source. In terms of log(1 + magnitude),

    separator:  supervised squared error - alpha * sum of mean critic(estimate) + beta * additivity
    critic:     mean critic(estimate) - mean critic(solo) + penalty_weight * gradient penalty

The separator is run once on a batch of unlabelled mixtures, whatever the number of sources.

Departs from the public code in its defaults, which suit little data: mask output, learning rates, the moving average of
the separator's weights, one critic round a step, which shares its mixtures with the separator's step, and a start from
the supervised model; `adversarial_published.yaml` has the published choices.
"""

import math
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import torch
from accelerate import Accelerator

from workflow_scripts.lib.core.generators import generator_of
from workflow_scripts.lib.core.seeds import seed_of
from workflow_scripts.lib.core.settings import Count, Natural, NotNegative, Positive, settings
from workflow_scripts.lib.datasets.mixing import Gains
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.datasets.training_data import TrainingData, Unpaired
from workflow_scripts.lib.losses import adversarial as losses
from workflow_scripts.lib.methods.unpadded_unet import unpaired_of
from workflow_scripts.lib.networks import tensors
from workflow_scripts.lib.networks.critic import Critic
from workflow_scripts.lib.networks.tensors import Tensors
from workflow_scripts.lib.networks.unpadded_unet import centre
from workflow_scripts.lib.training import patches
from workflow_scripts.lib.training.adam import ADAMS
from workflow_scripts.lib.training.loop import Diverged
from workflow_scripts.lib.training.patches import (
    CRITIC,
    MovingAverage,
    SeparatorSettings,
    example_of,
    gain_error,
    given_patches,
    mixture_patches,
    mono,
)
from workflow_scripts.lib.training.separator import (
    SeparatorInTraining,
    by_source,
    paired_seed,
    share_gradients,
)

STEEPEST = 100.0  # slope of a critic beyond which it is no longer held by its constraint


@settings
class Settings(SeparatorSettings):
    """What the critics are and what they weigh.

    alpha: weight of the critics' scores, constant as published; null sets it anew in each step, so that the norm of
        their gradient in the estimates is `critics_share` of that of the supervised error.
    beta: weight of the additivity penalty, zero with a mask as head.
    critic_width: of `Critic`.  critic_rate, critic_betas: of the critics' Adam, one for each.
    rounds: steps of each critic before one of the separator.  warmup: first steps, in which only the critics see the
        unlabelled mixtures.
    constraint: on the critics' slope, a `one-sided` or `two-sided` gradient penalty or `spectral norm` of their layers.
    penalty_weight: of the gradient penalty.
    gain_low, gain_high: of the unpaired magnitudes, drawn uniformly for each excerpt.
    mixtures: the unlabelled mixtures of the separator's step are those of the `last round` of the critics, whose
        estimates are then at hand, or `new` ones, as published.
    """

    average: MovingAverage = 0.99
    alpha: NotNegative | None = None
    critics_share: NotNegative = 0.2
    beta: NotNegative = 0.001
    critic_width: Count = 16
    critic_rate: Positive = 1e-3
    critic_betas: tuple[MovingAverage, MovingAverage] = (0.5, 0.9)
    rounds: Count = 1
    warmup: Natural = 0
    constraint: Literal["one-sided", "two-sided", "spectral norm"] = "one-sided"
    penalty_weight: NotNegative = 10.0
    gain_low: NotNegative = 1.0
    gain_high: NotNegative = 1.0
    mixtures: Literal["last round", "new"] = "last round"

    def check(self) -> str | None:
        return super().check() or gain_error(self.gain_low, self.gain_high)


@dataclass
class AdversarialTrainee:
    """A separator and its critics, each with an optimiser; see `contract.Trainee`.

    critics: by source.  Every stream of excerpts has a seed of its own and depends on the step's number alone.
    """

    separator: SeparatorInTraining
    critics: dict[str, Critic]
    data: TrainingData
    unpaired: Unpaired
    settings: Settings
    seed: int
    schedulers: dict[str, torch.optim.lr_scheduler.LRScheduler] = field(default_factory=dict)

    def __post_init__(self) -> None:
        adam = partial(ADAMS[self.settings.epsilon], lr=self.settings.critic_rate, betas=self.settings.critic_betas)
        self.modules = self.separator.modules | {f"critic_{name}": each for name, each in self.critics.items()}
        self.optimizers = self.separator.optimizers | {
            f"critic_{name}": adam(each.parameters()) for name, each in self.critics.items()
        }

    def step(self, number: int) -> dict[str, float]:
        """The critics' rounds, then one step of the separator. Raises Diverged where a critic has lost its bound."""
        settings, separator = self.settings, self.separator
        turns = settings.rounds + (settings.mixtures == "new")
        batches = [self._mixtures(number * turns + turn) for turn in range(turns)]
        separator.network.train()
        rounds = []
        for turn in range(turns - 1):
            with torch.no_grad():
                estimates = separator(batches[turn])
            rounds.append(self._step_critics(estimates, number * turns + turn))
        labelled = example_of(self.data.train.batch(paired_seed(self.data, self.seed), number), separator.settings)
        # One pass for both batches, whose estimates serve the critics too.
        together = separator(torch.cat([labelled.mixture, batches[-1]]))
        ours, theirs = together.split([len(labelled.mixture), len(batches[-1])])
        if settings.mixtures == "last round":
            rounds.append(self._step_critics(theirs.detach(), number * turns + turns - 1))
        critic_losses = torch.stack(rounds).mean(dim=0)  # [kind, source]
        self._check_critics(critic_losses, number)
        report = self._descend(ours, labelled.targets, theirs, centre(batches[-1], theirs.shape[-2:]), number)
        kinds = ("critic", "wasserstein", "penalty")
        for kind, values in zip(kinds, critic_losses[:3], strict=True):
            report |= by_source(kind, self.critics, values)
        return report

    def validate(self) -> dict[str, float]:
        return self.separator.validate()

    def weights(self) -> Tensors:
        """Those of the separator, and those of the critics, which only the figure of their gradients needs."""
        critics = {
            f"{CRITIC}{source}.{name}": each.detach().cpu().clone()
            for source, critic in self.critics.items()
            for name, each in critic.state_dict().items()
        }
        return self.separator.weights() | critics

    def _step_critics(self, estimates: torch.Tensor, number: int) -> torch.Tensor:
        """One step of every critic on the same estimates [item, source, bin, frame] -> [kind, source]."""
        return torch.stack(
            [
                self._step_critic(source, critic_input(fake, self.settings), self._solos(source, number), number)
                for source, fake in zip(self.critics, estimates.unbind(dim=1), strict=True)
            ],
            dim=1,
        )

    def _step_critic(self, source: str, fake: torch.Tensor, real: torch.Tensor, number: int) -> torch.Tensor:
        """One step of a critic; [kind]: its loss, Wasserstein estimate and penalty, and mean |real - fake|."""
        settings, critic = self.settings, self.critics[source].train()
        generator = generator_of(self.seed, "lines", source, number, *self.data.train.share)
        scores = critic(torch.cat([real, fake]))
        distance = losses.wasserstein(*scores.split([len(real), len(fake)]))
        penalty = torch.zeros_like(distance)
        if settings.constraint != "spectral norm":
            slope = losses.slopes(critic, losses.interpolates(real, fake, generator))
            penalty = losses.gradient_penalty(slope, settings.constraint)
        loss = settings.penalty_weight * penalty - distance
        optimizer = self.optimizers[f"critic_{source}"]
        optimizer.zero_grad()
        loss.backward()
        share_gradients(critic, self.separator.accelerator)
        optimizer.step()
        gap = (real - fake).flatten(1).norm(dim=1).mean()
        return torch.stack([loss.detach(), distance.detach(), penalty.detach(), gap])

    def _descend(
        self, ours: torch.Tensor, targets: torch.Tensor, theirs: torch.Tensor, mixtures: torch.Tensor, number: int
    ) -> dict[str, float]:
        """One step of the separator. Its losses are differentiated in its outputs first, which leaves the critics
        without gradients and gives the ratio of the two gradients for nothing.

        ours, targets: of the paired excerpts.  theirs, mixtures: of the unlabelled ones, as given.
        """
        settings, separator = self.settings, self.separator
        ends = [each.detach().requires_grad_(True) for each in (ours, theirs)]
        errors = losses.supervised_error(ends[0], targets)
        verdicts = (
            losses.separator_loss(critic.eval()(critic_input(estimate, settings)))
            for critic, estimate in zip(self.critics.values(), ends[1].unbind(dim=1), strict=True)
        )
        scores = sum(verdicts, ends[1].new_zeros(()))
        missing = losses.additivity(mixtures, ends[1])
        supervised = torch.autograd.grad(errors.sum(), ends[0])[0]
        critical = torch.autograd.grad(scores, ends[1])[0]
        alpha = self._alpha(supervised, critical, number)
        critical = alpha * critical
        additive = settings.beta * torch.autograd.grad(missing, ends[1])[0]
        separator.optimizers["separator"].zero_grad()
        torch.autograd.backward([ours, theirs], [supervised, critical + additive])
        separator.descend()
        total = errors.sum() + alpha * scores + settings.beta * missing
        return {
            "loss": total.item(),
            "supervised": errors.sum().item(),
            "additivity": missing.item(),
            "alpha": float(alpha),
            "gradient_ratio": (critical.norm() / supervised.norm().clamp_min(1e-12)).item(),
        }

    def _alpha(self, supervised: torch.Tensor, critical: torch.Tensor, number: int) -> float | torch.Tensor:
        """Weight of the critics' scores in step `number`, from the gradients of both losses in the estimates."""
        if number <= self.settings.warmup:
            return 0.0
        if self.settings.alpha is not None:
            return self.settings.alpha
        return self.settings.critics_share * supervised.norm() / critical.norm().clamp_min(1e-12)

    def _mixtures(self, number: int) -> torch.Tensor:
        """Batch `number` of unlabelled mixtures, as the network reads them, with random gains."""
        scenes = self.unpaired.mixtures.batch(seed_of(self.seed, "mixtures"), number)
        patches = mixture_patches(scenes, self.settings)
        return self._with_gains(patches, "mixtures", number)

    def _solos(self, source: str, number: int) -> torch.Tensor:
        """Batch `number` of a source's solo recordings, as its critic sees them, with random gains."""
        scenes = self.unpaired.solos[source].batch(seed_of(self.seed, "solo", source), number)
        patches = given_patches(mono(scenes), scenes[0].rate, self.settings)
        return critic_input(self._with_gains(patches, f"solo {source}", number), self.settings)

    def _with_gains(self, patches: torch.Tensor, stream: str, number: int) -> torch.Tensor:
        generator = generator_of(self.seed, "gains", stream, number, *self.data.train.share)
        gains = Gains(self.settings.gain_low, self.settings.gain_high)
        return torch.log1p(gains.draw((len(patches), 1, 1), generator, patches.device) * torch.expm1(patches))

    def _check_critics(self, critic_losses: torch.Tensor, number: int) -> None:
        """Raise Diverged where a critic tells real from fake by more than its slope allows.

        One of slope 1 has a Wasserstein estimate of at most the mean distance of any pairing of the two.
        """
        for source, distance, gap in zip(
            self.critics, critic_losses[1].tolist(), critic_losses[3].tolist(), strict=True
        ):
            if not math.isfinite(distance) or abs(distance) > STEEPEST * gap:
                raise Diverged(
                    f"the critic of {source} diverged at step {number}: its Wasserstein estimate is {distance:.4g}, "
                    f"over {STEEPEST:.0f} times the mean distance {gap:.4g} between real and estimated patches; raise "
                    "penalty_weight, or lower critic_rate or alpha."
                )


def trainee(
    data: TrainingData, settings: Settings, seed: int, device: torch.device, accelerator: Accelerator
) -> AdversarialTrainee:
    """Raises UserError where unpaired recordings are missing."""
    unpaired = unpaired_of(data, "The adversarial training")
    separator = SeparatorInTraining(data, settings, seed, device, accelerator)
    critics = {
        source: tensors.build(lambda: critic_of(settings), seed_of(seed, "critic", source), {}).to(device)
        for source in data.train.sources
    }
    return AdversarialTrainee(separator, critics, data, unpaired, settings, seed)


def separate(scene: Scene, settings: Settings, model: Tensors) -> torch.Tensor:
    """Estimates [source, channel, time]; raises UserError where the model fits neither the settings nor the scene."""
    return patches.separate(scene, settings, model)


def critics_view(scene: Scene, settings: Settings, model: Tensors) -> tuple[torch.Tensor, torch.Tensor]:
    """What the critics make of the middle patch of a scene: estimates, and the gradient of each source's score in them.

    Both [source, bin, frame] as the critics see them, log(1 + magnitude): where the gradient is positive, the critic
    asks for more. Raises UserError where the model has no critics, the scene is too short, or the settings are others.
    """
    network = patches.restore(scene, settings, model)
    with torch.no_grad():
        estimates = critic_input(network(mixture_patches([scene], settings))[0], settings)
    return estimates, torch.stack(
        [
            losses.gradients(_restore_critic(source, settings, model).to(estimates.device), estimate[None])[0].detach()
            for source, estimate in zip(scene.sources, estimates, strict=True)
        ]
    )


def _restore_critic(source: str, settings: Settings, model: Tensors) -> Critic:
    prefix, critic = f"{CRITIC}{source}.", critic_of(settings)
    found = {name.removeprefix(prefix): each for name, each in model.items() if name.startswith(prefix)}
    tensors.check_tensors(found, critic.state_dict(), f"The critic of {source}")
    critic.load_state_dict(found)
    return critic.eval()


def critic_of(settings: Settings) -> Critic:
    """The critic that the settings describe; it sees the middle of a patch, a power of two of bins."""
    return Critic(settings.window // 2, settings.frames, settings.critic_width, settings.constraint == "spectral norm")


def critic_input(patches: torch.Tensor, settings: Settings) -> torch.Tensor:
    """Patches [..., bin, frame] as given -> what a critic sees: without bin 0, the last rows and the ends."""
    return centre(patches, (settings.window // 2, settings.frames))
