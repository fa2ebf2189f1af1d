"""The supervised U-Net on magnitude spectrograms: steered by the F0 of a voice, or for all sources at once.

With a conditioner it is the baseline of arXiv 2201.09592 (after Petermann et al., ISMIR 2020): one network for all
voices, the F0 says which one is meant, and a track takes one pass a voice. Without one, the same body gives the masks
of all sources in one pass. Either way the masks are made to add up to one.

Loss: L1 between masked and true magnitudes; with a conditioner of one voice an excerpt, drawn at random. Adam, learning
rate 1e-3, weight decay 1e-5, STFT of 1024 and 256 samples, as published. Departs from the public code: the encoder has
a non-linearity (`leak: 1` removes it); the F0 of a frame is taken at the frame's centre, where the public code takes it
two hops earlier; long tracks are masked in chunks of the training length, cross-faded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from accelerate import Accelerator
from torch import nn

from workflow_scripts.lib.audio import chunks
from workflow_scripts.lib.audio.frame_blocks import FrameBlock, frame_count, spectra
from workflow_scripts.lib.audio.masks import mask_in_blocks, ratio_masks
from workflow_scripts.lib.audio.stft import Edges, stft
from workflow_scripts.lib.audio.windows import Window, hop_error, length_error
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.settings import Count, Overlap, Positive, Seconds, Share, settings
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.datasets.training_data import TrainingData
from workflow_scripts.lib.networks import tensors
from workflow_scripts.lib.networks.tensors import Tensors
from workflow_scripts.lib.networks.unet import (
    ConditionedUNet,
    HarmonicConditioner,
    PitchConditioner,
    PlainUNet,
)
from workflow_scripts.lib.training import network_trainee
from workflow_scripts.lib.training.network_trainee import Descent


@settings
class Settings(Descent):
    """condition: `pitch` (a one-hot F0), `harmonics` (the spectrum of a tone) or `none` (all sources at once).

    width: channels after the first convolution.  leak: of the encoder's leaky ReLU; 1 as published.
    window, hop: of the STFT, in samples.  edges: what it takes beyond the ends of a track or excerpt, `zeros` or, as
    published, its `reflection`.  mask_exponent: of the magnitudes in the ratio masks.
    chunk_seconds: of the chunks that a track is masked in, in s.  overlap: share of one that the next covers too.
    """

    condition: Literal["pitch", "harmonics", "none"] = "pitch"
    width: Count = 16
    leak: Share = 0.2
    window: Window = 1024
    hop: Count = 256
    edges: Edges = "zeros"
    mask_exponent: Positive = 1.0
    chunk_seconds: Seconds = 4.0
    overlap: Overlap = 0.5
    learning_rate: Positive = 1e-3

    def check(self) -> str | None:
        return hop_error(self.window, self.hop)

    def check_data(self, rate: int, channels: int | None) -> str | None:  # noqa: ARG002 of all settings
        return length_error(
            "chunk_seconds", self.chunk_seconds, rate, self.window, f"a window of {self.window} samples"
        )


@dataclass(frozen=True)
class Example:
    """Magnitudes of mixtures [item, bin, frame] and of what the masks shall leave of them [item, mask, bin, frame].

    f0: [item, frame] in Hz of the voice that is meant; None where the network gives all sources at once.
    """

    mixture: torch.Tensor
    targets: torch.Tensor
    f0: torch.Tensor | None


def trainee(
    data: TrainingData, settings: Settings, seed: int, device: torch.device, accelerator: Accelerator
) -> network_trainee.NetworkTrainee[Example]:
    """A U-Net at its start values."""
    network = tensors.build(lambda: _network(settings, len(data.train.sources), data.train.rate), seed, data.start)
    if settings.condition == "none":
        task = network_trainee.Task(partial(all_sources, settings), partial(all_sources, settings), loss_of)
    else:
        task = network_trainee.Task(partial(one_voice, settings), partial(every_voice, settings), loss_of)
    return network_trainee.trainee_of(
        task, network, data, settings, seed, device, accelerator, tensors.order_of(data.train.sources)
    )


def separate(scene: Scene, settings: Settings, model: Tensors) -> torch.Tensor:
    """Estimates [source, channel, time]; raises UserError where the model fits neither the settings nor the scene."""
    network = _network(settings, len(scene.sources), scene.rate)
    if settings.condition == "none":
        tensors.check_order(model, scene.sources, "The model of the U-Net")
    network = tensors.restore(network, tensors.without_order(model), scene.rate, scene.mixture.device, "the U-Net")
    frames = frame_count(scene.mixture.shape[-1], settings.hop)
    f0 = network_trainee.contours([scene], settings.hop, frames)[0] if settings.condition != "none" else None
    masks = _masks(network, scene, f0, frames, settings)

    def masks_of(block: FrameBlock, spectrum: torch.Tensor) -> torch.Tensor:
        return ratio_masks((masks[block.frames] * spectrum.abs()).pow(settings.mask_exponent))

    with torch.no_grad():
        of = (scene.mixture, len(scene.sources), settings.window, settings.hop)
        return mask_in_blocks(*of, masks_of, settings.edges)


def all_sources(settings: Settings, scenes: Sequence[Scene], generator: torch.Generator) -> Example:  # noqa: ARG001
    """Scenes of one length -> an item each, with a mask a source; nothing is drawn."""
    return Example(*_magnitudes(scenes, settings), None)


def every_voice(settings: Settings, scenes: Sequence[Scene], generator: torch.Generator) -> Example:  # noqa: ARG001
    """Scenes of one length -> an item for each voice of each; nothing is drawn."""
    mixture, references = _magnitudes(scenes, settings)
    f0 = network_trainee.contours(scenes, settings.hop, mixture.shape[-1])
    mixtures = mixture.repeat_interleave(f0.shape[1], dim=0)
    return Example(mixtures, references.flatten(0, 1).unsqueeze(1), f0.flatten(0, 1))


def one_voice(settings: Settings, scenes: Sequence[Scene], generator: torch.Generator) -> Example:
    """Scenes of one length -> an item each, for one of its voices drawn from the generator."""
    mixture, references = _magnitudes(scenes, settings)
    f0 = network_trainee.contours(scenes, settings.hop, mixture.shape[-1])
    item, voice = torch.arange(len(f0)), torch.randint(f0.shape[1], (len(f0),), generator=generator)
    return Example(mixture, references[item, voice].unsqueeze(1), f0[item, voice])


def loss_of(network: nn.Module, given: Example) -> torch.Tensor:
    """Mean |mask * mixture - target| over items, masks, bins and frames."""
    masks = network(given.mixture) if given.f0 is None else network(given.mixture, given.f0).unsqueeze(1)
    return (masks.float() * given.mixture.unsqueeze(1) - given.targets).abs().mean()


def _magnitudes(scenes: Sequence[Scene], settings: Settings) -> tuple[torch.Tensor, torch.Tensor]:
    """Magnitudes of mixtures [batch, bin, frame] and references [batch, source, bin, frame], scaled to the peak."""
    given = network_trainee.batch(scenes)
    if given.references is None:
        raise UserError("The U-Net learns from the true sources; the training excerpts came without them.")
    mixture, references = (
        stft(each, settings.window, settings.hop, settings.edges).abs() for each in (given.mixture, given.references)
    )
    return mixture, references


def _network(settings: Settings, sources: int, rate: int) -> nn.Module:
    bins = settings.window // 2 + 1
    if settings.condition == "none":
        return PlainUNet(sources, settings.width, settings.leak)
    if settings.condition == "pitch":
        return ConditionedUNet(PitchConditioner(bins), settings.width, settings.leak)
    return ConditionedUNet(HarmonicConditioner(bins, settings.hop, rate), settings.width, settings.leak)


def _masks(
    network: nn.Module, scene: Scene, f0: torch.Tensor | None, frames: int, settings: Settings
) -> chunks.Rolling:
    """Masks [source, channel, bin, frame] of a track, made as they are read.  f0: [voice, frame] in Hz."""
    size = max(1, round(settings.chunk_seconds * scene.rate / settings.hop))
    starts = chunks.starts(frames, size, settings.overlap)
    spectrum = chunks.Rolling(spectra(scene.mixture, settings.window, settings.hop, settings.edges))

    def parts() -> Iterator[torch.Tensor]:
        for start in starts:
            part = spectrum[start : min(start + size, frames)].abs()
            if f0 is None:
                yield network(part).transpose(0, 1)
            else:
                pitch = f0[:, None, start : start + size].expand(-1, len(part), -1)
                yield torch.stack([network(part, each) for each in pitch])

    return chunks.Rolling(chunks.stretches(parts(), starts, frames, size))
