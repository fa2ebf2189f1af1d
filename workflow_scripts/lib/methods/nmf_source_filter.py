"""NMF2: source-filter NMF, one source-filter pair a voice, after Durrieu et al. (IEEE TASLP 2010).

The power spectrogram is modelled as the sum over voices of (W_F0 H_F0) * (W_Gamma H_Gamma H_Phi): glottal combs with
their activations, times smooth filters made of overlapping bands, under the Itakura-Saito divergence. From that paper
and its public implementation: glottal pulses of open quotient 0.25 (KLGLOTT88), 30 Hann-shaped bands with 75 % overlap
on a linear scale, 4 filters a voice, updates in the order H_F0, H_Phi, H_Gamma with normalisation after each, start
values |Gaussian|, floor 1e-20 (1e-14 in float32). There is no residual W_M H_M, and H_F0 is zero outside the voice's
F0, as the baseline of arXiv 2201.09592 (Sec. IV-C) is described. Chosen here, since that publishes no settings:

- combs at a tenth of a semitone, for each voice those that its F0 comes near, active within `tolerance` of it;
- the exponent 1/2 of the updates, with which the divergence provably never rises (the public implementation takes 1);
- `noise` adds to each comb a flat spectrum of that power under each partial: breath, and what vibrato smears;
- a voice is held `attack` before and `release` after its voiced frames; beyond that it is silent.

Spectrograms have the frame first here, [frame, bin].
"""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import torch
from pydantic import Field

from workflow_scripts.lib.audio import voices
from workflow_scripts.lib.audio.masks import (
    analyse,
    apply_masks,
    dtype_of,
    floor_of,
    ratio_masks,
    spectrogram,
)
from workflow_scripts.lib.audio.nmf import TINY, random_start, ratio
from workflow_scripts.lib.audio.windows import Analysis, hop_length, window_length
from workflow_scripts.lib.core.settings import Count, Natural, NotNegative, Overlap, Positive, settings
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.networks.tensors import Tensors


@settings
class Settings(Analysis):
    """iterations: rounds of the three updates.  update_exponent: of their factors; 1/2 never raises the divergence.

    tolerance: in tenths of a semitone, from the F0 to the farthest comb in use.
    open_quotient: share of the glottal cycle with open folds.  noise: power relative to a partial's.
    bands: of which filters are made.  band_overlap: share of a band that the next one covers too.
    filters: of a voice.
    attack, release: s for which a voice keeps its pitch before and after its voiced frames.
    mask_exponent: of the models, which are powers.
    """

    iterations: Natural = 20
    update_exponent: Annotated[float, Field(gt=0, le=1)] = 0.5
    tolerance: Natural = 4
    open_quotient: Annotated[float, Field(gt=0, le=1)] = 0.25
    noise: NotNegative = 1e-3
    bands: Count = 30
    band_overlap: Overlap = 0.75
    filters: Count = 4
    attack: NotNegative = 0.1
    release: NotNegative = 0.5
    mask_exponent: Positive = 1.0


@dataclass(frozen=True)
class Factors:
    """combs (W_F0) [voice, comb, bin] and bands (W_Gamma) [bin, band] are fixed; the others are learned.

    comb_gains (H_F0) [voice, frame, comb]; filter_gains (H_Phi) [voice, frame, filter]; filters (H_Gamma)
    [voice, filter, band].
    """

    combs: torch.Tensor
    bands: torch.Tensor
    comb_gains: torch.Tensor
    filter_gains: torch.Tensor
    filters: torch.Tensor


