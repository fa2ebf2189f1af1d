"""Slakh2100 and its first twenty tracks, BabySlakh: `<track>/{metadata.yaml, stems/S<nn>.<wav|flac>}`, synthesised.

The stems of a track are summed by the class of their instrument: `bass`, `drums`, and all else is `other`. A track
without one of those asked for is left out. There are no vocals.
"""

from functools import partial
from pathlib import Path

import numpy as np
import yaml

from workflow_scripts.lib.audio import io
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.names import SPLITS
from workflow_scripts.lib.core.settings import Natural, settings
from workflow_scripts.lib.datasets.layouts.contract import Origin
from workflow_scripts.lib.datasets.raw import Clip, RawTrack
from workflow_scripts.lib.datasets.workers import map_processes

MIXTURE_IS_SUM = True
FOLDERS = {"train": "train", "validation": "valid", "test": "test"}  # of Slakh2100
CLASSES = {"Bass": "bass", "Drums": "drums"}


@settings
class Settings:
    """valid, test: how many tracks, from the last on, where there are no folders of splits, as in BabySlakh."""

    valid: Natural = 4
    test: Natural = 4


def read(origin: Origin, settings: Settings) -> list[RawTrack]:
    """The tracks that have all stems asked for. Raises UserError where there is none, or metadata is missing."""
    files = sorted(origin.root.rglob("metadata.yaml"))
    made = map_processes(partial(_track, origin), files, origin.processes)
    tracks = [track for track in made if track]
    if not tracks:
        raise UserError(
            f"{origin.root}: holds no <track>/metadata.yaml beside stems; name the folder that was unpacked."
        )
    if any(track.split for track in tracks):
        return tracks
    ends = len(tracks) - settings.valid - settings.test, len(tracks) - settings.test
    return [_in(track, SPLITS[(index >= ends[0]) + (index >= ends[1])]) for index, track in enumerate(tracks)]


def _in(track: RawTrack, split: str) -> RawTrack:
    return RawTrack(track.track, split, track.song, track.singers, track.family, track.stems, track.mixture)


def _track(origin: Origin, metadata: Path) -> RawTrack | None:
    folder = metadata.parent
    try:
        classes = {name: each["inst_class"] for name, each in yaml.safe_load(metadata.read_text())["stems"].items()}
    except (yaml.YAMLError, TypeError, KeyError, AttributeError, UnicodeDecodeError) as error:
        raise UserError(f"{metadata}: says of no stem what its instrument is; get it again.") from error
    paths = {path.stem: path for path in sorted((folder / "stems").glob("S*")) if path.stem in classes}
    sums: dict[str, np.ndarray] = {}
    rate = 0
    for name, path in paths.items():
        samples, rate = io.read(path)
        stem = CLASSES.get(classes[name], "other")
        sums[stem] = _sum(sums.get(stem), samples)
    if not set(origin.stems) <= sums.keys():
        return None
    clips = {}
    for stem in origin.stems:
        file = origin.scratch / "written" / folder.name / f"{stem}.wav"
        io.write(file, sums[stem].astype(np.float32), rate)
        clips[stem] = Clip(file, str(folder))
    return RawTrack(folder.name, FOLDERS.get(folder.parent.name, ""), folder.name, (), "", clips, None)


def _sum(before: np.ndarray | None, samples: np.ndarray) -> np.ndarray:
    """Of two signals [channel, time], the shorter one followed by silence."""
    if before is None:
        return samples
    length = max(before.shape[1], samples.shape[1])
    padded = (np.pad(each, ((0, 0), (0, length - each.shape[1]))) for each in (before, samples))
    return np.add(*padded)
