"""User-guided one-shot adaptation: a trained Conv-TasNet is fine-tuned on the one mixture that it is to separate.

The user says when sources play; see `losses.marked` for what is made of that. As in the public code of Cantisani et
al. (WASPAA 2021): windows in the order of time, one step each, the optimiser Ranger without a schedule, a fixed number
of epochs, the last weights are used; the beginning of the network is frozen (`strategy`). Departs from it: layers are
frozen by name; nothing is drawn from an unseeded generator; pitch-shifted copies are optional and off; windows without
a mark are left out.

Our own addition, where `remix` or `stems` is above zero: marks say more than where a source is silent. Where all
sources but one are marked silent, the mixture is that one's stem; where some are, it is the sum of the others. The
network also learns from remixes of such stretches, and from its own first estimates, corrected so that they obey the
marks (`audio.marked_stems`). A song without such stretches is left with the published loss.
"""

import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import torch
from accelerate import Accelerator
from pytorch_optimizer import Ranger

from workflow_scripts.lib.audio import marked_stems, waveform
from workflow_scripts.lib.audio.waveform import Assembly
from workflow_scripts.lib.audio.windows import length_error
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.generators import generator_of
from workflow_scripts.lib.core.settings import Natural, NotNegative, Positive, Seconds, settings
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.losses import marked
from workflow_scripts.lib.networks import tensors
from workflow_scripts.lib.networks.conv_tasnet import ConvTasNet, network_like
from workflow_scripts.lib.networks.tensors import Tensors
from workflow_scripts.lib.training.loop import Diverged, adapt_to_song
from workflow_scripts.lib.training.progress import progress_on

NAME = "the Conv-TasNet"
STRATEGIES = ("l1", "l2", "l3", "l4", "l5")
OF_SEPARATION = ("output",)  # settings that `adapt` does not read
OCTAVE = 12  # semitones
KEPT = 2**28  # bytes of what the frozen beginning of the network makes of the windows


@settings
class Settings(Assembly):
    """strategy: what is trained besides the decoder; `l1`, `l2`, `l3`: the repeats from that index on (from 0) and the
        masks; `l4`: the last 1x1 convolution and the masks; `l5`: nothing.
    decoder: `trained`, or `frozen`, as the released script leaves it whatever its option says.
    loss: `published` (the public code), `literal` (the poster's formula) or `reconstruction` (no marks).
    gamma: weight of the energy where marked silent.
    stems, remix: weights of our own terms on the windows and on remixes; 0 is as published.
    shortest_seconds: s, of a stretch of which remixes are made.  margin_seconds: s, left out at both of its ends.
    learning_rate: of Ranger.  epochs: how often the song is gone through.
    window_seconds, hop_seconds: s, of the windows that the song is cut into, and from one to the next.
    pitch_copies: windows shifted by up to an octave, besides each window; 2 in the public code.
    output: `plain`, `muted` (zero where marked silent) or `consistent` (and what that leaves goes to the others).
    remember: False computes the blocks twice and keeps less in memory.
    checkpoint_seconds: s between two files from which an adaptation that was killed goes on.
    """

    strategy: Literal["l1", "l2", "l3", "l4", "l5"] = "l1"
    decoder: Literal["trained", "frozen"] = "trained"
    loss: Literal["published", "literal", "reconstruction"] = "published"
    gamma: NotNegative = 1.0
    stems: NotNegative = 0.0
    remix: NotNegative = 0.0
    shortest_seconds: NotNegative = 0.3
    margin_seconds: NotNegative = 0.05
    learning_rate: Positive = 1e-5
    epochs: Natural = 10
    window_seconds: Seconds = 10.0
    hop_seconds: Positive = 1.0
    pitch_copies: Natural = 0
    output: Literal["plain", "muted", "consistent"] = "plain"
    remember: bool = True
    checkpoint_seconds: NotNegative = 120.0

    def check(self) -> str | None:
        if self.strategy == "l5" and self.decoder == "frozen":
            return "decoder is 'frozen', but strategy is 'l5', which trains nothing else; take another strategy."
        return None

    def check_data(self, rate: int, channels: int | None) -> str | None:
        assembled = super().check_data(rate, channels)
        return assembled or length_error("window_seconds", self.window_seconds, rate, 1, "a sample")


