"""Model files: safetensors, and a header that says what the tensors are or why there are none."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.files import atomic
from workflow_scripts.lib.core.tensor_files import read_safetensors
from workflow_scripts.lib.networks.tensors import Tensors

ADVICE = "delete it, and it is made anew."


def save_model(path: Path, model: Tensors, header: dict[str, Any]) -> None:
    """Write tensors and header under a temporary name and rename; equal content gives equal bytes."""
    tensors = {name: each.detach().cpu().contiguous() for name, each in model.items()}
    text = json.dumps(header, sort_keys=True)
    # One text, since safetensors writes several in an order that changes from run to run.
    with_sum = json.dumps({"header": text, "sha256": _sum(tensors, text)})
    with atomic(path) as temporary:
        temporary.write_bytes(safetensors.torch.save(tensors, {"header": with_sum}))


def load_model(path: Path, device: torch.device | str) -> tuple[Tensors, dict[str, Any]]:
    """Tensors on the device, and the header.

    The header has `failed`, the reason, where training gave no model, and `diverged` where it ended early in its best.
    Raises UserError where the file is absent, or not to the bit what `save_model` wrote.
    """
    tensors, texts = read_safetensors(path, ADVICE)
    try:
        found = json.loads(texts["header"])
        header, whole = json.loads(found["header"]), found["sha256"] == _sum(tensors, found["header"])
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise UserError(f"{path}: has no header that a model of this workflow has; {ADVICE}") from error
    if not whole:
        raise UserError(f"{path}: is damaged, for its content has another sum than was written with it; {ADVICE}")
    return {name: each.to(device) for name, each in tensors.items()}, header


def _sum(tensors: Tensors, header: str) -> str:
    """SHA-256 of the header and of each tensor's name, type, shape and bytes."""
    found = sha256(header.encode())
    for name, each in sorted(tensors.items()):
        found.update(f"{name} {each.dtype} {tuple(each.shape)} ".encode())
        # A clone, since a tensor of one number may have any stride, and be none the less contiguous.
        found.update(each.clone(memory_format=torch.contiguous_format).flatten().view(torch.uint8).numpy().data)
    return found.hexdigest()
