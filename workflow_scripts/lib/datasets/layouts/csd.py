"""The Choral Singing Dataset (Cuesta et al., 2018): three SATB pieces, four singers a part, each on a file of its own.

Both published layouts are read: `CSD_<ER|LI|ND>_<soprano|alto|tenor|bass>_<1..4>.wav` (Zenodo record 2649950) and the
older one in Spanish, such as `nino_Bajos_104.wav` or `locus_tenor1-01-2.wav` (record 1286570), in whatever folders.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field

from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.core.names import SPLITS
from workflow_scripts.lib.core.settings import settings
from workflow_scripts.lib.datasets.layouts.contract import Origin
from workflow_scripts.lib.datasets.origin import READABLE, visible_files
from workflow_scripts.lib.datasets.raw import Clip, RawTrack

MIXTURE_IS_SUM = True
OPENS_NOTHING = True
SONGS = {"ER": "El Rossinyol", "LI": "Locus Iste", "ND": "Nino Dios"}
PARTS = ("soprano", "alto", "tenor", "bass")
Singer = Annotated[int, Field(ge=1, le=4)]
Quartet = Singer | tuple[Singer, Singer, Singer, Singer]
Quartets = dict[str, dict[str, tuple[Quartet, ...]]]
PUBLISHED: Quartets = {"test": {"ER": (2,), "LI": (3,), "ND": (4,)}}
"""The test of arXiv 2201.09592: one fixed singer a part and song."""

_NEW = re.compile(r"CSD_(ER|LI|ND)_(soprano|alto|tenor|bass)_([1-4])", re.IGNORECASE)
_OLD = re.compile(r"(rossinyol|locus|nino)_(Soprano|ContraAlt|Tenor|Bajos)_?([1-4])[-_.\d]*", re.IGNORECASE)
_OLD_SONGS = {"rossinyol": "ER", "locus": "LI", "nino": "ND"}
_OLD_PARTS = {"soprano": "soprano", "contraalt": "alto", "tenor": "tenor", "bajos": "bass"}

Key = tuple[str, str, int]


@settings
class Settings:
    """quartets: split -> song (ER, LI, ND) -> quartets, each the number of the singer of every part, or four numbers.

    The four are of soprano, alto, tenor and bass; None takes the published test.
    """

    quartets: Quartets | None = None

    def check(self) -> str | None:
        """Splits and songs must be known ones."""
        for split, songs in (self.quartets or {}).items():
            if split not in SPLITS:
                return f"quartets has the split {split!r}; {nearest(split, SPLITS)}"
            for song in songs:
                if song not in SONGS:
                    return f"quartets has the song {song!r}; {nearest(song, SONGS)}"
        return None


def read(origin: Origin, settings: Settings) -> list[RawTrack]:
    """Quartets of one singer a part. Raises UserError where a file is missing or there twice."""
    for stem in origin.stems:
        if stem not in PARTS:
            raise UserError(f"{origin.root}: {stem!r} is no part of the Choral Singing Dataset; {nearest(stem, PARTS)}")
    files = find_singers(origin.root)
    chosen = PUBLISHED if settings.quartets is None else settings.quartets
    return [
        _track(origin, files, split, song, _singers(quartet))
        for split, songs in chosen.items()
        for song, quartets in songs.items()
        for quartet in quartets
    ]


def find_singers(root: Path) -> dict[Key, Path]:
    """(song, part, singer) -> file, for every file below `root` whose name says so."""
    files: dict[Key, Path] = {}
    for path in visible_files(root):
        key = key_of(path.stem)
        if key is None or path.suffix.lower() not in READABLE:
            continue
        if key in files:
            raise UserError(f"{path}: is the same singer and song as {files[key]}; keep one of the two.")
        files[key] = path
    return files


def key_of(name: str) -> Key | None:
    """(song, part, singer) from a file's name without suffix; None where it is no singer's file."""
    if match := _NEW.fullmatch(name):
        song, part, singer = match.groups()
        return song.upper(), part.lower(), int(singer)
    if match := _OLD.fullmatch(name):
        song, part, singer = match.groups()
        return _OLD_SONGS[song.lower()], _OLD_PARTS[part.lower()], int(singer)
    return None


def _singers(quartet: Quartet) -> tuple[int, ...]:
    """The singer of each part."""
    return (quartet,) * len(PARTS) if isinstance(quartet, int) else quartet


def _track(origin: Origin, files: Mapping[Key, Path], split: str, song: str, singers: tuple[int, ...]) -> RawTrack:
    """The quartet of a song. singers: of each part."""
    who = dict(zip(PARTS, singers, strict=True))
    clips = {}
    for stem in origin.stems:
        if (song, stem, who[stem]) not in files:
            raise UserError(
                f"{origin.root}: singer {who[stem]} of the part {stem!r} in {SONGS[song]!r} is missing, no file is "
                f"named CSD_{song}_{stem}_{who[stem]}.wav or as in the older record; take another quartet or get the "
                "file."
            )
        clips[stem] = Clip.of(files[song, stem, who[stem]])
    label = str(singers[0]) if len(set(singers)) == 1 else "-".join(map(str, singers))
    names = tuple(f"{stem} {who[stem]}" for stem in origin.stems)
    return RawTrack(f"{SONGS[song]} {label}", split, SONGS[song], names, "", clips, None)
