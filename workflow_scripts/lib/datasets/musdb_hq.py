"""The layout of MUSDB18-HQ: `<root>/{train,test}/<Artist - Title>/{mixture,drums,bass,other,vocals}.wav`."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from workflow_scripts.lib.datasets.folder import read_folder
from workflow_scripts.lib.datasets.raw import RawTrack

VALIDATION_TRACKS = (
    "Actions - One Minute Smile",
    "Clara Berry And Wooldog - Waltz For My Victims",
    "Johnny Lokke - Promises & Lies",
    "Patrick Talbot - A Reason To Leave",
    "Triviul - Angelsaint",
    "Alexander Ross - Goodbye Bolero",
    "Fergessen - Nos Palpitants",
    "Leaf - Summerghost",
    "Skelpolu - Human Mistakes",
    "Young Griffo - Pennies",
    "ANiMAL - Rockshow",
    "James May - On The Line",
    "Meaxic - Take A Step",
    "Traffic Experiment - Sirens",
)
"""The tracks of the training folder that musdb 0.4.3 names as validation tracks (its configs/mus.yaml)."""


def read_musdb_hq(
    root: Path, stems: Sequence[str], valid: Iterable[str] | None = None, ignore: Iterable[str] = ()
) -> list[RawTrack]:
    """The tracks of the folder; those of `train` that `valid` names (None: musdb's own list) are `valid`."""
    return [split_off(track, valid) for track in read_folder(root, stems, ignore)]


def split_off(track: RawTrack, valid: Iterable[str] | None) -> RawTrack:
    """The track, as `valid` where it is one of the training tracks that validate."""
    names = VALIDATION_TRACKS if valid is None else tuple(valid)
    return replace(track, split="valid") if track.split == "train" and track.track in names else track
