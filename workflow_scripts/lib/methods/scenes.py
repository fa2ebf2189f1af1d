"""Prepared tracks as the scenes that methods are given."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from workflow_scripts.lib.audio.f0 import read_f0
from workflow_scripts.lib.core.seeds import seed_of
from workflow_scripts.lib.datasets.table import Track, read_scene
from workflow_scripts.lib.methods.contract import Scene


def device(gpus: int) -> torch.device:
    """The first GPU where a job was given one and the machine has it, otherwise the CPU."""
    return torch.device("cuda" if gpus and torch.cuda.is_available() else "cpu")


def scene(
    data: Path, track: Track, sources: tuple[str, ...], needs: Sequence[str], seed: int, f0: Path | None,
    on: torch.device,
) -> Scene:  # fmt: skip
    """One track with just what the method needs; `f0` is the folder of the tables."""
    mixture, references, rate = read_scene(data, track, sources)
    return Scene(
        mixture=_tensor(mixture, on),
        rate=rate,
        sources=sources,
        seed=seed_of(seed, track.track),
        f0=read_f0(f0 / f"{track.track}.csv") if f0 else None,
        references=_tensor(references, on) if "references" in needs else None,
    )


def training(
    data: Path, tracks: Sequence[Track], sources: tuple[str, ...], seed: int, on: torch.device
) -> Iterator[Scene]:
    """The training tracks one by one, each with its references."""
    for track in tracks:
        yield scene(data, track, sources, ("references",), seed, None, on)


def _tensor(samples: np.ndarray, on: torch.device) -> torch.Tensor:
    return torch.as_tensor(samples, dtype=torch.float32, device=on)
