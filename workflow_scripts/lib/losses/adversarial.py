"""Losses of the adversarial semi-supervised training of arXiv 1711.00048, as pure functions."""

from collections.abc import Callable

import torch

ONE_SIDED, TWO_SIDED = "one-sided", "two-sided"

Critic = Callable[[torch.Tensor], torch.Tensor]


def wasserstein(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """Scores [batch] of real and fake patches -> mean score of the real ones - mean score of the fake ones, scalar.

    For the best critic of slope 1 this is the Wasserstein-1 distance of the two distributions; a critic maximises it.
    """
    return real.mean() - fake.mean()


def separator_loss(fake: torch.Tensor) -> torch.Tensor:
    """Scores [batch] of a separator's estimates -> minus their mean, which the separator minimises."""
    return -fake.mean()


def interpolates(real: torch.Tensor, fake: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Patches [batch, ...] on the lines from real ones, in a random order, to fake ones, each at a random place.

    real + e (fake - real), e uniform in [0, 1) a patch. The generator is on the CPU.
    """
    order = torch.randperm(len(real), generator=generator).to(real.device)
    places = torch.rand(len(real), generator=generator).to(real)
    return torch.lerp(real[order], fake, places.view(-1, *(1,) * (real.ndim - 1)))


def gradients(critic: Critic, patches: torch.Tensor) -> torch.Tensor:
    """Gradients [batch, ...] of the scores of patches [batch, ...] in these patches; differentiable in the critic.

    The critic must score each patch by itself.
    """
    patches = patches.detach().requires_grad_(True)
    return torch.autograd.grad(critic(patches).sum(), patches, create_graph=True)[0]


def slopes(critic: Critic, patches: torch.Tensor) -> torch.Tensor:
    """Euclidean norms [batch] of the critic's gradients at patches [batch, ...]; differentiable in the critic."""
    return gradients(critic, patches).flatten(1).norm(dim=1)


def gradient_penalty(slope: torch.Tensor, kind: str = ONE_SIDED) -> torch.Tensor:
    """Slopes [batch] -> mean max(0, slope - 1)^2 (`one-sided`, the public code's) or mean (slope - 1)^2, scalar.

    `two-sided` is the penalty of arXiv 1704.00028.
    """
    excess = slope - 1
    return (torch.relu(excess) if kind == ONE_SIDED else excess).square().mean()


def additivity(mixture: torch.Tensor, estimates: torch.Tensor) -> torch.Tensor:
    """Mean (M - sum of estimates)^2 of linear magnitudes, scalar.

    mixture: log(1 + magnitude) [batch, bin, frame].  estimates: the same of the sources, [batch, source, bin, frame].
    Zero by construction for masks that add up to one.
    """
    return (torch.expm1(mixture) - torch.expm1(estimates).sum(dim=1)).square().mean()


def supervised_error(estimates: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Mean squared differences of log-magnitudes [batch, source, bin, frame], one a source, [source].

    Their sum is the loss of the paired excerpts.
    """
    return (estimates - targets).square().mean(dim=(0, 2, 3))
