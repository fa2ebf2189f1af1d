"""Collections of songs as vocals and accompaniment, in the layouts and by the rules of arXiv 1711.00048.

    DSD100      Mixtures/<Dev|Test>/<song>/mixture.wav, Sources/.../vocals.wav; the accompaniment is what vocals leave
    MedleyDB    Audio/<track>/<track>_STEMS/*.wav, <track>_METADATA.yaml there or in Metadata/; sums of mono stems;
                the published split knows a track by the artist and title in its metadata
    CCMixter    <song>/source-01.wav, source-02.wav: accompaniment, vocals
    iKala       Wavfile/*.wav: left accompaniment, right vocals; as in MIR-1K

The public code added each MedleyDB voice three times and left further vocal stems out of both sums; here each counts
once. Several collections lie in folders of these names. The split is the published one; of iKala, whose order is not
known, thirds in the order of the names, in which no song (MIR-1K: no singer) is in two.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import yaml

from workflow_scripts.lib.audio import io
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.names import SPLITS
from workflow_scripts.lib.core.settings import settings
from workflow_scripts.lib.datasets.layouts.contract import Origin
from workflow_scripts.lib.datasets.published_split import split_as_published
from workflow_scripts.lib.datasets.raw import Clip, RawTrack
from workflow_scripts.lib.datasets.workers import map_processes

Collection = Literal["DSD100", "MedleyDB", "CCMixter", "iKala", "MIR-1K"]
Parts = Callable[[Path], tuple[str, str, np.ndarray, np.ndarray, int]]  # see the functions that are some
MIXTURE_IS_SUM = True
# Labels of MedleyDB's stems that are sung; a "male speaker" is accompaniment, as in the public code.
SUNG = {"vocalists", "male singer", "female singer", "male rapper", "female rapper"}
WRITTEN = ("vocals", "accompaniment")


@settings
class Settings:
    """collections: that are read, each in the folder of its name; of one alone the root may be that folder itself."""

    collections: tuple[Collection, ...] = get_args(Collection)[:4]


def read(origin: Origin, settings: Settings) -> list[RawTrack]:
    """The songs of the collections. Raises UserError for other stems than these two, or a folder that is missing."""
    if set(origin.stems) != set(WRITTEN):
        raise UserError(f"{origin.root}: this layout has the stems vocals and accompaniment; name these.")
    return [
        track for name in settings.collections for track in _collection(origin, name, len(settings.collections) == 1)
    ]


def _collection(origin: Origin, name: Collection, alone: bool) -> list[RawTrack]:
    root = origin.root / name
    root = origin.root if alone and not root.is_dir() else root
    if not root.is_dir():
        raise UserError(
            f"{root}: there is no such folder; put {name} there, or leave it out of settings.layout_settings."
        )
    songs = list(SONGS[name](root))
    if not songs:
        raise UserError(f"{root}: holds no song in the layout of {name}; name the folder that its archive unpacks to.")
    work = partial(_song, origin.scratch / "written" / name, _parts_of(name))
    tracks = map_processes(work, songs, origin.processes)
    if name in ("iKala", "MIR-1K"):
        return _thirds([replace(track, family=name) for track in tracks])
    listed = split_as_published([replace(track, track=track.song) for track in tracks], root)
    return [replace(track, split=own.split, family=own.family) for track, own in zip(tracks, listed, strict=True)]


# Where each collection has its songs


def _dsd100(root: Path) -> Iterator[Path]:
    yield from sorted(root.glob("Mixtures/*/*/mixture.wav"))


def _medleydb(root: Path) -> Iterator[Path]:
    yield from sorted(path for path in root.glob("Audio/*") if (path / f"{path.name}_STEMS").is_dir())


def _ccmixter(root: Path) -> Iterator[Path]:
    yield from sorted(path.parent for path in root.glob("*/source-02.wav"))


def _left_right(root: Path) -> Iterator[Path]:
    yield from sorted(root.glob("Wavfile/*.wav"))


SONGS: dict[str, Callable[[Path], Iterator[Path]]] = {
    "DSD100": _dsd100, "MedleyDB": _medleydb, "CCMixter": _ccmixter, "iKala": _left_right, "MIR-1K": _left_right,
}  # fmt: skip


# A song's name, artist and title, what is sung, and what is not: samples [channel, time], and their rate in Hz


def _of_dsd100(path: Path) -> tuple[str, str, np.ndarray, np.ndarray, int]:
    mixture, rate = io.read(path)
    song = path.parent.relative_to(path.parents[2])
    vocals = io.read(path.parents[3] / "Sources" / song / "vocals.wav")[0]
    return path.parent.name, path.parent.name, vocals, mixture - vocals, rate


def _of_medleydb(folder: Path) -> tuple[str, str, np.ndarray, np.ndarray, int]:
    name = folder.name
    places = [folder / f"{name}_METADATA.yaml", folder.parents[1] / "Metadata" / f"{name}_METADATA.yaml"]
    metadata = next((place for place in places if place.is_file()), None)
    if metadata is None:
        raise UserError(
            f"{folder}: has no {name}_METADATA.yaml, nor has Metadata beside Audio; get it from marl/medleydb."
        )
    try:
        told = yaml.safe_load(metadata.read_text(encoding="utf-8"))
        song, stems = f"{told['artist']} - {told['title']}", told["stems"].values()
        files = [(folder / f"{name}_STEMS" / each["filename"], each["instrument"]) for each in stems]
    except (yaml.YAMLError, TypeError, KeyError, AttributeError, UnicodeDecodeError) as error:
        raise UserError(
            f"{metadata}: says of no stem what its file and instrument are; get it from marl/medleydb."
        ) from error
    sums: list[np.ndarray] = []
    for sung in (True, False):
        chosen = [path for path, label in files if (label in SUNG) == sung]
        sums.append(sum((io.read(path)[0].mean(axis=0, keepdims=True) for path in chosen), np.zeros((1, 1))))
    length = max(each.shape[1] for each in sums)
    vocals, accompaniment = (np.broadcast_to(each, (1, length)) if each.shape[1] == 1 else each for each in sums)
    return name, song, vocals, accompaniment, io.read(files[0][0])[1]


def _of_left_right(path: Path) -> tuple[str, str, np.ndarray, np.ndarray, int]:
    samples, rate = io.read(path)
    if len(samples) != 2:
        raise UserError(f"{path}: has {len(samples)} channels, needed are two, accompaniment left and vocals right.")
    return path.stem, path.stem.rpartition("_")[0] or path.stem, samples[1:], samples[:1], rate


def _parts_of(name: Collection) -> Parts | None:
    """None where both are files already."""
    return {"DSD100": _of_dsd100, "MedleyDB": _of_medleydb, "iKala": _of_left_right, "MIR-1K": _of_left_right}.get(name)


def _song(scratch: Path, parts_of: Parts | None, path: Path) -> RawTrack:
    """One song, still without its split."""
    if parts_of is None:
        files = {"vocals": path / "source-02.wav", "accompaniment": path / "source-01.wav"}
        return _raw(path.name, path.name, {stem: Clip.of(file) for stem, file in files.items()})
    name, song, *samples, rate = parts_of(path)
    clips = {}
    for stem, part in zip(WRITTEN, samples, strict=True):
        file = scratch / name / f"{stem}.wav"
        io.write(file, np.asarray(part, np.float32), rate)
        clips[stem] = Clip(file, str(path))
    return _raw(name, song, clips)


def _raw(name: str, song: str, clips: dict[str, Clip]) -> RawTrack:
    return RawTrack(name, "train", song, (), "", clips, None)


def _thirds(tracks: list[RawTrack]) -> list[RawTrack]:
    """In the order of the names, and no two tracks with one beginning in two splits."""
    third, found = len(tracks) // 3, dict[str, str]()
    for index, track in enumerate(tracks):
        found.setdefault(_beginning(track), SPLITS[min(2, index // max(1, third))])
    return [replace(track, split=found[_beginning(track)]) for track in tracks]


def _beginning(track: RawTrack) -> str:
    return track.track.partition("_")[0]
