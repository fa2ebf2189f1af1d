"""Model files: safetensors, and a header that says what the tensors are or why there are none."""

import json
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from workflow_scripts.lib.core.files import atomic
from workflow_scripts.lib.networks.tensors import Tensors


def save_model(path: Path, model: Tensors, header: dict[str, Any]) -> None:
    """Write tensors and header under a temporary name and rename; equal content gives equal bytes."""
    # One text, since safetensors writes several in an order that changes from run to run.
    text = json.dumps(header, sort_keys=True)
    tensors = {name: each.detach().cpu().contiguous() for name, each in model.items()}
    with atomic(path) as temporary:
        safetensors.torch.save_file(tensors, temporary, {"header": text})


def load_model(path: Path, device: torch.device | str) -> tuple[Tensors, dict[str, Any]]:
    """Tensors on the device, and the header.

    The header has `failed`, the reason, where training gave no model, and `diverged` where it ended early in its best.
    """
    with safetensors.safe_open(path, "pt", str(device)) as file:
        header = json.loads((file.metadata() or {}).get("header", "{}"))
        return {name: file.get_tensor(name) for name in sorted(file.keys())}, header
