"""The multi-resolution spectral loss against torch's STFT written out, and its gradient against finite differences."""

import pytest
import torch

from workflow_scripts.lib.losses.spectral import SIZES, SpectralLoss, window_sizes


def random(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def magnitudes(signal: torch.Tensor, size: int) -> torch.Tensor:
    """[batch, time] -> [batch, bin, frame], by torch.stft."""
    hop = size // 4
    frames = -(-signal.shape[-1] // hop)
    padded = torch.cat([signal, signal.new_zeros(len(signal), hop * (frames - 1) + size - signal.shape[-1])], -1)
    window = torch.hann_window(size, dtype=signal.dtype)
    spectrum = torch.stft(padded, size, hop, window=window, center=False, return_complex=True)
    assert spectrum.shape[-1] == frames > 0
    return torch.sqrt(spectrum.real**2 + spectrum.imag**2 + 1e-10)


def written_out(estimate: torch.Tensor, signal: torch.Tensor, sizes: tuple[int, ...]) -> torch.Tensor:
    total = torch.zeros((), dtype=estimate.dtype)
    for size in sizes:
        ours, theirs = magnitudes(estimate, size), magnitudes(signal, size)
        total = total + (theirs - ours).abs().mean() + (theirs.log() - ours.log()).abs().mean()
    return total


@pytest.mark.parametrize("time", [4096, 5001, 700, 37])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_value_and_gradient_are_those_of_torch_stft_written_out(time, dtype, tolerance):
    estimate, signal = random(3, time, dtype=dtype).requires_grad_(), 0.1 * random(3, time, seed=1, dtype=dtype)
    loss = SpectralLoss()
    value = loss.loss(estimate, loss.targets(signal))
    (gradient,) = torch.autograd.grad(value, estimate)
    expected = written_out(estimate, signal, SIZES)
    (expected_gradient,) = torch.autograd.grad(expected, estimate)
    assert value.dtype == dtype and value.item() > 1
    assert value.item() == pytest.approx(expected.item(), rel=tolerance)
    assert gradient.abs().max() > 0
    torch.testing.assert_close(gradient, expected_gradient, rtol=0, atol=100 * tolerance * gradient.abs().max().item())


def test_windows_last_as_long_at_other_rates_and_are_the_published_ones_at_16_khz():
    assert window_sizes(16000) == window_sizes(8000) == (2048, 1024, 512, 256, 128, 64)
    assert window_sizes(44100) == (4096, 2048, 1024, 512, 256, 128)
    assert window_sizes(48000) == (8192, 4096, 2048, 1024, 512, 256)


def test_gradient_agrees_with_finite_differences():
    loss = SpectralLoss((16, 8))
    targets = loss.targets(random(2, 45, seed=1))
    assert torch.autograd.gradcheck(lambda x: loss.loss(x, targets), random(2, 45).requires_grad_())


def test_gradient_is_scaled_by_what_follows_the_loss():
    loss, estimate = SpectralLoss((64,)), random(1, 200).requires_grad_()
    targets = loss.targets(random(1, 200, seed=1))
    (once,) = torch.autograd.grad(loss.loss(estimate, targets), estimate)
    (thrice,) = torch.autograd.grad(3 * loss.loss(estimate, targets), estimate)
    assert once.abs().max() > 0
    torch.testing.assert_close(thrice, 3 * once)


def test_equal_signals_have_no_loss_and_another_scale_has_one():
    loss, signal = SpectralLoss(), random(2, 3000)
    assert loss.loss(signal, loss.targets(signal)).item() == 0
    assert loss.loss(0.5 * signal, loss.targets(signal)).item() > 6 * 0.69  # ln 2 a window size, and the linear part


def test_voices_in_the_batch_average():
    loss, estimate, signal = SpectralLoss((128, 64)), random(2, 3, 500), random(2, 3, 500, seed=1)
    whole = loss.loss(estimate, loss.targets(signal))
    each = [loss.loss(a, loss.targets(b)) for a, b in zip(estimate.flatten(0, 1), signal.flatten(0, 1), strict=True)]
    assert len(each) == 6
    torch.testing.assert_close(whole, torch.stack(each).mean())


@pytest.mark.parametrize("level", [0.0, 1e-8, 1.0, 1e4])
def test_silence_and_clipping_give_finite_values_and_gradients(level):
    loss = SpectralLoss()
    for target in (torch.zeros(1, 3000), random(1, 3000, dtype=torch.float32).mul(50).clamp(-1, 1)):
        estimate = (level * random(1, 3000, seed=2, dtype=torch.float32)).requires_grad_()
        value = loss.loss(estimate, loss.targets(target))
        value.backward()
        assert torch.isfinite(value) and torch.isfinite(estimate.grad).all()


def test_targets_carry_no_gradient_and_serve_twice():
    loss, signal = SpectralLoss(), random(1, 1000).requires_grad_()
    targets = loss.targets(signal)
    assert len(targets) == len(SIZES) and not any(target.requires_grad for target in targets)
    first, second = (loss.loss(random(1, 1000, seed=3), targets) for _ in range(2))
    assert first.item() == second.item() > 0


def test_targets_of_another_length_or_number_are_refused():
    loss = SpectralLoss((128, 64))
    with pytest.raises(ValueError, match="window 128"):
        loss.loss(random(1, 1000), loss.targets(random(1, 1100)))
    with pytest.raises(ValueError, match="1 targets for 2"):
        loss.loss(random(1, 1000), loss.targets(random(1, 1000))[:1])
