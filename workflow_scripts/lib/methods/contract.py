"""What a separation method is: one module with `Settings`, `separate` and, where it learns, `trainee` or `train`.

    @settings
    class Settings: ...               choices, bounds and defaults, each a published or stated one; `core.settings`

    def separate(scene: Scene, settings: Settings, model: Tensors) -> torch.Tensor
        estimates [source, channel, time], float32, on the scene's device, finite, as long as the mixture
    def trainee(data: TrainingData, settings: Settings, seed: int, device: torch.device, accelerator: Accelerator)
            -> Trainee
        only where the method learns by gradient descent: `data.train.batch(seed, number)` are the excerpts of a batch,
        `data.valid.every_excerpt()` those to validate on, as many and as long as the YAML's `training` says, on the
        device
    def train(scenes: Iterable[Scene], settings: Settings) -> Tensors
        only where it learns from stems otherwise; each scene carries references
    def adapt(scene: Scene, settings: Settings, model: Tensors, state: Path, fingerprint: str)
            -> tuple[Tensors, list[dict[str, float]]]
        only where a trained model is adapted to each song: the adapted model and a row of losses an epoch or step
    def trained_parameters(model: Tensors, settings: Settings) -> int
        how many parameters `adapt` trains

`config/methods/<name>.yaml` names the module, what it needs and its settings; a variant is one more YAML.
The tests in tests/methods/test_contract.py run on every module here.
"""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from workflow_scripts.lib.core.registry import METHODS
from workflow_scripts.lib.core.settings import checked


def load(module: str, settings: Mapping[str, Any], where: str | None = None) -> tuple[ModuleType, Any]:
    """The method's module and its `Settings`. Raises UserError where there is no such module or settings are wrong.

    where: what the settings are of, for the sentence that tells a mistake.
    """
    method = METHODS.load(module)
    return method, checked(method.Settings, settings, where or f"method {module}")
