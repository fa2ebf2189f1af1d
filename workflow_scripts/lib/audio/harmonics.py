"""Harmonic excitation of arXiv 2201.09592, Section III, in closed form: equally strong harmonics, faded frame to frame.

Published as a bank of 101 sinusoids a voice. A sum of sines of equal amplitude has a closed form (Dirichlet kernel),
each sample belongs to two frames, and the amplitudes enter linearly. So all that depends on the F0 alone is a pair of
signals, computed once, without a gradient.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import torch

from workflow_scripts.lib.audio.scaling import scaled
from workflow_scripts.lib.core.errors import UserError, nearest

Choice = TypeVar("Choice")


@dataclass(frozen=True)
class Carrier:
    """What the excitation is before the amplitudes are known.

    fades: [batch, voice, 2, frame, hop]; in hop m, row 0 is to be weighed with the amplitude of frame m and row 1 with
        that of frame m + 1 (of the last frame again at the end).
    time: samples of the signal, at most frame * hop.
    rate: in Hz.
    """

    fades: torch.Tensor
    time: int
    rate: float

    @property
    def hop(self) -> int:
        return self.fades.shape[-1]

    @property
    def frames(self) -> int:
        return self.fades.shape[-2]

    def to(self, device: torch.device | str) -> "Carrier":
        return replace(self, fades=self.fades.to(device))


def carrier_of(
    f0: torch.Tensor,
    time: int,
    rate: float = 16_000,
    hop: int = 256,
    harmonics: int | None = None,
    unvoiced: str = "silent",
    f0_grid: str = "exact",
) -> Carrier:
    """The F0-only part of the excitation of `excite`, [batch, voice] of `time` samples; cache it for a fixed excerpt.

    f0: [batch, voice, frame] in Hz, 0 where unvoiced; frame m stands at sample m * hop; at least ceil(time / hop)
        frames. One more is used where it is there. float32 or float64, which the carrier keeps.
    harmonics: most of a frame; None: 101 at 16 kHz, more at higher rates, so that low voices reach rate / 2 there too.
    unvoiced: "silent": no harmonics in frames without F0, and no glide of the F0 into them. "as published": the F0 is
        interpolated from and to 0 Hz, at 0 Hz the phases stand still, and the sum of sines is a constant.
    f0_grid: "exact": frame m of the F0 holds at sample m * hop. "as published": half a hop later.
    Harmonics at or above rate / 2 are left out, sample by sample; frame m divides by the number K_m left in it.
    The phase is summed in float64, where the published float32 sum drifts.
    Raises UserError for an unknown setting or too few frames.
    """
    whole = [(0, frame_count(time, hop))]
    (carrier,) = carriers_of(f0, time, whole, rate, hop, harmonics, unvoiced, f0_grid)
    return carrier


@torch.no_grad()
def carriers_of(
    f0: torch.Tensor,
    time: int,
    stretches: Sequence[tuple[int, int]],
    rate: float = 16_000,
    hop: int = 256,
    harmonics: int | None = None,
    unvoiced: str = "silent",
    f0_grid: str = "exact",
) -> Iterator[Carrier]:
    """`carrier_of` in stretches, one at a time, so that it is never whole in memory; the phases run on through them.

    stretches: first frame, and that after the last one, of each. The first begins at frame 0, each other one later than
        that before it and at its end at the latest.
    """
    tracks = _choice("unvoiced", unvoiced, {"silent": _gated, "as published": _ungated})
    grid = _choice("f0_grid", f0_grid, {"exact": _on_frames, "as published": _half_hop_late})
    frames, harmonics = frame_count(time, hop), harmonic_count(rate) if harmonics is None else harmonics
    if f0.shape[-1] < frames:
        raise UserError(f"The F0 has {f0.shape[-1]} frames; {time} samples in hops of {hop} need {frames}.")
    pitch, voiced = tracks(f0)
    numbers = audible_harmonics(pitch[..., :frames].double(), rate, harmonics).to(f0.dtype)
    gains = voiced[..., :frames] / numbers.clamp_min(1)
    rise = hann_rise(hop, f0)
    passed = torch.zeros(*f0.shape[:-1], 1, dtype=torch.float64, device=f0.device)  # cycles before the stretch
    for (first, stop), (following, _) in zip(stretches, [*stretches[1:], (frames, frames)], strict=True):
        instantaneous = grid(pitch.double(), frames, hop, slice(first, stop))  # Hz, [batch, voice, frame, hop]
        steps = (instantaneous / rate).flatten(-2)
        steps[..., :1] += passed
        cycles = steps.cumsum(-1)
        passed = cycles[..., (following - first) * hop - 1, None].clone()
        # Half the phase of the fundamental, in [-pi/2, pi/2]; reduced, it needs no more digits than the output.
        half_phase = (math.pi * (cycles - cycles.round())).to(f0.dtype).view_as(instantaneous)
        audible = audible_harmonics(instantaneous, rate, harmonics).to(f0.dtype)
        fades = []
        for shift, fade in ((0, 1 - rise), (1, rise)):
            gain, number = (_hold_last(each, shift)[..., first:stop, :] for each in (gains, numbers))
            fades.append(fade * gain * dirichlet(torch.minimum(number, audible), half_phase))
        yield Carrier(torch.stack(fades, -3), min(stop * hop, time) - first * hop, rate)


def excite(carrier: Carrier, amplitude: torch.Tensor) -> torch.Tensor:
    """Amplitude [batch, voice, frame] -> excitation [batch, voice, frame * hop], linear in the amplitude."""
    last_again = torch.cat([amplitude[..., 1:], amplitude[..., -1:]], -1)
    falling, rising = carrier.fades.unbind(-3)
    return torch.addcmul(falling * amplitude.unsqueeze(-1), rising, last_again.unsqueeze(-1)).flatten(-2)


def frame_count(time: int, hop: int) -> int:
    """Number of frames of `hop` samples that cover `time` samples."""
    return -(-time // hop)


def harmonic_count(rate: float) -> int:
    """Most harmonics of a voice at `rate` in Hz: the published 101 at 16 kHz, with which 80 Hz reaches 8 kHz."""
    return scaled(101, rate)


def audible_harmonics(f0: torch.Tensor, rate: float, harmonics: int) -> torch.Tensor:
    """How many k in 1 ... harmonics have k * f0 < rate / 2; all of them at 0 Hz; any shape, f0 in Hz."""
    below = torch.ceil(rate / 2 / f0.clamp_min(1e-9)) - 1
    return below.clamp(0, harmonics)


def dirichlet(count: torch.Tensor, half_phase: torch.Tensor) -> torch.Tensor:
    """Sum of sin(k * 2 * half_phase) over k = 1 ... count, elementwise; half_phase in rad, within [-pi/2, pi/2].

    sin(K p / 2) sin((K + 1) p / 2) / sin(p / 2) with p the phase; 0 at p = 0.
    """
    below = half_phase.sin()
    product = (count * half_phase).sin_().mul_(((count + 1) * half_phase).sin_())
    return torch.where(below == 0, 0.0, product.div_(below))


def _choice(name: str, value: str, choices: Mapping[str, Choice]) -> Choice:
    if value not in choices:
        raise UserError(f"The setting {name} is {value!r}; {nearest(value, choices)}")
    return choices[value]


def _ungated(f0: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return f0, torch.ones_like(f0)


def _gated(f0: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """F0 held from the voiced frames into the unvoiced ones next to them, and 1 where it is voiced, 0 elsewhere."""
    voiced = f0 > 0
    index = torch.arange(f0.shape[-1], device=f0.device).expand_as(f0)
    before = torch.where(voiced, index, -1).cummax(-1).values
    after = torch.where(voiced, index, f0.shape[-1]).flip(-1).cummin(-1).values.flip(-1)
    # The nearer voiced frame, the earlier of two; its own index in a voiced frame; any where there is none.
    take_after = (before < 0) | ((after < f0.shape[-1]) & (after - index < index - before))
    source = torch.where(take_after, after, before).clamp(0, f0.shape[-1] - 1)
    return f0.gather(-1, source), voiced.to(f0.dtype)


def _on_frames(f0: torch.Tensor, frames: int, hop: int, wanted: slice) -> torch.Tensor:
    """Linear interpolation [..., frame, hop] of an F0 that holds at the first sample of its hop, in `wanted` frames."""
    rise = torch.arange(hop, dtype=f0.dtype, device=f0.device) / hop
    following = f0[..., 1 : frames + 1] if f0.shape[-1] > frames else _hold_last(f0, 1).squeeze(-1)
    return torch.lerp(f0[..., wanted, None], following[..., wanted, None], rise)


def _half_hop_late(f0: torch.Tensor, frames: int, hop: int, wanted: slice) -> torch.Tensor:
    """The same of an F0 that holds in the middle of its hop, edges held."""
    first, stop = max(0, wanted.start - 1), min(frames, wanted.stop + 1)  # those beside a frame reach into it
    given = f0[..., first:stop]
    late = torch.nn.functional.interpolate(given, scale_factor=hop, mode="linear", align_corners=False)
    return late.unflatten(-1, (-1, hop))[..., wanted.start - first : wanted.stop - first, :]


def hann_rise(hop: int, like: torch.Tensor) -> torch.Tensor:
    """First half of a periodic Hann window of two hops, [hop]; the second half is one minus it."""
    return torch.hann_window(2 * hop, periodic=True, dtype=like.dtype, device=like.device)[:hop]


def _hold_last(values: torch.Tensor, shift: int) -> torch.Tensor:
    """Values [..., frame] of `shift` frames later, the last one held, [..., frame, 1]."""
    index = (torch.arange(values.shape[-1], device=values.device) + shift).clamp_max(values.shape[-1] - 1)
    return values[..., index].unsqueeze(-1)