def adapt(
    scene: Scene, settings: Settings, model: Tensors, state: Path, fingerprint: str
) -> tuple[Tensors, list[dict[str, float]]]:
    """The model adapted to the scene by its marks, and the means of the losses of each epoch.

    state: file from which an adaptation that was killed goes on, with the same bits; one of another fingerprint is not
    used. Raises UserError where there are no marks or the model does not fit, Diverged at a loss that is not finite.
    """
    trainee = SongTrainee(scene, settings, model)
    if not trainee.windows or not settings.epochs:
        return trainee.weights(), []
    trainee.estimate_stems()
    return adapt_to_song(
        trainee,
        Accelerator(cpu=scene.mixture.device.type == "cpu"),
        epochs=settings.epochs,
        steps_an_epoch=len(trainee.windows),
        checkpoint_seconds=settings.checkpoint_seconds,
        state=state,
        fingerprint=fingerprint,
        seed=scene.seed,
        progress=progress_on(sys.stderr),
    )


def trained_parameters(model: Tensors, settings: Settings) -> int:
    """How many of a model's parameters `adapt` trains."""
    network = network_like(tensors.without_order(model), settings.remember)
    return sum(each.numel() for each in trainable(network, settings.strategy, settings.decoder).values())


def separate(scene: Scene, settings: Settings, model: Tensors) -> torch.Tensor:
    """Estimates [source, channel, time] of an adapted model; the marks are used where `output` is not `plain`."""
    network, outputs = _network(scene, model, settings.remember)
    estimates = waveform.separate_song(network.eval(), outputs, scene.mixture, scene.rate, scene.seed, settings)
    if settings.output == "plain":
        return estimates
    marks = _marks(scene)
    if settings.output == "muted":
        return marked_stems.mute_silent_sources(estimates, marks)
    return marked_stems.make_consistent(estimates, scene.mixture, marks, scene.rate)


def trainable(network: ConvTasNet, strategy: str, decoder: str = "trained") -> dict[str, torch.nn.Parameter]:
    """The parameters that a strategy trains, by name, those of the decoder included where it is `trained`; the others
    are frozen.

    Raises UserError where the network has too few repeats for the strategy.
    """
    first = STRATEGIES.index(strategy) + 1
    repeats = len(network.repeats)
    opened = ["decoder."] if decoder == "trained" else []
    if strategy in ("l1", "l2", "l3"):
        if first >= repeats:
            raise UserError(f"The strategy {strategy!r} needs {first + 1} repeats, the network has {repeats}.")
        opened += ["mask.", *(f"repeats.{index}." for index in range(first, repeats))]
    if strategy == "l4":
        opened += ["mask.", f"repeats.{repeats - 1}.{network.sizes.blocks - 1}.narrow."]
    chosen = {}
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name.startswith(tuple(opened)))
        if parameter.requires_grad:
            chosen[name] = parameter
    return chosen


def optimizer_of(parameters: Sequence[torch.Tensor], learning_rate: float) -> Ranger:
    """Ranger as in the original (20.4.11): RAdam, gradient centralisation, and every six steps half-way back.

    The library's own default goes uphill in the first five steps; with this setting they are plain momentum.
    """
    return Ranger(parameters, lr=learning_rate, degenerated_to_sgd=True)


