"""Excerpts of prepared tracks, for training: drawn at random, or on a regular grid.

Starts lie on the 16 ms grid of the F0 tables, so that an excerpt's F0 needs no interpolation (arXiv 2201.09592 draws
them on this grid too). There a fixed number of excerpts of every 10 s of audio makes an epoch; here each excerpt is
drawn anew, because a resumed training then needs no more than the number of its step.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile
import torch

from workflow_scripts.lib.audio.f0 import F0, HOP_SECONDS, frame_count, read_f0
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.seeds import seed_of, stream
from workflow_scripts.lib.datasets.corpus import f0_table
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.datasets.table import Track

DrawFrom = Literal["audio", "songs"]


class Excerpts:
    """The excerpts of some tracks, all of one rate and number of channels.

    tracks: at least one.  sources: names, `accompaniment` being the sum of the stems that are not named.
    f0: folders that hold the F0 tables `<track>.csv`; none gives scenes without F0.
    seconds: length of an excerpt.  batch: number of excerpts in a batch.
    references: False gives scenes without references, and reads no stem.
    device: of the scenes' tensors.
    share: (k, n) gives every n-th excerpt of each batch, from the k-th, to process k of n.
    cache_bytes: decoded tracks are kept in memory up to this size; the others are read anew for each excerpt.
    solo: the source that stands alone instead of the mixture, which is then not read.
    name: of the random stream; excerpts of other names are drawn independently.
    draw_from: `audio` draws uniformly over all audio, `songs` a track first, each as likely as any other.
    overhang: seconds by which an excerpt may reach beyond both ends of its track, with zeros there; neighbours on the
        regular grid then share twice as much.
    """

    def __init__(
        self, data: Path, tracks: Sequence[Track], sources: Sequence[str], f0: Sequence[Path] = (), *,
        seconds: float = 4.0, batch: int = 1, references: bool = True, device: torch.device | str = "cpu",
        share: tuple[int, int] = (0, 1), cache_bytes: int = 2**30, solo: str | None = None, name: str = "excerpts",
        draw_from: DrawFrom = "audio", overhang: float = 0.0,
    ) -> None:  # fmt: skip
        if not tracks:
            raise ValueError("excerpts of no track")
        self.data, self.tracks, self.sources = Path(data), tuple(tracks), tuple(sources)
        self.seconds, self.batch_size, self.references, self.device, self.share = (
            seconds, batch, references, device, share,
        )  # fmt: skip
        self.rate, self.channels = tracks[0].rate, tracks[0].channels
        self.solo, self.name, self._overhang = solo, name, round(overhang / HOP_SECONDS)
        self._f0 = {track.track: read_f0(f0_table(f0, track.track)) for track in tracks} if f0 else {}
        self._room = cache_bytes
        self._decoded: dict[str, np.ndarray] = {}
        lengths = np.array([track.seconds if draw_from == "audio" else 1.0 for track in tracks])
        self._weights = lengths / lengths.sum()

    def batch(self, seed: int, number: int) -> list[Scene]:
        """This process's share of batch `number`: a pure function of the seed and the number."""
        generator = stream(seed, self.name, number)
        starts = [self._draw_start(generator, self.seconds) for _ in range(self.batch_size)]
        first, step = self.share
        return [self._scene(*start, self.seconds) for start in starts[first::step]]

    def draw(self, generator: np.random.Generator, seconds: float | None = None) -> Scene:
        """One excerpt of `seconds` (None: those of the batches) from a random position."""
        seconds = self.seconds if seconds is None else seconds
        return self._scene(*self._draw_start(generator, seconds), seconds)

    def every_excerpt(self, seconds: float | None = None) -> list[Scene]:
        """Every excerpt of all tracks, end to end on the grid; what is left over at the end of a track is left out.

        A track shorter than one excerpt gives one, with silence after it.
        """
        seconds = self.seconds if seconds is None else seconds
        step = max(1, round(seconds / HOP_SECONDS) - 2 * self._overhang)
        starts = [(track, frame) for track in self.tracks for frame in self._starts(track, seconds)[::step]]
        return [self._scene(track, frame, seconds) for track, frame in starts]

    def _draw_start(self, generator: np.random.Generator, seconds: float) -> tuple[Track, int]:
        """A track, and the frame of the F0 grid at which an excerpt of it begins."""
        track = self.tracks[int(generator.choice(len(self.tracks), p=self._weights))]
        starts = self._starts(track, seconds)
        return track, starts[int(generator.integers(len(starts)))]

    def _starts(self, track: Track, seconds: float) -> range:
        """Frames at which an excerpt of a track can start, at least one."""
        last = int(np.floor((track.seconds - seconds) / HOP_SECONDS + 1e-9)) + self._overhang
        return range(-self._overhang, max(-self._overhang, last) + 1)

    def _scene(self, track: Track, frame: int, seconds: float) -> Scene:
        start, count = round(frame * HOP_SECONDS * self.rate), round(seconds * self.rate)
        audio = torch.from_numpy(self._audio(track, start, count)).to(self.device)
        return Scene(
            mixture=audio[0],
            rate=self.rate,
            sources=self.sources,
            seed=seed_of(track.track, frame),
            f0=_cut_f0(self._f0[track.track], frame, frame_count(seconds)) if self._f0 else None,
            references=audio[1:] if self.references else None,
        )

    def _audio(self, track: Track, start: int, count: int) -> np.ndarray:
        """Mixture, then the references where there are any, [1 + source, channel, time] float32, zeros past the ends.

        start: may lie before the track.
        """
        if track.track not in self._decoded:
            needed = 4 * (1 + self.references * len(self.sources)) * self.channels * round(track.seconds * self.rate)
            if needed > self._room:
                return _window(self._read(track, max(0, start), count + min(0, start)), min(0, start), count)
            self._room -= needed
            self._decoded[track.track] = self._read(track, 0, -1)
        return _window(self._decoded[track.track], start, count)

    def _read(self, track: Track, start: int, count: int) -> np.ndarray:
        folder = track.folder(self.data)
        rest = [stem for stem in track.stem_names if stem not in self.sources]
        stems = {source: [source] if source in track.stem_names else rest for source in self.sources}
        first = ["mixture"] if self.solo is None else stems[self.solo]
        groups = [first, *(stems.values() if self.references else [])]
        return np.stack(
            [sum(_read(folder / f"{part}.wav", start, count) for part in parts) for parts in groups]
        ).astype(np.float32)


def _read(path: Path, start: int, count: int) -> np.ndarray:
    """Samples [channel, time] float64 from `start`, `count` of them (fewer at the end) or all (-1)."""
    try:
        samples, _ = soundfile.read(path, frames=count, start=start, dtype="float64", always_2d=True)
    except (soundfile.SoundFileError, OSError) as error:
        raise UserError(f"{path}: cannot be read as audio ({error}); prepare the data set anew.") from error
    return samples.T


def _window(values: np.ndarray, start: int, count: int) -> np.ndarray:
    """A copy of values[..., start : start + count], zeros before the first value and after the last one."""
    part = values[..., max(0, start) : max(0, start + count)]
    window = np.zeros((*values.shape[:-1], count), values.dtype)
    window[..., max(0, -start) :][..., : part.shape[-1]] = part
    return window


def _cut_f0(f0: F0, frame: int, count: int) -> F0:
    """`count` frames from `frame`, unvoiced beyond the ends of the table."""
    return F0(f0.voices, _window(f0.hz, frame, count), _window(f0.confidence, frame, count))
