"""What every mask-based method shares: the spectrogram, ratio masks and their application.

Masks always add up to one, so that the estimates of these methods add up to the mixture.
"""

from collections.abc import Callable

import torch

from workflow_scripts.lib.audio.frame_blocks import FrameBlock, frame_blocks, spectra
from workflow_scripts.lib.audio.stft import Edges, stft
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


def spectrogram_in_blocks(signal: torch.Tensor, window: int, hop: int, exponent: float) -> torch.Tensor:
    """Signal [channel, time] -> [bin, frame], the mean over channels of |STFT|^exponent, scaled to maximum 1.

    The complex spectrogram is never whole in memory.
    """
    parts = [spectrum.abs().pow(exponent).mean(dim=-3) for spectrum in spectra(signal, window, hop)]
    found = torch.cat(parts, dim=-1)
    peak = found.max()
    return found.div_(torch.where(peak > 0, peak, 1))


def ratio_masks(parts: torch.Tensor) -> torch.Tensor:
    """Parts [source, ...] >= 0 -> masks of the same shape in [0, 1] that add up to 1 over the sources.

    Where no source has energy, all get an equal share, so that nothing of the mixture is lost.
    """
    raised = parts + floor_of(parts.dtype)
    return raised / raised.sum(dim=0)


def filter_in_blocks(
    mixture: torch.Tensor, sources: int, window: int, hop: int,
    estimate: Callable[[FrameBlock, torch.Tensor], torch.Tensor], edges: Edges = "zeros", context: int = 0,
) -> torch.Tensor:  # fmt: skip
    """Mixture [channel, time] -> signals [source, channel, time], float32, by way of spectrograms that are never whole.

    estimate: a block and the mixture's complex spectrum in it [channel, bin, frame] -> that of the estimates, [source,
        channel, bin, frame].  edges, context: as in `frame_blocks`.
    """
    found = torch.empty(sources, *mixture.shape, device=mixture.device)
    for block in frame_blocks(mixture.shape[-1], window, hop, edges, context):
        block.fill(found, estimate(block, block.spectrum(mixture)))
    return found


def mask_in_blocks(
    mixture: torch.Tensor, sources: int, window: int, hop: int,
    masks_of: Callable[[FrameBlock, torch.Tensor], torch.Tensor], edges: Edges = "zeros",
) -> torch.Tensor:  # fmt: skip
    """Mixture [channel, time] -> signals [source, channel, time], float32, by masks on its spectrogram.

    masks_of: a block and the mixture's complex spectrum in it [channel, bin, frame] -> [source, bin, frame], the same
        for all channels, or [source, channel, bin, frame].
    """

    def estimate(block: FrameBlock, spectrum: torch.Tensor) -> torch.Tensor:
        masks = masks_of(block, spectrum)
        return (masks.unsqueeze(1) if masks.ndim == spectrum.ndim else masks) * spectrum

    return filter_in_blocks(mixture, sources, window, hop, estimate, edges)
