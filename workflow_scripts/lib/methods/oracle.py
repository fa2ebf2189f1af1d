"""Masks computed from the true sources: what a mask of their kind can reach.

irm: ideal ratio mask |S_j|^a / sum_i |S_i|^a a channel; a = 2 is the single-channel Wiener filter and gives the
    higher SI-SDR, a = 1 the magnitude ratio.
ibm: ideal binary mask, 1 for the loudest source in a bin and a channel, 0 for the others.
mwf: multichannel Wiener filter v_j R_j (sum_i v_i R_i)^-1 x of the local Gaussian model (Duong, Vincent and Gribonval,
    IEEE TASLP 2010). v_j is the true power, mean over channels, and R_j the true spatial covariance of source j in a
    frequency, sum over frames of S_j S_j^H divided by the sum of v_j. In mono it equals irm with a = 2.

The estimates add up to the mixture.
"""

from collections.abc import Callable
from typing import Literal

import torch

from workflow_scripts.lib.audio.frame_blocks import FrameBlock, spectra
from workflow_scripts.lib.audio.masks import dtype_of, filter_in_blocks, mask_in_blocks, ratio_masks
from workflow_scripts.lib.audio.windows import Analysis, Coverage, hop_length, window_length
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.settings import Positive, settings
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.networks.tensors import Tensors

RIDGE = 1e-8  # of a covariance's trace, added to its diagonal: keeps that of a dual-mono mixture invertible
BLOCK = 32  # bins at a time, which keeps the matrices of a block of frames out of memory
SILENT = 1e-30  # power below which a bin holds nothing


@settings
class Settings(Analysis):
    """mask: irm, ibm or mwf, see above; mwf inverts its matrices in float64 whatever the precision.

    exponent: of the magnitudes, irm only.
    """

    mask: Literal["irm", "ibm", "mwf"] = "irm"
    exponent: Positive = 2.0
    overlap: Coverage = 8


def separate(scene: Scene, settings: Settings, model: Tensors) -> torch.Tensor:  # noqa: ARG001 the contract
    """Estimates [source, channel, time] from the mixture and `scene.references` of that shape."""
    if scene.references is None:
        raise UserError("An oracle mask needs the true sources; name `references` under `needs` in the method's file.")
    window = window_length(scene.rate, settings.window)
    hop = hop_length(window, settings.overlap)
    dtype = dtype_of(settings.precision)
    mixture, references = scene.mixture.to(dtype), scene.references.to(dtype)
    of = (mixture, len(references), window, hop)
    if settings.mask == "mwf":
        return filter_in_blocks(*of, multichannel_wiener(references, window, hop))
    if settings.mask == "ibm":
        return mask_in_blocks(*of, lambda block, _: binary_mask(block.spectrum(references)))
    peak = highest_magnitude(references, window, hop)
    return mask_in_blocks(*of, lambda block, _: ratio_mask(block.spectrum(references), settings.exponent, peak))


def highest_magnitude(signals: torch.Tensor, window: int, hop: int) -> torch.Tensor:
    """Of the STFT of signals [..., time], and 1 where they are silent."""
    peak = torch.stack([spectrum.abs().max() for spectrum in spectra(signals, window, hop)]).max()
    return torch.where(peak > 0, peak, 1)


def ratio_mask(sources: torch.Tensor, exponent: float, peak: torch.Tensor) -> torch.Tensor:
    """Complex [source, ...] -> masks of the same shape that add up to 1 over the sources.  peak: a scale."""
    return ratio_masks((sources.abs() / peak).pow(exponent))


def binary_mask(sources: torch.Tensor) -> torch.Tensor:
    """Complex [source, ...] -> masks of 0 and 1, a single 1 over the sources; the first source wins a tie."""
    magnitudes = sources.abs()
    masks = torch.zeros_like(magnitudes)
    return masks.scatter_(0, magnitudes.argmax(dim=0, keepdim=True), 1)


