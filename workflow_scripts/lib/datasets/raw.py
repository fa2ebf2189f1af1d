"""A data set as it was found, before anything is converted: which files are which stem of which track."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.core.names import LONGEST_TRACK, SPLITS, composed, same_name
from workflow_scripts.lib.core.text_table import read_table

METADATA = ("track", "song", "singers", "family")


@dataclass(frozen=True)
class Clip:
    """One audio file. shown: what messages call it, the user's own file where `path` was unpacked from it."""

    path: Path
    shown: str

    @classmethod
    def of(cls, path: Path) -> "Clip":
        return cls(path, str(path))


@dataclass(frozen=True)
class RawTrack:
    """The files of one track.

    song: identity of the piece; singers: their names; family: a named property; as in `table.Track`.
    stems: name -> file, in the order of the data set's stems. mixture: None where it is to be made as the sum.
    """

    track: str
    split: str
    song: str
    singers: tuple[str, ...]
    family: str
    stems: dict[str, Clip]
    mixture: Clip | None


def check_name(name: str, where: object) -> str:
    """The name of a track, composed. Raises UserError where it cannot be a folder or an entry of a list."""
    if not name.strip() or name.startswith(".") or any(c in "/\\;" or not c.isprintable() for c in name):
        raise UserError(
            f"{where}: {name!r} cannot be the name of a track; rename it without a leading dot, '/', '\\', ';' or "
            "control characters."
        )
    if (size := len(composed(name).encode())) > LONGEST_TRACK:
        raise UserError(
            f"{where}: a name of {size} bytes is too long for a track, since files are named after it; shorten it to "
            f"{LONGEST_TRACK} bytes."
        )
    return composed(name)


def refuse_clashes(tracks: Sequence[RawTrack], root: object) -> None:
    """Raises UserError for no tracks at all, two tracks of one name, or a song or singer in two splits."""
    if not tracks:
        raise UserError(f"{root}: holds no track; allowed is <root>/[<split>/]<track>/<source>.wav or .flac.")
    seen: dict[str, RawTrack] = {}
    for track in tracks:
        other = seen.setdefault(same_name(track.track), track)
        if other is not track:
            raise UserError(
                f"{root}: two tracks have one name, {other.split}/{other.track} and {track.split}/{track.track}; "
                "rename one of them."
            )
    refuse_shared(((t.song, t.split, t.track) for t in tracks), "song", root)
    refuse_shared(((singer, t.split, t.track) for t in tracks for singer in t.singers), "singer", root)


def refuse_shared(rows: Iterable[tuple[str, str, str]], what: str, root: object) -> None:
    """Raises UserError where one value of (value, split, track) stands in two splits."""
    first: dict[str, tuple[str, str]] = {}
    for value, split, track in rows:
        split0, track0 = first.setdefault(same_name(value), (split, track))
        if split0 != split:
            raise UserError(
                f"{root}: the {what} {value!r} is in two splits, in {split0}/{track0} and in {split}/{track}, so that "
                f"a test would not be of unheard music; move one of the tracks."
            )


def select_tracks(tracks: Sequence[RawTrack], keep: Mapping[str, Sequence[str]], root: object) -> list[RawTrack]:
    """The tracks that `keep` names, split by split, and all tracks of the splits that it does not name.

    Raises UserError for an unknown split, or a track that is not in it.
    """
    for split, names in keep.items():
        if split not in SPLITS:
            raise UserError(f"{root}: settings.keep names the split {split!r}; {nearest(split, SPLITS)}")
        known = {track.track for track in tracks if track.split == split}
        for name in names:
            if composed(name) not in known:
                raise UserError(
                    f"{root}: settings.keep names {name!r}, which is no track of the split {split!r}; "
                    f"{nearest(name, known)}"
                )
    kept = {split: set(map(composed, names)) for split, names in keep.items()}
    return [track for track in tracks if track.split not in kept or track.track in kept[track.split]]


def with_metadata(tracks: Sequence[RawTrack], file: Path) -> list[RawTrack]:
    """The tracks with song, singers (joined by ";") and family from a CSV file, where there is one.

    Raises UserError for an unknown column or track, or a track named twice.
    """
    if not file.exists():
        return list(tracks)
    rows = _metadata_rows(file)
    known = {track.track for track in tracks}
    for name in rows:
        if name not in known:
            raise UserError(f"{file}: names the track {name!r}, which is not in the folder; {nearest(name, known)}")
    return [_with_row(track, rows.get(track.track, {})) for track in tracks]


def _metadata_rows(file: Path) -> dict[str, dict[str, str]]:
    table = read_table(file, "a table of the tracks, with the columns track, song, singers, family")
    for column in table.header:
        if column not in METADATA:
            raise UserError(f"{file}: has the unknown column {column!r}; {nearest(column, METADATA)}")
    rows: dict[str, dict[str, str]] = {}
    for _, row in table.rows():
        name = composed(row.get("track", ""))
        if name in rows:
            raise UserError(f"{file}: names the track {name!r} twice; keep one of the lines.")
        rows[name] = row
    return rows


def _with_row(track: RawTrack, row: dict[str, str]) -> RawTrack:
    value = {key: row.get(key, "") for key in METADATA}
    singers = tuple(singer.strip() for singer in value["singers"].split(";") if singer.strip())
    return replace(track, song=value["song"] or track.song, singers=singers or track.singers, family=value["family"])


def sort_key(track: RawTrack) -> tuple[int, str]:
    return SPLITS.index(track.split), track.track
