"""What a separation method is: one module with `Settings`, `separate` and, where it learns, `trainee` or `train`.

`config/methods/<name>.yaml` names the module, what it needs and its settings; a variant is one more YAML.
The tests in tests/methods/test_contract.py run on every module here.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import torch

from workflow_scripts.lib.core.registry import METHODS
from workflow_scripts.lib.core.settings import checked
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.networks.tensors import Tensors

if TYPE_CHECKING:  # named in quotes below, so that what only a training uses is no code of a separation
    from accelerate import Accelerator

    from workflow_scripts.lib.datasets.training_data import TrainingData
    from workflow_scripts.lib.training.contract import Trainee


class Method(Protocol):
    """A method's module. All have `Settings` and `separate`; the others are there only where they say so.

    Settings: choices, bounds and defaults, each a published or stated one; a class made by `core.settings.settings`.
        Wherever `settings` are given, they are one of these.
    OF_SEPARATION: names of settings that `adapt` does not read; methods that differ in these alone share what it makes.
    """

    Settings: type[Any]

    def separate(self, scene: Scene, settings: Any, model: Tensors) -> torch.Tensor:
        """Estimates [source, channel, time], float32, on the scene's device, finite, as long as the mixture."""
        ...

    def trainee(
        self, data: "TrainingData", settings: Any, seed: int, device: torch.device, accelerator: "Accelerator"
    ) -> "Trainee":
        """Only where the method learns by gradient descent.

        `data.train.batch(seed, number)` are the excerpts of a batch, `data.valid.every_excerpt()` those to validate on,
        as many and as long as the YAML's `training` says, on the device.
        """
        ...

    def train(self, scenes: Iterable[Scene], settings: Any) -> Tensors:
        """Only where the method learns from stems otherwise; each scene carries references."""
        ...

    def adapt(
        self, scene: Scene, settings: Any, model: Tensors, state: Path, fingerprint: str
    ) -> tuple[Tensors, list[dict[str, float]]]:
        """Only where a trained model is adapted to each song: it, adapted, and a row of losses an epoch or step."""
        ...

    def trained_parameters(self, model: Tensors, settings: Any) -> int:
        """How many parameters `adapt` trains."""
        ...

    def critics_view(self, scene: Scene, settings: Any, model: Tensors) -> tuple[torch.Tensor, torch.Tensor]:
        """Only where a model has critics: estimates, and the gradients of their scores, [source, bin, frame] each."""
        ...


def load(module: str, settings: Mapping[str, Any], where: str | None = None) -> tuple[Method, Any]:
    """The method's module and its `Settings`. Raises UserError where there is no such module or settings are wrong.

    where: what the settings are of, for the sentence that tells a mistake.
    """
    method = cast(Method, METHODS.load(module))
    return method, checked(method.Settings, settings, where or f"method {module}")
