"""One training step of the parametric model against the published formulation: CPU seconds and peak memory, one thread.

    python -m tests.benchmarks.bench_parametric

Batch 4, four voices, 4 s at 16 kHz, network of the published size, forward, loss and backward. The published side is
arXiv 2201.09592 written plainly, its tensors laid out as in the public code: a bank of 101 sinusoids with a phase a
sample and Hann-faded amplitudes, [voice, time, harmonic]; a slope filter a frame; a loop over the 512 samples of the
all-pole filter's frames; the loss by torch's STFT; torch's recurrent units in the network. Both sides have the same
weights, F0, mixture and noise, and ours has its settings "as published", so that the losses can be compared.
"""

import math
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from statistics import median

import torch
from threadpoolctl import threadpool_limits
from torch.nn.functional import fold, interpolate, pad, unfold

from tests.benchmarks.table import Ratio
from workflow_scripts.lib.audio.source_filter import Carrier, Controls, carrier_of, synthesise
from workflow_scripts.lib.losses.spectral import SIZES, SpectralLoss
from workflow_scripts.lib.networks.parametric import Limits, ParametricNetwork, Sizes, unit_pitch
from workflow_scripts.lib.training.devices import multiplies_bfloat16

BATCH, VOICES, SECONDS, RATE, HOP, HARMONICS = 4, 4, 4, 16_000, 256, 101
TIME = SECONDS * RATE
FRAMES = TIME // HOP
ROUNDS = 3


# --- the published formulation ---------------------------------------------------------------------------------------


def published_step(network: torch.nn.Module, mixture: torch.Tensor, f0: torch.Tensor, noise: torch.Tensor) -> float:
    controls = published_network(network, mixture, f0)
    flat = Controls(*(getattr(controls, field.name).flatten(0, 1) for field in fields(controls)))
    voices = published_voices(flat, f0.flatten(0, 1), noise.flatten(0, 1)).unflatten(0, (BATCH, VOICES))
    loss = published_loss(voices.sum(1), mixture)
    loss.backward()
    return loss.item()


def published_network(network: torch.nn.Module, mixture: torch.Tensor, f0: torch.Tensor) -> Controls:
    """Our weights in the published layers: torch's recurrent units, and a copy of the mixture's code for each voice."""
    encoder, decoder = network.encoder, network.decoder
    x = torch_gru(encoder.gru2, torch_gru(encoder.gru1, encoder.normalise(log_spectrum(mixture))))
    code = encoder.out(torch_gru(encoder.gru3, x) + x)
    copies = code.unsqueeze(1).expand(-1, VOICES, -1, -1).flatten(0, 1)
    joint = torch.cat([decoder.from_f0(unit_pitch(f0).flatten(0, 1).unsqueeze(-1)), decoder.from_code(copies)], -1)
    x = decoder.out(torch_gru(decoder.gru, joint))
    shape = torch_gru(network.noise_shape, x)[:, -1]
    heads = (network.harmonic_amplitude(x)[..., 0], network.noise_gain(x)[..., 0], shape, network.lsf_gaps(x))
    amplitude, gain, shape, gaps = (head.unflatten(0, (BATCH, VOICES)) for head in heads)
    shares = activation(gaps, 2)
    angles = torch.cumsum(math.pi * shares / shares.sum(-1, keepdim=True), -1)
    return Controls(activation(amplitude, 2), activation(gain, 1), activation(2.5 * shape, 2), angles[..., :-1])


def activation(logits: torch.Tensor, largest: float) -> torch.Tensor:
    return largest * torch.sigmoid(logits) ** math.log(10) + 1e-7


def log_spectrum(mixture: torch.Tensor) -> torch.Tensor:
    """Mixture [item, time] -> [item, frame, bin]; only exact zeros are replaced."""
    magnitudes = torch.fft.rfft(cut(pad(mixture, (0, HOP))) * torch.hann_window(2 * HOP)).abs()
    return torch.where(magnitudes == 0, 1e-5, magnitudes).log()


def torch_gru(unit: torch.nn.GRU, x: torch.Tensor) -> torch.Tensor:
    return torch.nn.GRU.forward(unit, x)[0]


