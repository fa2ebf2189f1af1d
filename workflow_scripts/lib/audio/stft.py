"""Short-time Fourier transform: periodic Hann window, frames centred, beyond the ends zeros or a reflection."""

from typing import Literal

import torch

from workflow_scripts.lib.core.errors import UserError

Edges = Literal["zeros", "reflection"]
PADDINGS = {"zeros": "constant", "reflection": "reflect"}


def stft(signal: torch.Tensor, window: int, hop: int, edges: Edges = "zeros") -> torch.Tensor:
    """Signal [..., time] -> complex spectrogram [..., bin, frame], bins = window / 2 + 1, frames centred at m * hop.

    edges: what stands beyond the ends. Raises UserError for a signal that is too short to be reflected.
    """
    flat = signal.reshape(-1, signal.shape[-1])
    check_edges(flat.shape[-1], window, edges)
    hann = hann_window(window, signal)
    spectrum = torch.stft(flat, window, hop, window=hann, center=True, pad_mode=PADDINGS[edges], return_complex=True)
    return spectrum.reshape(*signal.shape[:-1], *spectrum.shape[-2:])


def istft(spectrum: torch.Tensor, window: int, hop: int, length: int) -> torch.Tensor:
    """Complex spectrogram [..., bin, frame] -> signal [..., time] of `length` samples; inverts `stft`."""
    flat = spectrum.reshape(-1, *spectrum.shape[-2:])
    hann = hann_window(window, flat.real)
    # Zeros behind the last frame: a frame centred past the end covers samples that a shorter spectrogram would lose.
    signal = torch.istft(flat, window, hop, window=hann, center=True, length=length)
    return signal.reshape(*spectrum.shape[:-2], length)


def check_edges(length: int, window: int, edges: Edges) -> None:
    """Raise UserError for a signal of `length` samples that is too short to be reflected."""
    if edges == "reflection" and length <= window // 2:
        raise UserError(
            f"A signal of {length} samples cannot be reflected by half a window of {window}; take longer "
            "tracks, or `edges: zeros`."
        )


def hann_window(window: int, like: torch.Tensor) -> torch.Tensor:
    """Periodic window, with the type and on the device of `like`."""
    return torch.hann_window(window, periodic=True, dtype=like.dtype, device=like.device)
