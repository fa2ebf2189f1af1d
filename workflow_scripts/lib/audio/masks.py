"""What every mask-based method shares: the analysis window, Wiener-like masks and their application.

Masks always add up to one, so that the estimates of these methods add up to the mixture.
"""

import math

import torch

from workflow_scripts.lib.audio.stft import istft, stft
from workflow_scripts.lib.core.errors import UserError

WINDOW_SECONDS = 0.128  # 2048 samples at 16 kHz, the separation window of arXiv 2201.09592


def window_length(rate: int, window: int | None) -> int:
    """Window in samples: `window` where it is given, else the power of two nearest to 0.128 s at `rate` in Hz.

    Nearest on a logarithmic scale: 1024 samples at 8 kHz, 2048 at 16 and 22.05 kHz, 4096 at 44.1 kHz.
    Raises UserError where `window` is odd or below 8.
    """
    if window is None:
        return power_of_two(WINDOW_SECONDS * rate)
    if window < 8 or window % 2:
        raise UserError(f"The setting 'window' is {window}; give an even number of samples, 8 or more, or null.")
    return window


def power_of_two(samples: float) -> int:
    """The power of two nearest to `samples` on a logarithmic scale, 8 or more."""
    return 2 ** max(3, round(math.log2(samples)))


def hop_length(window: int, overlap: int) -> int:
    """Hop in samples where `overlap` windows cover each sample: 8 gives 256 for a window of 2048."""
    if not 2 <= overlap <= window:
        raise UserError(f"The setting 'overlap' is {overlap}; give the windows over each sample, 2 to {window}.")
    return window // overlap


def dtype_of(precision: str) -> torch.dtype:
    """`float32` or `float64` as a torch type; raises UserError for any other name."""
    dtypes = {"float32": torch.float32, "float64": torch.float64}
    if precision not in dtypes:
        raise UserError(f"The setting 'precision' is {precision!r}; allowed are {', '.join(dtypes)}.")
    return dtypes[precision]


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
