"""The critic of arXiv 1711.00048: a DCGAN-like network that scores log-magnitude patches of one source.

Layer by layer as the public code (f90/AdversarialAudioSeparation, `WGAN_Critic.py`).
"""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.functional import leaky_relu, pad
from torch.nn.utils.parametrizations import spectral_norm

from workflow_scripts.lib.networks.unpadded_unet import initialise_glorot

SMALLEST = 4  # bins or frames, where halving ends
LEAK = 0.2
HIDDEN = 32


class Critic(nn.Module):
    """Patches [batch, bin, frame] of log(1 + magnitude) -> scores [batch], unbounded, higher for real ones.

    bins, frames: of the patches.  width: channels of the first convolution.
    normalised: spectral norm of every layer, as FactorGAN (arXiv 1905.12660) has it instead of a gradient penalty.

    4 x 4 convolutions halve both axes and double the channels until one axis has 4 or fewer, then 4 x 2 ones halve the
    bins alone; two dense layers follow. 1,869,344 parameters for 256 x 64 and width 32. No layer normalises over the
    batch, since the gradient penalty is a property of each patch alone.
    """

    def __init__(self, bins: int, frames: int, width: int = 32, normalised: bool = False) -> None:
        super().__init__()
        wrap = spectral_norm if normalised else nn.Identity()
        layers, fan_in, fan_out = [], 1, width
        while min(bins, frames) > SMALLEST:
            layers.append(nn.Conv2d(fan_in, fan_out, 4, 2))
            bins, frames, fan_in, fan_out = -(-bins // 2), -(-frames // 2), fan_out, 2 * fan_out
        while bins > SMALLEST:
            layers.append(nn.Conv2d(fan_in, fan_in, (4, 2), (2, 1)))
            bins = -(-bins // 2)
        dense = nn.Linear(fan_in * bins * frames, HIDDEN)
        score = nn.Linear(HIDDEN, 1, bias=False)
        for layer in (*layers, dense, score):
            initialise_glorot(layer)
        self.layers = nn.ModuleList(wrap(layer) for layer in layers)
        self.dense, self.score = wrap(dense), wrap(score)

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        """Patches [batch, bin, frame] -> scores [batch]; no sigmoid, since a Wasserstein critic has no probability."""
        x = patches.unsqueeze(1)
        for layer in self.layers:
            assert isinstance(layer, nn.Conv2d)
            x = leaky_relu(layer(pad(x, same_padding(x.shape[-2:], layer.kernel_size, layer.stride))), LEAK)
        return self.score(leaky_relu(self.dense(x.flatten(1)), LEAK)).squeeze(1)


def same_padding(shape: Sequence[int], kernel: Sequence[int], stride: Sequence[int]) -> tuple[int, ...]:
    """Zeros (left, right, below, above) that make the output size / stride, rounded up; the odd one right and above.

    The rule of TensorFlow's `same`: a kernel of 2 frames and stride 1 is padded on the right alone.
    """
    zeros = []
    for size, width, step in reversed(list(zip(shape, kernel, stride, strict=True))):
        total = max(0, (-(-size // step) - 1) * step + width - size)
        zeros += [total // 2, total - total // 2]
    return tuple(zeros)
