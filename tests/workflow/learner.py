"""A method that learns in a second; the tests of training copy it among the methods of their own project."""

import time

import torch
from accelerate import Accelerator

from workflow_scripts.lib.audio.stft import istft, stft
from workflow_scripts.lib.core.settings import Natural, NotNegative, Positive, settings
from workflow_scripts.lib.datasets.excerpts import Excerpts
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.datasets.training_data import TrainingData
from workflow_scripts.lib.networks.tensors import Tensors

WINDOW, HOP = 256, 128


@settings
class Settings:
    """rate: of learning.  diverge_at: the step whose loss is not a number, 0 never.  pause: s after each step."""

    rate: Positive = 0.003
    diverge_at: Natural = 0
    pause: NotNegative = 0.0


class Learner:
    def __init__(self, train: Excerpts, valid: Excerpts, settings: Settings, seed: int) -> None:
        self.train, self.settings, self.seed = train, settings, seed
        self.network = _network(len(train.sources)).train()
        self.fixed = valid.every_excerpt()
        optimizer = torch.optim.Adam(self.network.parameters(), settings.rate)
        self.modules, self.optimizers = {"network": self.network}, {"network": optimizer}
        self.schedulers = {"network": torch.optim.lr_scheduler.StepLR(optimizer, 10, 0.9)}

    def step(self, number: int) -> dict[str, float]:
        optimizer = self.optimizers["network"]
        optimizer.zero_grad()
        loss = sum(_loss(self.network, scene) for scene in self.train.batch(self.seed, number))
        loss = loss * (float("nan") if number == self.settings.diverge_at else 1.0)
        loss.backward()
        optimizer.step()
        self.schedulers["network"].step()
        time.sleep(self.settings.pause)
        return {"loss": loss.item()}

    def validate(self) -> dict[str, float]:
        self.network.eval()
        with torch.no_grad():
            losses = [_loss(self.network, scene).item() for scene in self.fixed]
        self.network.train()
        return {"loss": sum(losses) / len(losses)}

    def weights(self) -> Tensors:
        return self.network.state_dict()


def trainee(
    data: TrainingData, settings: Settings, seed: int, device: torch.device, accelerator: Accelerator
) -> Learner:
    return Learner(data.train, data.valid, settings, seed)


def separate(scene: Scene, settings: Settings, model: Tensors) -> torch.Tensor:
    network = _network(len(scene.sources)).eval()
    network.load_state_dict(model)
    spectrum = stft(scene.mixture, WINDOW, HOP)
    with torch.no_grad():
        masks = _masks(network, spectrum.abs())
    return istft(masks * spectrum, WINDOW, HOP, scene.mixture.shape[-1])


def _network(sources: int) -> torch.nn.Module:
    bins = WINDOW // 2 + 1
    return torch.nn.Sequential(
        torch.nn.Linear(bins, 16), torch.nn.ReLU(), torch.nn.Dropout(0.2), torch.nn.Linear(16, sources * bins)
    )


def _masks(network: torch.nn.Module, magnitudes: torch.Tensor) -> torch.Tensor:
    """Magnitudes [channel, bin, frame] -> masks [source, channel, bin, frame] that add up to one."""
    scores = network(magnitudes.transpose(-1, -2)).unflatten(-1, (-1, magnitudes.shape[-2]))
    return scores.softmax(dim=-2).permute(2, 0, 3, 1)


def _loss(network: torch.nn.Module, scene: Scene) -> torch.Tensor:
    magnitudes = stft(scene.mixture, WINDOW, HOP).abs()
    return (_masks(network, magnitudes) * magnitudes - stft(scene.references, WINDOW, HOP).abs()).abs().mean()
