"""All-pole filter of many short frames at once, each with its own coefficients, differentiable in both.

Sheet of the published system: recursion in the time domain, zero state at the start of a frame. The recursion is exact
for any coefficients, also where line spectral frequencies meet and a pole reaches the unit circle, where a division of
spectra is not. Time runs first in memory, so that one step is a few vector operations over all frames.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch.autograd.function import once_differentiable

FRAMES = 4096  # filtered together: coefficients and past outputs stay in the processor's cache


def all_pole(signal: torch.Tensor, lpc: torch.Tensor) -> torch.Tensor:
    """Filter frames: y[n] = x[n] - sum_k a[k] y[n - k], y[n] = 0 for n < 0.

    signal: [..., time], any scale, real.
    lpc: [..., order], a[1] ... a[order] without the leading 1, same leading dimensions.
    Returns [..., time]. Differentiable once in both; raises ValueError where the leading dimensions differ.
    """
    if signal.shape[:-1] != lpc.shape[:-1]:
        raise ValueError(f"all_pole: signal {tuple(signal.shape)} and coefficients {tuple(lpc.shape)} do not match")
    flat = _AllPole.apply(signal.reshape(-1, signal.shape[-1]), lpc.reshape(-1, lpc.shape[-1]))  # type: ignore[no-untyped-call]  # torch's
    return flat.reshape(signal.shape)


class _AllPole(torch.autograd.Function):
    """The gradient dx is that of y through the same filter, backwards in time; that of a[k] is - sum_n dx[n] y[n - k].

    Float64 inside: rounded to float32, the coefficients of a sharp filter can be those of an unstable one.
    """

    @staticmethod
    def forward(ctx: Any, signal: torch.Tensor, lpc: torch.Tensor) -> torch.Tensor:
        output, taps = _time_first(signal), _time_first(lpc)  # [time, frame], [order, frame]
        for part in _parts(signal.shape[0]):
            _filter(output[:, part], taps[:, part])
        ctx.save_for_backward(output, taps)
        ctx.dtypes = signal.dtype, lpc.dtype
        return _frame_first(output, signal.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        output, taps = ctx.saved_tensors
        adjoint, latest_last, to_taps = _time_first(gradient), taps.flip(0), torch.zeros_like(taps)
        for part in _parts(gradient.shape[0]):
            _filter_backwards(adjoint[:, part], latest_last[:, part])
            _correlate(to_taps[:, part], output[:, part], adjoint[:, part])
        return _frame_first(adjoint, ctx.dtypes[0]), _frame_first(to_taps, ctx.dtypes[1])


def _parts(frames: int) -> Iterator[slice]:
    return (slice(start, start + FRAMES) for start in range(0, frames, FRAMES))


def _time_first(values: torch.Tensor) -> torch.Tensor:
    """A float64 copy [time, frame] of values [frame, time]."""
    return values.t().clone(memory_format=torch.contiguous_format).double()


def _frame_first(values: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    return values.t().to(dtype, memory_format=torch.contiguous_format)


# Each sample is final once all before it have been; it is then taken out of the `order` samples that depend on it. So a
# step is one fused operation on memory that the step before has touched.


def _filter(signal: torch.Tensor, taps: torch.Tensor) -> None:
    """Filter [time, frame] in place; taps [order, frame], a[1] first."""
    order = taps.shape[0]
    for now in range(signal.shape[0] - 1):
        later = signal[now + 1 : now + 1 + order]
        later.addcmul_(taps[: later.shape[0]], signal[now], value=-1)


def _filter_backwards(signal: torch.Tensor, taps: torch.Tensor) -> None:
    """Filter [time, frame] in place from its end to its start; taps [order, frame], a[1] last."""
    order = taps.shape[0]
    for now in range(signal.shape[0] - 1, 0, -1):
        earlier = signal[max(0, now - order) : now]
        earlier.addcmul_(taps[order - earlier.shape[0] :], signal[now], value=-1)


def _correlate(to_taps: torch.Tensor, output: torch.Tensor, adjoint: torch.Tensor) -> None:
    """Subtract sum_n output[n] adjoint[n + k] from row k - 1 of to_taps [order, frame], in place."""
    order = to_taps.shape[0]
    for now in range(output.shape[0] - 1):
        later = adjoint[now + 1 : now + 1 + order]
        to_taps[: later.shape[0]].addcmul_(later, output[now], value=-1)
