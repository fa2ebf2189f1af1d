"""Random signals and controls for the tests of the source-filter synthesis."""

from dataclasses import fields

import numpy as np
import torch

from workflow_scripts.lib.audio.line_spectrum import lsf_from_logits
from workflow_scripts.lib.audio.source_filter import Controls

RATE, HOP = 16_000, 256


def random(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def uniform(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def some_lsf(*shape: int, spread: float = 0.5, order: int = 20, seed: int = 0) -> torch.Tensor:
    return lsf_from_logits(spread * random(*shape, order + 1, seed=seed))


def some_controls(batch: int, voice: int, frame: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Controls:
    return Controls(
        2 * uniform(batch, voice, frame, seed=seed, dtype=dtype),
        uniform(batch, voice, frame, seed=seed + 1, dtype=dtype),
        uniform(batch, voice, 40, seed=seed + 2, dtype=dtype),
        some_lsf(batch, voice, frame, seed=seed + 3).to(dtype),
    )


def leaves(controls: Controls) -> Controls:
    return Controls(*(getattr(controls, field.name).detach().requires_grad_() for field in fields(controls)))


def vibrato(batch: int, voice: int, frame: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    centre = 100 + 300 * uniform(batch, voice, 1, seed=9, dtype=dtype)
    return centre * (1 + 0.03 * torch.sin(0.6 * torch.arange(frame, dtype=dtype)))


def hann(length: int) -> np.ndarray:
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
