"""A gated recurrent unit that trains fast on a CPU: torch's parameters and equations, another backward pass.

torch's own unit adds to the gradient of the recurrent weights frame by frame, which moves the whole matrix through
memory each time, and keeps many small tensors a frame. Here a frame of the backward pass only finds the gradient of the
gates; products over all frames do the rest.
"""

from typing import Any

import torch
from torch import nn
from torch.amp.autocast_mode import custom_bwd, custom_fwd
from torch.autograd.function import once_differentiable
from torch.nn.functional import linear

sigmoid_backward, tanh_backward = torch.ops.aten.sigmoid_backward.grad_input, torch.ops.aten.tanh_backward.grad_input


class GRU(nn.GRU):
    """One unidirectional layer, batch first; a state dict of torch's own fits. On a GPU torch's kernels do the work.

    Departs from torch's: the state at the start is zero, and only the outputs are returned.
    """

    weight_ih_l0: torch.Tensor
    weight_hh_l0: torch.Tensor
    bias_ih_l0: torch.Tensor
    bias_hh_l0: torch.Tensor

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__(inputs, width, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[batch, frame, inputs] -> [batch, frame, width], from a state of zeros."""
        if x.device.type != "cpu":
            return super().forward(x)[0]  # type: ignore[has-type]  # torch's overloads
        return recur(linear(x, self.weight_ih_l0, self.bias_ih_l0), self.weight_hh_l0, self.bias_hh_l0)

    def forward_shared(self, own: torch.Tensor, shared: torch.Tensor) -> torch.Tensor:
        """`forward` of sequences that have a part of their input in common, which is multiplied only once.

        own [batch, voice, frame, a] and shared [batch, frame, b], a + b = inputs, stand for inputs with `own` first.
        Returns [batch, voice, frame, width].
        """
        voices = own.shape[1]
        if own.device.type != "cpu":
            joint = torch.cat([own, shared.unsqueeze(1).expand(-1, voices, -1, -1)], -1)
            states = super().forward(joint.flatten(0, 1))[0]  # type: ignore[has-type]  # torch's overloads
            return states.unflatten(0, own.shape[:2])
        for_own, for_shared = self.weight_ih_l0.split((own.shape[-1], shared.shape[-1]), 1)
        gates = linear(own, for_own).add_(linear(shared, for_shared, self.bias_ih_l0).unsqueeze(1))
        return recur(gates.flatten(0, 1), self.weight_hh_l0, self.bias_hh_l0).unflatten(0, own.shape[:2])


def recur(gates: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """What the input adds to the gates r, z, n, [batch, frame, 3 * width] -> states [batch, frame, width].

    weight [3 * width, width] and bias [3 * width] of the state before. Differentiable once in all three.
    """
    return _Recurrence.apply(gates, weight, bias)  # type: ignore[no-untyped-call]  # torch's


class _Recurrence(torch.autograd.Function):
    """r, z = sigmoid(i + W h + b), c = W h + b, n = tanh(i + r c), h' = n + z (h - n); gates in the order r, z, n.

    The equations of `torch.nn.GRU`, whose reset gate acts on W h + b: one product gives it for all three gates.
    """

    @staticmethod
    @custom_fwd(device_type="cpu", cast_inputs=torch.float32)  # type: ignore[untyped-decorator]  # torch's
    def forward(ctx: Any, gates: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        batch, frames, width = gates.shape[0], gates.shape[1], weight.shape[1]
        switches_in, new_in = gates.transpose(0, 1).split((2 * width, width), -1)
        inner = gates.new_empty(frames, batch, 3 * width)  # W h + b; then r, z, c
        new, states = gates.new_empty(frames, batch, width), gates.new_zeros(frames + 1, batch, width)
        switches, r, z, c = (part.unbind(0) for part in (inner[..., : 2 * width], *inner.chunk(3, -1)))
        from_input = zip(inner, switches_in, new_in, new, strict=True)
        for t, (row, switch_in, candidate_in, candidate) in enumerate(from_input):
            torch.addmm(bias, states[t], weight.t(), out=row)
            switches[t].add_(switch_in).sigmoid_()
            torch.addcmul(candidate_in, r[t], c[t], out=candidate).tanh_()
            torch.lerp(candidate, states[t], z[t], out=states[t + 1])
        ctx.save_for_backward(inner, new, states, weight)
        return states[1:].transpose(0, 1)

    @staticmethod
    @once_differentiable
    @custom_bwd(device_type="cpu")  # type: ignore[untyped-decorator]  # torch's
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, ...]:  # type: ignore[override]  # by them
        inner, new, states, weight = ctx.saved_tensors
        r, z, c = inner.chunk(3, -1)
        to_new, to_inner = torch.empty_like(new), torch.empty_like(inner)
        state, kept = torch.zeros_like(states[0]), torch.empty_like(states[0])
        parts = (gradient.transpose(0, 1), r, z, c, new, states[:-1], to_new, to_inner, *to_inner.chunk(3, -1))
        # One frame after the other, so that what a frame needs stays in the processor's cache.
        for rows in zip(*(reversed(part.unbind(0)) for part in parts), strict=True):
            gradient_, r_, z_, c_, new_, before, to_new_, to_inner_, to_r, to_z, to_c = rows
            state += gradient_
            torch.mul(state, z_, out=kept)
            tanh_backward(state - kept, new_, grad_input=to_new_)
            sigmoid_backward((before - new_).mul_(state), z_, grad_input=to_z)
            sigmoid_backward(to_new_ * c_, r_, grad_input=to_r)
            torch.mul(to_new_, r_, out=to_c)
            torch.addmm(kept, to_inner_, weight, out=state)
        flat = to_inner.flatten(0, 1)
        to_weight, to_bias = flat.t() @ states[:-1].flatten(0, 1), flat.sum(0)
        to_inner.chunk(3, -1)[2].copy_(to_new)  # from here on the gradient to the gates' inputs
        return to_inner.transpose(0, 1), to_weight, to_bias
