"""Files that are whole or absent: everything is written under a temporary name and renamed."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.names import composed

FULL = (errno.ENOSPC, errno.EDQUOT)
NO_ROOM = 2**16  # bytes free, less than a writer's buffer
READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, with its suffix; rename it to `path` if the block ends well.

    The file may be read by whom the umask lets, whatever the library that writes it thinks of that.
    Raises UserError where the disk is full or the folder may not be written to.
    """
    path = Path(path)
    with writing_to(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
        try:
            temporary.touch()
            mode = temporary.stat().st_mode
            yield temporary
            temporary.chmod(mode)
            temporary.replace(path)
        except RuntimeError as error:
            if shutil.disk_usage(path.parent).free < NO_ROOM:  # torch and soundfile do not say why they fail
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
            raise
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def writing_to(folder: Path, needed: int = 0) -> Iterator[None]:
    """Raise UserError where the disk is full in the block, or the folder may not be written to.

    needed: bytes that the block is to write, where that is known.
    """
    try:
        yield
    except OSError as error:
        said = refusal(error, folder, needed)
        if said:
            raise UserError(said) from error
        raise


def refusal(error: OSError, path: Path, needed: int = 0) -> str | None:
    """The sentence for an error that says that the disk is full or does not let one in; None for another error."""
    if error.errno in FULL:
        return no_room(path, needed)
    if error.errno in READ_ONLY or isinstance(error, PermissionError):
        reason = os.strerror(error.errno or errno.EACCES)
        return f"{path}: cannot be read or written to ({reason}); allow it, or choose another place."
    return None


def no_room(folder: Path, needed: int) -> str:
    """The sentence for a disk that lacks the room for `needed` bytes (0: not known)."""
    there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    free = f"the disk has {shutil.disk_usage(there).free / 1e9:.3g} GB free; make room."
    if needed:
        return f"{folder}: {needed / 1e9:.3g} GB are needed there, but {free}"
    return f"{folder}: what is written there does not fit, {free}"


def named(folder: Path, name: str, endings: Sequence[str]) -> Path | None:
    """What is called `name` with one of the endings in a folder, composed or decomposed; None where nothing is."""
    wanted = [composed(name + ending) for ending in endings]
    inside = {composed(path.name): path for path in sorted(folder.iterdir())} if folder.is_dir() else {}
    return next((inside[each] for each in wanted if each in inside), None)


def write_text(path: Path, text: str) -> None:
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(value, indent=1, sort_keys=True) + "\n")


def sha256_file(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
