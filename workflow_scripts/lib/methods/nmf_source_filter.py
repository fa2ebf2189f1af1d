"""NMF2: source-filter NMF, one source-filter pair a voice, after Durrieu et al. (IEEE TASLP 2010).

The power spectrogram is modelled as the sum over voices of (W_F0 H_F0) * (W_Gamma H_Gamma H_Phi): glottal combs with
their activations, times smooth filters made of overlapping bands, under the Itakura-Saito divergence. From that paper
and its public implementation: glottal pulses (KLGLOTT88), 30 Hann-shaped bands with 75 % overlap on a linear scale, 4
filters a voice, updates in the order H_F0, H_Phi, H_Gamma with normalisation after each round, floor 1e-20 (1e-14 in
float32). There is no residual W_M H_M, and H_F0 is zero outside the voice's F0, as the baseline of arXiv 2201.09592
(Sec. IV-C) is described. Chosen here, since that publishes no settings:

- an open quotient of 1, a relaxed voice, whose partials fall from the first one on. The 0.25 of the public
  implementation has four equal partials and ripples behind them, which the filters must undo: of two voices an octave
  apart, the filters of the lower one then took the partials of the upper one;
- the factors are fitted within `width` of the partials alone. The bins between partials are many, and the divergence
  knows no small power: what leaks, echoes or rustles there would decide the gains;
- combs at a tenth of a semitone, active within `tolerance` of the voice's F0;
- equal gains at the level of each frame and nearly flat filters to start from, so that what is started from is a comb
  mask; |Gaussian| values decide the rest;
- the exponent 1/2 of the updates, with which the divergence provably never rises (the public implementation takes 1);
- in the masks, `noise` adds to each comb a flat spectrum of that power under each partial: breath, what vibrato smears;
- a voice is held `attack` before and `release` after its voiced frames; beyond that it is silent.

Spectrograms have the frame first here, [frame, bin]; models of them are made for a few frames at a time.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import torch
from pydantic import Field
from torch.nn.functional import embedding_bag

from workflow_scripts.lib.audio import voices
from workflow_scripts.lib.audio.frame_blocks import FrameBlock
from workflow_scripts.lib.audio.masks import dtype_of, floor_of, mask_in_blocks, ratio_masks, spectrogram_in_blocks
from workflow_scripts.lib.audio.nmf import TINY, random_start, ratio
from workflow_scripts.lib.audio.scaling import scaled
from workflow_scripts.lib.audio.windows import Analysis, hop_length, window_length
from workflow_scripts.lib.core.settings import Count, Natural, NotNegative, Overlap, Positive, settings
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.networks.tensors import Tensors

FRAMES_AT_ONCE = 32


@settings
class Settings(Analysis):
    """iterations: rounds of the three updates.  update_exponent: of their factors; 1/2 never raises the divergence.

    tolerance: in tenths of a semitone, from the F0 to the farthest comb in use.
    open_quotient: share of the glottal cycle with open folds.  noise: power relative to a partial's.
    width: distance from a partial in bins up to which the factors are fitted; a main lobe reaches to 2.
    bands: of which filters are made, at 16 kHz; more, as wide, at higher rates.
    band_overlap: share of a band that the next one covers too.
    filters: of a voice.
    attack, release: s for which a voice keeps its pitch before and after its voiced frames.
    mask_exponent: of the models, which are powers.
    """

    iterations: Natural = 10
    update_exponent: Annotated[float, Field(gt=0, le=1)] = 0.5
    tolerance: Natural = 1
    open_quotient: Annotated[float, Field(gt=0, le=1)] = 1.0
    noise: NotNegative = 1e-3
    width: Positive = 1.0
    bands: Count = 30
    band_overlap: Overlap = 0.75
    filters: Count = 4
    attack: NotNegative = 0.1
    release: NotNegative = 0.5
    mask_exponent: Positive = 1.0


@dataclass(frozen=True)
class Factors:
    """combs (W_F0) [comb, bin] and bands (W_Gamma) [bin, band] are fixed; gains and filters are learned.

    near [voice, frame, neighbour]: numbers of the combs that a voice may use in a frame, those around its F0.
    comb_gains (H_F0), of these, 0 where the voice is silent.  filter_gains (H_Phi) [voice, frame, filter].
    filters (H_Gamma) [voice, filter, band].
    """

    combs: torch.Tensor
    bands: torch.Tensor
    near: torch.Tensor
    comb_gains: torch.Tensor
    filter_gains: torch.Tensor
    filters: torch.Tensor

    def at(self, frames: slice) -> "Factors":
        """The same of some frames."""
        parts = {name: getattr(self, name)[:, frames] for name in ("near", "comb_gains", "filter_gains")}
        return replace(self, **parts)


def separate(scene: Scene, settings: Settings, model: Tensors) -> torch.Tensor:  # noqa: ARG001 the contract
    """Estimates [source, channel, time] from the mixture and the F0 of each source."""
    window = window_length(scene.rate, settings.window)
    hop = hop_length(window, settings.overlap)
    mixture = scene.mixture.to(dtype_of(settings.precision))
    target = spectrogram_in_blocks(mixture, window, hop, 2.0).mT.contiguous()
    target += floor_of(target.dtype)
    f0 = voices.contours(scene.f0, scene.sources, scene.rate, hop, len(target), settings.attack, settings.release)
    bins = voices.bin_frequencies(window, scene.rate, target)
    pitch, near, sounds = comb_numbers(voices.pitches(f0), settings.tolerance, target)
    pulses = (bins, voices.frequencies(pitch), settings.open_quotient, settings.noise)
    bands = hann_bands(len(bins), scaled(settings.bands, scene.rate), settings.band_overlap, target)
    factors = start(target, glottal_combs(*pulses, settings.width), bands, near, sounds, settings.filters, scene.seed)
    for _ in range(settings.iterations):
        factors = update(target, factors, settings.update_exponent)
    factors = replace(factors, combs=glottal_combs(*pulses))

    def masks_of(block: FrameBlock, spectrum: torch.Tensor) -> torch.Tensor:  # noqa: ARG001 of all masks
        return ratio_masks(voice_models(factors.at(block.frames)).mT.pow(settings.mask_exponent))

    return mask_in_blocks(mixture, len(scene.sources), window, hop, masks_of)


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


def glottal_combs(
    bins: torch.Tensor, f0: torch.Tensor, open_quotient: float, noise: float, width: float | None = None
) -> torch.Tensor:
    """Power spectra [..., bin] of a glottal pulse train at each F0 [...] in Hz, seen through a Hann window.

    bins: frequencies of the bins in Hz.  noise: power between the partials relative to the nearest one.
    width: distance from a partial in bins beyond which the combs are zero; None: they are nowhere.
    The bins take the nearest partial alone: one main lobe, 4 bins wide, holds it. The power of all bins adds up to 1.
    """
    partial, distance = voices.partial_distance(bins, f0)
    distance = distance / (bins[1] - bins[0])
    power = glottal_amplitudes(partial, open_quotient).square() * (voices.hann_lobe(distance).square() + noise)
    power = power / power.sum(dim=-1, keepdim=True)
    return power if width is None else torch.where(distance.abs() < width, power, 0)


def hann_bands(bins: int, bands: int, overlap: float, like: torch.Tensor) -> torch.Tensor:
    """W_Gamma [bin, band]: Hann bumps at equal distances from 0 Hz to Nyquist, neighbours overlapping by `overlap`."""
    spacing = (bins - 1) / max(bands - 1, 1)
    half_width = 0.5 * spacing / (1 - overlap)
    centres = torch.arange(bands, dtype=like.dtype, device=like.device) * spacing
    offset = (torch.arange(bins, dtype=like.dtype, device=like.device)[:, None] - centres) / half_width
    return torch.where(offset.abs() < 1, 0.5 + 0.5 * torch.cos(torch.pi * offset), 0)


def comb_numbers(
    pitch: np.ndarray, tolerance: int, like: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Pitch [voice, frame] in tenths of a semitone, NaN where silent -> the combs needed, and which are near when.

    Returns the pitches of the combs [comb], ascending, the type of `like`; the numbers of those within `tolerance` of a
    voice's pitch [voice, frame, neighbour]; and whether the voice sounds [voice, frame, 1], the type of `like`.
    """
    silent = np.isnan(pitch)[..., None]
    around = np.where(silent, 0, pitch[..., None]) + np.arange(-tolerance, tolerance + 1)
    grid, numbers = np.unique(around, return_inverse=True)
    near = torch.as_tensor(numbers.reshape(around.shape), device=like.device)
    return torch.as_tensor(grid).to(like), near, torch.as_tensor(~silent).to(like)


