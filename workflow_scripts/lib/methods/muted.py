"""A trained Conv-TasNet without adaptation, its estimates zero where their source is marked silent.

The control that every adaptation by marks has to beat: what the marks give for nothing (`apply act` in the public code
of Cantisani et al., WASPAA 2021).
"""

from typing import Literal

import torch

from workflow_scripts.lib.audio.waveform import Assembly
from workflow_scripts.lib.core.settings import settings
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.methods import one_shot
from workflow_scripts.lib.networks.tensors import Tensors


@settings
class Settings(Assembly):
    """output: `muted` or `consistent` (what muting leaves of the mixture goes to the other sources)."""

    output: Literal["muted", "consistent"] = "muted"


def separate(scene: Scene, settings: Settings, model: Tensors) -> torch.Tensor:
    """Estimates [source, channel, time]; raises UserError where the scene has no marks or the model does not fit."""
    return one_shot.separate(scene, one_shot.Settings(**vars(settings)), model)
