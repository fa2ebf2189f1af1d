"""Supervised NMF: a dictionary learned from each source's training stems, then activations alone on the mixture.

The usual scheme of Smaragdis, Raj and Shashanka (2007). Kullback-Leibler divergence on magnitudes, as there; the sizes,
the number of updates and the random choice of training frames are this project's. Frames at silence teach nothing and
are not drawn. Wiener masks: squared magnitudes of the sources' models.
"""

from collections.abc import Iterable

import torch

from workflow_scripts.lib.audio import nmf
from workflow_scripts.lib.audio.frame_blocks import FrameBlock
from workflow_scripts.lib.audio.masks import analyse, dtype_of, mask_in_blocks, ratio_masks, spectrogram_in_blocks
from workflow_scripts.lib.audio.nmf import Divergence
from workflow_scripts.lib.audio.windows import Analysis, hop_length, window_length
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.settings import Count, Positive, settings
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.networks.tensors import Tensors

SILENCE = 1e-3  # of the loudest frame's magnitude: quieter frames are not drawn for training


@settings
class Settings(Analysis):
    """components: templates a source.  frames_per_scene: drawn at random from each training scene, with repetition.

    divergence: kl or is, with `spectrum_exponent` 1 (magnitudes) or 2 (powers).
    training_iterations, iterations: updates of the dictionary, and of the activations on a mixture.
    mask_exponent: of the models in the mask.
    """

    components: Count = 40
    frames_per_scene: Count = 300
    divergence: Divergence = "kl"
    spectrum_exponent: Positive = 1.0
    training_iterations: Count = 60
    iterations: Count = 30
    mask_exponent: Positive = 2.0


def train(scenes: Iterable[Scene], settings: Settings) -> Tensors:
    """A dictionary [bin, component] with columns of sum 1 for each source, under the name `dictionary.<source>`.

    Every scene has references and the same sources and rate. Raises UserError where there is no scene.
    """
    examples, first = [], None
    for scene in scenes:
        first = first or scene
        examples.append(training_frames(scene, settings))
    if first is None:
        raise UserError("Supervised NMF has no training track; give the data set a train split.")
    target = torch.cat(examples, dim=-1)
    target = target / target.max().clamp_min(nmf.TINY)
    generator = torch.Generator().manual_seed(first.seed % 2**63)
    w = nmf.random_start((*target.shape[:2], settings.components), generator, target)
    h = nmf.random_start((len(target), settings.components, target.shape[-1]), generator, target)
    w, h = nmf.normalise(w, h * target.mean())
    w, _ = nmf.factorise(target, w, h, settings.divergence, settings.training_iterations)
    dictionaries = {f"dictionary.{source}": w[j].cpu().contiguous() for j, source in enumerate(first.sources)}
    return {"rate": torch.tensor(first.rate), **dictionaries}


def separate(scene: Scene, settings: Settings, model: Tensors) -> torch.Tensor:
    """Estimates [source, channel, time]; raises UserError where `model` is for another rate or other sources."""
    window = window_length(scene.rate, settings.window)
    hop = hop_length(window, settings.overlap)
    mixture = scene.mixture.to(dtype_of(settings.precision))
    target = spectrogram_in_blocks(mixture, window, hop, settings.spectrum_exponent)
    w = _dictionaries(scene, model, target)
    h = activations(target, w, settings.divergence, settings.iterations)

    def masks_of(block: FrameBlock, spectrum: torch.Tensor) -> torch.Tensor:  # noqa: ARG001 of all masks
        return ratio_masks((w @ h[..., block.frames]).pow(settings.mask_exponent))

    return mask_in_blocks(mixture, len(w), window, hop, masks_of)


def activations(target: torch.Tensor, w: torch.Tensor, divergence: Divergence, iterations: int) -> torch.Tensor:
    """Target [bin, frame] and dictionaries [source, bin, component] -> [source, component, frame]."""
    source, bins, component = w.shape
    joint = w.permute(1, 0, 2).reshape(bins, source * component)
    h = target.mean().expand(joint.shape[-1], target.shape[-1])
    _, h = nmf.factorise(target, joint, h, divergence, iterations, fixed_iterations=iterations)
    return h.reshape(source, component, -1)


def training_frames(scene: Scene, settings: Settings) -> torch.Tensor:
    """Spectrogram frames of the references, [source, bin, frames_per_scene], drawn with the scene's seed."""
    if scene.references is None:
        raise UserError("Supervised NMF learns from the true sources; a training scene came without them.")
    window = window_length(scene.rate, settings.window)
    spectra = analyse(scene.references, window, hop_length(window, settings.overlap), dtype_of(settings.precision))
    magnitudes = spectra.abs().pow(settings.spectrum_exponent).mean(dim=1)
    generator = torch.Generator().manual_seed(scene.seed % 2**63)
    return torch.stack([_draw(source, settings.frames_per_scene, generator) for source in magnitudes])


def _draw(frames: torch.Tensor, count: int, generator: torch.Generator) -> torch.Tensor:
    level = frames.sum(dim=0)
    audible = torch.nonzero(level >= SILENCE * level.max()).squeeze(-1)
    chosen = torch.randint(len(audible), (count,), generator=generator)
    return frames[:, audible[chosen.to(audible.device)]]


def _dictionaries(scene: Scene, model: Tensors, target: torch.Tensor) -> torch.Tensor:
    known = [name.removeprefix("dictionary.") for name in model if name.startswith("dictionary.")]
    missing = [source for source in scene.sources if source not in known]
    if missing:
        raise UserError(
            f"The model of supervised NMF has no dictionary for {', '.join(missing)}, only for "
            f"{', '.join(known) or 'no source'}; train it on these sources."
        )
    w = torch.stack([model[f"dictionary.{source}"] for source in scene.sources]).to(target)
    if int(model["rate"]) != scene.rate or w.shape[1] != len(target):
        raise UserError(
            f"The model of supervised NMF was trained at {int(model['rate'])} Hz with {w.shape[1]} bins, the mixture "
            f"has {scene.rate} Hz and {len(target)} bins; train and separate at one rate with one window."
        )
    return w
