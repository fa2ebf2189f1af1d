"""What holds for MUSDB18 in each of its layouts, as musdb 0.4.3 has it (its configs/mus.yaml)."""

from collections.abc import Iterable
from dataclasses import replace

from workflow_scripts.lib.datasets.raw import RawTrack

STREAMS = {"mixture": 0, "drums": 1, "bass": 2, "other": 3, "vocals": 4}
"""Order of the streams in a `.stem.mp4` file."""
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
"""The tracks of the training folder that validate."""


def split_off_validation(track: RawTrack, valid: Iterable[str] | None) -> RawTrack:
    """The track, as `valid` where it is one of the training tracks that `valid` names (None: musdb's own list)."""
    names = VALIDATION_TRACKS if valid is None else tuple(valid)
    return replace(track, split="valid") if track.split == "train" and track.track in names else track