def start(
    target: torch.Tensor, combs: torch.Tensor, bands: torch.Tensor, near: torch.Tensor, sounds: torch.Tensor,
    filters: int, seed: int,
) -> Factors:  # fmt: skip
    """Start values for a power spectrogram [frame, bin] > 0: equal gains at its level, filters nearly flat from `seed`.

    combs, bands, near: as in `Factors`.  sounds: [voice, frame, 1], 0 where a voice is silent, else 1.
    filters: of a voice.
    """
    generator = torch.Generator().manual_seed(seed % 2**63)
    flat = 1 + random_start((len(near), filters, bands.shape[-1]), generator, target)
    equal = target.new_ones(*near.shape[:2], filters)
    factors = balance(Factors(combs, bands, near, sounds.expand(near.shape), equal, flat))
    levels = [
        target[frames].mean(dim=-1) / voice_models(factors.at(frames)).sum(dim=0).mean(dim=-1).clamp_min(TINY)
        for frames in blocks(target)
    ]
    return replace(factors, comb_gains=factors.comb_gains * torch.cat(levels).unsqueeze(-1))


def blocks(target: torch.Tensor) -> Iterator[slice]:
    """The frames of the target [frame, bin], some at a time: so few that what is made of them stays in the cache."""
    return (slice(first, first + FRAMES_AT_ONCE) for first in range(0, len(target), FRAMES_AT_ONCE))


