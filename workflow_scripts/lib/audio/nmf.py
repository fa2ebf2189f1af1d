"""Multiplicative updates of non-negative matrix factorisation, V ~ W H, with any leading dimensions.

V [..., bin, frame], W [..., bin, component], H [..., component, frame], all non-negative. The updates minimise
by majorisation (Fevotte and Idier, Neural Computation 2011): the Kullback-Leibler divergence with exponent 1, the
Itakura-Saito divergence with exponent 1/2, the value for which the divergence provably never rises. The model is
W H plus a constant floor (`masks.floor_of`); as one more component that stays fixed, it leaves the proof whole.
What is zero stays zero.
"""

from typing import Literal

import torch

from workflow_scripts.lib.audio.masks import floor_of

Divergence = Literal["kl", "is"]
TINY = 1e-30  # below every denominator that belongs to a component in use


def kl_divergence(target: torch.Tensor, model: torch.Tensor) -> torch.Tensor:
    """Sum over bins and frames of v log(v/m) - v + m, for target [..., bin, frame] >= 0 and model > 0."""
    return (torch.xlogy(target, target / model) - target + model).sum(dim=(-2, -1))


def is_divergence(target: torch.Tensor, model: torch.Tensor) -> torch.Tensor:
    """Sum over bins and frames of v/m - log(v/m) - 1, for target [..., bin, frame] > 0 and model > 0."""
    ratio = target / model
    return (ratio - ratio.log() - 1).sum(dim=(-2, -1))


def update_activations(target: torch.Tensor, w: torch.Tensor, h: torch.Tensor, divergence: Divergence) -> torch.Tensor:
    """One multiplicative update of H with W fixed; the divergence (`kl` or `is`) does not rise."""
    if divergence == "kl":
        return h * ratio(w.mT @ _quotient(target, w, h), w.sum(dim=-2).unsqueeze(-1))
    up, down = _gradients(target, w, h)
    return h * ratio(w.mT @ up, w.mT @ down).sqrt()


def update_dictionary(target: torch.Tensor, w: torch.Tensor, h: torch.Tensor, divergence: Divergence) -> torch.Tensor:
    """One multiplicative update of W with H fixed; the divergence (`kl` or `is`) does not rise."""
    if divergence == "kl":
        return w * ratio(_quotient(target, w, h) @ h.mT, h.sum(dim=-1).unsqueeze(-2))
    up, down = _gradients(target, w, h)
    return w * ratio(up @ h.mT, down @ h.mT).sqrt()


def normalise(w: torch.Tensor, h: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Columns of W to sum 1, their scale moved into the rows of H; W H is the same."""
    scale = w.sum(dim=-2, keepdim=True)
    return w / scale.clamp_min(TINY), h * scale.mT


def factorise(
    target: torch.Tensor, w: torch.Tensor, h: torch.Tensor, divergence: Divergence, iterations: int,
    fixed_iterations: int = 0,
) -> tuple[torch.Tensor, torch.Tensor]:  # fmt: skip
    """`iterations` rounds from the given start: H, then W with its columns normalised.

    W rests during the first `fixed_iterations`; as many as `iterations` leave it as it was.
    """
    for iteration in range(iterations):
        h = update_activations(target, w, h, divergence)
        if iteration >= fixed_iterations:
            w, h = normalise(update_dictionary(target, w, h, divergence), h)
    return w, h


def ratio(numerator: torch.Tensor, denominator: torch.Tensor) -> torch.Tensor:
    """The factor of a multiplicative update; 0, not NaN, for a component that explains nothing."""
    return numerator / denominator.clamp_min(TINY)


def random_start(shape: tuple[int, ...], generator: torch.Generator, like: torch.Tensor) -> torch.Tensor:
    """Positive start values |Gaussian| + 0.01 of `shape`, with the type and on the device of `like`.

    They are drawn on the CPU in float64, so that a seed means the same start on every device and in each precision.
    """
    return (torch.randn(shape, generator=generator, dtype=torch.float64).abs() + 0.01).to(like)


def _model(w: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
    return (w @ h).add_(floor_of(h.dtype))


def _quotient(target: torch.Tensor, w: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
    """V / model, in the model's own memory: fresh pages cost as much as the division."""
    model = _model(w, h)
    return torch.div(target, model, out=model)


def _gradients(target: torch.Tensor, w: torch.Tensor, h: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """V / model^2 and 1 / model, the negative and positive parts of the Itakura-Saito gradient by the model."""
    inverse = _model(w, h).reciprocal_()
    return (target * inverse).mul_(inverse), inverse
