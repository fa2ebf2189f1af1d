"""Where a data set comes from, as far as the planning of a run must know it: nothing heavy is imported here."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from workflow_scripts.lib.core.errors import Missing, UserError, nearest
from workflow_scripts.lib.core.files import sha256_file, write_json
from workflow_scripts.lib.core.names import of_the_system

READABLE = frozenset({".wav", ".flac"})
OTHER_AUDIO = frozenset(
    {".aac", ".aif", ".aiff", ".au", ".caf", ".m4a", ".mp3", ".mp4", ".oga", ".ogg", ".opus", ".w64", ".wma", ".wv"}
)
HASHED = READABLE | OTHER_AUDIO | {".csv"}
LABELS = frozenset({".txt", ".tsv", ".pt"})


class Definition(Protocol):
    """What is looked at of a data set's definition, as in config/datasets/<name>.yaml."""

    @property
    def kind(self) -> str: ...
    @property
    def settings(self) -> Mapping[str, Any]: ...
    @property
    def stems(self) -> Sequence[str]: ...
    @property
    def voices(self) -> Sequence[str]: ...
    @property
    def muted(self) -> object: ...
    @property
    def accept_licence(self) -> bool: ...
    @property
    def terms(self) -> str: ...
    @property
    def access(self) -> str: ...


def check_dataset(name: str, dataset: Definition) -> None:
    """Refuse a data set that cannot be prepared, before any job starts; its settings are right for its kind.

    Raises UserError as `check_definition` and `check_presence`.
    """
    check_definition(name, dataset)
    check_presence(name, dataset)


def check_definition(name: str, dataset: Definition) -> None:
    """Raises UserError for a voice that is no stem, or a recording to be muted."""
    where = f"config: datasets.{name}"
    if dataset.kind == "recording" and dataset.muted:
        raise UserError(f"{where}.muted is set, but a recording has no stems to mute; leave it out.")
    for voice in dataset.voices:
        if voice not in dataset.stems:
            raise UserError(
                f"{where}.voices has {voice!r}, which is none of its stems; {nearest(voice, dataset.stems)}"
            )


def check_presence(name: str, dataset: Definition) -> None:
    """Raises Missing for no folder at `root`, none named of data that is not downloaded, or terms not accepted."""
    where = f"config: datasets.{name}"
    if dataset.settings.get("root"):
        root_of(dataset.settings["root"])
    elif "archives" in dataset.settings and not dataset.settings["archives"]:
        raise Missing(
            f"{where} is not downloaded; {dataset.access or 'get it yourself.'} Then set "
            f"{where[8:]}.settings.root to the folder."
        )
    elif "archives" in dataset.settings:
        check_licence(where, dataset.accept_licence, dataset.terms)


def check_licence(where: str, accepted: object, terms: str) -> None:
    """Raises Missing unless the user has accepted the terms (their address) of a data set that is downloaded."""
    if accepted is not True:
        raise Missing(
            f"{where} is downloaded only after you have accepted its terms ({terms or 'no address named'}); read them "
            "and set the data set's accept_licence to true."
        )


def root_of(root: str) -> Path:
    """The user's file or folder, absolute. Raises Missing where there is none."""
    path = Path(root).expanduser().absolute()
    if not path.exists():
        raise Missing(f"{path}: there is no such folder; set the data set's 'root' to the folder of the recordings.")
    return path


def origin_hash(kind: str, settings: Mapping[str, Any], cache: Path) -> str:
    """A hash of the content that a data set is made from: equal content, equal hash, whatever the time stamps say.

    kind: of a data set, or `text` for tables and label files, which are hashed too.
    settings: of the kind: `root`, a file or folder of the user's, or `archives`, where data is downloaded.
    cache: folder in which the hashes of single files are kept by path, size and time of change, so that a second call
        reads no audio.
    Returns the archives' checksums for data that is downloaded, and "" for data made from neither.
    Raises Missing where the user's folder is.
    """
    if settings.get("root"):
        endings = HASHED | LABELS if kind == "text" else HASHED
        return _hash_of_files(root_of(settings["root"]), Path(cache) / "origin_hashes.json", endings)
    return ";".join(str(archive.get("sha256") or archive.get("md5")) for archive in settings.get("archives", ()))


def visible_files(folder: Path) -> Iterator[Path]:
    """All files below a folder, links followed, in the order of their names, without those of the system."""
    for path in sorted(folder.iterdir()):
        if of_the_system(path.name):
            continue
        if path.is_dir():
            # A link to a folder above would be followed for ever.
            if not (path.is_symlink() and folder.resolve().is_relative_to(path.resolve())):
                yield from visible_files(path)
        else:
            yield path


def _hash_of_files(root: Path, index: Path, endings: frozenset[str]) -> str:
    files = [root] if root.is_file() else [path for path in visible_files(root) if path.suffix.lower() in endings]
    known = _read_index(index)
    hashes = {str(path): _hash_of_file(path, known) for path in files}
    if any(known.get(path) != entry for path, entry in hashes.items()):
        write_json(index, known | hashes)
    lines = [f"{Path(path).relative_to(root)}\0{entry[2]}" for path, entry in hashes.items()]
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()


def _hash_of_file(path: Path, known: Mapping[str, list[Any]]) -> list[Any]:
    """[size, time of change in ns, sha256] of a file, the last from `known` where the first two still hold."""
    try:
        stat = path.stat()
        entry = known.get(str(path), [])
        if entry[:2] == [stat.st_size, stat.st_mtime_ns]:
            return entry
        return [stat.st_size, stat.st_mtime_ns, sha256_file(path)]
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); mend it or take it out of the folder.") from error


def _read_index(index: Path) -> dict[str, list[Any]]:
    """The kept hashes; none where the file is missing or damaged, since it can always be made again."""
    try:
        known = json.loads(index.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}
