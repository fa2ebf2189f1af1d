"""The U-Net of arXiv 1711.00048: convolutions without padding, so that each output patch is read with its context.

Layer by layer as the public code (f90/AdversarialAudioSeparation): a 3 x 3 convolution, then a max-pooling and a 3 x 3
convolution a level; transposed 2 x 2 convolutions of stride 2 and 3 x 3 convolutions back, each beside the centre of
its skip; a 1 x 1 head a source that also sees the input. A ReLU after each layer, no normalisation.
Departs from it: any number of sources, and a head that masks the input, which cannot lose a source.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.functional import pad

RELU, MASK = "relu", "mask"


@dataclass(frozen=True)
class PatchShape:
    """Bins and frames of a patch: what the network reads, and what it gives of the middle of that.

    read, given: (bins, frames).
    """

    read: tuple[int, int]
    given: tuple[int, int]

    @property
    def margin(self) -> tuple[int, int]:
        """Bins and frames that are read on each side of what is given."""
        return (self.read[0] - self.given[0]) // 2, (self.read[1] - self.given[1]) // 2


def patch_shape(bins: int, frames: int, levels: int) -> PatchShape:
    """The smallest shape, given >= (bins, frames), that `levels` poolings divide: 258 x 66 read from 350 x 158.

    (256, 64) and 4 levels, the published sizes, give these.
    """
    sides = [_side(size, levels) for size in (bins, frames)]
    return PatchShape(*zip(*sides, strict=True))


def _side(size: int, levels: int) -> tuple[int, int]:
    """What is read and what is given along one axis."""
    bottleneck = float(size)
    # Of n bins or frames, the way up through a level gives 2 n - 2: undone here, from the output to the bottleneck.
    for _ in range(levels):
        bottleneck = (bottleneck + 2) / 2
    # Even, as the public code has it.
    read = given = 2 * math.ceil(math.ceil(bottleneck) / 2)
    for _ in range(levels):
        read, given = 2 * (read + 2), 2 * given - 2
    return read + 2, given


class UnpaddedUNet(nn.Module):
    """Log-magnitudes log(1 + |X|) of mixtures -> those of the sources; see `forward`.

    sources: at least two.  levels: poolings.  width: channels of the first convolution, doubled by each level.
    head: `relu` gives each source's log-magnitude directly, as published; `mask` gives masks in (0, 1) on the mixture's
    magnitude that add up to 1, of one sigmoid for two sources and of a softmax for more.
    958,596 parameters with two sources, 4 levels, width 16 and `relu`.
    Kernels start Glorot-uniform and biases at zero.
    """

    def __init__(self, sources: int, levels: int = 4, width: int = 16, head: str = MASK) -> None:
        super().__init__()
        self.head, self.sources = head, sources
        widths = [width * 2**level for level in range(levels + 1)]
        self.first = nn.Conv2d(1, width, 3)
        self.down = nn.ModuleList(nn.Conv2d(below, 2 * below, 3) for below in widths[:-1])
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * below, below, 2, 2) for below in widths[-2::-1])
        self.merge = nn.ModuleList(nn.Conv2d(2 * below, below, 3) for below in widths[-2::-1])
        count = 1 if head == MASK and sources == 2 else sources
        self.heads = nn.ModuleList(nn.Conv2d(width + 1, 1, 1) for _ in range(count))
        initialise_glorot(self)
        # A quarter less time a step, forward and backward, on a CPU.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in torch's annotations

    def forward(self, mixture: torch.Tensor) -> torch.Tensor:
        """log(1 + magnitude) [batch, bin, frame] as read -> [batch, source, bin, frame] as given, both >= 0."""
        x = torch.relu(self.first(mixture.unsqueeze(1)))
        skips = []
        for convolution in self.down:
            skips.append(x)
            x = torch.relu(convolution(nn.functional.max_pool2d(x, 2)))
        for transposed, convolution in zip(self.up, self.merge, strict=True):
            x = torch.relu(transposed(x))
            x = torch.relu(convolution(torch.cat([centre(skips.pop(), x.shape[-2:]), x], dim=1)))
        middle = centre(mixture, x.shape[-2:]).unsqueeze(1)
        x = torch.cat([middle, x], dim=1)
        scores = torch.cat([head(x) for head in self.heads], dim=1)
        return torch.relu(scores) if self.head == RELU else _apply_masks(scores, middle)


def _apply_masks(scores: torch.Tensor, mixture: torch.Tensor) -> torch.Tensor:
    """Scores [batch, 1 or source, bin, frame] -> log(1 + mask * magnitude), magnitude = exp(mixture) - 1."""
    masks = torch.sigmoid(torch.cat([scores, -scores], dim=1)) if scores.shape[1] == 1 else scores.softmax(dim=1)
    return torch.log1p(masks * torch.expm1(mixture))


def centre(patch: torch.Tensor, shape: Sequence[int]) -> torch.Tensor:
    """The middle [..., *shape] of a patch [..., bin, frame]; of an odd surplus the larger part is cut at the end."""
    bins, frames = ((have - want) // 2 for have, want in zip(patch.shape[-2:], shape, strict=True))
    return patch[..., bins : bins + shape[0], frames : frames + shape[1]]


def as_read(spectrum: torch.Tensor, shape: PatchShape) -> torch.Tensor:
    """[..., bin, frame] -> zeros below bin 0 and above the last one, so that bin k is the k-th that is given."""
    below = shape.margin[0]
    return pad(spectrum, (0, 0, below, shape.read[0] - below - spectrum.shape[-2]))


def as_given(spectrum: torch.Tensor, shape: PatchShape) -> torch.Tensor:
    """[..., bin, frame] -> zeros above the last bin, up to the bins that the network gives."""
    return pad(spectrum, (0, 0, 0, shape.given[0] - spectrum.shape[-2]))


def initialise_glorot(module: nn.Module) -> None:
    """Draw all kernels anew from Glorot's uniform distribution, and set all biases to zero."""
    for name, parameter in module.named_parameters():
        if name.endswith("bias"):
            nn.init.zeros_(parameter)
        else:
            nn.init.xavier_uniform_(parameter)
