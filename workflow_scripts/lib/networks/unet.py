"""The U-Net on magnitude spectrograms, plain or steered by an F0, after Petermann et al. (ISMIR 2020).

Layer by layer as the public code of arXiv 2201.09592 (schufo/umss): six 5 x 5 convolutions of stride 2 with batch
normalisation, as many transposed ones with skips, a sigmoid mask. Its encoder has no non-linearity, for its leaky ReLU
is built with a leak of 1; here the leak is a setting, 0.2 by default as in Jansson et al. (ISMIR 2017), and a leak of 1
gives the published network.
"""

import math
from itertools import pairwise

import torch
from torch import nn
from torch.nn.functional import conv1d, one_hot

from workflow_scripts.lib.audio.harmonics import harmonic_count
from workflow_scripts.lib.audio.stft import stft

DEPTH = 6
PITCH_BINS = 361  # bin 0: unvoiced; then 60 bins an octave over six octaves
LOWEST = 32.7  # Hz, of bin 1
BINS_PER_OCTAVE = 60


class UNet(nn.Module):
    """The body: magnitudes [batch, 1, bin, frame] -> masks [batch, output, bin, frame] in (0, 1), any bins and frames.

    outputs: masks, one a source.  width: channels after the first convolution, doubled by each further one.
    leak: slope of the encoder's leaky ReLU below 0.  9,823,313 parameters with one output and width 16.
    """

    def __init__(self, outputs: int = 1, width: int = 16, leak: float = 0.2) -> None:
        super().__init__()
        widths = [1, *(width * 2**level for level in range(DEPTH))]
        self.down = nn.ModuleList(
            nn.Sequential(nn.Conv2d(fan_in, fan_out, 5, 2, 2), nn.BatchNorm2d(fan_out), nn.LeakyReLU(leak))
            for fan_in, fan_out in pairwise(widths)
        )
        # From the second on, each takes the layer below and the skip, which has as many channels.
        fans_in = [widths[-1], *(2 * each for each in widths[-2:0:-1])]
        fans_out = [*widths[-2:0:-1], outputs]
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(fan_in, fan_out, 5, 2, 2) for fan_in, fan_out in zip(fans_in, fans_out, strict=True)
        )
        self.after = nn.ModuleList(
            nn.Sequential(nn.BatchNorm2d(fan_out), nn.ReLU(), nn.Dropout2d(0.5 if level < 3 else 0.0))
            for level, fan_out in enumerate(fans_out[:-1])
        )

    def forward(self, magnitudes: torch.Tensor) -> torch.Tensor:
        """Magnitudes [batch, 1, bin, frame] -> masks [batch, output, bin, frame]."""
        levels = [magnitudes]
        for layer in self.down:
            levels.append(layer(levels[-1]))
        x = levels.pop()
        for layer, after in zip(self.up, self.after, strict=False):
            skip = levels.pop()
            x = torch.cat([after(layer(x, output_size=skip.shape[-2:])), skip], dim=1)
        return torch.sigmoid(self.up[-1](x, output_size=magnitudes.shape[-2:]))


class ConditionedUNet(nn.Module):
    """The body behind a layer that scales and shifts its input, a gain and an offset for each bin from an F0.

    10,319,171 parameters with `PitchConditioner`, 10,878,041 with `HarmonicConditioner`, at 513 bins and width 16.
    """

    def __init__(self, conditioner: nn.Module, width: int = 16, leak: float = 0.2) -> None:
        super().__init__()
        self.conditioner = conditioner
        self.body = UNet(1, width, leak)

    def forward(self, magnitudes: torch.Tensor, f0: torch.Tensor) -> torch.Tensor:
        """Magnitudes [batch, bin, frame] and F0 [batch, frame] in Hz -> masks of the voice, [batch, bin, frame]."""
        gain, offset = self.conditioner(f0)
        return self.body((gain * divide_by_peak(magnitudes) + offset).unsqueeze(1)).squeeze(1)


class PlainUNet(nn.Module):
    """The body alone, one mask a source from one pass."""

    def __init__(self, sources: int, width: int = 16, leak: float = 0.2) -> None:
        super().__init__()
        self.body = UNet(sources, width, leak)

    def forward(self, magnitudes: torch.Tensor) -> torch.Tensor:
        """Magnitudes [batch, bin, frame] -> masks [batch, source, bin, frame]."""
        return self.body(divide_by_peak(magnitudes).unsqueeze(1))


