"""Prepared tracks as the scenes that methods are given."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from workflow_scripts.lib.audio.f0 import read_f0
from workflow_scripts.lib.core.names import ACCOMPANIMENT
from workflow_scripts.lib.core.seeds import seed_of
from workflow_scripts.lib.datasets.marks import read_marks, states
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.datasets.table import Track, read_mixture, read_scene


def device(gpus: int) -> torch.device:
    """The first GPU where a job was given one and the machine has it, otherwise the CPU."""
    return torch.device("cuda" if gpus and torch.cuda.is_available() else "cpu")


def scene(
    data: Path, track: Track, sources: tuple[str, ...], needs: Sequence[str], seed: int, f0: Path | None,
    on: torch.device, marks: Path | None = None,
) -> Scene:  # fmt: skip
    """One track with just what the method needs; `f0` is the folder of the tables, `marks` that of the labels."""
    references = None
    if "references" in needs:
        mixture, references, rate = read_scene(data, track, sources, "float32")
    else:
        mixture, rate = read_mixture(data, track, "float32")
    return Scene(
        mixture=_tensor(mixture, on),
        rate=rate,
        sources=sources,
        seed=seed_of(seed, track.track),
        f0=read_f0(f0 / f"{track.track}.csv") if f0 else None,
        references=None if references is None else _tensor(references, on),
        marks=_tensor(_states(marks, track, sources, mixture.shape[-1], rate), on) if marks else None,
    )


def training(
    data: Path, tracks: Sequence[Track], sources: tuple[str, ...], seed: int, on: torch.device
) -> Iterator[Scene]:
    """The training tracks one by one, each with its references."""
    for track in tracks:
        yield scene(data, track, sources, ("references",), seed, None, on)


def _states(marks: Path, track: Track, sources: tuple[str, ...], length: int, rate: int) -> np.ndarray:
    """Marks of a track on its samples, [source, time]."""
    names = (*dict.fromkeys([*track.stem_names, *sources]),)
    found = read_marks(marks / f"{track.track}.txt", (*names, ACCOMPANIMENT), track.seconds)
    return states(found, sources, [name for name in names if name != ACCOMPANIMENT], length, rate)


def _tensor(samples: np.ndarray, on: torch.device) -> torch.Tensor:
    return torch.as_tensor(samples, dtype=torch.float32, device=on)