def published_voices(controls: Controls, f0: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """Controls of [voice, ...], f0 [voice, frame], noise [voice, time + HOP] -> voices [voice, time]."""
    harmonics = slope_filter(sinusoid_bank(f0, controls.amplitude))
    excitation = harmonics + shaped_noise(controls.noise_magnitudes, controls.noise_gain, noise)
    return sample_loop(excitation, coefficients(controls.lsf))


def sinusoid_bank(f0: torch.Tensor, amplitude: torch.Tensor) -> torch.Tensor:
    """f0, amplitude [voice, frame] -> [voice, time], a phase and an envelope for each sample of each sinusoid."""
    harmonic = f0.unsqueeze(-1) * torch.arange(1, HARMONICS + 1)  # Hz, [voice, frame, harmonic]
    audible = (harmonic < RATE / 2).float()
    strength = amplitude.unsqueeze(-1) * audible / audible.sum(-1, keepdim=True)
    hz = interpolate(harmonic.transpose(1, 2), size=TIME, mode="linear", align_corners=False).transpose(1, 2)
    envelope = torch.where(hz < RATE / 2, hann_faded(strength), 0.0)
    phase = torch.cumsum(hz * (2 * math.pi / RATE), 1)
    return (envelope * torch.sin(phase)).sum(-1)


def hann_faded(values: torch.Tensor) -> torch.Tensor:
    """Values [voice, frame, harmonic] -> [voice, time, harmonic], Hann windows of two hops added up."""
    held = torch.cat([values, values[:, -1:]], 1).transpose(1, 2)
    windowed = (held.unsqueeze(2) * torch.hann_window(2 * HOP)[:, None]).flatten(1, 2)
    added = fold(windowed, (1, TIME + 2 * HOP), (1, 2 * HOP), stride=(1, HOP)).squeeze(2)
    return added.transpose(1, 2)[:, HOP:-HOP]


def slope_filter(signal: torch.Tensor) -> torch.Tensor:
    """The source's slope as a filter of its own for each frame, [voice, time] -> [voice, time]."""
    hz = torch.linspace(0, RATE / 2, 65)
    magnitudes = torch.where(hz > 200, 10 ** (-6 / 20 * torch.log2(hz.clamp_min(1) / 200)), 1.0)
    taps = windowed_taps(magnitudes.expand(len(signal), FRAMES, 65))
    blocks = signal.unflatten(-1, (FRAMES, HOP))
    products = torch.fft.rfft(blocks, 512) * torch.fft.rfft(taps, 512)
    output = torch.fft.irfft(products, 512).transpose(1, 2)
    return fold(output, (1, TIME + HOP), (1, 512), stride=(1, HOP)).flatten(1)[:, 62 : 62 + TIME]


def shaped_noise(magnitudes: torch.Tensor, gain: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """Magnitudes [voice, 40], gain [voice, frame] and noise [voice, time + HOP] -> [voice, time]."""
    length = 2 ** math.ceil(math.log2(noise.shape[-1] + 77))
    product = torch.fft.rfft(noise, length) * torch.fft.rfft(windowed_taps(magnitudes), length)
    shaped = torch.fft.irfft(product, length)[:, 37 : 37 + noise.shape[-1]]
    return overlap_added(cut(shaped) * gain.unsqueeze(-1))


def windowed_taps(magnitudes: torch.Tensor) -> torch.Tensor:
    count = 2 * (magnitudes.shape[-1] - 1)
    return torch.fft.irfft(magnitudes, count).roll(count // 2, -1) * torch.hann_window(count)


def coefficients(lsf: torch.Tensor) -> torch.Tensor:
    """lsf [voice, frame, 20] -> a[1] ... a[20], by multiplying out the factors of P and Q."""
    polynomials = []
    for start, end in ((0, 1.0), (1, -1.0)):
        product = torch.tensor([1.0, end], dtype=torch.float64).expand(*lsf.shape[:-1], 2)
        for index in range(start, 20, 2):
            middle = -2 * torch.cos(lsf[..., index : index + 1].double())
            product = pad(product, (0, 2)) + middle * pad(product, (1, 1)) + pad(product, (2, 0))
        polynomials.append(product)
    return (sum(polynomials) / 2)[..., 1:-1].float()


def sample_loop(excitation: torch.Tensor, lpc: torch.Tensor) -> torch.Tensor:
    """One sample of all frames after the other, [voice, time] -> [voice, time]."""
    frames = cut(pad(excitation, (0, HOP)))
    output = torch.zeros(*frames.shape[:2], 20 + 2 * HOP)
    latest_last = lpc.flip(-1)
    for n in range(2 * HOP):
        output[..., 20 + n] = frames[..., n] - (latest_last * output[..., n : 20 + n].clone()).sum(-1)
    return overlap_added(output[..., 20:])


def cut(signal: torch.Tensor) -> torch.Tensor:
    """[voice, time + HOP] -> frames of two hops, [voice, frame, 2 HOP]."""
    return unfold(signal[:, None, None], (1, 2 * HOP), stride=(1, HOP)).transpose(1, 2)


def overlap_added(frames: torch.Tensor) -> torch.Tensor:
    """Frames [voice, frame, 2 HOP] -> [voice, time], Hann windows, the first half of the first frame as it is."""
    window = torch.hann_window(2 * HOP).repeat(FRAMES, 1)
    window[0, :HOP] = 1
    windowed = (frames * window).transpose(1, 2)
    return fold(windowed, (1, TIME + HOP), (1, 2 * HOP), stride=(1, HOP)).flatten(1)[:, :TIME]


def published_loss(estimate: torch.Tensor, mixture: torch.Tensor) -> torch.Tensor:
    total = torch.zeros(())
    for size in SIZES:
        ours, theirs = (stft_magnitudes(signal, size) for signal in (estimate, mixture))
        total = total + (theirs - ours).abs().mean() + (theirs.log() - ours.log()).abs().mean()
    return total


def stft_magnitudes(signal: torch.Tensor, size: int) -> torch.Tensor:
    padded = pad(signal, (0, size - size // 4))
    spectrum = torch.stft(padded, size, size // 4, window=torch.hann_window(size), center=False, return_complex=True)
    return torch.sqrt(spectrum.real**2 + spectrum.imag**2 + 1e-10)


# --- ours ------------------------------------------------------------------------------------------------------------


def our_step(network: torch.nn.Module, mixture: torch.Tensor, f0: torch.Tensor, noise: torch.Tensor) -> float:
    """What is cached for a fixed excerpt, carrier and targets, is computed anew in each step."""
    criterion = SpectralLoss()
    controls = network(mixture, f0)
    voices = synthesise(controls, our_carrier(f0), noise, "as published")
    loss = criterion.loss(voices.sum(1), criterion.targets(mixture))
    loss.backward()
    return loss.item()


def our_step_in_bfloat16(*inputs: torch.Tensor) -> float:
    """The same with the network's linear layers in bfloat16, as `precision: bf16` has them."""
    network, *rest = inputs

    def mixed(mixture: torch.Tensor, f0: torch.Tensor) -> Controls:
        with torch.autocast("cpu", torch.bfloat16):
            return network(mixture, f0)

    return our_step(mixed, *rest)


def our_carrier(f0: torch.Tensor) -> Carrier:
    return carrier_of(f0, TIME, RATE, HOP, HARMONICS, unvoiced="as published", f0_grid="as published")


def our_parts(
    network: torch.nn.Module, mixture: torch.Tensor, f0: torch.Tensor, noise: torch.Tensor
) -> dict[str, float]:
    """CPU seconds of each part of a step, cut at the controls and at the mixture estimate."""
    criterion, spent = SpectralLoss(), {}
    spent["network"], controls = cpu_seconds(lambda: network(mixture, f0))
    spent["carrier"], carrier = cpu_seconds(lambda: our_carrier(f0))
    cut_controls = Controls(*(getattr(controls, field.name).detach().requires_grad_() for field in fields(controls)))
    spent["synthesis"], estimate = cpu_seconds(lambda: synthesise(cut_controls, carrier, noise, "as published").sum(1))
    leaf = estimate.detach().requires_grad_()
    spent["loss targets"], targets = cpu_seconds(lambda: criterion.targets(mixture))
    spent["loss and its gradient"], loss = cpu_seconds(lambda: criterion.loss(leaf, targets))
    loss.backward()
    spent["synthesis backward"], _ = cpu_seconds(lambda: estimate.backward(leaf.grad))
    outputs = [getattr(controls, field.name) for field in fields(controls)]
    gradients = [getattr(cut_controls, field.name).grad for field in fields(controls)]
    spent["network backward"], _ = cpu_seconds(lambda: torch.autograd.backward(outputs, gradients))
    return spent


# --- measurement -----------------------------------------------------------------------------------------------------

SIZES_OF_NETWORK = Sizes()
STEPS = {"ours": our_step, "published": published_step}
# In training a step follows a step and finds its memory again; the published tensors are too large to be kept for it.
STEPS_A_ROUND = {"ours": 4, "published": 1, "bfloat16": 4}
if multiplies_bfloat16():
    STEPS["bfloat16"] = our_step_in_bfloat16


def problem() -> tuple[torch.nn.Module, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Network, mixture [batch, time], f0 [batch, voice, frame] with rests, noise [batch, voice, time + HOP]."""
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = ParametricNetwork(SIZES_OF_NETWORK, HOP, Limits(0.0, 0.0))
    frame = torch.arange(FRAMES)
    centre = 90 + 500 * torch.rand(BATCH, VOICES, 1, generator=generator)
    f0 = centre * (1 + 0.02 * torch.sin(2 * math.pi * 5.5 * frame * HOP / RATE))
    f0 = torch.where((frame + 40 * torch.arange(VOICES)[:, None]) % 200 < 20, 0.0, f0)
    mixture = (0.2 * torch.randn(BATCH, TIME, generator=generator)).clamp(-1, 1)
    noise = 2 * torch.rand(BATCH, VOICES, TIME + HOP, generator=generator) - 1
    return network, mixture, f0, noise


def cpu_seconds(run: Callable) -> tuple[float, object]:
    """User and system time of this process, and what the call returned."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    result = run()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, result


def peak_mebibytes() -> float:
    """Peak resident memory of this process; on Linux since its own start, not that of the process that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024


def report_memory(side: str) -> None:
    """Print the peak of a process that does one step, and what it held before, in MiB."""
    torch.set_num_threads(1)
    inputs = problem()
    before = peak_mebibytes()
    STEPS[side](*inputs)
    print(peak_mebibytes(), before)


def memory_of(side: str) -> tuple[float, float]:
    """Peak of a process of its own that does one step, and the part of it that was there before the step, in MiB."""
    code = f"from tests.benchmarks.bench_parametric import report_memory; report_memory({side!r})"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    peak, before = map(float, output.split())
    return peak, before


def measure() -> tuple[dict[str, list[float]], dict[str, float]]:
    """CPU seconds a step, a round each, the two sides in turn; and the loss."""
    inputs = problem()
    our_step(*inputs)  # first calls set up threads and transforms
    spent: dict[str, list[float]] = {side: [] for side in STEPS}
    losses = {}
    for _ in range(ROUNDS):
        for side, step in STEPS.items():
            count = STEPS_A_ROUND[side]
            seconds, results = cpu_seconds(lambda step=step, count=count: [step(*inputs) for _ in range(count)])
            spent[side].append(seconds / count)
            losses[side] = results[-1]
    return spent, losses


def main() -> list[Ratio]:
    """Print the table."""
    started = time.process_time()
    memory = {side: memory_of(side) for side in STEPS}
    torch.set_num_threads(1)
    with threadpool_limits(limits=1):
        spent, losses = measure()
        parts = [our_parts(*problem()) for _ in range(ROUNDS)]
    print(f"batch {BATCH}, {VOICES} voices, {SECONDS} s at {RATE} Hz; forward, loss, backward; one thread")
    print(f"{'':12s}{'CPU s':>9s}{'peak MiB':>10s}{'of the step':>13s}{'loss':>11s}")
    for side in STEPS:
        peak, before = memory[side]
        print(f"{side:12s}{median(spent[side]):9.2f}{peak:10.0f}{peak - before:13.0f}{losses[side]:11.5f}")
    theirs = median(spent["published"])
    seconds = theirs / median(spent["ours"])
    (peak, before), (their_peak, their_before) = memory["ours"], memory["published"]
    step = (their_peak - their_before) / (peak - before)
    difference = abs(losses["ours"] / losses["published"] - 1)
    print(f"{'ratio':12s}{seconds:9.1f}{their_peak / peak:10.1f}{step:13.1f}{difference:11.1e} (relative difference)")
    print("where our time goes, CPU s: ", end="")
    print(", ".join(f"{name} {median(part[name] for part in parts):.3f}" for name in parts[0]))
    print(f"the benchmark took {time.process_time() - started:.0f} CPU s beside its subprocesses")
    names = {"ours": "", "bfloat16": ", linear layers in bfloat16"}
    return [
        Ratio(
            f"training step of the parametric model, published size{name}", median(spent[side]), theirs,
            "the published formulation written plainly",
        )
        for side, name in names.items()
        if side in spent
    ]  # fmt: skip


if __name__ == "__main__":
    main()
