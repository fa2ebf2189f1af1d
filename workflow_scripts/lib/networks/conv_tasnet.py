"""Conv-TasNet for music: masks on a learned, short-time representation of the waveform, all sources in one pass.

    mixture -> encoder -> channel-wise norm -> bottleneck -> repeats of dilated blocks -> masks -> decoder -> estimates

The network of the branch v1 of facebookresearch/demucs, which adapts Luo and Mesgarani (IEEE/ACM TASLP 2019) to several
audio channels. It differs from the article: one 1-D convolution over all audio channels with a ReLU as the encoder, no
bias anywhere, no skip branch (the masks are made of the residual stream itself), nothing between the last block and
the mask layer, ReLU masks. Departs from that code: its initialisation overwrites gains and offsets of the norms with
random values; here they start at one and zero.
"""

from collections.abc import Mapping
from typing import Annotated

import torch
from pydantic import AfterValidator, Field
from torch import nn
from torch.nn.functional import conv1d, conv_transpose1d, group_norm, pad, relu
from torch.utils.checkpoint import checkpoint

from workflow_scripts.lib.audio.windows import even, odd
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.settings import Count, settings
from workflow_scripts.lib.networks.cpu_layers import DepthwiseConv1d, PReLU

EPSILON = 1e-8  # inside the square roots of the norms


@settings
class Sizes:
    """filters: N of the encoder.  length: L of a filter in samples; the hop is half of it.

    bottleneck: B, channels of the residual stream.  hidden: H, channels inside a block.
    kernel: P, frames that a convolution inside a block sees.
    blocks: X in a repeat, with dilations 1, 2, 4, ...  repeats: R.
    The defaults are those of the published weights: 10,977,872 parameters for four sources in stereo.
    """

    filters: Count = 256
    length: Annotated[int, Field(ge=2), AfterValidator(even)] = 20
    bottleneck: Count = 256
    hidden: Count = 512
    kernel: Annotated[int, Field(ge=1), AfterValidator(odd)] = 3
    blocks: Annotated[int, Field(ge=1, le=20)] = 10  # the dilation of the last is 2^19 frames then
    repeats: Count = 4


def channel_error(network: str, channels: int | None) -> str | None:
    """What is wrong with a network that cannot separate so many channels, or None; channels: None where not known."""
    if network != "torchaudio" or channels in (1, None):
        return None
    return (
        f"network is torchaudio, which separates mono audio, but there are {channels} channels; take demucs, or "
        "prepare the data set with `channels: 1`."
    )


