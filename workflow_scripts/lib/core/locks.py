"""A lock that one process at a time holds, and that the system frees however the process ends."""

import errno
import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from workflow_scripts.lib.core.errors import UserError

HELD = (errno.EAGAIN, errno.EACCES)  # what flock says, on local file systems and on those of networks


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path` during the block, and delete it afterwards.

    Raises UserError, which says who holds it, where another process does. A file system without locks gives none.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = _hold(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        file.close()


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Wait until no other process of this user on this machine is in a block of this name."""
    with open(Path(tempfile.gettempdir(), f"fewstems-{os.getuid()}-{name}.lock"), "a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # until the file is closed
        yield


def hold_to_the_end(path: Path) -> None:
    """Hold a lock file as long as this process lives."""
    _HELD.append(_hold(path))


def holder(path: Path) -> str | None:
    """Which process holds a lock file; None where none does."""
    if not path.exists():
        return None
    with open(path, encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            return file.read() if error.errno in HELD else None
    return None


_HELD: list[TextIO] = []


def _hold(path: Path) -> TextIO:
    """The file, locked, with this process's name in it."""
    while True:
        file = open(path, "a+", encoding="utf-8")  # noqa: SIM115 open as long as it is held
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in HELD:
                file.seek(0)
                raise UserError(f"{path}: {file.read()} is at work here already; wait for it, or end it.") from None
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                break
        file.close()  # who held it before has just deleted it
    file.truncate(0)
    file.write(f"process {os.getpid()} on {socket.gethostname()}")
    file.flush()
    return file
