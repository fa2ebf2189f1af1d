"""Source-filter synthesis of voices, arXiv 2201.09592, Section III: physical controls -> signal, differentiable.

    network -> Controls -> synthesise(controls, carrier_of(f0, ...), noise) -> voices -> sum -> loss

excitation = harmonics through the source's slope + noise through its own filter; vocal tract = all-pole filter of order
20 at 16 kHz, frame by frame. No reverberation is modelled. Differentiable in all controls; the F0 is given.
"""

from dataclasses import dataclass

import torch

from workflow_scripts.lib.audio.all_pole import all_pole
from workflow_scripts.lib.audio.harmonics import Carrier, carrier_of, carriers_of, excite, hann_rise
from workflow_scripts.lib.audio.impulse_response import filtered, source_slope, taps_of
from workflow_scripts.lib.audio.line_spectrum import lpc_from_lsf, lsf_from_logits, response_from_lsf
from workflow_scripts.lib.core.errors import UserError, nearest

__all__ = [
    "Carrier", "Controls", "carrier_of", "carriers_of", "lpc_from_lsf", "lsf_from_logits", "response_from_lsf",
    "synthesise",
]  # fmt: skip

DELAYS = {"none": 0, "as published": 2}  # samples by which both finite filters are late


@dataclass(frozen=True)
class Controls:
    """What a voice is made of, a frame every hop.

    amplitude: [batch, voice, frame] of all harmonics together, in (0, 2).
    noise_gain: [batch, voice, frame], in (0, 1).
    noise_magnitudes: [batch, voice, band], 40 at 16 kHz, the noise's spectrum from 0 to rate / 2, of all frames.
    lsf: [batch, voice, frame, order], 20 at 16 kHz, line spectral frequencies of the vocal tract, in (0, pi) rad.
    """

    amplitude: torch.Tensor
    noise_gain: torch.Tensor
    noise_magnitudes: torch.Tensor
    lsf: torch.Tensor

    def __post_init__(self) -> None:
        shape = self.amplitude.shape
        alike = self.noise_gain.shape == shape == self.lsf.shape[:-1]
        if not alike or self.noise_magnitudes.shape[:-1] != shape[:-1]:
            shapes = [tuple(getattr(self, name).shape) for name in self.__dataclass_fields__]
            raise ValueError(f"Controls of shapes {shapes} do not describe the same batch, voices and frames")


def synthesise(controls: Controls, carrier: Carrier, noise: torch.Tensor, filter_delay: str = "none") -> torch.Tensor:
    """Signals of the voices, [batch, voice, time], in the carrier's dtype; their sum is the mixture.

    carrier: `carrier_of` the F0, same batch, voices and number of frames as the controls.
    noise: [batch, voice, time or more], uniform in [-1, 1), drawn by the caller; samples behind `time` only serve the
        noise filter at the end.
    filter_delay: "none", or "as published": the slope and the noise filter 2 samples late.
    Frames last two hops. They are filtered from zero state and windowed afterwards, so a state never carries over and a
    ringing ends with its frame; the first half of the first frame is not windowed.
    Raises UserError for an unknown setting, ValueError where frames or noise do not fit.
    """
    if filter_delay not in DELAYS:
        raise UserError(f"The setting filter_delay is {filter_delay!r}; {nearest(filter_delay, DELAYS)}")
    _check(controls, carrier, noise)
    dtype, delay = carrier.fades.dtype, DELAYS[filter_delay]
    length = carrier.frames * carrier.hop
    slope = source_slope(carrier.rate, dtype, carrier.fades.device)
    harmonics = filtered(excite(carrier, controls.amplitude.to(dtype)), slope, length, delay)
    white = torch.nn.functional.pad(noise.to(dtype), (0, max(0, length - noise.shape[-1])))
    shaped = filtered(white, taps_of(controls.noise_magnitudes.to(dtype)), length, delay)
    excitation = harmonics + shaped * _frame_gains(controls.noise_gain.to(dtype), carrier.hop)
    return vocal_tract(excitation, controls.lsf, carrier.hop)[..., : carrier.time]


def vocal_tract(excitation: torch.Tensor, lsf: torch.Tensor, hop: int) -> torch.Tensor:
    """Excitation [..., frame * hop] through 1 / A of lsf [..., frame, order] -> [..., frame * hop]."""
    hops = excitation.unflatten(-1, (-1, hop))
    next_hops = torch.nn.functional.pad(hops[..., 1:, :], (0, 0, 0, 1))
    output = all_pole(torch.cat([hops, next_hops], -1), lpc_from_lsf(lsf.double()))
    rise = hann_rise(hop, output)
    ends = output[..., :-1, hop:] * (1 - rise)
    starts = torch.cat([output[..., :1, :hop], output[..., 1:, :hop] * rise + ends], -2)
    return starts.flatten(-2)


def _frame_gains(gain: torch.Tensor, hop: int) -> torch.Tensor:
    """Gain [..., frame] of windowed frames of two hops -> gain of each sample, [..., frame * hop]."""
    rise = hann_rise(hop, gain)
    before = torch.cat([gain[..., :1], gain[..., :-1]], -1)
    return torch.lerp(before.unsqueeze(-1), gain.unsqueeze(-1), rise).flatten(-2)


def _check(controls: Controls, carrier: Carrier, noise: torch.Tensor) -> None:
    batch, voice, _, frames, _ = carrier.fades.shape
    shape = tuple(controls.amplitude.shape)
    if shape != (batch, voice, frames):
        raise ValueError(
            f"Controls of {shape}, carrier of {(batch, voice, frames)} (batch, voice, frame): not the same"
        )
    if noise.shape[:2] != (batch, voice) or noise.shape[-1] < carrier.time:
        raise ValueError(f"Noise {tuple(noise.shape)} is less than {(batch, voice, carrier.time)} (batch, voice, time)")
