"""Short-time Fourier transform: periodic Hann window, frames centred, reflection at the ends avoided by zeros."""

import torch


def stft(signal: torch.Tensor, window: int, hop: int) -> torch.Tensor:
    """Signal [..., time] -> complex spectrogram [..., bin, frame], bins = window / 2 + 1, frames centred at m * hop."""
    flat = signal.reshape(-1, signal.shape[-1])
    spectrum = torch.stft(
        flat, window, hop, window=_hann(window, signal), center=True, pad_mode="constant", return_complex=True
    )
    return spectrum.reshape(*signal.shape[:-1], *spectrum.shape[-2:])


def istft(spectrum: torch.Tensor, window: int, hop: int, length: int) -> torch.Tensor:
    """Complex spectrogram [..., bin, frame] -> signal [..., time] of `length` samples; inverts `stft`."""
    flat = spectrum.reshape(-1, *spectrum.shape[-2:])
    hann = _hann(window, flat.real)
    # Zeros behind the last frame: a frame centred past the end covers samples that a shorter spectrogram would lose.
    signal = torch.istft(flat, window, hop, window=hann, center=True, length=length)
    return signal.reshape(*spectrum.shape[:-2], length)


def _hann(window: int, like: torch.Tensor) -> torch.Tensor:
    return torch.hann_window(window, periodic=True, dtype=like.dtype, device=like.device)