class PitchConditioner(nn.Module):
    """Petermann et al.: the F0 as a blurred one-hot vector, three convolutions over time, two linear maps."""

    def __init__(self, bins: int) -> None:
        super().__init__()
        # A kernel of 10 has no middle: 4 frames before, 5 after.
        self.convolutions = nn.Sequential(
            *(
                layer
                for fan_in, fan_out in ((PITCH_BINS, 16), (16, 64), (64, 256))
                for layer in (nn.ConstantPad1d((4, 5), 0.0), nn.Conv1d(fan_in, fan_out, 10))
            )
        )
        self.gain = nn.Linear(256, bins)
        self.offset = nn.Linear(256, bins)

    def forward(self, f0: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """F0 [batch, frame] in Hz -> (gain, offset), each [batch, bin, frame]."""
        x = self.convolutions(pitch_vector(f0).mT).mT
        return self.gain(x).mT, self.offset(x).mT


class HarmonicConditioner(nn.Module):
    """The other conditioner of the public code: the magnitudes of a tone of 101 equal harmonics, two maps each."""

    def __init__(self, bins: int, hop: int, rate: int) -> None:
        super().__init__()
        self.hop, self.rate = hop, rate
        self.gain, self.offset = (
            nn.Sequential(nn.Linear(bins, bins), nn.Tanh(), nn.Linear(bins, bins), nn.ReLU()) for _ in range(2)
        )
        self.bins = bins

    def forward(self, f0: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """F0 [batch, frame] in Hz -> (gain, offset), each [batch, bin, frame]."""
        tone = harmonic_tone(f0, self.hop, self.rate)
        magnitudes = stft(tone, 2 * (self.bins - 1), self.hop).abs().mT
        return self.gain(magnitudes).mT, self.offset(magnitudes).mT


def divide_by_peak(magnitudes: torch.Tensor) -> torch.Tensor:
    """Spectrograms [batch, bin, frame] divided by their maxima; a silent one stays as it is."""
    peak = magnitudes.amax(dim=(-2, -1), keepdim=True)
    return magnitudes / torch.where(peak > 0, peak, 1)


def pitch_vector(f0: torch.Tensor) -> torch.Tensor:
    """F0 [...] in Hz -> [..., 361]: 1 at bin round(60 log2(f / 32.7)) + 1, a Gaussian of 1 bin around it.

    Bin 0 means unvoiced, and below 32.7 Hz; what lies above the last bin is put into it.
    """
    steps = torch.round(BINS_PER_OCTAVE * torch.log2(f0.clamp_min(1e-3) / LOWEST)) + 1
    vectors = one_hot(steps.clamp(0, PITCH_BINS - 1).long(), PITCH_BINS).to(f0)
    offsets = torch.arange(-4, 5, device=f0.device, dtype=f0.dtype)
    kernel = torch.exp(-0.5 * offsets.square())
    return conv1d(vectors.reshape(-1, 1, PITCH_BINS), kernel[None, None], padding=4).reshape(vectors.shape)


def harmonic_tone(f0: torch.Tensor, hop: int, rate: int) -> torch.Tensor:
    """F0 [batch, frame] in Hz at samples m * hop -> tone [batch, (frame - 1) * hop] of 101 harmonics of equal share,
    more above 16 kHz.

    The sum of sines in closed form (a Dirichlet kernel); harmonics above half the rate are left out, and unvoiced
    frames (0 Hz) are silent.
    """
    # float64: the phase of the highest harmonic is 101 times a sum over all samples.
    hz = _per_sample(f0.double(), hop)
    count = torch.where(hz > 0, torch.floor(0.5 * rate / hz.clamp_min(1e-3)).clamp_max(harmonic_count(rate)), 0)
    phase = (2 * math.pi * torch.cumsum(hz / rate, dim=-1)).remainder(2 * math.pi)
    base = torch.sin(phase / 2)
    safe = torch.where(base.abs() < 1e-6, 1.0, base)
    kernel = torch.sin(count * phase / 2) * torch.sin((count + 1) * phase / 2) / safe
    return torch.where(base.abs() < 1e-6, 0.0, kernel / count.clamp_min(1)).to(f0.dtype)


def _per_sample(f0: torch.Tensor, hop: int) -> torch.Tensor:
    """Linear between voiced frames, held to the nearest frame at the border of an unvoiced one."""
    left, right = (each.unsqueeze(-1) for each in (f0[..., :-1], f0[..., 1:]))
    weight = torch.arange(hop, device=f0.device, dtype=f0.dtype) / hop
    voiced = (left > 0) & (right > 0)
    nearest = torch.where(weight < 0.5, left, right)
    return torch.where(voiced, left + weight * (right - left), nearest).flatten(-2)