def separate(scene: Scene, settings: Settings, model: Tensors) -> torch.Tensor:  # noqa: ARG001 the contract
    """Estimates [source, channel, time] from the mixture and the F0 of each source."""
    window = window_length(scene.rate, settings.window)
    hop = hop_length(window, settings.overlap)
    mixture = analyse(scene.mixture, window, hop, dtype_of(settings.precision))
    target = spectrogram(mixture, 2.0).mT.contiguous()
    target = target + floor_of(target.dtype)
    f0 = voices.contours(scene.f0, scene.sources, scene.rate, hop, len(target), settings.attack, settings.release)
    bins = voices.bin_frequencies(window, scene.rate, target)
    combs, active = voice_combs(voices.pitches(f0), bins, settings)
    factors = start(target, combs, active, settings, scene.seed)
    for _ in range(settings.iterations):
        factors = update(target, factors, settings.update_exponent)
    parts = voice_models(factors).mT.pow(settings.mask_exponent)
    return apply_masks(ratio_masks(parts), mixture, hop, scene.mixture.shape[-1])


def glottal_amplitudes(partial: torch.Tensor, open_quotient: float) -> torch.Tensor:
    """Magnitude of the Fourier coefficients of KLGLOTT88's flow derivative at the numbers of partials >= 1, same shape.

    Over the open phase, t in [0, 1], the flow is t^2 - t^3, its derivative 2 t - 3 t^2; closed, it is 0. The integral
    of the derivative times exp(-s t), s = 2 pi i partial open_quotient, in closed form.
    """
    s = 2j * torch.pi * partial.to(torch.complex128) * open_quotient
    decay = torch.exp(-s)
    first = (1 - decay * (1 + s)) / s.square()
    second = (2 - decay * (2 + 2 * s + s.square())) / s.pow(3)
    return (2 * first - 3 * second).abs().to(partial.dtype)


def glottal_combs(bins: torch.Tensor, f0: torch.Tensor, open_quotient: float, noise: float) -> torch.Tensor:
    """Power spectra [..., bin] of a glottal pulse train at each F0 [...] in Hz, seen through a Hann window.

    bins: frequencies of the bins in Hz.  noise: power between the partials relative to the nearest one.  Each spectrum
    has sum 1. The bins take the nearest partial alone: one main lobe, 4 bins wide, holds it.
    """
    partial, distance = voices.partial_distance(bins, f0)
    lobes = voices.hann_lobe(distance / (bins[1] - bins[0])).square()
    power = glottal_amplitudes(partial, open_quotient).square() * (lobes + noise)
    return power / power.sum(dim=-1, keepdim=True)


def hann_bands(bins: int, bands: int, overlap: float, like: torch.Tensor) -> torch.Tensor:
    """W_Gamma [bin, band]: Hann bumps at equal distances from 0 Hz to Nyquist, neighbours overlapping by `overlap`."""
    spacing = (bins - 1) / max(bands - 1, 1)
    half_width = 0.5 * spacing / (1 - overlap)
    centres = torch.arange(bands, dtype=like.dtype, device=like.device) * spacing
    offset = (torch.arange(bins, dtype=like.dtype, device=like.device)[:, None] - centres) / half_width
    return torch.where(offset.abs() < 1, 0.5 + 0.5 * torch.cos(torch.pi * offset), 0)


def voice_combs(pitch: np.ndarray, bins: torch.Tensor, settings: Settings) -> tuple[torch.Tensor, torch.Tensor]:
    """Pitch [voice, frame] in tenths of a semitone, NaN where silent -> (combs, where they are active).

    Combs [voice, comb, bin] at the pitches that a voice needs, as many for each voice as the widest range needs; active
    [voice, frame, comb] bool, False throughout for the combs that only fill up.
    """
    grids = voices.neighbourhoods(pitch, settings.tolerance)
    most = max(1, *(len(grid) for grid, _ in grids))
    fill = [most - len(grid) for grid, _ in grids]
    padded = np.stack([np.pad(grid, (0, n)) for (grid, _), n in zip(grids, fill, strict=True)])
    active = np.stack([np.pad(use, ((0, n), (0, 0))) for (_, use), n in zip(grids, fill, strict=True)])
    f0 = voices.frequencies(torch.as_tensor(padded).to(bins))
    combs = glottal_combs(bins, f0, settings.open_quotient, settings.noise)
    return combs, torch.as_tensor(active, device=bins.device).mT


