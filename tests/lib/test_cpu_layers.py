"""Layers with other kernels on a CPU give what torch's own give, and the same gradients."""

import pytest
import torch
from torch import nn

from workflow_scripts.lib.networks.cpu_layers import DepthwiseConv1d, PReLU


def outputs_and_gradients(layer: nn.Module, x: torch.Tensor) -> list[torch.Tensor]:
    x = x.clone().requires_grad_()
    y = layer(x)
    (y * torch.linspace(-1, 1, y.numel()).reshape(y.shape)).sum().backward()
    return [y, x.grad, *(each.grad for each in layer.parameters())]


def test_the_prelu_is_that_of_torch():
    x = torch.randn(2, 3, 50, generator=torch.Generator().manual_seed(1))
    x[0, 0, :5] = 0.0
    ours, theirs = PReLU(init=0.3), nn.PReLU(init=0.3)
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    for one, two in zip(outputs_and_gradients(ours, x), outputs_and_gradients(theirs, x), strict=True):
        torch.testing.assert_close(one, two, rtol=1e-5, atol=1e-6)


def test_a_frozen_prelu_still_hands_the_gradient_on():
    layer = PReLU().requires_grad_(False)
    x = torch.tensor([-2.0, 3.0], requires_grad=True)
    layer(x).sum().backward()
    assert x.grad.tolist() == [0.25, 1.0] and layer.weight.grad is None


@pytest.mark.parametrize("dilation", [1, 2, 8, 32])
@pytest.mark.parametrize("frames", [1, 7, 64, 65])
@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_the_dilated_convolution_is_that_of_torch(dilation, frames, kernel):
    x = torch.randn(2, 4, frames, generator=torch.Generator().manual_seed(2))
    ours = DepthwiseConv1d(4, kernel, dilation)
    reach = (kernel - 1) * dilation // 2
    theirs = nn.Conv1d(4, 4, kernel, padding=reach, dilation=dilation, groups=4, bias=False)
    theirs.load_state_dict(ours.state_dict())
    for one, two in zip(outputs_and_gradients(ours, x), outputs_and_gradients(theirs, x), strict=True):
        torch.testing.assert_close(one, two, rtol=1e-5, atol=1e-6)
