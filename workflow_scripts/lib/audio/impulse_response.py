"""Short symmetric filters from sampled magnitudes, and their application, differentiable in the magnitudes."""

import scipy
import torch

from workflow_scripts.lib.audio.scaling import scaled

CORNER = 200.0  # Hz, below which the source is flat
SLOPE_BINS = 64  # magnitudes above 0 Hz that describe the slope, at 16 kHz; as near to each other at higher rates


def taps_of(magnitudes: torch.Tensor) -> torch.Tensor:
    """Magnitudes [..., bin] evenly spaced from 0 to rate / 2 -> taps [..., 2 * (bin - 1)] of a zero-phase filter.

    Inverse transform, Hann window around the centre; time 0 is tap bin - 1. arXiv 2201.09592's public code.
    """
    count = 2 * (magnitudes.shape[-1] - 1)
    window = torch.hann_window(count, periodic=True, dtype=magnitudes.dtype, device=magnitudes.device)
    return torch.fft.irfft(magnitudes, n=count).roll(count // 2, -1) * window


def source_slope(rate: float, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """Taps [tap], 128 at 16 kHz, of the source's slope: 1 up to 200 Hz, then 6 dB less an octave."""
    frequencies = torch.linspace(0, rate / 2, scaled(SLOPE_BINS, rate) + 1, dtype=torch.float64)
    octaves = torch.log2(frequencies.clamp_min(CORNER) / CORNER)
    return taps_of(10 ** (-6 / 20 * octaves)).to(device, dtype)


def filtered(signal: torch.Tensor, taps: torch.Tensor, time: int, delay: int = 0) -> torch.Tensor:
    """Convolve signal [..., time'] with taps [..., tap] of `taps_of`, leading dimensions broadcast.

    Returns samples 0 ... time - 1 of the output, [..., time], `delay` samples late; the signal, as long or longer, is 0
    outside. Exact: linear convolution by transforms long enough for it.
    """
    length = scipy.fft.next_fast_len(signal.shape[-1] + taps.shape[-1] - 1, real=True)
    output = torch.fft.irfft(torch.fft.rfft(signal, n=length) * torch.fft.rfft(taps, n=length), n=length)
    start = taps.shape[-1] // 2 - delay
    return output[..., start : start + time]