class SongTrainee:
    """The network of a model, which learns from one song and its marks; see `training.contract.Trainee`.

    windows: of an epoch, each the first sample of a window and whether it is shifted in pitch; a step takes one.
    Raises UserError where there are no marks or the model does not fit.
    """

    def __init__(self, scene: Scene, settings: Settings, model: Tensors) -> None:
        self.scene, self.settings = scene, settings
        self.marks = _marks(scene)
        self.network, self.outputs = _network(scene, model, settings.remember)
        self.facts = {name: each for name, each in model.items() if name not in self.network.state_dict()}
        parameters = list(trainable(self.network, settings.strategy, settings.decoder).values())
        self.modules: dict[str, torch.nn.Module] = {"network": self.network}
        self.optimizers: dict[str, torch.optim.Optimizer] = {
            "network": optimizer_of(parameters, settings.learning_rate)
        }
        self.schedulers: dict[str, torch.optim.lr_scheduler.LRScheduler] = {}
        self.level = waveform.level_of(scene.mixture)
        self.mixture = self.level.normalise(scene.mixture)
        rate = scene.rate
        self.size = min(round(settings.window_seconds * rate), scene.mixture.shape[-1])
        self.windows = self._windows(max(1, round(settings.hop_seconds * rate)))
        self.stretches = marked_stems.stretches(
            self.marks, round(settings.shortest_seconds * rate), round(settings.margin_seconds * rate)
        )
        self.stems: torch.Tensor | None = None
        self._frozen = sum(all(not each.requires_grad for each in part.parameters()) for part in self.network.repeats)
        self._begun: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    def estimate_stems(self) -> None:
        """Find the stems that our own terms start from, with the network as it is now."""
        own = self.settings.stems > 0 or self.settings.remix > 0
        if own and self.stretches:
            scene = self.scene
            estimates = waveform.separate_song(
                self.network, self.outputs, scene.mixture, scene.rate, scene.seed, self.settings
            )
            self.stems = marked_stems.make_consistent(
                self.level.normalise(estimates), self.mixture, self.marks, scene.rate
            )

    def step(self, number: int) -> dict[str, float]:
        """One step of the optimiser along the gradients of all losses. Raises Diverged at one that is not finite."""
        optimizer = self.optimizers["network"]
        optimizer.zero_grad()
        report = {"loss": 0.0}
        for losses in self.losses(number - 1):
            losses["loss"].backward()
            report["loss"] += losses["loss"].item()
            report |= {name: each.item() for name, each in losses.items() if name != "loss"}
        for name, value in report.items():
            if not math.isfinite(value):
                raise Diverged(f"the {name} is {value} at step {number}; take a lower learning_rate.")
        optimizer.step()
        return report

    def losses(self, index: int) -> Iterator[dict[str, torch.Tensor]]:
        """The losses of step `index` (from 0): those of a window and, where there is one, those of a remix.

        Of each group, `loss` is differentiated, before the next one takes memory; the others are shown.
        """
        settings, generator = self.settings, generator_of(self.scene.seed, "adaptation", index)
        start, copy = self.windows[index % len(self.windows)]
        cut = slice(start, start + self.size)
        window = self.mixture[:, cut]
        if copy:
            window = _shift_pitch(window, self.scene.rate, generator)
        estimates = self._estimates(window) if copy else self._estimates_of_window(start)
        losses = marked_losses(estimates, window, self.marks[:, cut], settings)
        if self.stems is not None and settings.stems and not copy:
            losses["stems"] = (estimates - self.stems[..., cut]).abs().mean()
            losses["loss"] = losses["loss"] + settings.stems * losses["stems"]
        yield losses
        if self.stems is not None and settings.remix:
            remix = marked_stems.draw_remix(self.stems, self.stretches, self.size, self.scene.rate, generator)
            loss = remix_loss(self._estimates(remix.mixture), remix)
            yield {"loss": settings.remix * loss, "remix": loss}

    def validate(self) -> dict[str, float]:
        """Nothing: the stems of the song are not known."""
        return {}

    def weights(self) -> Tensors:
        """The whole model: what is trained, what is frozen, and what else the model came with."""
        return tensors.of_network(self.network, self.facts)

    def _estimates(self, mixture: torch.Tensor) -> torch.Tensor:
        """Mixture [channel, time] -> estimates [source, channel, time] in the scene's order of sources."""
        return self.network(mixture.unsqueeze(0))[0, self.outputs]

    def _estimates_of_window(self, start: int) -> torch.Tensor:
        """`_estimates` of the window from there; what the frozen beginning makes of it is the same in each epoch."""
        begun = self._begun.get(start)
        if begun is None:
            begun = self.network.begin(self.mixture[:, start : start + self.size].unsqueeze(0), self._frozen)
            if len(self._begun) * sum(each.nbytes for each in begun) < KEPT:
                self._begun[start] = begun
        return self.network.finish(begun, self.size, self._frozen)[0, self.outputs]

    def _windows(self, hop: int) -> list[tuple[int, bool]]:
        """Windows in the order of time, a rest shorter than a hop left out; those without a mark too."""
        starts = range(0, self.mixture.shape[-1] - self.size + 1, hop)
        marked = [start for start in starts if self.marks[:, start : start + self.size].any()]
        return [(start, copy > 0) for start in marked for copy in range(1 + self.settings.pitch_copies)]


