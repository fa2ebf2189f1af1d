"""The network of arXiv 2201.09592: a mixture and one F0 contour a voice -> the physical controls of each voice.

One encoder sees the mixture, once; one decoder, with the same weights for all voices, sees what the encoder made of it
and the F0 of one voice. So any number of voices can be asked for, and only its F0 says which voice is meant. Layer by
layer as the authors' public code (schufo/umss); the sizes are settings, their defaults the published ones.

Where it departs from that code, unless its `Limits` are as published: magnitudes below 1e-5 are raised to it before the
logarithm, not only exact zeros, so that a nearly silent bin cannot dominate the normalisation; and line spectral
frequencies keep a least distance.
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.functional import pad

from workflow_scripts.lib.audio.line_spectrum import GAP, exponential_sigmoid, lsf_from_logits
from workflow_scripts.lib.audio.scaling import RATE, scaled
from workflow_scripts.lib.audio.source_filter import Controls
from workflow_scripts.lib.networks.recurrent import GRU

NOISE_BANDS = 40
POLE_PAIRS = 10  # of the all-pole filter of order 20; both at 16 kHz, more at higher rates
TINY = 1e-5
LOWEST, HIGHEST = 20.0, 8000.0  # Hz, the F0 that the decoder sees as 0 and 1


@dataclass(frozen=True)
class Sizes:
    """Widths of the encoder's recurrent layers, of what it hands over, and of all layers of the decoder."""

    encoder: int = 256
    code: int = 128
    decoder: int = 512


@dataclass(frozen=True)
class Limits:
    """What the network keeps away from; both are 0 as published.

    floor: magnitudes up to it are taken for 1e-5.  gap: least distance of line spectral frequencies, in rad.
    """

    floor: float = TINY
    gap: float = GAP


class ParametricNetwork(nn.Module):
    """Encoder, decoder and the activations that turn its outputs into controls; 5,573,961 parameters as published.

    hop: samples a frame; the encoder's window is two hops (256 and 512 samples at 16 kHz).
    rate: in Hz; above 16 kHz the filters have as many poles, and the noise as many bands, a hertz as there.
    """

    def __init__(self, sizes: Sizes = Sizes(), hop: int = 256, limits: Limits = Limits(), rate: float = RATE) -> None:
        super().__init__()
        self.hop, self.gap = hop, limits.gap
        self.encoder = Encoder(sizes, hop, limits.floor)
        self.decoder = Decoder(sizes)
        self.harmonic_amplitude = nn.Linear(sizes.decoder, 1)
        self.noise_gain = nn.Linear(sizes.decoder, 1)
        self.lsf_gaps = nn.Linear(sizes.decoder, 2 * scaled(POLE_PAIRS, rate) + 1)
        self.noise_shape = GRU(sizes.decoder, scaled(NOISE_BANDS, rate))

    def forward(self, mixture: torch.Tensor, f0: torch.Tensor) -> Controls:
        """Mixture [batch, time] and F0 [batch, voice, frame] in Hz (0: unvoiced) -> controls of each voice.

        There are ceil(time / hop) frames; frame m of the F0 stands at sample m * hop.
        """
        return self.controls(mixture, self.decoder.pitch(f0))

    def controls(self, mixture: torch.Tensor, pitch: torch.Tensor) -> Controls:
        """The same from what `decoder.pitch` makes of the F0, [batch, voice, frame, width], whatever the mixture."""
        x = self.decoder(self.encoder(mixture), pitch)
        shape = self.noise_shape(x.flatten(0, 1))[:, -1].unflatten(0, x.shape[:2])
        # float32 from here on whatever the precision of the network: the synthesis is no place for 8 bits of mantissa.
        heads = (self.harmonic_amplitude(x).squeeze(-1), self.noise_gain(x).squeeze(-1), self.lsf_gaps(x), shape)
        amplitude, gain, gaps, shape = (head.float() for head in heads)
        return Controls(
            amplitude=exponential_sigmoid(amplitude, 2.0),
            noise_gain=exponential_sigmoid(gain, 1.0),
            noise_magnitudes=exponential_sigmoid(2.5 * shape, 2.0),
            lsf=lsf_from_logits(gaps, self.gap),
        )


