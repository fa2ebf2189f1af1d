"""What every mask-based method shares: the analysis window, Wiener-like masks and their application.

Masks always add up to one, so that the estimates of these methods add up to the mixture.
"""

import math

import torch

from workflow_scripts.lib.audio.stft import istft, stft
from workflow_scripts.lib.core.errors import UserError

WINDOW_SECONDS = 0.128  # 2048 samples at 16 kHz, the separation window of arXiv 2201.09592
FLOOR = 1e-20  # relative to a spectrogram of maximum 1; the floor of Durrieu's public implementation


def window_length(rate: int, window: int | None) -> int:
    """Window in samples: `window` where it is given, else the power of two nearest to 0.128 s at `rate` Hz.

    The rule gives 1024 samples at 8 kHz, 2048 at 16 and 22.05 kHz and 4096 at 44.1 kHz, in logarithmic distance.
    """
    if window is None:
        return 2 ** round(math.log2(WINDOW_SECONDS * rate))
    if window < 8 or window % 2:
        raise UserError(f"The setting 'window' is {window}; it must be an even number of samples, 8 or more.")
    return window


def hop_length(window: int, overlap: int) -> int:
    """Hop in samples from the number of frames that overlap at each sample: 8 gives 256 for a window of 2048."""
    if not 2 <= overlap <= window:
        raise UserError(f"The setting 'overlap' is {overlap}; allowed are 2 to {window} windows over each sample.")
    return window // overlap


def dtype_of(precision: str) -> torch.dtype:
    """`float32` or `float64` as a torch type; raises UserError for any other name."""
    dtypes = {"float32": torch.float32, "float64": torch.float64}
    if precision not in dtypes:
        raise UserError(f"The setting 'precision' is {precision!r}; allowed are {', '.join(dtypes)}.")
    return dtypes[precision]


def spectrogram(spectrum: torch.Tensor, exponent: float) -> torch.Tensor:
    """Complex [channel, bin, frame] -> [bin, frame], the mean over channels of |x|^exponent, scaled to maximum 1."""
    magnitudes = spectrum.abs().pow(exponent).mean(dim=-3)
    peak = magnitudes.max()
    return magnitudes / torch.where(peak > 0, peak, 1)


def ratio_masks(parts: torch.Tensor) -> torch.Tensor:
    """Parts [source, ...] >= 0 -> masks of the same shape in [0, 1] that add up to 1 over the sources.

    Where no source has energy, all get an equal share, so that nothing of the mixture is lost.
    """
    raised = parts + FLOOR
    return raised / raised.sum(dim=0)


def apply_masks(masks: torch.Tensor, spectrum: torch.Tensor, hop: int, length: int) -> torch.Tensor:
    """Masks [source, bin, frame] or [source, channel, bin, frame] on the mixture [channel, bin, frame].

    Returns signals [source, channel, time] of `length` samples, float32.
    """
    if masks.ndim == spectrum.ndim:
        masks = masks.unsqueeze(1)
    window = 2 * (spectrum.shape[-2] - 1)
    return istft(masks * spectrum, window, hop, length).float()


def analyse(signal: torch.Tensor, window: int, hop: int, precision: str) -> torch.Tensor:
    """Signal [..., time] -> complex spectrogram [..., bin, frame] in the precision that the settings name."""
    return stft(signal.to(dtype_of(precision)), window, hop)
