"""Multi-resolution spectral loss of arXiv 2201.09592, with its gradient in closed form."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.autograd.function import once_differentiable

from workflow_scripts.lib.audio.scaling import scaled
from workflow_scripts.lib.audio.windows import power_of_two

SIZES = (2048, 1024, 512, 256, 128, 64)  # published, for 16 kHz
FLOOR = 1e-10  # added to the power: the least magnitude is 1e-5


def window_sizes(rate: float) -> tuple[int, ...]:
    """`SIZES` at `rate` in Hz: powers of two that last as long as at 16 kHz, no shorter than there."""
    return tuple(power_of_two(scaled(size, rate)) for size in SIZES)


@dataclass(frozen=True)
class SpectralLoss:
    """Sum over window sizes of mean |S - S'| + mean |ln S - ln S'|, over batch, bins and frames, both weights 1.

    S = sqrt(re^2 + im^2 + 1e-10) of a Hann STFT with 75 % overlap, not centred, zeros appended so that the last window
    starts on the last hop, not normalised. Signals may be shorter than a window. float32 and float64.
    sizes: window lengths in samples, each a multiple of 4.
    """

    sizes: Sequence[int] = SIZES

    def targets(self, signal: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Magnitudes [..., frame, bin] of the signal [..., time], one tensor a size; no gradient; may be cached."""
        with torch.no_grad():
            return tuple(_power(_spectrum(signal, size)).sqrt_() for size in self.sizes)

    def loss(self, estimate: torch.Tensor, targets: Sequence[torch.Tensor]) -> torch.Tensor:
        """Scalar loss of estimate [..., time] against `targets(signal)` of a signal of the same shape.

        Differentiable once in the estimate. Raises ValueError where number or shapes of the targets differ.
        """
        if len(targets) != len(self.sizes):
            raise ValueError(f"SpectralLoss: {len(targets)} targets for {len(self.sizes)} window sizes")
        for size, target in zip(self.sizes, targets, strict=True):
            expected = (*estimate.shape[:-1], _frame_count(estimate.shape[-1], size), size // 2 + 1)
            if target.shape != expected:
                raise ValueError(f"SpectralLoss: targets {tuple(target.shape)}, expected {expected} for window {size}")
        return _Loss.apply(estimate, tuple(self.sizes), *targets)  # type: ignore[no-untyped-call]  # torch's


class _Loss(torch.autograd.Function):
    """Value and gradient together, size by size, so that of all spectrograms only one is in memory.

    |S - T| and |ln S - ln T| share their sign, so dL/dS = sign(S - T) (1 + 1/S) / count and dL/dZ = dL/dS Z / S.
    """

    @staticmethod
    def forward(ctx: Any, estimate: torch.Tensor, sizes: tuple[int, ...], *targets: torch.Tensor) -> torch.Tensor:
        total = estimate.new_zeros(())
        gradient = torch.zeros_like(estimate) if ctx.needs_input_grad[0] else None
        for size, target in zip(sizes, targets, strict=True):
            spectrum = _spectrum(estimate, size)
            power = _power(spectrum)
            magnitude = power.sqrt()
            difference = magnitude - target
            ratio = magnitude / target
            total = total + difference.abs().mean() + ratio.log_().abs_().mean()
            if gradient is not None:
                weight = difference.sign_().mul_(magnitude.add_(1)).div_(power.mul_(difference.numel()))
                gradient += _adjoint(spectrum.mul_(weight), size, estimate.shape[-1])
        ctx.gradient = gradient
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        return (upstream * ctx.gradient, *(None for _ in ctx.needs_input_grad[1:]))


def _frame_count(time: int, size: int) -> int:
    return -(-time // (size // 4))


def _window(size: int, like: torch.Tensor) -> torch.Tensor:
    return torch.hann_window(size, periodic=True, dtype=like.dtype, device=like.device)


def _spectrum(signal: torch.Tensor, size: int) -> torch.Tensor:
    """Signal [..., time] -> complex [..., frame, bin], frame m begins at m * size / 4."""
    hop, frames = size // 4, _frame_count(signal.shape[-1], size)
    padded = torch.nn.functional.pad(signal, (0, hop * (frames - 1) + size - signal.shape[-1]))
    return torch.fft.rfft(padded.unfold(-1, size, hop) * _window(size, signal))


def _power(spectrum: torch.Tensor) -> torch.Tensor:
    return spectrum.real.square().addcmul_(spectrum.imag, spectrum.imag).add_(FLOOR)


def _adjoint(gradient: torch.Tensor, size: int, time: int) -> torch.Tensor:
    """Transpose of `_spectrum`: gradient to real and imaginary parts [..., frame, bin] -> to the signal [..., time]."""
    gradient[..., 1:-1] *= 0.5  # the inverse transform counts these bins twice
    frames = torch.fft.irfft(gradient, n=size, norm="forward") * _window(size, gradient.real)
    return _overlap_add(frames, size // 4)[..., :time]


def _overlap_add(frames: torch.Tensor, hop: int) -> torch.Tensor:
    """Frames [..., frame, 4 * hop] -> signal [..., (frame + 3) * hop]."""
    count = frames.shape[-2]
    signal = frames.new_zeros(*frames.shape[:-2], count + 3, hop)
    for quarter in range(4):
        signal[..., quarter : quarter + count, :] += frames[..., quarter * hop : (quarter + 1) * hop]
    return signal.flatten(-2)
