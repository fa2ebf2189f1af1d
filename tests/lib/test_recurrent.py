"""The gated recurrent unit against torch's own, with the same weights."""

import pytest
import torch

from workflow_scripts.lib.networks.recurrent import GRU, recur


def pair(inputs: int, width: int) -> tuple[torch.nn.GRU, GRU]:
    torch.manual_seed(0)
    theirs, ours = torch.nn.GRU(inputs, width, batch_first=True).double(), GRU(inputs, width).double()
    ours.load_state_dict(theirs.state_dict())
    return theirs, ours


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("shape", [(1, 1), (3, 17), (16, 5)])
def test_outputs_and_gradients_are_those_of_torch(shape):
    units, inputs = pair(7, 11), random(*shape, 7)
    weights, found = random(*shape, 11, seed=1), []
    for unit in units:
        x = inputs.clone().requires_grad_()
        output = unit(x)
        output = output[0] if isinstance(output, tuple) else output
        gradients = torch.autograd.grad((output * weights).sum(), [x, *unit.parameters()])
        found.append([output.detach(), *gradients])
    assert len(found[0]) == len(found[1]) == 6 and found[0][0].abs().max() > 0.01
    for theirs, ours in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


def test_gradients_agree_with_finite_differences():
    arguments = [random(*shape, seed=seed).requires_grad_() for seed, shape in enumerate([(2, 4, 9), (9, 3), (9,)])]
    assert torch.autograd.gradcheck(recur, arguments)


def test_a_shared_part_of_the_input_is_as_good_as_a_copy_a_voice():
    _, unit = pair(7, 11)
    own, shared = random(2, 4, 9, 5).requires_grad_(), random(2, 9, 2, seed=1).requires_grad_()
    joint = torch.cat([own, shared.unsqueeze(1).expand(-1, 4, -1, -1)], -1)
    copied, once = unit(joint.flatten(0, 1)).unflatten(0, (2, 4)), unit.forward_shared(own, shared)
    assert once.shape == (2, 4, 9, 11) and once.abs().max() > 0.01
    torch.testing.assert_close(once, copied)
    gradients = [
        torch.autograd.grad(output.square().sum(), (own, shared, *unit.parameters())) for output in (once, copied)
    ]
    for a, b in zip(*gradients, strict=True):
        torch.testing.assert_close(a, b)


def test_inputs_are_left_as_they_were():
    _, unit = pair(3, 4)
    gates = random(2, 5, 12)
    before = gates.clone()
    recur(gates, unit.weight_hh_l0, unit.bias_hh_l0)
    assert torch.equal(gates, before)


def test_mixed_precision_leaves_the_recurrence_in_float32():
    unit = GRU(3, 4)
    x = random(2, 5, 3).float()
    with torch.autocast("cpu", torch.bfloat16):
        mixed = unit(x)
    mixed.sum().backward()
    assert mixed.dtype == torch.float32 and torch.isfinite(unit.weight_hh_l0.grad).all()
    torch.testing.assert_close(mixed, unit(x), rtol=0.1, atol=0.02)
