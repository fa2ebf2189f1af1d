"""Blind reference for songs: harmonic-percussive separation by median filters, in two resolutions.

FitzGerald and Gainza (2010): through a long window, sustained instruments are harmonic (lines along time) and drums and
voice, which never rests on a pitch, are percussive; through a short window the voice becomes harmonic, and the drums
stay percussive. They take windows of 16384 and 1024 samples at 44.1 kHz; a short window of twice that length separates
real singing better and is the default here. The median filters and their soft masks are librosa's (FitzGerald 2010).
The mixture falls into four parts that add up to it:

    low         harmonic through the long window, below `crossover`
    sustained   harmonic through the long window, above it
    vocal       percussive through the long window, harmonic through the short one
    percussive  percussive through both

The crossover, which the papers do not have, is there for scenes with a bass stem. Nothing is learned and no
reference is looked at; which part belongs to which source is the setting `parts`. It runs on the CPU.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Literal, get_args

import torch
from pydantic import AfterValidator, Field

from workflow_scripts.lib.audio.frame_blocks import FrameBlock
from workflow_scripts.lib.audio.masks import filter_in_blocks
from workflow_scripts.lib.audio.windows import Coverage, hop_length, odd, overlap_error, power_of_two
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.settings import NotNegative, Positive, Seconds, settings
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.networks.tensors import Tensors

Part = Literal["low", "sustained", "vocal", "percussive"]
PARTS = get_args(Part)


def _parts() -> dict[str, tuple[Part, ...]]:
    return {
        "vocals": ("vocal",),
        "accompaniment": ("low", "sustained", "percussive"),
        "drums": ("percussive",),
        "bass": ("low",),
        "other": ("sustained",),
    }


@settings
class Settings:
    """long_window, short_window: in s, each made the nearest power of two in samples.  overlap: windows over a sample.

    kernel: length of the median filters, in bins and in frames.  mask_power: exponent of the soft masks.
    crossover: in Hz, between the parts low and sustained.
    parts: for each source, the parts that it is the sum of.
    """

    long_window: Seconds = 0.3715
    short_window: Seconds = 0.0464
    overlap: Coverage = 4
    kernel: Annotated[int, Field(ge=3), AfterValidator(odd)] = 31
    mask_power: Positive = 2.0
    crossover: NotNegative = 200.0
    parts: Mapping[str, Annotated[tuple[Part, ...], Field(min_length=1)]] = field(default_factory=_parts)

    def check(self) -> str | None:
        if self.short_window < self.long_window:
            return None
        return f"short_window is {self.short_window}, but long_window is {self.long_window}; take less than that."

    def check_data(self, rate: int, channels: int | None) -> str | None:  # noqa: ARG002 of all settings
        if 2 * self.crossover >= rate:
            return (
                f"crossover is {self.crossover}, but audio of {rate} Hz ends at {rate / 2:g} Hz; take less than that."
            )
        return overlap_error("overlap", self.overlap, power_of_two(self.short_window * rate))


def separate(scene: Scene, settings: Settings, model: Tensors) -> torch.Tensor:  # noqa: ARG001 the contract
    """Estimates [source, channel, time]; raises UserError for a source that `settings.parts` does not know."""
    _check_sources(scene.sources, settings.parts)
    signals = split(scene.mixture.cpu().float(), scene.rate, settings)
    silence = torch.zeros(())
    estimates = [sum((signals[part] for part in settings.parts[source]), silence) for source in scene.sources]
    return torch.stack(estimates).to(scene.mixture.device)


def split(mixture: torch.Tensor, rate: int, settings: Settings) -> dict[str, torch.Tensor]:
    """Mixture [channel, time] float32 at `rate` in Hz -> the four parts, each as the mixture; they add up to it."""
    window = power_of_two(settings.long_window * rate)
    bins = torch.arange(window // 2 + 1) * (rate / window)
    below = (bins < settings.crossover).float()[:, None]
    low, sustained = _harmonic(mixture, window, settings, torch.stack([below, 1 - below]))
    rest = mixture - low - sustained
    short = power_of_two(settings.short_window * rate)
    (vocal,) = _harmonic(rest, short, settings, torch.ones(1, 1, 1))
    return dict(zip(PARTS, (low, sustained, vocal, rest - vocal), strict=True))


def _harmonic(signal: torch.Tensor, window: int, settings: Settings, bands: torch.Tensor) -> torch.Tensor:
    """What is harmonic in [channel, time], one signal for each weighting of bins in `bands` [band, bin, 1]."""
    from librosa.decompose import hpss  # deferred: librosa starts slowly

    def harmonic(block: FrameBlock, spectrum: torch.Tensor) -> torch.Tensor:  # noqa: ARG001 of all filters
        # One mask for all channels, so that the stereo image stays.
        magnitude = spectrum.abs().mean(dim=0).numpy()
        mask, _ = hpss(magnitude, kernel_size=settings.kernel, power=settings.mask_power, mask=True)
        return bands[:, None] * torch.from_numpy(mask) * spectrum

    hop, around = hop_length(window, settings.overlap), settings.kernel // 2
    return filter_in_blocks(signal, len(bands), window, hop, harmonic, context=around)


def _check_sources(sources: tuple[str, ...], parts: Mapping[str, tuple[Part, ...]]) -> None:
    for source in sources:
        if source not in parts:
            raise UserError(
                f"Harmonic-percussive separation does not know the source {source!r}, only {', '.join(parts)}; "
                f"give the parts that it is made of ({', '.join(PARTS)}) under the setting 'parts'."
            )
