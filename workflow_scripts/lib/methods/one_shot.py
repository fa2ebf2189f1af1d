"""User-guided one-shot adaptation: a trained Conv-TasNet is fine-tuned on the one mixture that it is to separate.

The user says when sources play; see `one_shot_losses` for what is made of that. As in the public code of Cantisani et
al. (WASPAA 2021): windows in the order of time, one step each, the optimiser Ranger without a schedule, a fixed number
of epochs, the last weights are used; the beginning of the network is frozen (`strategy`). Departs from it: layers are
frozen by name; nothing is drawn from an unseeded generator; pitch-shifted copies are optional and off; windows without
a mark are left out.

Our own addition, where `remix` or `stems` is above zero: marks say more than where a source is silent. Where all
sources but one are marked silent, the mixture is that one's stem; where some are, it is the sum of the others. The
network also learns from remixes of such stretches, and from its own first estimates, corrected so that they obey the
marks (`one_shot_stems`). A song without such stretches is left with the published loss.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import torch
from pytorch_optimizer import Ranger

from workflow_scripts.lib.audio import marked_stems, waveform
from workflow_scripts.lib.audio.waveform import Assembly
from workflow_scripts.lib.audio.windows import length_error
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.generators import generator_of
from workflow_scripts.lib.core.settings import Natural, NotNegative, Positive, settings
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.losses import marked
from workflow_scripts.lib.networks import tensors
from workflow_scripts.lib.networks.conv_tasnet import ConvTasNet, network_like
from workflow_scripts.lib.networks.tensors import Tensors
from workflow_scripts.lib.training.adaptation import Loop

NAME = "the Conv-TasNet"
STRATEGIES = ("l1", "l2", "l3", "l4", "l5")
OCTAVE = 12  # semitones


@settings
class Settings(Assembly):
    """strategy: what is trained besides the decoder; `l1`, `l2`, `l3`: the repeats from that index on (from 0) and the
        masks; `l4`: the last 1x1 convolution and the masks; `l5`: nothing.
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
    loss: Literal["published", "literal", "reconstruction"] = "published"
    gamma: NotNegative = 1.0
    stems: NotNegative = 0.0
    remix: NotNegative = 0.0
    shortest_seconds: NotNegative = 0.3
    margin_seconds: NotNegative = 0.05
    learning_rate: Positive = 1e-5
    epochs: Natural = 10
    window_seconds: Positive = 10.0
    hop_seconds: Positive = 1.0
    pitch_copies: Natural = 0
    output: Literal["plain", "muted", "consistent"] = "plain"
    remember: bool = True
    checkpoint_seconds: NotNegative = 120.0

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
    network, outputs = _network(scene, model, settings.remember)
    lesson = Lesson(network, outputs, scene, settings)
    if lesson.uses and settings.epochs:
        ranger = optimizer_of(list(trainable(network, settings.strategy).values()), settings.learning_rate)
        lesson.prepare()
        loop = Loop(
            network, ranger, lesson.terms, len(lesson.uses), settings.epochs, state, fingerprint,
            settings.checkpoint_seconds,
        )  # fmt: skip
        curve = loop.run()
    else:
        curve = []
    facts = {name: each for name, each in model.items() if name not in network.state_dict()}
    return tensors.of_network(network, facts), curve


def trained_parameters(model: Tensors, settings: Settings) -> int:
    """How many of a model's parameters `adapt` trains."""
    network = network_like(tensors.without_order(model), settings.remember)
    return sum(each.numel() for each in trainable(network, settings.strategy).values())


def separate(scene: Scene, settings: Settings, model: Tensors) -> torch.Tensor:
    """Estimates [source, channel, time] of an adapted model; the marks are used where `output` is not `plain`."""
    network, outputs = _network(scene, model, settings.remember)
    estimates = waveform.separated(network.eval(), outputs, scene.mixture, scene.rate, scene.seed, settings)
    if settings.output == "plain":
        return estimates
    marks = _marks(scene)
    if settings.output == "muted":
        return marked_stems.muted(estimates, marks)
    return marked_stems.consistent(estimates, scene.mixture, marks, scene.rate)


def trainable(network: ConvTasNet, strategy: str) -> dict[str, torch.nn.Parameter]:
    """The parameters that a strategy trains, by name; the others are frozen.

    Raises UserError where the network has too few repeats for the strategy.
    """
    first = STRATEGIES.index(strategy) + 1
    repeats = len(network.repeats)
    opened = ["decoder."]
    if strategy in ("l1", "l2", "l3"):
        if first >= repeats:
            raise UserError(f"The strategy {strategy!r} needs {first + 1} repeats, the network has {repeats}.")
        opened += ["mask.", *(f"repeats.{index}." for index in range(first, repeats))]
    if strategy == "l4":
        opened += ["mask.", f"repeats.{repeats - 1}.{len(network.repeats[-1]) - 1}.narrow."]
    chosen = {}
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name.startswith(tuple(opened)))
        if parameter.requires_grad:
            chosen[name] = parameter
    return chosen


