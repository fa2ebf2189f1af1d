"""What the trainings of the U-Net of arXiv 1711.00048 share: one separator, its optimiser, average and validation."""

from collections.abc import Iterable

import torch
from accelerate import Accelerator
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.seeds import seed_of
from workflow_scripts.lib.datasets.training_data import TrainingData
from workflow_scripts.lib.losses.adversarial import supervised_error
from workflow_scripts.lib.networks import tensors
from workflow_scripts.lib.networks.tensors import Tensors
from workflow_scripts.lib.training.adam import ADAMS
from workflow_scripts.lib.training.loop import Diverged
from workflow_scripts.lib.training.patches import Example, SeparatorSettings, example_of, network_of

DEAD = 1e-6  # of the energy of the true source: an output below is taken for zero
EXCERPTS_AT_ONCE = 16


class SeparatorInTraining:
    """A separator from start values or from the weights `data.start`, on the device.

    network: bare; gradients are averaged over processes here, for a gradient penalty does without wrapped networks.
    modules, optimizers: what has a state, by name.
    Raises UserError where `data.start` is of another network, rate or order of sources.
    """

    def __init__(
        self, data: TrainingData, settings: SeparatorSettings, seed: int, device: torch.device, accelerator: Accelerator
    ) -> None:
        if accelerator.mixed_precision == "fp16":
            raise UserError("training.precision is fp16, which this training cannot scale; take bf16 or float32.")
        self.data, self.settings, self.accelerator = data, settings, accelerator
        self.sources, self.device = data.train.sources, device
        _check_start(data)
        self.network = tensors.build(lambda: network_of(settings, len(self.sources)), seed, data.start)
        self.network.to(device)
        self.modules: dict[str, nn.Module] = {"separator": self.network}
        self._average: AveragedModel | None = None
        if settings.average:
            decay = get_ema_multi_avg_fn(settings.average)
            self.modules["average"] = self._average = AveragedModel(self.network, multi_avg_fn=decay)
        self.optimizers: dict[str, torch.optim.Optimizer] = {
            "separator": ADAMS[settings.epsilon](self.network.parameters(), settings.learning_rate)
        }
        self._validation: list[Example] = []
        self._peak = data.start["peak"].cpu() if "peak" in data.start else _highest_peak(data)

    def __call__(self, mixtures: torch.Tensor) -> torch.Tensor:
        """log(1 + magnitude) [item, bin, frame] as read -> [item, source, bin, frame] as given, of the same type."""
        with self.accelerator.autocast():
            return self.network(mixtures).to(mixtures.dtype)

    def descend(self) -> None:
        """A step of the optimiser along the gradients that the backward pass left, and of the average."""
        share_gradients(self.network, self.accelerator)
        self.optimizers["separator"].step()
        if self._average is not None:
            self._average.update_parameters(self.network)

    @property
    def network_to_save(self) -> nn.Module:
        """The network that is validated and saved: the average where there is one."""
        return self.network if self._average is None else self._average.module

    def validate(self) -> dict[str, float]:
        """Mean squared errors of log-magnitudes on the paired validation excerpts: their sum, and of each source.

        Raises Diverged where all estimates of a source are zero and the source is not.
        """
        if not self._validation:
            scenes = self.data.valid.every_excerpt()
            groups = [scenes[at : at + EXCERPTS_AT_ONCE] for at in range(0, len(scenes), EXCERPTS_AT_ONCE)]
            self._validation = [example_of(group, self.settings) for group in groups]
        self.network.eval()
        count = sum(len(each.mixture) for each in self._validation)
        errors, energy, target_energy = (torch.zeros(len(self.sources), device=self.device) for _ in range(3))
        with torch.no_grad():
            for each in self._validation:
                estimates, share = self.network_to_save(each.mixture), len(each.mixture) / count
                errors += share * supervised_error(estimates, each.targets)
                energy += share * estimates.square().mean(dim=(0, 2, 3))
                target_energy += share * each.targets.square().mean(dim=(0, 2, 3))
        self._check_alive((energy < DEAD * target_energy).tolist())
        return {"loss": errors.sum().item(), **by_source("mse", self.sources, errors)}

    def weights(self) -> Tensors:
        """The network's tensors; its rate, the order of its sources, and the peak that a track is scaled to."""
        facts = {"rate": torch.tensor(self.data.train.rate), "peak": self._peak, **tensors.order_of(self.sources)}
        found = tensors.of_network(self.network_to_save, facts)
        return {name: each.contiguous() for name, each in found.items()}  # model files take no other layout

    def _check_alive(self, dead: list[bool]) -> None:
        if any(dead):
            names = ", ".join(source for source, is_dead in zip(self.sources, dead, strict=True) if is_dead)
            raise Diverged(
                f"the separator's output for {names} is zero on all validation excerpts (a dead output): take the "
                "setting `head: mask`, or another seed."
            )


def by_source(what: str, sources: Iterable[str], values: torch.Tensor) -> dict[str, float]:
    """One number a source -> curves `<what>_<source>`."""
    return {f"{what}_{source}": value for source, value in zip(sources, values.tolist(), strict=True)}


def paired_seed(data: TrainingData, seed: int) -> int:
    """Seed of the stream of paired excerpts; a training that goes on from another's weights hears new excerpts."""
    return seed_of(seed, "paired", "continued" if data.start else "anew")


def share_gradients(network: nn.Module, accelerator: Accelerator) -> None:
    """Average the gradients of a network over all processes."""
    if accelerator.num_processes > 1:
        for parameter in network.parameters():
            parameter.grad = accelerator.reduce(parameter.grad, "mean")


def _check_start(data: TrainingData) -> None:
    if not data.start:
        return
    tensors.check_order(data.start, data.train.sources, "The model to start from")
    rate = int(data.start["rate"])
    if rate != data.train.rate:
        raise UserError(f"The model to start from was trained at {rate} Hz, the data has {data.train.rate} Hz.")


def _highest_peak(data: TrainingData) -> torch.Tensor:
    """Of the validation mixtures, of which there is a fixed set; 1 where they are silent."""
    peak = max(scene.mixture.abs().max().item() for scene in data.valid.every_excerpt())
    return torch.tensor(peak or 1.0)
