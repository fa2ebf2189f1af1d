"""The state of a training on disk: whole or absent at any moment, and only resumed by the training that wrote it."""

import pickle
from pathlib import Path
from typing import Any

import torch

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.files import atomic


def save(path: Path, fingerprint: str, state: dict[str, Any]) -> None:
    """Write tensors, numbers, texts, lists and mappings of them under a temporary name and rename."""
    with atomic(path) as temporary:
        torch.save({"fingerprint": fingerprint, "state": state}, temporary)


def load(path: Path, fingerprint: str) -> dict[str, Any] | None:
    """The state, tensors on the CPU; None where there is none, or one of other code, settings or data.

    No pickled code is run. Raises UserError where the file is none that `save` wrote.
    """
    if not path.exists():
        return None
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        return content["state"] if content["fingerprint"] == fingerprint else None
    except (OSError, EOFError, RuntimeError, KeyError, TypeError, pickle.UnpicklingError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{path}: is no state of a training ({reason}); delete it to start anew.") from error


def sweep(path: Path) -> None:
    """Delete what a job killed while writing the state left beside it."""
    for stale in path.parent.glob(f".{path.stem}.*{path.suffix}"):
        stale.unlink(missing_ok=True)
