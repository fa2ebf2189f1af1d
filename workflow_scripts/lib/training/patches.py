"""From scenes to the patches of the U-Net of arXiv 1711.00048, and from its patches to the sources of a whole track."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import nn
from torch.nn.functional import pad

from workflow_scripts.lib.audio.chunks import Rolling
from workflow_scripts.lib.audio.frame_blocks import FrameBlock, spectra
from workflow_scripts.lib.audio.masks import filter_in_blocks, ratio_masks
from workflow_scripts.lib.audio.stft import Edges, stft
from workflow_scripts.lib.audio.windows import Window, hop_error
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.settings import Count, Positive, settings
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.networks import tensors
from workflow_scripts.lib.networks.tensors import Tensors
from workflow_scripts.lib.networks.unpadded_unet import (
    PatchShape,
    UnpaddedUNet,
    as_given,
    as_read,
    centre,
    patch_shape,
)
from workflow_scripts.lib.training.adam import Epsilon

PATCHES_AT_ONCE = 32
CRITIC = "critic."  # before the names of tensors that training needs and separation does not
MovingAverage = Annotated[float, Field(ge=0, lt=1)]  # its decay a step


@settings
class SeparatorSettings:
    """The separator, its training by Adam, and how it is applied.

    window, hop: of the STFT, in samples.  frames: STFT frames of a patch, rounded up to what the network can give.
    levels, width, head: of `UnpaddedUNet`.
    reconstruction: `magnitude` takes the estimates' magnitudes with the phase of the mixture, as published; `mask`
        divides them by their sum first, so that the sources add up to the mixture.
    scale: `training` scales a track to the highest peak met in training before the network reads it; `own` leaves it
        as it is, as published.
    edges: what the STFT takes beyond the ends of an excerpt or track, `zeros` or, as published, its `reflection`.
    learning_rate: of the separator.  epsilon: where Adam adds it, see `training.adam`.
    average: decay a step of the exponential moving average of the weights that is validated and kept; 0 for none, as
        published.
    """

    window: Window = 256
    hop: Count = 128
    frames: Count = 32
    levels: Annotated[int, Field(ge=1, le=8)] = 3  # each doubles the channels
    width: Count = 8
    head: Literal["mask", "relu"] = "mask"
    reconstruction: Literal["magnitude", "mask"] = "magnitude"
    scale: Literal["training", "own"] = "training"
    edges: Edges = "zeros"
    learning_rate: Positive = 1e-3
    epsilon: Epsilon = "torch"
    average: MovingAverage = 0.0

    def check(self) -> str | None:
        return hop_error(self.window, self.hop)

    @property
    def bins(self) -> int:
        """Frequency bins of the STFT."""
        return self.window // 2 + 1

    @property
    def shape(self) -> PatchShape:
        """Of the patches that the network reads and gives."""
        return patch_shape(self.bins, self.frames, self.levels)


def gain_error(gain_low: float, gain_high: float) -> str | None:
    """What is wrong with the gains between which one is drawn, as `check` of settings says it."""
    return f"gain_low is {gain_low}, but gain_high is {gain_high}; take at most that." if gain_low > gain_high else None


def network_of(settings: SeparatorSettings, sources: int) -> UnpaddedUNet:
    """Raises UserError for fewer than two sources."""
    if sources < 2:
        raise UserError(f"The U-Net without padding separates two sources or more; {sources} was asked for.")
    return UnpaddedUNet(sources, settings.levels, settings.width, settings.head)


# Patches for training


@dataclass(frozen=True)
class Example:
    """Patches of log(1 + magnitude), one an excerpt.

    mixture: [item, bin, frame] as the network reads it.  targets: [item, source, bin, frame] as it gives them.
    """

    mixture: torch.Tensor
    targets: torch.Tensor


def example_of(scenes: Sequence[Scene], settings: SeparatorSettings) -> Example:
    """Scenes of one length with references -> the patch in the middle of each. Raises UserError without references."""
    references = [scene.references.mean(dim=1) for scene in scenes if scene.references is not None]
    if len(references) < len(scenes):
        raise UserError(
            "The U-Net without padding learns from the true sources; the training excerpts came without them."
        )
    targets = given_patches(torch.stack(references), scenes[0].rate, settings)
    return Example(mixture_patches(scenes, settings), targets)


def mixture_patches(scenes: Sequence[Scene], settings: SeparatorSettings) -> torch.Tensor:
    """Scenes of one length -> log(1 + magnitude) of their mixtures, channels averaged, as read."""
    shape = settings.shape
    middle = _middle(mono(scenes), scenes[0].rate, settings)
    return as_read(centre(middle, (settings.bins, shape.read[1])), shape)


def given_patches(signals: torch.Tensor, rate: int, settings: SeparatorSettings) -> torch.Tensor:
    """Signals [..., time] of excerpts -> log(1 + magnitude) [..., bin, frame] of their middle, as given."""
    shape = settings.shape
    # The middle of the frames that are read, which an odd surplus can shift against the middle of the excerpt.
    read = centre(_middle(signals, rate, settings), (settings.bins, shape.read[1]))
    return as_given(centre(read, (settings.bins, shape.given[1])), shape)


def mono(scenes: Sequence[Scene]) -> torch.Tensor:
    """Mixtures [item, time] of scenes of one length, channels averaged."""
    return torch.stack([scene.mixture.mean(dim=0) for scene in scenes])


def _middle(signals: torch.Tensor, rate: int, settings: SeparatorSettings) -> torch.Tensor:
    """log(1 + magnitude) [..., bin, frame] of all frames. Raises UserError where they are fewer than a patch reads."""
    needed = (settings.shape.read[1] - 1) * settings.hop
    if signals.shape[-1] < needed:
        raise UserError(
            f"A patch with its context lasts {needed} samples, and an excerpt has {signals.shape[-1]}; set "
            f"training.seconds to {math.ceil(100 * needed / rate) / 100} or more."
        )
    return log_magnitudes(stft(signals, settings.window, settings.hop, settings.edges))


def log_magnitudes(spectrum: torch.Tensor) -> torch.Tensor:
    """log(1 + |X|) of a complex spectrogram."""
    return torch.log1p(spectrum.abs())


# Whole tracks


def separate(scene: Scene, settings: SeparatorSettings, model: Tensors) -> torch.Tensor:
    """Estimates [source, channel, time]; raises UserError where the model fits neither the settings nor the scene.

    Each channel is separated by itself.
    """
    network = restore(scene, settings, model)
    gain = _gain(scene, settings, model)
    with torch.no_grad():
        return signals(network, gain * scene.mixture, settings) / gain


def restore(scene: Scene, settings: SeparatorSettings, model: Tensors) -> UnpaddedUNet:
    """The separator of a model. Raises UserError where it fits neither the settings nor the scene."""
    tensors.check_order(model, scene.sources, "The model of the U-Net without padding")
    own = {name: each for name, each in tensors.without_order(model).items() if not name.startswith((CRITIC, "peak"))}
    network = network_of(settings, len(scene.sources))
    return tensors.restore(network, own, scene.rate, scene.mixture.device, "the U-Net without padding")


def _gain(scene: Scene, settings: SeparatorSettings, model: Tensors) -> torch.Tensor:
    """What the mixture is multiplied with before the network reads it; 1 for silence."""
    peak = scene.mixture.abs().max()
    if settings.scale == "own" or peak == 0:
        return torch.ones_like(peak)
    return model["peak"].to(peak) / peak


def signals(network: UnpaddedUNet, mixtures: torch.Tensor, settings: SeparatorSettings) -> torch.Tensor:
    """Mixtures [item, time] of any length, each by itself -> sources [source, item, time], float32."""
    window, hop, edges = settings.window, settings.hop, settings.edges
    read = torch.cat([log_magnitudes(spectrum) for spectrum in spectra(mixtures, window, hop, edges)], dim=-1)
    given = Rolling(estimates(network, read, settings))

    def estimate(block: FrameBlock, spectrum: torch.Tensor) -> torch.Tensor:
        magnitudes = torch.expm1(given[block.frames].transpose(0, 1))
        if settings.reconstruction == "mask":
            return ratio_masks(magnitudes) * spectrum
        # torch.sgn: the phase of a complex number, zero where the mixture is, so that silence stays silence.
        return magnitudes * torch.sgn(spectrum)

    return filter_in_blocks(mixtures, network.sources, window, hop, estimate, edges)


def estimates(network: nn.Module, mixtures: torch.Tensor, settings: SeparatorSettings) -> Iterator[torch.Tensor]:
    """log(1 + magnitude) [item, bin, frame] of any number of frames -> [item, source, bin, frame] of the sources.

    In stretches that follow each other: patches without overlap, but that the last one is moved back to end with the
    track. Beyond the ends, zeros.
    """
    shape, frames, items = settings.shape, mixtures.shape[-1], len(mixtures)
    size, margin = shape.given[1], shape.margin[1]
    whole = as_read(pad(mixtures, (margin, margin + max(0, size - frames))), shape)
    starts = sorted({*range(0, max(1, frames - size + 1), size), max(0, frames - size)})
    patches = (item[:, start : start + shape.read[1]] for start in starts for item in whole)
    given: list[torch.Tensor] = []
    for start, stop in zip(starts, [*starts[1:], frames], strict=True):
        while len(given) < items:
            given += network(torch.stack(list(islice(patches, PATCHES_AT_ONCE))))
        yield torch.stack(given[:items])[..., : mixtures.shape[-2], : stop - start]
        del given[:items]
