"""Parametric source models: each voice is synthesised from its F0 and what a network says of it (arXiv 2201.09592).

    mixture, F0 -> network -> controls -> source-filter synthesis -> voices -> ratio masks on the mixture

Unsupervised (`supervision: mixture`) the sum of the voices is compared with the mixture, and no stem is read;
supervised (`voices`) each voice with its stem. Both with the multi-resolution spectral loss, on excerpts divided by the
mixture's absolute peak. The masks are magnitude ratios of the synthesised voices (STFT of 0.128 s, hop 1/8 of it, which
is 2048 and 256 samples at 16 kHz).

Departures from the published system, where `synthesis` is `fixed`: harmonics are silent in unvoiced frames, the F0 of a
frame stands at its first sample and not half a hop later, the filters do not delay, and the network has its `Limits`;
`as published` has none of them. The masks' STFT takes zeros beyond the ends; `edges: reflection` is as published. All
departures of the system, and their switches, are listed in docs/departures.md.
Whole tracks are synthesised in overlapping chunks of the training length, because the network normalises over its
excerpt and its noise shape belongs to one; phases and noise run on through the chunks, so a cross-fade leaves no seam.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, Literal

import torch
from accelerate import Accelerator
from pydantic import Field
from torch import nn
from torch.nn.functional import pad

from workflow_scripts.lib.audio import chunks
from workflow_scripts.lib.audio.f0 import HOP_SECONDS
from workflow_scripts.lib.audio.frame_blocks import FrameBlock
from workflow_scripts.lib.audio.masks import mask_in_blocks, ratio_masks
from workflow_scripts.lib.audio.source_filter import Carrier, carrier_of, carriers_of, synthesise
from workflow_scripts.lib.audio.stft import Edges
from workflow_scripts.lib.audio.windows import Coverage, Window, hop_length, overlap_error, window_length
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.generators import generator_of
from workflow_scripts.lib.core.settings import Count, NotNegative, Overlap, Positive, settings
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.datasets.training_data import TrainingData
from workflow_scripts.lib.losses.spectral import SpectralLoss, window_sizes
from workflow_scripts.lib.networks import tensors
from workflow_scripts.lib.networks.parametric import Limits, ParametricNetwork, Sizes, frame_count
from workflow_scripts.lib.networks.tensors import Tensors
from workflow_scripts.lib.training import network_trainee
from workflow_scripts.lib.training.network_trainee import Descent

CHUNKS_AT_ONCE = 8  # synthesised together
SYNTHESES: Mapping[str, tuple[dict[str, Any], dict[str, Any], Limits]] = {
    "fixed": ({}, {}, Limits()),
    "as published": (
        {"unvoiced": "as published", "f0_grid": "as published"},
        {"filter_delay": "as published"},
        Limits(0.0, 0.0),
    ),
}  # options of the carrier and of the synthesis, and the network's limits


@settings
class Settings(Descent):
    """supervision: what the loss compares, `mixture` (no stem is needed) or `voices`.

    output: `masked` mixture or the `synthesis` itself.  synthesis: `fixed` or `as published`.
    encoder_width, code_width, decoder_width: of the network; the defaults are the published 5,573,961 parameters.
    window: of the masks in samples, null for the power of two nearest to 0.128 s.  mask_overlap: windows over each
    sample.  mask_exponent: of the magnitudes in the ratio masks.  edges: what the masks' STFT takes beyond the ends of
    a track, `zeros` or, as published, its `reflection`.
    attack, release: s for which a voice keeps its pitch before and after its voiced frames; 0 as published.
    chunk_seconds: of the chunks of a track, in s.  overlap: share of a chunk that the next one covers too.
    """

    supervision: Literal["mixture", "voices"] = "mixture"
    output: Literal["masked", "synthesis"] = "masked"
    synthesis: Literal["fixed", "as published"] = "fixed"
    encoder_width: Count = 256
    code_width: Count = 128
    decoder_width: Count = 512
    window: Window | None = None
    mask_overlap: Coverage = 8
    mask_exponent: Positive = 1.0
    edges: Edges = "zeros"
    attack: NotNegative = 0.0
    release: NotNegative = 0.0
    chunk_seconds: Annotated[float, Field(ge=2 * HOP_SECONDS)] = 4.0  # the window of the network
    overlap: Overlap = 0.5

    def check(self) -> str | None:
        return overlap_error("mask_overlap", self.mask_overlap, self.window) if self.window else None

    def check_data(self, rate: int, channels: int | None) -> str | None:  # noqa: ARG002 of all settings
        return overlap_error("mask_overlap", self.mask_overlap, window_length(rate, self.window))


@dataclass(frozen=True)
class Example:
    """Mixtures [batch, time], F0 [batch, voice, frame] in Hz, and what depends on them alone.

    noise: [batch, voice, time].  targets: spectra that the loss compares with, of mixtures or of voices.
    """

    mixture: torch.Tensor
    f0: torch.Tensor
    carrier: Carrier
    noise: torch.Tensor
    targets: tuple[torch.Tensor, ...]


def trainee(
    data: TrainingData, settings: Settings, seed: int, device: torch.device, accelerator: Accelerator
) -> network_trainee.NetworkTrainee[Example]:
    """A network at its start values."""
    network = tensors.build(lambda: network_of(settings, data.train.rate), seed, data.start)
    make = partial(example, settings)
    task = network_trainee.Task(make, make, partial(loss_of, settings))
    return network_trainee.trainee_of(task, network, data, settings, seed, device, accelerator, {})


def separate(scene: Scene, settings: Settings, model: Tensors) -> torch.Tensor:
    """Estimates [source, channel, time]; raises UserError where the model fits neither the settings nor the scene."""
    network = tensors.restore(
        network_of(settings, scene.rate), model, scene.rate, scene.mixture.device, "the parametric method"
    )
    with torch.no_grad():
        signals = voices(network, scene, settings)
    if settings.output == "synthesis":
        return (signals * scene.mixture.mean(dim=0).abs().max()).unsqueeze(1).expand(-1, len(scene.mixture), -1).clone()
    window = window_length(scene.rate, settings.window)
    hop = hop_length(window, settings.mask_overlap)

    def masks_of(block: FrameBlock, spectrum: torch.Tensor) -> torch.Tensor:  # noqa: ARG001 of all masks
        return ratio_masks(block.spectrum(signals).abs().pow(settings.mask_exponent))

    return mask_in_blocks(scene.mixture, len(signals), window, hop, masks_of, settings.edges)


def network_of(settings: Settings, rate: int) -> ParametricNetwork:
    """The network that the settings describe, for audio of `rate` Hz."""
    sizes = Sizes(settings.encoder_width, settings.code_width, settings.decoder_width)
    return ParametricNetwork(sizes, _hop(rate), SYNTHESES[settings.synthesis][2], rate)


def example(settings: Settings, scenes: Sequence[Scene], generator: torch.Generator) -> Example:
    """Scenes of one length, with noise from the generator. Raises UserError where stems are needed and missing."""
    given = network_trainee.batch(scenes)
    rate, time = scenes[0].rate, given.mixture.shape[-1]
    f0 = network_trainee.contours(
        scenes, _hop(rate), frame_count(time, _hop(rate)) + 1, settings.attack, settings.release
    )
    truth = given.mixture if settings.supervision == "mixture" else given.references
    if truth is None:
        raise UserError("The supervision by `voices` learns from stems; the training excerpts came without them.")
    noise = uniform((*f0.shape[:2], time), generator).to(given.mixture.device)
    carrier = carrier_of(f0, time, rate, _hop(rate), **SYNTHESES[settings.synthesis][0])
    return Example(given.mixture, f0[..., :-1], carrier, noise, SpectralLoss(window_sizes(rate)).targets(truth))


def loss_of(settings: Settings, network: nn.Module, given: Example) -> torch.Tensor:
    """Spectral loss of the sum of the synthesised voices, or of each of them."""
    signals = synthesise(
        network(given.mixture, given.f0), given.carrier, given.noise, **SYNTHESES[settings.synthesis][1]
    )
    loss = SpectralLoss(window_sizes(given.carrier.rate))
    return loss.loss(signals.sum(dim=1) if settings.supervision == "mixture" else signals, given.targets)


def voices(network: ParametricNetwork, scene: Scene, settings: Settings) -> torch.Tensor:
    """Synthesised voices of a whole track, [voice, time], where the mixture, channels averaged, has peak 1."""
    length, hop = scene.mixture.shape[-1], _hop(scene.rate)
    frames = frame_count(length, hop)
    mixture = scene.mixture.mean(dim=0)
    mixture = pad(mixture / network_trainee.peak(mixture), (0, frames * hop - length))
    f0 = network_trainee.contours([scene], hop, frames + 1, settings.attack, settings.release)
    noise = uniform((f0.shape[1], frames * hop), generator_of(scene.seed, "noise")).to(mixture.device)
    size = min(frames, max(1, round(settings.chunk_seconds * scene.rate / hop)))
    starts = chunks.starts(frames, size, settings.overlap)
    groups = [starts[first : first + CHUNKS_AT_ONCE] for first in range(0, len(starts), CHUNKS_AT_ONCE)]
    stretches = [(group[0], group[-1] + size) for group in groups]
    carriers = carriers_of(f0, frames * hop, stretches, scene.rate, hop, **SYNTHESES[settings.synthesis][0])
    parts = (
        part
        for group, carrier in zip(groups, carriers, strict=True)
        for part in _parts(network, settings, mixture, f0[0], carrier, noise, group, size)
    )
    return chunks.join(parts, [start * hop for start in starts], frames * hop, size * hop)[..., :length]


def uniform(shape: Sequence[int], generator: torch.Generator) -> torch.Tensor:
    """Noise of this shape, uniform in [-1, 1)."""
    return torch.rand(*shape, generator=generator).mul_(2).sub_(1)


def _parts(
    network: ParametricNetwork, settings: Settings, mixture: torch.Tensor, f0: torch.Tensor, carrier: Carrier,
    noise: torch.Tensor, starts: Sequence[int], size: int,
) -> torch.Tensor:  # fmt: skip
    """Some chunks of a track, synthesised: [chunk, voice, time], on the scale of the whole mixture.

    mixture: [time].  f0: [voice, frame].  carrier: of these chunks alone.  noise: [voice, time].
    """
    hop, first = carrier.hop, starts[0]
    samples = [start * hop for start in starts]
    excerpts = chunks.cut(mixture, samples, size * hop)
    fades = torch.cat([carrier.fades[..., start - first : start - first + size, :] for start in starts])
    # The F0 says the same of a frame in every chunk that has it, so it is asked once.
    pitch = network.decoder.pitch(f0[:, first : starts[-1] + size])
    pitches = torch.stack([pitch[:, start - first : start - first + size] for start in starts])
    signals = synthesise(
        network.controls(excerpts / network_trainee.peak(excerpts), pitches),
        replace(carrier, fades=fades, time=size * hop),
        chunks.cut(noise, samples, size * hop),
        **SYNTHESES[settings.synthesis][1],
    )
    return signals * excerpts.abs().amax(dim=-1)[:, None, None]


def _hop(rate: int) -> int:
    """Samples a frame: the step of the F0 tables."""
    return round(HOP_SECONDS * rate)