def marked_losses(
    estimates: torch.Tensor, mixture: torch.Tensor, marks: torch.Tensor, settings: Settings
) -> dict[str, torch.Tensor]:
    """The loss that the settings name, `loss`, and its terms before they are weighted."""
    if settings.loss == "reconstruction":
        term = marked.plain_sum(estimates, mixture)
        return {"loss": term, "reconstruction": term}
    if settings.loss == "literal":
        term = marked.each_against_mixture(estimates, mixture, marks)
        activation = marked.summed_energy_in_silence(estimates, marks)
    else:
        term = marked.masked_sum(estimates, mixture, marks)
        activation = marked.energy_in_silence(estimates, marks)
    return {"loss": term + settings.gamma * activation, "reconstruction": term, "activation": activation}


def remix_loss(estimates: torch.Tensor, remix: marked_stems.Remix) -> torch.Tensor:
    """Mean |estimate - stem| over sources, channels and time, and over groups the same of their sums."""
    sums = [(estimates[list(group)] - remix.stems[list(group)]).sum(dim=0) for group in remix.groups]
    return (estimates - remix.stems).abs().mean() + torch.stack(sums).abs().mean()


def _network(scene: Scene, model: Tensors, remember: bool) -> tuple[ConvTasNet, list[int]]:
    """The network with the model's weights, and where the scene's sources stand in its output."""
    outputs = tensors.output_indices(model, scene.sources, NAME)
    own = tensors.without_order(model)
    network = network_like(own, remember)
    if network.encoder.in_channels != len(scene.mixture):
        raise UserError(
            f"The model of {NAME} was trained on {network.encoder.in_channels} channels, the mixture has "
            f"{len(scene.mixture)}; give it as many."
        )
    return tensors.restore(network, own, scene.rate, scene.mixture.device, NAME), outputs


def _marks(scene: Scene) -> torch.Tensor:
    """The scene's marks [source, time]. Raises UserError where it has none."""
    if scene.marks is None:
        raise UserError("The one-shot adaptation needs marks of when the sources play; name a marks source for it.")
    return scene.marks.to(scene.mixture)


def _shift_pitch(window: torch.Tensor, rate: int, generator: torch.Generator) -> torch.Tensor:
    """Window [channel, time] shifted by a random whole number of semitones, at most an octave, as long as before."""
    import librosa

    steps = int(torch.randint(-OCTAVE, OCTAVE + 1, (1,), generator=generator))
    return torch.from_numpy(librosa.effects.pitch_shift(window.cpu().numpy(), sr=rate, n_steps=steps)).to(window)
