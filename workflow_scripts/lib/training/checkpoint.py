"""The state of a training on disk: whole or absent at any moment, and only resumed by the training that wrote it.

The state before the last one is kept beside it, so that a damaged file costs the steps between the two and no more.
"""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import torch

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.files import atomic
from workflow_scripts.lib.core.tensor_files import read_torch


def save(path: Path, fingerprint: str, state: dict[str, Any]) -> None:
    """Write tensors, numbers, texts, lists and mappings of them under a temporary name and rename."""
    with atomic(path) as temporary:
        torch.save({"fingerprint": fingerprint, "state": state}, temporary)
        if path.exists():
            path.replace(_before(path))


def load(path: Path, fingerprint: str, note: Callable[[str], None]) -> dict[str, Any] | None:
    """The state, tensors on the CPU; None where there is none, or one of other code, settings or data.

    A file that is damaged, or that `save` did not write, is put aside, which `note` is told, and the state before it
    takes its place. No pickled code is run.
    """
    while True:
        if not path.exists() and _before(path).exists():
            _before(path).replace(path)
        if not path.exists():
            return None
        try:
            content = _read(path)
        except UserError as error:
            note(_put_aside(path, str(error)))
        else:
            return content["state"] if content["fingerprint"] == fingerprint else None


def discard(path: Path) -> None:
    """Delete the state and the one before it."""
    for each in (path, _before(path)):
        each.unlink(missing_ok=True)


def sweep(path: Path) -> None:
    """Delete what a job killed while writing the state left beside it."""
    for stale in path.parent.glob(f".{path.stem}.*{path.suffix}"):
        stale.unlink(missing_ok=True)


def _before(path: Path) -> Path:
    return path.with_stem(f"{path.stem}.before")


def _read(path: Path) -> dict[str, Any]:
    advice = "no training can go on from it."
    content = read_torch(path, advice)
    if not (isinstance(content, dict) and content.keys() == {"fingerprint", "state"}):
        raise UserError(f"{path}: is no state of a training; {advice}")
    return content


def _put_aside(path: Path, reason: str) -> str:
    """Rename the file; a sentence that says so, with what comes next."""
    aside = next(each for k in count(1) if not (each := path.with_stem(f"{path.stem}.damaged{k}")).exists())
    path.replace(aside)
    then = "going on from the checkpoint before it" if _before(path).exists() else "starting anew"
    return f"{reason.rstrip('.')}, so it is now called {aside.name}: {then}."
