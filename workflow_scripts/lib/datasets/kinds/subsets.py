"""Every choice of so many voices of another data set's tracks, each a track whose mixture is the sum of just these.

The two-voice experiments of arXiv 2201.09592 are on the six pairs of a quartet, the higher voice first.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from workflow_scripts.lib.audio.f0 import F0, read_f0, write_f0
from workflow_scripts.lib.core.settings import settings
from workflow_scripts.lib.datasets.derived import base_of, convert_derived, raw_track, stem_clip
from workflow_scripts.lib.datasets.kinds.contract import Target
from workflow_scripts.lib.datasets.raw import RawTrack
from workflow_scripts.lib.datasets.table import Track, read_tracks

OF = "fewer"  # stems than the data set that it is made from


@settings
class Settings:
    """None: how many voices sound at a time is how many names `stems` has."""


def fill_root(target: Target, settings: Settings) -> None:  # noqa: ARG001 the contract
    """Write a track for every choice of voices, named after the track and them."""
    base = base_of(target)
    chosen = {
        f"{track.track} {'-'.join(voices)}": (track, voices)
        for track in read_tracks(base)
        for voices in combinations(track.stem_names, len(target.stems))
    }
    convert_derived(target, [_raw(target, name, *each) for name, each in chosen.items()])
    for name, (track, voices) in chosen.items():
        table = track.folder(base) / "f0.csv"
        if table.exists():
            write_f0(target.root / track.split / name / "f0.csv", _of_voices(read_f0(table), voices, target.voices))


def _raw(target: Target, name: str, track: Track, voices: tuple[str, ...]) -> RawTrack:
    clips = {stem: stem_clip(target, track, voice) for stem, voice in zip(target.stems, voices, strict=True)}
    return raw_track(track, name, clips)


def _of_voices(f0: F0, voices: Sequence[str], names: Sequence[str]) -> F0:
    rows = np.array([f0.voices.index(voice) for voice in voices])
    return F0(tuple(names), f0.hz[rows], f0.confidence[rows])
