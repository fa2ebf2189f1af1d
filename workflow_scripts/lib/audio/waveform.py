"""How a network on waveforms separates a song of any length: level and chunks.

A song is brought to zero mean and unit deviation of its mono mixture, which is undone on every estimate. Its chunks are
either overlapping and cross-faded, or, as published with UGOSA, side by side, each averaged over random shifts. All
overlapping chunks have one length, because the network normalises over what it is given, and hold no added silence
unless the song is shorter than a chunk. Memory does not grow with the song beyond the mixture and the estimates.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn
from torch.nn.functional import pad

from workflow_scripts.lib.audio import chunks
from workflow_scripts.lib.audio.windows import length_error
from workflow_scripts.lib.core.generators import generator_of
from workflow_scripts.lib.core.settings import Count, NotNegative, Overlap, Seconds, settings

# mixture [batch, channel, time] -> estimates [batch, source, channel, time]
Separator = Callable[[torch.Tensor], torch.Tensor]


@settings
class Assembly:
    """How chunks are put together.

    assembly: `faded` (overlapping, cross-faded) or `shifted` (side by side, averaged over shifts).
    chunk_seconds: of both, in s.  overlap: of `faded`, share of a chunk that the next one covers too.
    shifts, shift_seconds: of `shifted`, the number of passes and the longest silence before a chunk, in s.
    """

    assembly: Literal["faded", "shifted"] = "faded"
    chunk_seconds: Seconds = 10.0
    overlap: Overlap = 0.25
    shifts: Count = 10
    shift_seconds: NotNegative = 0.5

    def check_data(self, rate: int, channels: int | None) -> str | None:  # noqa: ARG002 of all settings
        return length_error("chunk_seconds", self.chunk_seconds, rate, 1, "a sample")


@dataclass(frozen=True)
class Level:
    """Mean and standard deviation of a mono mixture; the deviation of a constant one counts as 1."""

    mean: float
    deviation: float

    def normalise(self, signals: torch.Tensor) -> torch.Tensor:
        """Signals [...] on the scale on which the mixture has mean 0 and deviation 1."""
        return (signals - self.mean) / self.deviation


AS_IT_IS = Level(0.0, 1.0)


def level_of(mixture: torch.Tensor) -> Level:
    """Mixture [channel, time] -> the level of its mean over channels."""
    mono = mixture.mean(dim=0)
    deviation = mono.std(correction=0).item()
    return Level(mono.mean().item(), deviation if deviation > 0 else 1.0)


def separate_song(
    network: nn.Module, outputs: Sequence[int], mixture: torch.Tensor, rate: int, seed: int, assembly: Assembly
) -> torch.Tensor:
    """Mixture [channel, time] at `rate` Hz -> estimates [source, channel, time] of a network, without gradient.

    outputs: index of each source among the network's outputs.  seed: of the random shifts.
    """
    level, size = level_of(mixture), round(assembly.chunk_seconds * rate)

    def separator(chunk: torch.Tensor) -> torch.Tensor:
        return network(chunk)[:, outputs]

    with torch.no_grad():
        if assembly.assembly == "faded":
            found = crossfade_chunks(separator, mixture, len(outputs), size, assembly.overlap, level)
        else:
            reach, generator = round(assembly.shift_seconds * rate), generator_of(seed, "shifts")
            found = average_over_shifts(
                separator, mixture, len(outputs), size, assembly.shifts, reach, generator, level
            )
        # As in the public code every estimate gets the mean, so that their sum has it once a source.
        return found.mul_(level.deviation).add_(level.mean)


def crossfade_chunks(
    separator: Separator, mixture: torch.Tensor, sources: int, size: int, overlap: float, level: Level = AS_IT_IS
) -> torch.Tensor:
    """Mixture [channel, time] -> estimates [source, channel, time] from cross-faded chunks of `size` samples.

    The fades of the chunks add up to 1 at every sample, so a separator without memory leaves no seam.
    overlap: share of a chunk that the next one covers too, in [0, 1).  level: that the chunks are brought to.
    """
    length = mixture.shape[-1]
    starts = chunks.starts(length, size, overlap)
    estimates = mixture.new_zeros(sources, *mixture.shape)
    for start, fade in zip(starts, chunks.fades(starts, length, size, mixture), strict=True):
        part = level.normalise(mixture[..., start : start + size])
        estimates[..., start : start + size] += separator(part.unsqueeze(0))[0] * fade
    return estimates


def average_over_shifts(
    separator: Separator, mixture: torch.Tensor, sources: int, size: int, shifts: int, reach: int,
    generator: torch.Generator, level: Level = AS_IT_IS,
) -> torch.Tensor:  # fmt: skip
    """The same from chunks side by side, each the mean over `shifts` passes with silence of random length before it.

    reach: samples; between 0 and this many zeros stand before a chunk, the rest of them behind it.
    generator: draws the lengths, on the CPU.
    The shift trick of the public code of demucs and UGOSA: a network with strides is not invariant to shifts, and the
    mean over some of them averages that error out.
    """
    estimates = mixture.new_zeros(sources, *mixture.shape)
    for start in range(0, mixture.shape[-1], size):
        part = level.normalise(mixture[..., start : start + size])
        for before in torch.randint(reach + 1, (shifts,), generator=generator).tolist():
            given = pad(part, (before, reach - before)).unsqueeze(0)
            found = separator(given)[0, ..., before : before + part.shape[-1]]
            estimates[..., start : start + size] += found / shifts
    return estimates
