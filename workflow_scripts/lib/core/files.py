"""Files that are whole or absent: everything is written under a temporary name and renamed."""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workflow_scripts.lib.core.names import composed


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, with its suffix; rename it to `path` if the block ends well."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


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
