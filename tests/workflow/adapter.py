"""A method that adapts in a second: a trained `learner`, pulled to silence where its sources are marked silent."""

import io
import time
from pathlib import Path

import torch
from accelerate import Accelerator

from workflow_scripts.lib.core.settings import Count, Natural, NotNegative, settings
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.methods import learner
from workflow_scripts.lib.networks.tensors import Tensors
from workflow_scripts.lib.training.loop import Diverged, adapt_to_song
from workflow_scripts.lib.training.progress import progress_on

separate = learner.separate


@settings
class Settings(learner.Settings):
    """steps: of the adaptation.  diverge_at: the step that diverges, 0 never.  pause: s after each step."""

    steps: Count = 6
    diverge_at: Natural = 0
    pause: NotNegative = 0.0


class Adapter:
    def __init__(self, scene: Scene, settings: Settings, model: Tensors) -> None:
        self.scene, self.settings = scene, settings
        self.network = learner._network(len(scene.sources)).train()
        self.network.load_state_dict(model)
        self.modules = {"network": self.network}
        self.optimizers = {"network": torch.optim.Adam(self.network.parameters(), 0.003)}
        self.schedulers = {}

    def step(self, number: int) -> dict[str, float]:
        spectrum = learner.stft(self.scene.mixture, learner.WINDOW, learner.HOP)
        masks = learner._masks(self.network, spectrum.abs())
        estimates = learner.istft(masks * spectrum, learner.WINDOW, learner.HOP, self.scene.mixture.shape[-1])
        loss = (estimates * (self.scene.marks == -1).float()[:, None]).abs().mean()
        if number == self.settings.diverge_at:
            raise Diverged(f"the loss is nan at step {number}.")
        self.optimizers["network"].zero_grad()
        loss.backward()
        self.optimizers["network"].step()
        time.sleep(self.settings.pause)
        return {"loss": loss.item()}

    def validate(self) -> dict[str, float]:
        return {}

    def weights(self) -> Tensors:
        return {name: each.clone() for name, each in self.network.state_dict().items()}


def trained_parameters(model: Tensors, settings: Settings) -> int:
    return sum(each.numel() for each in model.values())


def adapt(
    scene: Scene, settings: Settings, model: Tensors, state: Path, fingerprint: str
) -> tuple[Tensors, list[dict[str, float]]]:
    return adapt_to_song(
        Adapter(scene, settings, model), Accelerator(cpu=True), epochs=settings.steps, steps_an_epoch=1,
        checkpoint_seconds=1e-9, state=state, fingerprint=fingerprint, seed=scene.seed,
        progress=progress_on(io.StringIO()),
    )  # fmt: skip
