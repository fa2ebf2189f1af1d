"""What marks make certain about the stems of a song, on top of what a network estimates.

Where sources are marked silent, the others add up to the mixture; where all but one are, the mixture is that one's
stem. `make_consistent` makes estimates obey this. `draw_remix` puts such stretches together anew, so that a network can
be trained on mixtures of this very song of which the sums of groups of sources, or the sources themselves, are known.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch

from workflow_scripts.lib.audio import chunks
from workflow_scripts.lib.audio.masks import ratio_masks
from workflow_scripts.lib.audio.stft import istft, stft
from workflow_scripts.lib.audio.windows import hop_length, window_length

FADE_SECONDS = 0.01  # at both ends of what is put into a remix
CHUNK_SECONDS = 10.0  # of what `make_consistent` works on at once
GAIN_DB = 3.0  # largest change of level of a part of a remix, up or down


@dataclass(frozen=True)
class Stretch:
    """Samples [start, stop) in which only the sources of `group` (indices) can sound: the others are marked silent."""

    start: int
    stop: int
    group: tuple[int, ...]

    @property
    def length(self) -> int:
        """In samples."""
        return self.stop - self.start


@dataclass(frozen=True)
class Remix:
    """mixture [channel, time], the sum of stems [source, channel, time]; groups: sources of which the sum is true."""

    mixture: torch.Tensor
    stems: torch.Tensor
    groups: tuple[tuple[int, ...], ...]


def stretches(marks: torch.Tensor, shortest: int, margin: int) -> list[Stretch]:
    """The stretches of marks [source, time] in which some sources are marked silent and some are not.

    margin: samples left out at both ends, because marks can be off.  shortest: samples that must be left.
    """
    quiet = marks < 0
    changes = (quiet[:, 1:] != quiet[:, :-1]).any(dim=0).nonzero().flatten() + 1
    bounds = [0, *changes.tolist(), marks.shape[-1]]
    found = []
    for start, stop in pairwise(bounds):
        group = tuple((~quiet[:, start]).nonzero().flatten().tolist())
        if 0 < len(group) < len(marks) and stop - start - 2 * margin >= max(1, shortest):
            found.append(Stretch(start + margin, stop - margin, group))
    return found


def silence_of(marks: torch.Tensor) -> torch.Tensor:
    """Marks [source, time] -> 1 where a source is marked silent, 0 elsewhere, [source, 1, time]."""
    return (marks < 0).to(marks.dtype).unsqueeze(1)


def mute_silent_sources(estimates: torch.Tensor, marks: torch.Tensor) -> torch.Tensor:
    """Estimates [source, channel, time], zero where their source is marked silent."""
    return estimates.masked_fill(marks.unsqueeze(1) < 0, 0)


def make_consistent(estimates: torch.Tensor, mixture: torch.Tensor, marks: torch.Tensor, rate: int) -> torch.Tensor:
    """Make estimates zero where marked silent, the others there adding up to the mixture [channel, time].

    What is missing goes to the sources that can sound, bin by bin in proportion to the energy of their estimates (a
    Wiener filter on the rest). Times without a silent source keep their estimates. Overwrites and returns `estimates`
    [source, channel, time], which may be too large to have twice.
    """
    size = round(CHUNK_SECONDS * rate)
    length = mixture.shape[-1]
    starts = chunks.starts(length, size, 0.25)
    fades = chunks.fades(starts, length, size, mixture)
    begun = estimates[..., :0]  # what the chunks before have of this one
    for start, stop, fade in zip(starts, [*starts[1:], length], fades, strict=True):
        cut = slice(start, start + size)
        found = _fill_up(estimates[..., cut], mixture[..., cut], marks[:, cut], rate) * fade
        found[..., : begun.shape[-1]] += begun
        estimates[..., start:stop] = found[..., : stop - start]
        begun = found[..., stop - start :]
    return estimates


def _fill_up(estimates: torch.Tensor, mixture: torch.Tensor, marks: torch.Tensor, rate: int) -> torch.Tensor:
    """Estimates [source, channel, time] of a chunk as `make_consistent` has them."""
    gate = 1 - silence_of(marks)
    kept = estimates * gate
    some_silent = 1 - gate.amin(dim=0)
    rest = (mixture - kept.sum(dim=0)) * some_silent
    window = window_length(rate, None)
    hop = hop_length(window, 4)
    shares = ratio_masks(stft(kept, window, hop).abs().square())
    found = kept + istft(shares * stft(rest, window, hop), window, hop, mixture.shape[-1]) * gate * some_silent
    # The window reaches over the ends of the marks, so a little is still missing there.
    left = (mixture - found.sum(dim=0)) * some_silent
    return found + left * gate / gate.sum(dim=0).clamp(min=1)


def draw_remix(
    stems: torch.Tensor, pieces: Sequence[Stretch], size: int, rate: int, generator: torch.Generator
) -> Remix:
    """One remix of `size` samples of stretches with disjoint groups; estimates fill the sources that none covers.

    stems: [source, channel, time] of the song, which obey the marks (`make_consistent`).
    """
    sources, channels, _ = stems.shape
    parts = stems.new_zeros(sources, channels, size)
    groups = list(_draw_disjoint(pieces, sources, generator))
    covered = [source for piece in groups for source in piece.group]
    for piece in groups:
        members = list(piece.group)
        parts[members] = _vary_level_and_sides(
            _cut_at_random(stems[members, :, piece.start : piece.stop], size, rate, generator), generator
        )
    for source in sorted(set(range(sources)) - set(covered)):
        parts[source] = _vary_level_and_sides(_cut_at_random(stems[source], size, rate, generator), generator)
    return Remix(parts.sum(dim=0), parts, tuple(piece.group for piece in groups))


def _draw_disjoint(pieces: Sequence[Stretch], sources: int, generator: torch.Generator) -> Iterator[Stretch]:
    """Stretches drawn in proportion to their lengths, none with a source of one before."""
    free = set(range(sources))
    while candidates := [piece for piece in pieces if free.issuperset(piece.group)]:
        lengths = torch.tensor([float(piece.length) for piece in candidates])
        chosen = candidates[int(torch.multinomial(lengths, 1, generator=generator))]
        free -= set(chosen.group)
        yield chosen


def _cut_at_random(signal: torch.Tensor, size: int, rate: int, generator: torch.Generator) -> torch.Tensor:
    """Signal [..., time] -> `size` samples of it from a random position on, repeated where it is shorter."""
    length = signal.shape[-1]
    used = min(length, size)
    start = int(torch.randint(length - used + 1, (1,), generator=generator))
    ends = torch.arange(used, device=signal.device)
    slope = max(1, min(round(FADE_SECONDS * rate), used // 2))
    fade = (torch.minimum(ends + 1, used - ends) / slope).clamp(max=1)
    piece = signal[..., start : start + used] * fade
    first = int(torch.randint(used, (1,), generator=generator)) if used < size else 0
    return piece[..., (torch.arange(size, device=signal.device) + first) % used]


def _vary_level_and_sides(signal: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Signal [..., channel, time] with a random sign and level, its channels swapped or not."""
    draws = torch.rand(3, generator=generator).tolist()
    gain = 10 ** (GAIN_DB * (2 * draws[0] - 1) / 20) * (1 if draws[1] < 0.5 else -1)
    return gain * (signal if draws[2] < 0.5 else signal.flip(-2))
