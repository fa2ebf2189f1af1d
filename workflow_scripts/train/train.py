"""Train one method on the training tracks of a data set."""

import json
from pathlib import Path

import safetensors.torch
import torch

from workflow_scripts.command import run
from workflow_scripts.lib.core.files import atomic
from workflow_scripts.lib.core.provenance import folder_of, measured
from workflow_scripts.lib.datasets.table import read_tracks
from workflow_scripts.lib.methods import contract, scenes


def train(
    *, data: Path, module: str, settings: str, sources: list[str], seed: int, out: Path, threads: int, gpu: int,
    code: str,
) -> None:  # fmt: skip
    """Write the weights `out` (safetensors) and `provenance.json` beside them; `data` is the data set's manifest."""
    torch.set_num_threads(threads)
    method, chosen = contract.load(module, json.loads(settings))
    root = folder_of(data)
    tracks = read_tracks(root, "train")
    with measured(out.parent / "provenance.json", code, seed=seed, data=[track.sha256 for track in tracks]):
        examples = scenes.training(root, tracks, tuple(sources), seed, scenes.device(gpu))
        model = method.train(examples, chosen)
        # One text, since safetensors writes several in an order that changes from run to run.
        header = {
            "header": json.dumps({"module": module, "settings": json.loads(settings), "sources": sources, "code": code})
        }
        with atomic(out) as temporary:
            safetensors.torch.save_file({name: each.contiguous() for name, each in model.items()}, temporary, header)


if __name__ == "__main__":
    run(train)