class ConvTasNet(nn.Module):
    """mixture [batch, channel, time] -> estimates [batch, source, channel, time], as long as the mixture.

    remember: False makes the blocks anew on the way back instead of keeping what is inside them: the same gradients,
    a tenth of the memory, a third more time.
    Samples behind the last whole frame are zero in the estimates, as in the public code.
    """

    def __init__(self, sources: int, channels: int, sizes: Sizes, remember: bool = True) -> None:
        super().__init__()
        self.sources, self.sizes, self.remember = sources, sizes, remember
        self.encoder = nn.Conv1d(channels, sizes.filters, sizes.length, stride=sizes.length // 2, bias=False)
        self.normalise = FrameNorm(sizes.filters)
        self.bottleneck = nn.Conv1d(sizes.filters, sizes.bottleneck, 1, bias=False)
        self.repeats = nn.ModuleList(
            nn.ModuleList(Block(sizes, dilation=2**index) for index in range(sizes.blocks))
            for _ in range(sizes.repeats)
        )
        self.mask = nn.Conv1d(sizes.bottleneck, sources * sizes.filters, 1, bias=False)
        self.decoder = Decoder(sizes.filters, channels, sizes.length)
        for name, parameter in self.named_parameters():
            if name.endswith("weight") and parameter.dim() > 1:
                nn.init.xavier_normal_(parameter)

    def forward(self, mixture: torch.Tensor) -> torch.Tensor:
        """Mixture [batch, channel, time] -> estimates [batch, source, channel, time]."""
        return self.finish(self.begin(mixture, 0), mixture.shape[-1], 0)

    def begin(self, mixture: torch.Tensor, repeats: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Mixture [batch, channel, time] -> what the encoder makes of it, and the stream behind so many repeats."""
        encoded = relu(self.encoder(_pad_to(mixture, self.sizes.length)))
        return encoded, self._through(self.bottleneck(self.normalise(encoded)), slice(repeats))

    def finish(self, begun: tuple[torch.Tensor, torch.Tensor], time: int, repeats: int) -> torch.Tensor:
        """What `begin` gives, behind so many repeats -> estimates [batch, source, channel, time]."""
        encoded, stream = begun
        stream = self._through(stream, slice(repeats, None))
        # One source after the other, since masks are far larger than waveforms.
        masks = (conv1d(stream, weight).relu_() for weight in self.mask.weight.chunk(self.sources))
        estimates = torch.stack([self.decoder(encoded * mask) for mask in masks], dim=1)
        return _pad_to(estimates, time)[..., :time]

    def _through(self, stream: torch.Tensor, which: slice) -> torch.Tensor:
        for repeat in self.repeats[which]:
            assert isinstance(repeat, nn.ModuleList)
            for block in repeat:
                stream = block(stream) if self.remember else checkpoint(block, stream, use_reentrant=False)
        return stream


def network_like(weights: Mapping[str, torch.Tensor], remember: bool = True) -> ConvTasNet:
    """A network of the sizes that these weights have. Raises UserError where they are not those of a `ConvTasNet`."""
    if not {"encoder.weight", "mask.weight", "repeats.0.0.along.weight"} <= weights.keys():
        raise UserError(
            "The model to adapt is not one of the Conv-TasNet of this project; start from a method whose module is "
            "conv_tasnet, with `network: demucs`."
        )
    filters, channels, length = weights["encoder.weight"].shape
    hidden, bottleneck, _ = weights["repeats.0.0.widen.weight"].shape
    indices = [name.split(".")[1:3] for name in weights if name.endswith(".along.weight")]
    sizes = Sizes(
        filters, length, bottleneck, hidden, weights["repeats.0.0.along.weight"].shape[-1],
        blocks=1 + max(int(block) for _, block in indices), repeats=1 + max(int(repeat) for repeat, _ in indices),
    )  # fmt: skip
    return ConvTasNet(weights["mask.weight"].shape[0] // filters, channels, sizes, remember)


class Block(nn.Module):
    """stream [batch, channel, frame] -> the stream and what this block adds to it.

    gains, offsets of its norms: [1, channel, 1], so that an optimiser that treats tensors by their number of
    dimensions treats them as it does in the public code.
    """

    def __init__(self, sizes: Sizes, dilation: int) -> None:
        super().__init__()
        self.widen = nn.Conv1d(sizes.bottleneck, sizes.hidden, 1, bias=False)
        self.bend = PReLU()
        self.normalise = GlobalNorm(sizes.hidden)
        self.along = DepthwiseConv1d(sizes.hidden, sizes.kernel, dilation)
        self.bend_again = PReLU()
        self.normalise_again = GlobalNorm(sizes.hidden)
        self.narrow = nn.Conv1d(sizes.hidden, sizes.bottleneck, 1, bias=False)

    def forward(self, stream: torch.Tensor) -> torch.Tensor:
        """[batch, channel, frame] -> the same shape; `along` sees each channel by itself, the others each frame."""
        inside = self.normalise(self.bend(self.widen(stream)))
        inside = self.normalise_again(self.bend_again(self.along(inside)))
        return stream + self.narrow(inside)


class GlobalNorm(nn.Module):
    """Zero mean and unit variance over channels and frames together, then a gain and an offset a channel (gLN)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(1, channels, 1))
        self.offset = nn.Parameter(torch.zeros(1, channels, 1))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """[batch, channel, frame] -> the same shape."""
        return group_norm(values, 1, self.gain.flatten(), self.offset.flatten(), EPSILON)


class FrameNorm(nn.Module):
    """Zero mean and unit variance over the channels of each frame, then a gain and an offset a channel (cLN)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(1, channels, 1))
        self.offset = nn.Parameter(torch.zeros(1, channels, 1))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """[batch, channel, frame] -> the same shape."""
        variance, mean = torch.var_mean(values, dim=1, correction=0, keepdim=True)
        return self.gain * (values - mean) / (variance + EPSILON).sqrt() + self.offset


class Decoder(nn.Module):
    """[batch, filter, frame] -> overlapping pieces of waveform, added up: [batch, channel, time].

    weight: [channel * length, filter], the form in which the public code keeps and its optimiser sees it.
    """

    def __init__(self, filters: int, channels: int, length: int) -> None:
        super().__init__()
        self.channels, self.length = channels, length
        self.weight = nn.Parameter(torch.empty(channels * length, filters))

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """[batch, filter, frame] -> [batch, channel, time], (frame + 1) * length / 2 samples."""
        pieces = self.weight.unflatten(0, (self.channels, self.length)).permute(2, 0, 1)
        return conv_transpose1d(frames, pieces, stride=self.length // 2)


class LibraryConvTasNet(nn.Module):
    """torchaudio's class behind the same interface: the nearest that a library has, for mono audio only.

    It differs from the network above in its biases, a skip branch, a global norm at the input, no ReLU behind the
    encoder and a PReLU before the masks: 16,141,905 parameters where that has 10,967,632 in mono.
    """

    def __init__(self, sources: int, channels: int, sizes: Sizes) -> None:
        from torchaudio.models import ConvTasNet as Library

        super().__init__()
        if said := channel_error("torchaudio", channels):
            raise UserError(f"The setting {said}")
        self.network = Library(
            sources, sizes.length, sizes.filters, sizes.kernel, sizes.bottleneck, sizes.hidden, sizes.blocks,
            sizes.repeats, "relu",
        )  # fmt: skip

    def forward(self, mixture: torch.Tensor) -> torch.Tensor:
        """Mixture [batch, 1, time] -> estimates [batch, source, 1, time]."""
        return self.network(mixture).unsqueeze(2)


def _pad_to(signals: torch.Tensor, length: int) -> torch.Tensor:
    """Signals [..., time] with zeros behind them up to `length`."""
    return pad(signals, (0, max(0, length - signals.shape[-1])))
