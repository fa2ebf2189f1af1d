"""The all-pole filter against SciPy, and line spectral frequencies against polynomials by their roots."""

import math

import numpy as np
import pytest
import torch
from scipy.signal import freqz, lfilter

from tests.lib.random_voices import HOP, random, some_lsf
from workflow_scripts.lib.audio.all_pole import all_pole
from workflow_scripts.lib.audio.line_spectrum import lpc_from_lsf, lsf_from_logits, response_from_lsf
from workflow_scripts.lib.audio.source_filter import vocal_tract
from workflow_scripts.lib.losses.spectral import SpectralLoss

# --- all-pole filter -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spread", [0.0, 0.3, 1.0])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-9), (torch.float32, 1e-6)])
def test_all_pole_filter_is_the_recursion_of_scipy_in_each_frame(spread, dtype, tolerance):
    signal, lpc = random(4, 10, 512, dtype=dtype), lpc_from_lsf(some_lsf(4, 10, spread=spread))
    output = all_pole(signal, lpc)
    assert output.shape == signal.shape and output.dtype == dtype
    for x, a, y in zip(signal.flatten(0, 1).numpy(), lpc.flatten(0, 1).numpy(), output.flatten(0, 1), strict=True):
        expected = lfilter([1.0], np.concatenate([[1.0], a]), x.astype(np.float64))
        assert np.abs(expected).max() > 1
        np.testing.assert_allclose(y, expected, rtol=0, atol=tolerance * np.abs(expected).max())


def test_all_pole_gradients_agree_with_finite_differences():
    lpc = lpc_from_lsf(some_lsf(3, order=4)).requires_grad_()
    assert torch.autograd.gradcheck(all_pole, (random(3, 15).requires_grad_(), lpc))


def test_more_frames_than_fit_the_cache_are_filtered_like_few(monkeypatch):
    signal, lpc = random(11, 40).requires_grad_(), lpc_from_lsf(some_lsf(11)).requires_grad_()
    whole = all_pole(signal, lpc)
    gradients = torch.autograd.grad(whole.square().sum(), (signal, lpc))
    monkeypatch.setattr("workflow_scripts.lib.audio.all_pole.FRAMES", 4)
    parts = all_pole(signal, lpc)
    assert whole.abs().max() > 0 and torch.equal(whole, parts)
    for a, b in zip(gradients, torch.autograd.grad(parts.square().sum(), (signal, lpc)), strict=True):
        torch.testing.assert_close(a, b)


def test_all_pole_refuses_coefficients_of_other_frames():
    with pytest.raises(ValueError, match="do not match"):
        all_pole(random(3, 20), random(2, 4))


# --- line spectral frequencies ---------------------------------------------------------------------------------------


def test_filter_coefficients_have_the_line_spectral_frequencies_as_roots():
    lsf = some_lsf(50, spread=1.0)
    lpc = lpc_from_lsf(lsf).numpy()
    assert lpc.shape == (50, 20)
    for expected, a in zip(lsf.numpy(), lpc, strict=True):
        forward = np.concatenate([[1.0], a, [0.0]])
        angles = np.angle(np.concatenate([np.roots(forward + sign * forward[::-1]) for sign in (1, -1)]))
        inside = np.sort(angles[(angles > 1e-9) & (angles < np.pi - 1e-9)])
        np.testing.assert_allclose(inside, expected, atol=1e-6)


def test_filter_coefficients_are_the_mean_of_two_products_of_roots():
    lsf = some_lsf(20, spread=0.7)
    for w, a in zip(lsf.numpy(), lpc_from_lsf(lsf).numpy(), strict=True):
        odd, even = (np.exp(1j * np.concatenate([w[start::2], -w[start::2]])) for start in (0, 1))
        product = (np.poly([-1, *odd]) + np.poly([1, *even])) / 2
        assert np.abs(product[1:-1]).max() > 0.1
        np.testing.assert_allclose(a, product[1:-1].real, atol=1e-9)


def test_evenly_spaced_line_spectral_frequencies_do_not_filter():
    lsf = math.pi * torch.arange(1, 21, dtype=torch.float64) / 21
    assert lpc_from_lsf(lsf).shape == (20,)
    torch.testing.assert_close(lpc_from_lsf(lsf), torch.zeros(20, dtype=torch.float64), rtol=0, atol=1e-11)


def test_response_from_line_spectral_frequencies_is_that_of_the_coefficients():
    lsf, angles = some_lsf(30, spread=0.7), torch.linspace(0, math.pi, 65, dtype=torch.float64)
    response = response_from_lsf(lsf, angles)
    assert response.shape == (30, 65)
    for a, ours in zip(lpc_from_lsf(lsf).numpy(), response.numpy(), strict=True):
        _, expected = freqz(np.concatenate([[1.0], a]), worN=angles.numpy())
        np.testing.assert_allclose(ours, expected, atol=1e-8 * np.abs(expected).max())


@pytest.mark.parametrize("scale", [0.0, 1.0, 5.0, 100.0])
def test_line_spectral_frequencies_ascend_with_a_least_gap(scale):
    logits = (scale * random(200, 21, dtype=torch.float32)).requires_grad_()
    lsf = lsf_from_logits(logits, gap=1e-3)
    ends = torch.zeros(200, 1)
    gaps = torch.cat([ends, lsf, ends + math.pi], -1).diff(dim=-1)
    assert gaps.shape == (200, 21) and gaps.min() > 0.99e-3
    lsf.square().sum().backward()
    assert torch.isfinite(logits.grad).all()


def test_without_a_gap_the_line_spectral_frequencies_are_the_published_activation():
    logits = random(20, 21)
    share = 2 * (1 / (1 + np.exp(-logits.numpy()))) ** np.log(10) + 1e-7
    expected = np.pi * np.cumsum(share, -1)[:, :-1] / share.sum(-1, keepdims=True)
    np.testing.assert_allclose(lsf_from_logits(logits, gap=0.0), expected, rtol=1e-12)


def test_conversion_to_coefficients_has_the_gradient_of_finite_differences():
    assert torch.autograd.gradcheck(lpc_from_lsf, some_lsf(2, order=6).requires_grad_())
    with pytest.raises(ValueError, match="even"):
        lpc_from_lsf(some_lsf(2, order=5))


@pytest.mark.parametrize("met", ["one pair", "all pairs", "all in one place"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_line_spectral_frequencies_that_meet_stay_finite_in_both_directions(met, dtype):
    lsf = some_lsf(1, 1, 8).to(dtype)
    if met == "one pair":
        lsf[..., 7] = lsf[..., 6]
    elif met == "all pairs":
        lsf[..., 1::2] = lsf[..., ::2]
    else:
        lsf[...] = 1.0
    lsf.requires_grad_()
    signal = random(1, 1, 8 * HOP, dtype=dtype).requires_grad_()
    output = vocal_tract(signal, lsf, HOP)
    SpectralLoss((512, 64)).loss(
        output / output.detach().abs().max(), SpectralLoss((512, 64)).targets(signal)
    ).backward()
    assert output.abs().max() > 0 and torch.isfinite(output).all()
    assert torch.isfinite(lsf.grad).all() and torch.isfinite(signal.grad).all()
