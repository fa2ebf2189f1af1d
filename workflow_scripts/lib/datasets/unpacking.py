"""Archives from elsewhere, zip and tar, unpacked safely."""

import re
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.files import no_room, writing_to

RATIO = 20  # largest size of an unpacked archive over its own, and
SLACK = 2**26  # bytes on top: audio shrinks to a third at best, a bomb a thousandfold


class Member(NamedTuple):
    """name: as it is in the archive.  size: in bytes.  fault: what else speaks against it.  extract: write it below."""

    name: str
    size: int
    fault: str | None
    extract: Callable[[Path], object]


def unpack(archive: Path, into: Path, limit: int | None = None) -> None:
    """Unpack a zip or tar archive below `into`, without the hidden files that file managers leave.

    limit: bytes that all members together may have; None allows 20 times the archive and 64 MiB.
    Raises UserError, before a byte is written, for a member that would lie elsewhere, a link, an encrypted member, a
    name that is there twice, more bytes than the limit or than the disk has; later for a damaged member.
    """
    try:
        if tarfile.is_tarfile(archive):
            with tarfile.open(archive) as packed:
                _unpack(archive, list(_of_tar(packed)), into, limit)
        else:
            with zipfile.ZipFile(archive) as zipped:
                _unpack(archive, list(_of_zip(zipped)), into, limit)
    except (zipfile.BadZipFile, tarfile.TarError, NotImplementedError, EOFError) as error:
        raise UserError(f"{archive}: is no whole archive ({error}); delete it, so that it is fetched again.") from error


def _of_zip(archive: zipfile.ZipFile) -> Iterable[Member]:
    for each in archive.infolist():
        special = stat.S_IFMT(each.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR)
        fault = "is a link or a special file" if special else "is encrypted" if each.flag_bits & 1 else None
        # The name as it is in the archive: ZipInfo cuts at a zero byte.
        yield Member(each.orig_filename, each.file_size, fault, partial(archive.extract, each))


def _of_tar(archive: tarfile.TarFile) -> Iterable[Member]:
    for each in archive.getmembers():
        fault = None if each.isreg() or each.isdir() else "is a link or a special file"
        yield Member(each.name, each.size, fault, partial(archive.extract, each, filter="data"))


def _unpack(archive: Path, members: Sequence[Member], into: Path, limit: int | None) -> None:
    _refuse_unsafe(archive, members)
    wanted = [member for member in members if not _is_clutter(member.name)]
    size, allowed = sum(member.size for member in wanted), limit
    if allowed is None:
        allowed = archive.stat().st_size * RATIO + SLACK
    if size > allowed:
        raise UserError(f"{archive}: is not unpacked, it would grow to {size} bytes and {allowed} are allowed.")
    into.mkdir(parents=True, exist_ok=True)
    refuse_small_disk(into, size)
    with writing_to(into, size):
        for member in wanted:
            member.extract(into)


def _refuse_unsafe(archive: Path, members: Sequence[Member]) -> None:
    seen = set()
    for member in members:
        name = member.name.replace("\\", "/")
        path, fault = PurePosixPath(name), member.fault
        if path.is_absolute() or ".." in path.parts or re.match("[A-Za-z]:", name) or "\0" in name:
            fault = "lies outside of the archive's folder"
        elif fault is None and path in seen:
            fault = "is there twice"
        seen.add(path)
        if fault:
            raise UserError(
                f"{archive}: is not unpacked, its member {name!r} {fault}; get the archive from its publisher."
            )


def refuse_small_disk(folder: Path, size: int) -> None:
    """Raises UserError where the disk of the folder has less than so many bytes."""
    if size > shutil.disk_usage(folder).free:
        raise UserError(no_room(folder, size))


def _is_clutter(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or any(part.startswith(".") and part not in (".", "..") for part in parts)
