"""NMF1: F0-informed NMF with harmonic templates at a tenth of a semitone.

Named as a baseline by arXiv 2201.09592 (Sec. IV-C), which does not publish its settings. The constraints follow Ewert
and Mueller (2012): start values of 1/p^2 in a narrow band around partial p and zero elsewhere, activations that start
at zero wherever the voice does not sound that pitch; what is zero stays zero. Chosen here, on a real quartet:

- one dictionary a voice, one template for each tenth of a semitone that its F0 comes near, and activations only within
  `tolerance` of the F0 in that frame;
- the band of a partial has the shape of the window's main lobe, and is wider only where the given bandwidth is;
- magnitudes, Kullback-Leibler divergence, few updates: the templates rest for the first half of them, then adapt. More
  updates fit better and separate worse, since voices that cross partials exchange them;
- no random start, no regularisation but that;
- a voice is held `attack` before and `release` after its voiced frames; beyond that it is silent;
- Wiener masks: squared magnitudes of the voices' models.
"""

from dataclasses import dataclass

import numpy as np
import torch

from workflow_scripts.lib.audio import nmf, voices
from workflow_scripts.lib.audio.frame_blocks import FrameBlock
from workflow_scripts.lib.audio.masks import dtype_of, mask_in_blocks, ratio_masks, spectrogram_in_blocks
from workflow_scripts.lib.audio.nmf import Divergence
from workflow_scripts.lib.audio.windows import Analysis, hop_length, window_length
from workflow_scripts.lib.core.settings import Natural, NotNegative, Positive, settings
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.networks.tensors import Tensors


@settings
class Settings(Analysis):
    """divergence: kl or is, with `spectrum_exponent` 1 (magnitudes) or 2 (powers).

    iterations: updates in all.  fixed_iterations: the first of them, in which the templates rest; all of them where
        there are no more.
    tolerance: in tenths of a semitone, from the F0 to the farthest template in use.
    bandwidth: of a partial's band to either side, in semitones, at least the main lobe of the window.
    decay: a of the start value 1/p^a of partial p.
    attack, release: s for which a voice keeps its pitch before and after its voiced frames.
    mask_exponent: of the models in the mask.
    """

    divergence: Divergence = "kl"
    spectrum_exponent: Positive = 1.0
    iterations: Natural = 20
    fixed_iterations: Natural = 10
    tolerance: Natural = 3
    bandwidth: NotNegative = 0.1
    decay: NotNegative = 2.0
    attack: NotNegative = 0.1
    release: NotNegative = 0.5
    mask_exponent: Positive = 2.0


@dataclass(frozen=True)
class Dictionary:
    """pitch [component] in tenths of a semitone from 440 Hz; voice [component]; active [component, frame] bool."""

    pitch: torch.Tensor
    voice: torch.Tensor
    active: torch.Tensor


def separate(scene: Scene, settings: Settings, model: Tensors) -> torch.Tensor:  # noqa: ARG001 the contract
    """Estimates [source, channel, time] from the mixture and the F0 of each source."""
    window = window_length(scene.rate, settings.window)
    hop = hop_length(window, settings.overlap)
    mixture = scene.mixture.to(dtype_of(settings.precision))
    target = spectrogram_in_blocks(mixture, window, hop, settings.spectrum_exponent)
    f0 = voices.contours(scene.f0, scene.sources, scene.rate, hop, target.shape[-1], settings.attack, settings.release)
    atoms = dictionary(voices.pitches(f0), settings.tolerance, target)
    bins = voices.bin_frequencies(window, scene.rate, target)
    w = templates(bins, voices.frequencies(atoms.pitch), settings.bandwidth, settings.decay)
    h = atoms.active * target.mean()
    w, h = nmf.factorise(target, w, h, settings.divergence, settings.iterations, settings.fixed_iterations)

    def masks_of(block: FrameBlock, spectrum: torch.Tensor) -> torch.Tensor:  # noqa: ARG001 of all masks
        parts = voice_models(w, h[:, block.frames], atoms.voice, len(scene.sources))
        return ratio_masks(parts.pow(settings.mask_exponent))

    return mask_in_blocks(mixture, len(scene.sources), window, hop, masks_of)


def dictionary(pitch: np.ndarray, tolerance: int, like: torch.Tensor) -> Dictionary:
    """Pitch [voice, frame] in tenths of a semitone, NaN where silent -> the components that some frame uses."""
    grids, active = zip(*voices.neighbourhoods(pitch, tolerance), strict=True)
    voice = np.repeat(np.arange(len(grids)), [len(grid) for grid in grids])
    return Dictionary(
        torch.as_tensor(np.concatenate(grids)).to(like),
        torch.as_tensor(voice, device=like.device),
        torch.as_tensor(np.concatenate(active), device=like.device),
    )


def templates(bins: torch.Tensor, f0: torch.Tensor, bandwidth: float, decay: float) -> torch.Tensor:
    """Harmonic combs [bin, component] whose columns add up to 1.

    bins: frequencies of the bins in Hz.  f0: of the components in Hz.  bandwidth: in semitones, see `Settings`.
    """
    resolution = bins[1] - bins[0]
    partial, distance = voices.partial_distance(bins, f0)
    half_width = (partial * f0[:, None] * (2 ** (bandwidth / 12) - 1)).clamp_min(2 * resolution)
    combs = partial.pow(-decay) * voices.hann_lobe(2 * distance / half_width)
    return (combs / combs.sum(dim=-1, keepdim=True).clamp_min(nmf.TINY)).mT


def voice_models(w: torch.Tensor, h: torch.Tensor, voice: torch.Tensor, count: int) -> torch.Tensor:
    """W [bin, component], H [component, frame] and the voice of each component -> models [voice, bin, frame]."""
    return torch.stack([w[:, voice == j] @ h[voice == j] for j in range(count)])
