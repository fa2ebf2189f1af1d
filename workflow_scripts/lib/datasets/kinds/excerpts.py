"""Excerpts of another data set's tracks, side by side, each a track of its own; a rest that is shorter is left out.

arXiv 2201.09592 tests on excerpts of 4 s, each separated by itself, the first 4 s of a song left out. There excerpt k
starts 16 ms before 4 k s, by rounding; here at 4 k s.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from workflow_scripts.lib.audio import io
from workflow_scripts.lib.audio.f0 import F0, HOP_SECONDS, frame_count, read_f0, write_f0
from workflow_scripts.lib.core.settings import NotNegative, Seconds, Unique, settings
from workflow_scripts.lib.datasets.derived import base_of, convert_derived, raw_track, stem_clip
from workflow_scripts.lib.datasets.kinds.contract import Target
from workflow_scripts.lib.datasets.raw import Clip, RawTrack
from workflow_scripts.lib.datasets.table import Track, read_tracks

OF = "same"  # stems as the data set that it is made from


@settings
class Settings:
    """seconds: of an excerpt, in s.  first: where the first one of a track starts, in s.  splits: that are cut."""

    seconds: Seconds = 4.0
    first: NotNegative = 4.0
    splits: Annotated[tuple[Literal["train", "valid", "test"], ...], Field(min_length=1), Unique] = ("test",)


def fill_root(target: Target, settings: Settings) -> None:
    """Write the excerpts in which anything sounds, and the tracks of the other splits as they are."""
    base = base_of(target)
    tracks = read_tracks(base)
    convert_derived(target, [raw for track in tracks for raw in _raws(target, track, settings)])
    for track in tracks:
        table = track.folder(base) / "f0.csv"
        if not table.exists():
            continue
        f0 = read_f0(table)
        for name, start in _names(track, settings):
            folder = target.root / track.split / name
            if folder.exists():
                seconds = settings.seconds if track.split in settings.splits else track.seconds
                write_f0(folder / "f0.csv", _cut_f0(f0, start / track.rate, seconds))


def _names(track: Track, settings: Settings) -> Iterator[tuple[str, int]]:
    """Name and first sample of each excerpt; of a track that is not cut its own name, and 0."""
    if track.split not in settings.splits:
        yield track.track, 0
        return
    length, whole = round(settings.seconds * track.rate), round(track.seconds * track.rate)
    for start in range(round(settings.first * track.rate), whole - length + 1, length):
        yield f"{track.track} at {start / track.rate:07.2f} s", start


def _raws(target: Target, track: Track, settings: Settings) -> Iterator[RawTrack]:
    if track.split not in settings.splits:
        clips = {stem: stem_clip(target, track, stem) for stem in target.stems}
        yield raw_track(track, track.track, clips)
        return
    length = round(settings.seconds * track.rate)
    stems = {stem: io.read(stem_clip(target, track, stem).path)[0] for stem in target.stems}
    for name, start in _names(track, settings):
        parts = {stem: samples[:, start : start + length] for stem, samples in stems.items()}
        if any(part.any() for part in parts.values()):
            clips = {stem: _written(target, name, stem, part, track.rate) for stem, part in parts.items()}
            yield raw_track(track, name, clips)


def _written(target: Target, name: str, stem: str, samples: np.ndarray, rate: int) -> Clip:
    path = target.scratch / name / f"{stem}.wav"
    io.write(path, samples.astype(np.float32), rate)
    return Clip.of(path)


def _cut_f0(f0: F0, start: float, seconds: float) -> F0:
    """The frames from the nearest to `start` on, as many as the excerpt of `seconds` has; the last is held."""
    first = round(start / HOP_SECONDS)
    frames = np.minimum(first + np.arange(frame_count(seconds)), f0.hz.shape[1] - 1)
    return F0(f0.voices, f0.hz[:, frames], f0.confidence[:, frames])
