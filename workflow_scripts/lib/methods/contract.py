"""What a separation method is: one module with `Settings`, `separate` and, where it learns, `train`.

    @dataclass(frozen=True)
    class Settings: ...                                        every default a published or stated choice

    def separate(scene: Scene, settings: Settings, model: Tensors) -> torch.Tensor
        estimates [source, channel, time], float32, on the scene's device, finite, as long as the mixture
    def train(scenes: Iterable[Scene], settings: Settings) -> Tensors
        only where the method learns from stems; each scene carries references

`config/methods/<name>.yaml` names the module, what it needs and its settings; a variant is one more YAML.
The tests in tests/methods/test_contract.py run on every module here.
"""

from dataclasses import dataclass, fields
from importlib import import_module
from types import ModuleType
from typing import Any

import torch

from workflow_scripts.lib.audio.f0 import F0
from workflow_scripts.lib.core.errors import UserError, nearest

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Scene:
    """What a method is given about one track.

    mixture: [channel, time] float32, on the device that the method shall use.
    rate: sampling rate in Hz.
    sources: names of the sources to estimate, in the order of the estimates.
    seed: seeds every random choice of the method on this track.
    f0: of the voices, where the method's YAML says that it needs `f0`.
    references: [source, channel, time], for training, and in separation only where the YAML says that it needs
        `references` (the oracle masks).
    """

    mixture: torch.Tensor
    rate: int
    sources: tuple[str, ...]
    seed: int = 0
    f0: F0 | None = None
    references: torch.Tensor | None = None


def load(module: str, settings: dict[str, Any]) -> tuple[ModuleType, Any]:
    """The method's module and its `Settings`; raises UserError with the nearest valid name for an unknown setting."""
    method = import_module(f"workflow_scripts.lib.methods.{module}")
    known = {field.name for field in fields(method.Settings)}
    for name in settings:
        if name not in known:
            raise UserError(f"The method module {module} has no setting {name!r}; {nearest(name, known)}")
    return method, method.Settings(**settings)