def optimizer_of(parameters: list[torch.Tensor], learning_rate: float) -> Ranger:
    """Ranger as in the original (20.4.11): RAdam, gradient centralisation, and every six steps half-way back.

    The library's own default goes uphill in the first five steps; with this setting they are plain momentum.
    """
    return Ranger(parameters, lr=learning_rate, degenerated_to_sgd=True)


class Lesson:
    """What a network learns from one song and its marks.

    uses: of an epoch, each the first sample of a window and whether it is shifted in pitch.
    """

    def __init__(self, network: ConvTasNet, outputs: list[int], scene: Scene, settings: Settings) -> None:
        self.network, self.outputs, self.scene, self.settings = network, outputs, scene, settings
        self.marks = _marks(scene)
        self.level = waveform.level_of(scene.mixture)
        self.mixture = self.level.normalised(scene.mixture)
        rate = scene.rate
        self.size = min(round(settings.window_seconds * rate), scene.mixture.shape[-1])
        self.uses = self._uses(max(1, round(settings.hop_seconds * rate)))
        self.pieces = marked_stems.stretches(
            self.marks, round(settings.shortest_seconds * rate), round(settings.margin_seconds * rate)
        )
        self.stems: torch.Tensor | None = None

    def prepare(self) -> None:
        """Find the stems that our own terms start from, with the network as it is now."""
        own = self.settings.stems > 0 or self.settings.remix > 0
        if own and self.pieces:
            first = waveform.separated(
                self.network, self.outputs, self.scene.mixture, self.scene.rate, self.scene.seed, self.settings
            )
            first = self.level.normalised(first)
            self.stems = marked_stems.consistent(first, self.mixture, self.marks, self.scene.rate)

    def terms(self, number: int) -> Iterator[dict[str, torch.Tensor]]:
        """The losses of step `number`: those of a window and, where there is one, those of a remix."""
        settings, generator = self.settings, generator_of(self.scene.seed, "adaptation", number)
        start, copy = self.uses[number % len(self.uses)]
        cut = slice(start, start + self.size)
        window = self.mixture[:, cut]
        if copy:
            window = _shifted_in_pitch(window, self.scene.rate, generator)
        estimates = self._estimates(window)
        losses = marked_losses(estimates, window, self.marks[:, cut], settings)
        if self.stems is not None and settings.stems and not copy:
            losses["stems"] = (estimates - self.stems[..., cut]).abs().mean()
            losses["loss"] = losses["loss"] + settings.stems * losses["stems"]
        yield losses
        if self.stems is not None and settings.remix:
            given = marked_stems.remixed(self.stems, self.pieces, self.size, self.scene.rate, generator)
            loss = remix_loss(self._estimates(given.mixture), given)
            yield {"loss": settings.remix * loss, "remix": loss}

    def _estimates(self, mixture: torch.Tensor) -> torch.Tensor:
        """Mixture [channel, time] -> estimates [source, channel, time] in the scene's order of sources."""
        return self.network(mixture.unsqueeze(0))[0, self.outputs]

    def _uses(self, hop: int) -> list[tuple[int, bool]]:
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


def remix_loss(estimates: torch.Tensor, given: marked_stems.Remix) -> torch.Tensor:
    """Mean |estimate - stem| over sources, channels and time, and over groups the same of their sums."""
    sums = [(estimates[list(group)] - given.stems[list(group)]).sum(dim=0) for group in given.groups]
    return (estimates - given.stems).abs().mean() + torch.stack(sums).abs().mean()


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
    return tensors.restored(network, own, scene.rate, scene.mixture.device, NAME), outputs


def _marks(scene: Scene) -> torch.Tensor:
    """The scene's marks [source, time]. Raises UserError where it has none."""
    if scene.marks is None:
        raise UserError("The one-shot adaptation needs marks of when the sources play; name a marks source for it.")
    return scene.marks.to(scene.mixture)


def _shifted_in_pitch(window: torch.Tensor, rate: int, generator: torch.Generator) -> torch.Tensor:
    """Window [channel, time] shifted by a random whole number of semitones, at most an octave, as long as before."""
    import librosa

    steps = int(torch.randint(-OCTAVE, OCTAVE + 1, (1,), generator=generator))
    return torch.from_numpy(librosa.effects.pitch_shift(window.cpu().numpy(), sr=rate, n_steps=steps)).to(window)