def start(target: torch.Tensor, combs: torch.Tensor, active: torch.Tensor, settings: Settings, seed: int) -> Factors:
    """Start values from `seed` for a power spectrogram [frame, bin] > 0."""
    generator = torch.Generator().manual_seed(seed % 2**63)
    voice, frame = active.shape[:2]
    gains = random_start(active.shape, generator, target) * active
    filter_gains = random_start((voice, frame, settings.filters), generator, target)
    filters = random_start((voice, settings.filters, settings.bands), generator, target)
    bands = hann_bands(target.shape[-1], settings.bands, settings.band_overlap, target)
    factors = balance(Factors(combs, bands, gains, filter_gains, filters))
    level = target.mean() / voice_models(factors).sum(dim=0).mean().clamp_min(TINY)
    return replace(factors, comb_gains=factors.comb_gains * level)


def source_models(factors: Factors) -> torch.Tensor:
    """W_F0 H_F0: [voice, frame, bin]."""
    return factors.comb_gains @ factors.combs


def filter_models(factors: Factors) -> torch.Tensor:
    """W_Gamma H_Gamma H_Phi: [voice, frame, bin]."""
    return factors.filter_gains @ (factors.filters @ factors.bands.mT)


def voice_models(factors: Factors) -> torch.Tensor:
    """Power of each voice, [voice, frame, bin]."""
    return source_models(factors) * filter_models(factors)


def update(target: torch.Tensor, factors: Factors, exponent: float) -> Factors:
    """H_F0, H_Phi, H_Gamma once each for a target [frame, bin] > 0; none raises the divergence with exponent 1/2."""
    factors = update_comb_gains(target, factors, exponent)
    factors = update_filter_gains(target, factors, exponent)
    return update_filters(target, factors, exponent)


def update_comb_gains(target: torch.Tensor, factors: Factors, exponent: float) -> Factors:
    """H_F0 with the filters fixed: the model is linear in it, W_F0 times filter its dictionary."""
    smooth = filter_models(factors)
    gradients = _gradients(target, source_models(factors) * smooth, smooth)
    up, down = gradients @ factors.combs.mT
    return balance(replace(factors, comb_gains=factors.comb_gains * ratio(up, down).pow(exponent)))


def update_filter_gains(target: torch.Tensor, factors: Factors, exponent: float) -> Factors:
    """H_Phi with source and filter shapes fixed."""
    source = source_models(factors)
    up, down = _gradients(target, source * filter_models(factors), source) @ (factors.filters @ factors.bands.mT).mT
    return balance(replace(factors, filter_gains=factors.filter_gains * ratio(up, down).pow(exponent)))


def update_filters(target: torch.Tensor, factors: Factors, exponent: float) -> Factors:
    """H_Gamma with source and filter gains fixed."""
    source = source_models(factors)
    gradients = _gradients(target, source * filter_models(factors), source)
    up, down = (factors.filter_gains.mT @ gradients) @ factors.bands
    return balance(replace(factors, filters=factors.filters * ratio(up, down).pow(exponent)))


def balance(factors: Factors) -> Factors:
    """The same model with filters of sum 1 over bands, filter gains of sum 1 a frame, the level in the comb gains."""
    shape = factors.filters.sum(dim=-1, keepdim=True)
    gains = factors.filter_gains * shape.mT
    level = gains.sum(dim=-1, keepdim=True)
    return replace(
        factors,
        filters=factors.filters / shape.clamp_min(TINY),
        filter_gains=gains / level.clamp_min(TINY),
        comb_gains=factors.comb_gains * level,
    )


def _gradients(target: torch.Tensor, models: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
    """The two parts of the gradient of the Itakura-Saito divergence by the other factor, [2, voice, frame, bin]."""
    inverse = models.sum(dim=0).add_(floor_of(target.dtype)).reciprocal_()
    gradients = factor.new_empty(2, *factor.shape)
    torch.mul(factor, (target * inverse).mul_(inverse), out=gradients[0])
    torch.mul(factor, inverse, out=gradients[1])
    return gradients