def multichannel_wiener(
    references: torch.Tensor, window: int, hop: int
) -> Callable[[FrameBlock, torch.Tensor], torch.Tensor]:
    """True sources [source, channel, time] -> what makes of a block of the mixture that of the estimates."""
    spatial = spatial_covariances(references, window, hop)

    def estimate(block: FrameBlock, mixture: torch.Tensor) -> torch.Tensor:
        sources = block.spectrum(references)
        parts = zip(mixture.split(BLOCK, dim=-2), sources.split(BLOCK, dim=-2), spatial.split(BLOCK), strict=True)
        return torch.cat([_wiener_of_bins(*part) for part in parts], dim=-2)

    return estimate


def _wiener_of_bins(mixture: torch.Tensor, sources: torch.Tensor, spatial: torch.Tensor) -> torch.Tensor:
    power = power_of(exact := _bins_first(sources))
    covariance = _sum_of_sources(spatial, power)
    ridge = _ridge(covariance)
    covariance.diagonal(dim1=-2, dim2=-1).add_(ridge)
    observed = mixture.to(exact.dtype).permute(1, 2, 0)
    whitened = (inverse(covariance) * observed.unsqueeze(-2)).sum(dim=-1).mT.unsqueeze(1)
    # The ridge is one more diffuse part; an equal share for each source keeps the sum equal to the mixture.
    estimates = power.unsqueeze(2) * (spatial @ whitened) + ridge.mT.unsqueeze(1) * whitened / len(sources)
    return estimates.permute(1, 2, 0, 3).to(mixture.dtype)


def spatial_covariances(references: torch.Tensor, window: int, hop: int) -> torch.Tensor:
    """True sources [source, channel, time] -> [bin, source, channel, channel] complex128; 0 where silent."""
    sums = []
    for spectrum in spectra(references, window, hop):
        exact = _bins_first(spectrum)
        sums.append((exact @ exact.mH, power_of(exact).sum(dim=-1)))
    products, powers = (torch.stack(each).sum(dim=0) for each in zip(*sums, strict=True))
    total = powers[..., None, None]
    return products / torch.where(total > 0, total, 1)


def power_of(sources: torch.Tensor) -> torch.Tensor:
    """Complex [bin, source, channel, frame] -> mean over channels of the squared magnitudes, [bin, source, frame]."""
    return torch.view_as_real(sources).square().sum(dim=-1).mean(dim=2)


def _bins_first(sources: torch.Tensor) -> torch.Tensor:
    """Complex [source, channel, bin, frame] -> complex128 [bin, source, channel, frame]."""
    return sources.to(torch.complex128).permute(2, 0, 1, 3)


def inverse(matrices: torch.Tensor) -> torch.Tensor:
    """Inverses of matrices [..., channel, channel]; in closed form up to two channels, where LAPACK is far slower."""
    if matrices.shape[-1] == 1:
        return 1 / matrices
    if matrices.shape[-1] > 2:
        return torch.linalg.inv(matrices)
    a, b, c, d = matrices.flatten(start_dim=-2).unbind(dim=-1)
    adjugate = torch.stack([torch.stack([d, -b], dim=-1), torch.stack([-c, a], dim=-1)], dim=-2)
    return adjugate / (a * d - b * c)[..., None, None]


def _sum_of_sources(spatial: torch.Tensor, power: torch.Tensor) -> torch.Tensor:
    """Sum over sources of power times spatial covariance, [bin, frame, channel, channel]."""
    parts = torch.view_as_real(spatial)
    total = power.mT @ parts.flatten(start_dim=2)
    return torch.view_as_complex(total.reshape(*total.shape[:2], *parts.shape[2:]))


def _ridge(covariance: torch.Tensor) -> torch.Tensor:
    """Covariances [bin, frame, channel, channel] -> [bin, frame, 1], RIDGE times the trace; 1 where that is nothing."""
    trace = covariance.diagonal(dim1=-2, dim2=-1).real.sum(dim=-1, keepdim=True)
    return torch.where(trace > SILENT, RIDGE * trace, 1)
