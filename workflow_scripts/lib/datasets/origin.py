"""Where a data set comes from, as far as the planning of a run must know it: nothing heavy is imported here."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.core.files import sha256_file, write_json

READABLE = frozenset({".wav", ".flac"})
OTHER_AUDIO = frozenset(
    {".aac", ".aif", ".aiff", ".au", ".caf", ".m4a", ".mp3", ".mp4", ".oga", ".ogg", ".opus", ".w64", ".wma", ".wv"}
)
HASHED = READABLE | OTHER_AUDIO | {".csv"}
LABELS = frozenset({".txt"})

LAYOUTS = ("csd", "folder", "musdb_hq", "musdb_stems")
_COMMON = frozenset({"keep", "mixture_is_sum", "length_tolerance"})
_FOLDER = _COMMON | {"root", "ignore"}
_STEMS = _COMMON | {"root", "valid"}
_CSD = _COMMON | {"root", "quartets"}
SETTINGS = {
    "embedded": frozenset({"corpus", "seconds", "pieces"}),
    "folder": _FOLDER | {"split"},
    "musdb_hq": _FOLDER | {"valid"},
    "musdb_stems": _STEMS,
    "recording": frozenset({"root"}),
    "fetched": _FOLDER | _STEMS | _CSD | {"archives", "layout"},
}
"""The keys that `settings` of each kind may hold."""
ARCHIVE = frozenset({"url", "file", "bytes", "md5", "sha256"})
"""The keys of one archive of a fetched data set."""


def check_dataset(name: str, dataset: Mapping[str, Any]) -> None:
    """Refuse a data set that cannot be prepared, before any job starts.

    name, dataset: its name and definition, as in config/datasets/<name>.yaml.
    Raises UserError for an unknown setting, a voice that is no stem, no `root`, or terms not accepted.
    """
    where, kind, settings = f"config: datasets.{name}", dataset["kind"], dataset["settings"]
    check_settings(kind, settings, f"{where}.settings")
    if kind == "recording" and dataset.get("muted"):
        raise UserError(f"{where}.muted is set, but a recording has no stems to mute; leave it out.")
    for voice in dataset.get("voices", []):
        if voice not in dataset["stems"]:
            raise UserError(
                f"{where}.voices has {voice!r}, which is none of its stems; {nearest(voice, dataset['stems'])}"
            )
    if kind == "fetched" and not settings.get("root"):
        check_licence(where, dataset.get("accept_licence"), dataset.get("terms", ""))
    elif kind != "embedded":
        root_of(settings, where)


def check_settings(kind: str, settings: Mapping[str, Any], where: str) -> None:
    """Raises UserError for an unknown kind, an unknown setting of it, or a missing one."""
    if kind not in SETTINGS:
        raise UserError(f"{where}: {kind!r} is no kind of data set; {nearest(kind, SETTINGS)}")
    for key in settings:
        if key not in SETTINGS[kind]:
            raise UserError(f"{where} has the unknown key {key!r}; {nearest(key, SETTINGS[kind])}")
    if settings.get("split") not in (None, "published"):
        raise UserError(
            f"{where}.split is {settings['split']!r}; allowed: published, that of arXiv 1711.00048, or null."
        )
    needed = {"embedded": ["corpus"], "fetched": ["layout", "archives"]}.get(kind, [])
    for key in needed:
        if key not in settings:
            raise UserError(f"{where} has no {key!r}, which a data set of kind {kind!r} needs.")
    if kind == "fetched":
        if settings["layout"] not in LAYOUTS:
            raise UserError(f"{where}.layout is {settings['layout']!r}; {nearest(settings['layout'], LAYOUTS)}")
        for archive in settings["archives"]:
            _check_archive(archive, f"{where}.archives")


def _check_archive(archive: Mapping[str, Any], where: str) -> None:
    for key in archive:
        if key not in ARCHIVE:
            raise UserError(f"{where} has the unknown key {key!r}; {nearest(key, ARCHIVE)}")
    if not (archive.get("url") and archive.get("file") and (archive.get("sha256") or archive.get("md5"))):
        raise UserError(f"{where} has an entry without url, file, or a checksum md5 or sha256; give all three.")
    if Path(archive["file"]).name != archive["file"]:
        raise UserError(f"{where} has the file {archive['file']!r}; allowed is a name without a folder.")


def check_licence(where: str, accepted: object, terms: str) -> None:
    """Raises UserError unless the user has accepted the terms (their address) of a data set that is downloaded."""
    if accepted is not True:
        raise UserError(
            f"{where} is downloaded only after you have accepted its terms ({terms or 'no address named'}); read them "
            "and set the data set's accept_licence to true."
        )


def root_of(settings: Mapping[str, Any], where: str = "settings") -> Path:
    """The user's folder, absolute. Raises UserError where none is named or none is there."""
    if not settings.get("root"):
        raise UserError(f"{where} names no 'root', the folder of the recordings; set {where}.root to its path.")
    root = Path(settings["root"]).expanduser().absolute()
    if not root.exists():
        raise UserError(f"{root}: there is no such folder; set the data set's 'root' to the folder of the recordings.")
    return root


def origin_hash(kind: str, settings: Mapping[str, Any], cache: Path) -> str:
    """A hash of the content that a data set is made from: equal content, equal hash, whatever the time stamps say.

    cache: folder in which the hashes of single files are kept by path, size and time of change, so that a second call
        reads no audio.
    kind: of a data set, or `marks` for label files, which are hashed too.
    Returns "" for embedded data and the archives' checksums for data that is downloaded.
    Raises UserError where the user's folder is missing.
    """
    if kind == "embedded":
        return ""
    if kind == "fetched" and not settings.get("root"):
        return ";".join(str(archive.get("sha256") or archive.get("md5")) for archive in settings["archives"])
    root = root_of(settings)
    endings = HASHED | LABELS if kind == "marks" else HASHED
    return _hash_of_files(root, Path(cache) / "origin_hashes.json", endings)


def visible_files(folder: Path) -> Iterator[Path]:
    """All files below a folder, links followed, in the order of their names, without hidden ones and `__MACOSX`."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name == "__MACOSX":
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