def source_models(factors: Factors) -> torch.Tensor:
    """W_F0 H_F0: [voice, frame, bin]."""
    near, gains = factors.near.flatten(0, 1), factors.comb_gains.flatten(0, 1)
    return embedding_bag(near, factors.combs, mode="sum", per_sample_weights=gains).unflatten(0, factors.near.shape[:2])


def filter_models(factors: Factors) -> torch.Tensor:
    """W_Gamma H_Gamma H_Phi: [voice, frame, bin]."""
    return factors.filter_gains @ (factors.filters @ factors.bands.mT)


def voice_models(factors: Factors) -> torch.Tensor:
    """Power of each voice, [voice, frame, bin]."""
    return source_models(factors) * filter_models(factors)


def update(target: torch.Tensor, factors: Factors, exponent: float) -> Factors:
    """H_F0, H_Phi, H_Gamma once each for a target [frame, bin] > 0; none raises the divergence with exponent 1/2."""
    parts, totals = [], factors.filters.new_zeros(2, *factors.filters.shape)
    for frames in blocks(target):
        part = update_comb_gains(target[frames], factors.at(frames), exponent)
        part = update_filter_gains(target[frames], part, exponent)
        totals += filter_gradients(target[frames], part)
        parts.append(part)
    gains = {name: torch.cat([getattr(part, name) for part in parts], dim=1) for name in ("comb_gains", "filter_gains")}
    return balance(replace(factors, **gains, filters=factors.filters * ratio(*totals).pow(exponent)))


def update_comb_gains(target: torch.Tensor, factors: Factors, exponent: float) -> Factors:
    """H_F0 with the filters fixed: the model is linear in it, W_F0 times filter its dictionary."""
    smooth = filter_models(factors)
    gradients = _gradients(target, source_models(factors) * smooth, smooth)
    combs = factors.combs.index_select(0, factors.near.flatten()).unflatten(0, factors.near.shape)
    up, down = (combs @ gradients.movedim(0, -1)).unbind(-1)
    return replace(factors, comb_gains=factors.comb_gains * ratio(up, down).pow(exponent))


def update_filter_gains(target: torch.Tensor, factors: Factors, exponent: float) -> Factors:
    """H_Phi with source and filter shapes fixed."""
    source = source_models(factors)
    up, down = _gradients(target, source * filter_models(factors), source) @ (factors.filters @ factors.bands.mT).mT
    return replace(factors, filter_gains=factors.filter_gains * ratio(up, down).pow(exponent))


def filter_gradients(target: torch.Tensor, factors: Factors) -> torch.Tensor:
    """The two parts of the gradient by H_Gamma with source and filter gains fixed, [2, voice, filter, band]."""
    source = source_models(factors)
    gradients = _gradients(target, source * filter_models(factors), source)
    return (factors.filter_gains.mT @ gradients) @ factors.bands


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