class Encoder(nn.Module):
    """Log-magnitude spectrogram of the mixture, three recurrent layers, one code a frame."""

    def __init__(self, sizes: Sizes, hop: int, floor: float) -> None:
        super().__init__()
        self.normalise = ExcerptNorm(hop + 1)
        self.gru1 = GRU(hop + 1, sizes.encoder)
        self.gru2 = GRU(sizes.encoder, sizes.encoder)
        self.gru3 = GRU(sizes.encoder, sizes.encoder)
        self.out = nn.Linear(sizes.encoder, sizes.code)
        self.hop, self.floor = hop, floor

    def forward(self, mixture: torch.Tensor) -> torch.Tensor:
        """Mixture [batch, time] -> code [batch, frame, code]."""
        x = self.normalise(log_magnitudes(mixture, self.hop, self.floor))
        x = self.gru2(self.gru1(x))
        return self.out(self.gru3(x) + x)


class Decoder(nn.Module):
    """Code and F0 of a voice, each through a stack of layers, joined in a recurrent one; all voices share the code."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.from_f0 = stack(1, sizes.decoder)
        self.from_code = stack(sizes.code, sizes.decoder)
        self.gru = GRU(2 * sizes.decoder, sizes.decoder)
        self.out = stack(sizes.decoder, sizes.decoder)

    def pitch(self, f0: torch.Tensor) -> torch.Tensor:
        """F0 [..., frame] in Hz -> its features [..., frame, width], frame by frame."""
        return self.from_f0(unit_pitch(f0).unsqueeze(-1))

    def forward(self, code: torch.Tensor, pitch: torch.Tensor) -> torch.Tensor:
        """Code [batch, frame, code] and features of the F0 [batch, voice, frame, width] -> features as the latter."""
        return self.out(self.gru.forward_shared(pitch, self.from_code(code)))


class ExcerptNorm(nn.Module):
    """Zero mean and unit variance over all frames and bins of an excerpt, then a learned scale and shift a bin."""

    def __init__(self, bins: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(bins))
        self.shift = nn.Parameter(torch.zeros(bins))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[batch, frame, bin] -> the same shape."""
        variance, mean = torch.var_mean(x, dim=(-2, -1), correction=0, keepdim=True)
        return (x - mean) * torch.rsqrt(variance + 1e-5) * self.scale + self.shift


def stack(inputs: int, width: int) -> nn.Sequential:
    """Three times linear layer, layer normalisation and leaky ReLU."""
    layers = []
    for fan_in in (inputs, width, width):
        layers += [nn.Linear(fan_in, width), nn.LayerNorm(width), nn.LeakyReLU(0.01, inplace=True)]
    return nn.Sequential(*layers)


def log_magnitudes(signal: torch.Tensor, hop: int, floor: float = TINY) -> torch.Tensor:
    """Signal [batch, time] -> natural logarithms of STFT magnitudes [batch, frame, bin], ceil(time / hop) frames.

    Periodic Hann window of two hops, zeros appended at the end, frame m from sample m * hop on.
    Magnitudes up to `floor` are taken for 1e-5.
    """
    frames = frame_count(signal.shape[-1], hop)
    padded = pad(signal.float(), (0, (frames + 1) * hop - signal.shape[-1]))
    window = torch.hann_window(2 * hop, device=signal.device)
    spectrum = torch.stft(padded, 2 * hop, hop, window=window, center=False, return_complex=True)
    magnitudes = spectrum.abs()
    return torch.where(magnitudes > floor, magnitudes, TINY).log().mT


def frame_count(length: int, hop: int) -> int:
    """Frames of a signal of `length` samples."""
    return -(-length // hop)


def unit_pitch(f0: torch.Tensor) -> torch.Tensor:
    """F0 in Hz -> 0 at 20 Hz, 1 at 8000 Hz, linear in semitones; unvoiced frames (0 Hz) stand as MIDI note 0."""
    low, high = (midi(torch.tensor(hz)) for hz in (LOWEST, HIGHEST))
    return (midi(f0) - low) / (high - low)


def midi(hz: torch.Tensor) -> torch.Tensor:
    """Frequency in Hz -> MIDI note number, same shape; 0 for 0 Hz."""
    return torch.where(hz > 0, 69 + 12 * torch.log2(hz.clamp_min(1e-3) / 440), 0)
