"""The source-filter synthesis against SciPy, NumPy and sums of sinusoids written out."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from scipy.signal import freqz, lfilter

from tests.lib.random_voices import HOP, RATE, hann, leaves, random, some_controls, some_lsf, uniform, vibrato
from workflow_scripts.lib.audio.harmonics import carrier_of, excite
from workflow_scripts.lib.audio.impulse_response import filtered, source_slope, taps_of
from workflow_scripts.lib.audio.line_spectrum import lpc_from_lsf
from workflow_scripts.lib.audio.source_filter import Controls, synthesise, vocal_tract
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.losses.spectral import SpectralLoss

# --- harmonics -------------------------------------------------------------------------------------------------------


def sinusoids(f0: np.ndarray, amplitude: np.ndarray, hop: int, time: int, centre: float) -> np.ndarray:
    """The published bank of one voice: f0, amplitude [frame]; frame m of the F0 holds at sample m * hop + centre."""
    frames = len(amplitude)
    position = np.arange(len(f0)) * hop + centre
    hz = np.interp(np.arange(time), position, f0)
    phase = 2 * np.pi * np.cumsum(hz) / RATE
    k = np.arange(1, 102)
    share = (k * f0[:frames, None] < RATE / 2) * (amplitude / (k * f0[:frames, None] < RATE / 2).sum(-1))[:, None]
    share = np.concatenate([share, share[-1:]])
    window = hann(2 * hop)
    envelope = np.zeros((time, 101))
    for m in range(frames + 1):
        for n in range(max(0, (m - 1) * hop), min(time, (m + 1) * hop)):
            envelope[n] += share[m] * window[n - (m - 1) * hop]
    return (envelope * (k * hz[:, None] < RATE / 2) * np.sin(k * phase[:, None])).sum(-1)


@pytest.mark.parametrize(("f0_grid", "centre"), [("exact", 0.0), ("as published", 127.5)])
def test_closed_form_is_the_sum_of_sinusoids_also_where_their_number_changes(f0_grid, centre):
    frames, time = 12, 12 * HOP
    glide = torch.stack([torch.linspace(1300, 500, frames), torch.linspace(75, 160, frames)]).double()[None]
    amplitude = uniform(1, 2, frames)
    carrier = carrier_of(glide, time, RATE, HOP, f0_grid=f0_grid)
    output = excite(carrier, amplitude)[0, :, :time]
    numbers = np.ceil(RATE / 2 / glide.numpy()) - 1
    assert numbers[0, 0, 0] == 6 and numbers[0, 0, -1] == 15 and numbers[0, 1, 0] > 101  # both limits are met
    for f0, a, ours in zip(glide[0].numpy(), amplitude[0].numpy(), output.numpy(), strict=True):
        expected = sinusoids(f0, a, HOP, time, centre)
        assert np.abs(expected).max() > 0.1
        np.testing.assert_allclose(ours, expected, atol=1e-8)


def test_harmonics_in_float32_stay_close_to_float64_after_a_minute():
    f0 = vibrato(1, 1, 60 * 63)
    time = 60 * 63 * HOP - 100
    single = excite(carrier_of(f0.float(), time), torch.ones_like(f0).float())
    double = excite(carrier_of(f0.float().double(), time), torch.ones_like(f0))
    assert single.dtype == torch.float32 and double.abs().max() > 0.5
    torch.testing.assert_close(single.double(), double, rtol=0, atol=1e-5)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100])
def test_nothing_above_half_the_rate_at_any_rate(rate):
    f0 = torch.full((1, 1, 40), 0.13 * rate, dtype=torch.float64)
    signal = excite(carrier_of(f0, 40 * HOP, rate), torch.ones_like(f0))[0, 0, 1024 : 1024 + 8000]
    spectrum = torch.fft.rfft(signal * torch.hann_window(8000, dtype=torch.float64)).abs()
    peaks = [k for k in range(1, len(spectrum) - 1) if spectrum[k] > spectrum[k - 1] and spectrum[k] >= spectrum[k + 1]
             and spectrum[k] > 0.5 * spectrum.max()]  # fmt: skip
    assert peaks == [1040, 2080, 3120]  # 0.13, 0.26 and 0.39 of the rate; the fourth would be 0.52


@pytest.mark.parametrize(("rate", "count"), [(16_000, 101), (44_100, 279), (8_000, 101)])
def test_low_voices_reach_as_near_to_half_the_rate_as_at_16_khz(rate, count):
    length = 2 * rate
    f0 = torch.full((1, 1, math.ceil(length / 256)), 50.0, dtype=torch.float64)
    signal = excite(carrier_of(f0, length, rate), torch.ones_like(f0))[0, 0, :rate]
    spectrum = torch.fft.rfft(signal[rate // 4 : rate // 4 + rate // 2] * torch.hann_window(rate // 2).double()).abs()
    lines = spectrum[25::25] > 0.5 * spectrum.max()  # every 50 Hz
    assert lines.sum() == min(count, math.ceil(rate / 2 / 50) - 1)


def test_frames_without_f0_are_silent_and_do_not_bend_the_pitch():
    f0 = vibrato(1, 1, 30)
    gap = f0.clone()
    gap[..., 10:20] = 0
    whole, gated = (excite(carrier_of(f, 30 * HOP), torch.ones_like(f))[0, 0] for f in (f0, gap))
    assert gated[10 * HOP : 19 * HOP].abs().max() == 0
    assert whole[10 * HOP : 19 * HOP].abs().max() > 0.1
    torch.testing.assert_close(gated[: 9 * HOP], whole[: 9 * HOP])
    # One hop fades the sound in again, at the pitch of the frame that follows.
    assert gated[19 * HOP : 20 * HOP].abs().max() > 0.01
    held = gap.clone()
    held[..., 10:15], held[..., 15:20] = gap[..., 9], gap[..., 20]
    assert torch.equal(
        carrier_of(gap, 30 * HOP).fades[..., 9, :][:, :, 0], carrier_of(held, 30 * HOP).fades[..., 9, :][:, :, 0]
    )


def test_as_published_frames_without_f0_hold_a_constant():
    f0 = vibrato(1, 1, 30)
    f0[..., 10:20] = 0
    signal = excite(carrier_of(f0, 30 * HOP, unvoiced="as published"), torch.ones_like(f0))[0, 0]
    inside = signal[12 * HOP : 18 * HOP]
    assert inside.abs().min() > 0
    torch.testing.assert_close(inside, inside[:1].expand_as(inside))


def test_f0_of_only_zeros_is_silence_and_too_few_frames_are_refused():
    assert excite(carrier_of(torch.zeros(2, 3, 5), 5 * HOP), torch.ones(2, 3, 5)).abs().max() == 0
    with pytest.raises(UserError, match="5 frames"):
        carrier_of(torch.zeros(2, 3, 5), 5 * HOP + 1)
    with pytest.raises(UserError, match="silent"):
        carrier_of(torch.zeros(2, 3, 5), 5 * HOP, unvoiced="silence")


# --- finite filters --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rate", "count"), [(RATE, 128), (44_100, 354)])
def test_slope_falls_by_six_decibels_an_octave_above_200_hz(rate, count):
    taps = source_slope(rate, torch.float64, torch.device("cpu")).numpy()
    assert taps.shape == (count,)
    _, response = freqz(taps, worN=[500, 1000, 2000, 4000, 6000], fs=rate)
    level = 20 * np.log10(np.abs(response))
    np.testing.assert_allclose(level, -6 * np.log2(np.array([500, 1000, 2000, 4000, 6000]) / 200), atol=0.6)


@pytest.mark.parametrize("delay", [0, 2])
def test_filtering_by_transforms_is_a_convolution_around_the_middle_tap(delay):
    signal, taps = random(3, 1000), taps_of(uniform(3, 40))
    output = filtered(signal, taps, 900, delay)
    assert output.shape == (3, 900)
    for x, h, y in zip(signal.numpy(), taps.numpy(), output.numpy(), strict=True):
        np.testing.assert_allclose(y, np.convolve(x, h)[39 - delay : 939 - delay], atol=1e-12)


def test_taps_are_symmetric_and_follow_the_magnitudes():
    magnitudes = torch.where(torch.arange(40) < 20, 1.0, 0.0).double()
    taps = taps_of(magnitudes).numpy()
    np.testing.assert_allclose(taps[1:], taps[1:][::-1], atol=1e-15)
    _, response = freqz(taps, worN=[0.1, 0.35, 0.65, 0.9], fs=2)
    assert np.abs(response)[:2] == pytest.approx(1, abs=0.02) and np.abs(response)[2:] == pytest.approx(0, abs=0.02)


# --- synthesis -------------------------------------------------------------------------------------------------------


def test_vocal_tract_filters_frames_from_zero_state_and_windows_afterwards():
    excitation, lsf = random(1, 2, 6 * HOP), some_lsf(1, 2, 6)
    output = vocal_tract(excitation, lsf, HOP).numpy()
    for voice in range(2):
        padded = np.concatenate([excitation[0, voice].numpy(), np.zeros(HOP)])
        expected = np.zeros(7 * HOP)
        for m in range(6):
            a = np.concatenate([[1.0], lpc_from_lsf(lsf[0, voice, m]).numpy()])
            window = hann(2 * HOP)
            if m == 0:
                window[:HOP] = 1
            expected[m * HOP : (m + 2) * HOP] += window * lfilter([1.0], a, padded[m * HOP : (m + 2) * HOP])
        assert np.abs(expected).max() > 1
        np.testing.assert_allclose(output[0, voice], expected[: 6 * HOP], atol=1e-10 * np.abs(expected).max())


def test_noise_is_filtered_faded_between_frames_and_windowed_twice():
    controls, noise = some_controls(1, 1, 5), 2 * uniform(1, 1, 5 * HOP) - 1
    flat = math.pi * torch.arange(1, 21, dtype=torch.float64) / 21  # a vocal tract that does nothing
    controls = replace(controls, amplitude=torch.zeros(1, 1, 5).double(), lsf=flat.expand(1, 1, 5, 20))
    output = synthesise(controls, carrier_of(torch.zeros(1, 1, 5).double(), 5 * HOP), noise)[0, 0].numpy()
    shaped = np.convolve(noise[0, 0].numpy(), taps_of(controls.noise_magnitudes)[0, 0].numpy())[39 : 39 + 5 * HOP]
    expected = np.zeros(6 * HOP)
    for m, gain in enumerate(controls.noise_gain[0, 0].numpy()):
        window = hann(2 * HOP)
        if m == 0:
            window[:HOP] = 1
        frame = slice(m * HOP, (m + 2) * HOP)
        expected[frame] += gain * window * np.concatenate([shaped, np.zeros(HOP)])[frame]
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(output, expected[: 5 * HOP], atol=1e-10)


def test_synthesis_is_linear_in_amplitude_and_noise_gain():
    carrier, noise = carrier_of(vibrato(1, 2, 6), 6 * HOP), 2 * uniform(1, 2, 6 * HOP) - 1
    both = some_controls(1, 2, 6)
    harmonic, noisy = replace(both, noise_gain=0 * both.noise_gain), replace(both, amplitude=0 * both.amplitude)
    double = replace(both, amplitude=2 * both.amplitude, noise_gain=2 * both.noise_gain)
    h, n, b, d = (synthesise(each, carrier, noise) for each in (harmonic, noisy, both, double))
    assert min(h.abs().max(), n.abs().max()) > 0.01
    torch.testing.assert_close(h + n, b)
    torch.testing.assert_close(2 * b, d)


@pytest.mark.parametrize("voices", [1, 3, 8])
@pytest.mark.parametrize("time", [1, 255, 1024, 1500])
def test_any_number_of_voices_and_any_length(voices, time):
    frames = -(-time // HOP)
    controls, noise = some_controls(2, voices, frames), 2 * uniform(2, voices, frames * HOP) - 1
    f0 = vibrato(2, voices, frames)
    output = synthesise(controls, carrier_of(f0, time), noise)
    whole = synthesise(controls, carrier_of(f0, frames * HOP), noise)
    assert output.shape == (2, voices, time) and torch.isfinite(output).all()
    assert torch.equal(output, whole[..., :time])
    alone = Controls(*(getattr(controls, field.name)[1:, -1:] for field in fields(controls)))
    single = synthesise(alone, carrier_of(f0[1:, -1:], time), noise[1:, -1:])
    torch.testing.assert_close(output[1, -1], single[0, 0])


def test_another_rate_moves_the_sound_and_not_its_length():
    controls, noise = some_controls(1, 1, 8), torch.zeros(1, 1, 8 * 128)
    slow, fast = (
        synthesise(controls, carrier_of(hz * torch.ones(1, 1, 8).double(), 8 * 128, rate, hop=128), noise)
        for hz, rate in ((200.0, 8_000), (400.0, 16_000))
    )
    assert slow.shape == fast.shape == (1, 1, 1024)
    # The same signal but for the slope, which is fixed in Hz: louder where the F0 is nearer to 200 Hz.
    assert 1.0 < slow.square().mean() / fast.square().mean() < 4.0


def test_as_published_the_excitation_is_two_samples_late():
    controls, noise = some_controls(1, 1, 6), torch.zeros(1, 1, 6 * HOP)
    flat = math.pi * torch.arange(1, 21, dtype=torch.float64) / 21
    controls = replace(controls, lsf=flat.expand(1, 1, 6, 20))
    carrier = carrier_of(vibrato(1, 1, 6), 6 * HOP)
    fixed, published = (synthesise(controls, carrier, noise, delay)[0, 0] for delay in ("none", "as published"))
    assert fixed.abs().max() > 0.1
    torch.testing.assert_close(published[2:], fixed[:-2])
    with pytest.raises(UserError, match="as published"):
        synthesise(controls, carrier, noise, "as publishd")


def test_gradients_of_all_controls_agree_with_finite_differences():
    hop, frames = 8, 3
    carrier = carrier_of(vibrato(1, 2, frames), 20, 2_000, hop)
    noise = 2 * uniform(1, 2, 24) - 1
    start = some_controls(1, 2, frames)
    lsf = some_lsf(1, 2, frames, order=4).requires_grad_()
    leaf = leaves(replace(start, noise_magnitudes=start.noise_magnitudes[..., :6]))

    def voices(amplitude, gain, magnitudes, lsf):
        return synthesise(Controls(amplitude, gain, magnitudes, lsf), carrier, noise)

    assert torch.autograd.gradcheck(voices, (leaf.amplitude, leaf.noise_gain, leaf.noise_magnitudes, lsf))


@pytest.mark.parametrize("case", ["no F0", "F0 above half the rate", "silent controls", "silent mixture", "clipping"])
@pytest.mark.parametrize("unvoiced", ["silent", "as published"])
def test_gradients_are_finite_in_the_hard_cases(case, unvoiced):
    frames, time = 20, 20 * HOP - 7
    f0 = vibrato(1, 4, frames, torch.float32)
    f0 = {"no F0": torch.zeros_like(f0), "F0 above half the rate": 40 * f0}.get(case, f0)
    controls = some_controls(1, 4, frames, dtype=torch.float32)
    if case == "silent controls":
        least = torch.full_like(controls.amplitude, 1e-7)
        controls = replace(controls, amplitude=least, noise_gain=least)
    mixture = random(1, time, dtype=torch.float32).mul(0 if case == "silent mixture" else 20).clamp(-1, 1)
    noise = 2 * uniform(1, 4, time, dtype=torch.float32) - 1
    leaf, loss = leaves(controls), SpectralLoss()
    voices = synthesise(leaf, carrier_of(f0, time, unvoiced=unvoiced), noise)
    loss.loss(voices.sum(1), loss.targets(mixture)).backward()
    gradients = [getattr(leaf, field.name).grad for field in fields(leaf)]
    assert len(gradients) == 4 and all(torch.isfinite(gradient).all() for gradient in gradients)
    assert leaf.noise_gain.grad.abs().max() > 0


def test_shapes_that_do_not_fit_are_refused():
    controls = some_controls(1, 2, 6)
    with pytest.raises(ValueError, match="same batch"):
        replace(controls, noise_gain=controls.noise_gain[..., :5])
    with pytest.raises(ValueError, match="carrier"):
        synthesise(controls, carrier_of(vibrato(1, 2, 7), 7 * HOP), torch.zeros(1, 2, 7 * HOP))
    with pytest.raises(ValueError, match="Noise"):
        synthesise(controls, carrier_of(vibrato(1, 2, 6), 6 * HOP), torch.zeros(1, 2, 5 * HOP))
