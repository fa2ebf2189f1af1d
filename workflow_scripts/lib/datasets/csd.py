"""The Choral Singing Dataset (Cuesta et al., 2018): three SATB pieces, four singers a part, each on a file of its own.

Both published layouts are read: `CSD_<ER|LI|ND>_<soprano|alto|tenor|bass>_<1..4>.wav` (Zenodo record 2649950) and the
older one in Spanish, such as `nino_Bajos_104.wav` or `locus_tenor1-01-2.wav` (record 1286570), in whatever folders.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.datasets.origin import READABLE, visible_files
from workflow_scripts.lib.datasets.raw import Clip, RawTrack
from workflow_scripts.lib.datasets.table import SPLITS

SONGS = {"ER": "El Rossinyol", "LI": "Locus Iste", "ND": "Nino Dios"}
PARTS = ("soprano", "alto", "tenor", "bass")
SINGERS = (1, 2, 3, 4)
PUBLISHED = {"test": {"ER": [2], "LI": [3], "ND": [4]}}
"""The test of arXiv 2201.09592: one fixed singer a part and song."""

_NEW = re.compile(r"CSD_(ER|LI|ND)_(soprano|alto|tenor|bass)_([1-4])", re.IGNORECASE)
_OLD = re.compile(r"(rossinyol|locus|nino)_(Soprano|ContraAlt|Tenor|Bajos)_?([1-4])[-_.\d]*", re.IGNORECASE)
_OLD_SONGS = {"rossinyol": "ER", "locus": "LI", "nino": "ND"}
_OLD_PARTS = {"soprano": "soprano", "contraalt": "alto", "tenor": "tenor", "bajos": "bass"}

Key = tuple[str, str, int]


def read_csd(root: Path, stems: Sequence[str], quartets: Mapping[str, Any] | None = None) -> list[RawTrack]:
    """Quartets of one singer a part.

    quartets: split -> song (ER, LI, ND) -> list of quartets, each the number of the singer that sings every part, or
        four numbers, one for each of soprano, alto, tenor, bass; None takes the published test.
    Raises UserError where a file is missing or there twice, or a quartet is not to be had.
    """
    for stem in stems:
        if stem not in PARTS:
            raise UserError(f"{root}: {stem!r} is no part of the Choral Singing Dataset; {nearest(stem, PARTS)}")
    files = find_singers(Path(root))
    return [
        _quartet(root, files, split, song, singers, stems)
        for split, song, singers in _choices(PUBLISHED if quartets is None else quartets)
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


def _choices(quartets: Mapping[str, Any]) -> list[tuple[str, str, tuple[int, ...]]]:
    """(split, song, singer of each part) of every quartet that the settings name."""
    choices = []
    for split, songs in quartets.items():
        _known(split, SPLITS, "a split")
        for song, chosen in (songs or {}).items():
            _known(song, SONGS, "a song")
            choices += [(split, song, _singers(quartet)) for quartet in chosen or ()]
    return choices


def _known(name: str, valid: Sequence[str] | Mapping[str, str], what: str) -> None:
    if name not in valid:
        raise UserError(f"The setting 'quartets' names {name!r}, which is not {what}; {nearest(name, valid)}")


def _singers(quartet: int | Sequence[int]) -> tuple[int, ...]:
    singers = (quartet,) * len(PARTS) if isinstance(quartet, int) else tuple(quartet)
    if len(singers) != len(PARTS) or any(singer not in SINGERS for singer in singers):
        raise UserError(
            f"The setting 'quartets' has {quartet!r}; allowed is a singer from 1 to 4, or a list of four, one "
            f"for each of {', '.join(PARTS)}."
        )
    return singers


def _quartet(
    root: Path, files: Mapping[Key, Path], split: str, song: str, singers: tuple[int, ...], stems: Sequence[str]
) -> RawTrack:
    who = dict(zip(PARTS, singers, strict=True))
    clips = {}
    for stem in stems:
        if (song, stem, who[stem]) not in files:
            raise UserError(
                f"{root}: singer {who[stem]} of the part {stem!r} in {SONGS[song]!r} is missing, no file is named "
                f"CSD_{song}_{stem}_{who[stem]}.wav or as in the older record; take another quartet or get the file."
            )
        clips[stem] = Clip.of(files[song, stem, who[stem]])
    label = str(singers[0]) if len(set(singers)) == 1 else "-".join(map(str, singers))
    names = tuple(f"{stem} {who[stem]}" for stem in stems)
    return RawTrack(f"{SONGS[song]} {label}", split, SONGS[song], names, "", clips, None)
