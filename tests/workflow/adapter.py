"""A method that adapts in a second: a trained `learner`, pulled to silence where its sources are marked silent."""

import time
from dataclasses import dataclass
from pathlib import Path

import torch

from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.methods import learner
from workflow_scripts.lib.networks.tensors import Tensors
from workflow_scripts.lib.training import checkpoint
from workflow_scripts.lib.training.loop import Diverged

separate = learner.separate


@dataclass(frozen=True)
class Settings(learner.Settings):
    """steps: of the adaptation.  diverge_at: the step that diverges, 0 never.  pause: s after each step."""

    steps: int = 6
    diverge_at: int = 0
    pause: float = 0.0


def trained_parameters(model: Tensors, settings: Settings) -> int:
    return sum(each.numel() for each in model.values())


def adapt(
    scene: Scene, settings: Settings, model: Tensors, state: Path, fingerprint: str
) -> tuple[Tensors, list[dict[str, float]]]:
    network = learner._network(len(scene.sources)).train()
    network.load_state_dict(model)
    optimizer = torch.optim.Adam(network.parameters(), 0.003)
    rows = []
    if found := checkpoint.load(state, fingerprint):
        network.load_state_dict(found["network"])
        optimizer.load_state_dict(found["optimizer"])
        rows = found["rows"]
    while len(rows) < settings.steps:
        torch.manual_seed(scene.seed % 2**31 + len(rows))
        spectrum = learner.stft(scene.mixture, learner.WINDOW, learner.HOP)
        estimates = learner.istft(
            learner._masks(network, spectrum.abs()) * spectrum, learner.WINDOW, learner.HOP, scene.mixture.shape[-1]
        )
        silent = (scene.marks == -1).float()[:, None]
        loss = (estimates * silent).abs().mean()
        if len(rows) + 1 == settings.diverge_at:
            raise Diverged(f"the loss is nan at step {len(rows) + 1}.")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        rows = [*rows, {"step": len(rows) + 1, "loss": loss.item()}]
        checkpoint.save(
            state, fingerprint, {"network": network.state_dict(), "optimizer": optimizer.state_dict(), "rows": rows}
        )
        time.sleep(settings.pause)
    return network.eval().state_dict(), rows
