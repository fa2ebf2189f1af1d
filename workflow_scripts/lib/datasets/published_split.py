"""The split of arXiv 1711.00048, by the names of the tracks: DSD100, MedleyDB (version 1) and CCMixter.

DSD100 as its makers split it, its test part cut in two in the order of the public code's lists; MedleyDB and CCMixter
cut into thirds in that order, the first unlabelled, the rest for validation and testing. The lists that are stored
here are of those three; iKala is no longer distributed, and its order is not known.
Artists stand in several parts: 16 of DSD100 are in its training part and in the other, three of the other collections
too, so that a test on it is not one of unheard singers. `metadata.csv` with the singers refuses such a split.
"""

import csv
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.datasets.raw import RawTrack

LIST = Path(__file__).with_name("adversarial_split.csv")


def split_as_published(tracks: Sequence[RawTrack], root: object) -> list[RawTrack]:
    """The tracks in the split that the list gives them, their family the name of their collection.

    Paired songs are those of the family DSD100, unlabelled ones the others of the split `train`. A track is known by
    artist and title, whatever signs stand between: "051 - AM Contra - Heart Peripheral", "AMContra_HeartPeripheral".
    Raises UserError for a track that the list has not.
    """
    known = listed_tracks()
    for track in tracks:
        if _key(track.track) not in known:
            raise UserError(
                f"{root}: the track {track.track!r} is in no part of the published split; "
                f"{nearest(_key(track.track), known)} Name it 'artist - title' as its collection does, or take it out."
            )
    found = [known[_key(track.track)] for track in tracks]
    return [replace(track, split=split, family=name) for track, (name, split) in zip(tracks, found, strict=True)]


@cache
def listed_tracks() -> dict[str, tuple[str, str]]:
    """Key of each track of the list -> its collection and split."""
    with open(LIST, encoding="utf-8", newline="") as lines:
        return {_key(row["artist"] + row["title"]): (row["collection"], row["split"]) for row in csv.DictReader(lines)}


def _key(name: str) -> str:
    """Letters and digits of a name, without the number that DSD100 puts first."""
    number, _, rest = name.partition(" - ")
    plain = unicodedata.normalize("NFKD", rest if number.isdigit() and " - " in rest else name).casefold()
    return "".join(letter for letter in plain if letter.isalnum())
