"""Layers of torch whose own kernels are slow on a CPU: the same parameters and equations, other kernels there.

On a GPU torch's own do the work. Results differ from torch's in the order of sums.
"""

from typing import Any

import torch
from torch import nn
from torch.amp.autocast_mode import custom_bwd, custom_fwd
from torch.autograd.function import once_differentiable
from torch.nn.functional import conv2d, leaky_relu, pad

leaky_relu_backward = torch.ops.aten.leaky_relu_backward


class PReLU(nn.PReLU):
    """One slope for all channels. The way back takes an eighth of the time of torch's."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Any shape -> the same."""
        if x.device.type != "cpu" or self.num_parameters != 1:
            return super().forward(x)
        return _PReLU.apply(x, self.weight)  # type: ignore[no-untyped-call]  # torch's


class _PReLU(torch.autograd.Function):
    @staticmethod
    @custom_fwd(device_type="cpu", cast_inputs=torch.float32)  # type: ignore[untyped-decorator]  # torch's
    def forward(ctx: Any, x: torch.Tensor, slope: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x, slope)
        return leaky_relu(x, slope.item())

    @staticmethod
    @once_differentiable
    @custom_bwd(device_type="cpu")  # type: ignore[untyped-decorator]  # torch's
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:  # type: ignore[override]
        x, slope = ctx.saved_tensors
        to_x = leaky_relu_backward(gradient, x, slope.item(), False)
        if not ctx.needs_input_grad[1]:
            return to_x, None
        return to_x, (gradient.flatten() @ x.clamp_max(0).flatten()).reshape(slope.shape)


class DepthwiseConv1d(nn.Conv1d):
    """One filter a channel, dilated, as long as the input: its phases lie side by side, each filtered without holes."""

    def __init__(self, channels: int, kernel: int, dilation: int) -> None:
        reach = (kernel - 1) * dilation // 2
        super().__init__(channels, channels, kernel, padding=reach, dilation=dilation, groups=channels, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[batch, channel, frame] -> the same shape."""
        (step,), frames = self.dilation, x.shape[-1]
        if x.device.type != "cpu" or step == 1:
            return super().forward(x)
        phases = pad(x, (0, -frames % step)).unflatten(-1, (-1, step))
        reach = (self.kernel_size[0] - 1) // 2
        filtered = conv2d(phases, self.weight.unsqueeze(-1), padding=(reach, 0), groups=self.groups)
        return filtered.flatten(-2)[..., :frames]
