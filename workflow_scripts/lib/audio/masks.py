"""What every mask-based method shares: the spectrogram, Wiener-like masks and their application.

Masks always add up to one, so that the estimates of these methods add up to the mixture.
"""

import torch

from workflow_scripts.lib.audio.stft import istft, stft
from workflow_scripts.lib.audio.windows import Precision


def dtype_of(precision: Precision) -> torch.dtype:
    """The torch type of that name."""
    return {"float32": torch.float32, "float64": torch.float64}[precision]


def floor_of(dtype: torch.dtype) -> float:
    """The smallest value of a model, where spectrograms have maximum 1.

    1e-20 in float64, as in Durrieu's public implementation; 1e-14 in float32, where its inverse square must fit.
    """
    return 1e-20 if dtype == torch.float64 else 1e-14


def analyse(signal: torch.Tensor, window: int, hop: int, dtype: torch.dtype) -> torch.Tensor:
    """Signal [..., time] -> complex spectrogram [..., bin, frame] with the precision of `dtype`."""
    return stft(signal.to(dtype), window, hop)


def spectrogram(spectrum: torch.Tensor, exponent: float) -> torch.Tensor:
    """Complex [channel, bin, frame] -> [bin, frame], the mean over channels of |x|^exponent, scaled to maximum 1."""
    magnitudes = spectrum.abs().pow(exponent).mean(dim=-3).contiguous()
    peak = magnitudes.max()
    return magnitudes / torch.where(peak > 0, peak, 1)


def ratio_masks(parts: torch.Tensor) -> torch.Tensor:
    """Parts [source, ...] >= 0 -> masks of the same shape in [0, 1] that add up to 1 over the sources.

    Where no source has energy, all get an equal share, so that nothing of the mixture is lost.
    """
    raised = parts + floor_of(parts.dtype)
    return raised / raised.sum(dim=0)


def apply_masks(masks: torch.Tensor, spectrum: torch.Tensor, hop: int, length: int) -> torch.Tensor:
    """Masks on the mixture's complex spectrogram [channel, bin, frame] -> signals [source, channel, time], float32.

    masks: [source, bin, frame], the same for all channels, or [source, channel, bin, frame].
    length: of the signals, in samples.
    """
    if masks.ndim == spectrum.ndim:
        masks = masks.unsqueeze(1)
    window = 2 * (spectrum.shape[-2] - 1)
    return istft(masks * spectrum, window, hop, length).float()
