"""What data sets have in common that are made from another, prepared one."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from workflow_scripts.lib.datasets.conversion import convert_tracks, place_file
from workflow_scripts.lib.datasets.kinds.contract import Target
from workflow_scripts.lib.datasets.raw import Clip, RawTrack
from workflow_scripts.lib.datasets.table import Track


def base_of(target: Target) -> Path:
    """The prepared root that it is made from; the plan sees to it that there is one."""
    assert target.of is not None
    return target.of


def stem_clip(target: Target, track: Track, stem: str) -> Clip:
    """The file of a stem of the other data set."""
    return Clip.of(track.folder(base_of(target)) / f"{stem}.wav")


def raw_track(track: Track, name: str, clips: Mapping[str, Clip]) -> RawTrack:
    """A track made from one of the other data set's. clips: the files of its stems."""
    singers = tuple(filter(None, track.singers.split(";")))
    return RawTrack(name, track.split, track.song, singers, track.family, dict(clips), None)


def convert_derived(target: Target, tracks: Sequence[RawTrack]) -> None:
    """Fill the root with tracks whose mixtures are the sums of their stems; files that stay get a second name."""
    convert_tracks(
        tracks, target.root, name=base_of(target), rate=target.rate, channels=target.channels, mixture_is_sum=True,
        length_tolerance=0.0, processes=target.processes, place=partial(_second_name, base_of(target), target.scratch),
    )  # fmt: skip


def _second_name(base: Path, scratch: Path, source: Path, target: Path) -> None:
    place_file(source, target, base if source.is_relative_to(base) else scratch)
