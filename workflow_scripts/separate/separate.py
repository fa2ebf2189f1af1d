"""Separate a shard of tracks with one method: one folder a track, one file a source."""

from pathlib import Path

import torch

from workflow_scripts.command import run
from workflow_scripts.lib.audio import io
from workflow_scripts.lib.core.files import write_text
from workflow_scripts.lib.core.provenance import folder_of, recorded
from workflow_scripts.lib.datasets import scenes
from workflow_scripts.lib.datasets.table import read_tracks, shard
from workflow_scripts.lib.methods import contract
from workflow_scripts.lib.training.description import MethodDescription, read_description
from workflow_scripts.lib.weights.model_file import load_model


def separate(
    *, data: Path, method: str, sources: list[str], split: str, part: str, seed: int, out: Path, threads: int, gpu: int,
    code: str, f0: Path | None = None, model: Path | None = None, adapted: Path | None = None,
    marks: Path | None = None,
) -> None:  # fmt: skip
    """Write <track>/<source>.wav (32-bit float, length and rate of the mixture) for the shard `part`.

    `data`, `f0`, `marks`, `adapted` (the weights of each track) and `out` are manifests of folders; `method` (JSON) is
    a `MethodDescription`. Where the training of the model or its adaptation failed, there is only `failed.txt` with the
    reason.
    """
    torch.set_num_threads(threads)
    description = read_description(method, MethodDescription)
    module, settings = contract.load(description.module, description.settings)
    device = scenes.device(gpu)
    weights, header = load_model(model, device) if model else ({}, {})
    root, (tables, labels, own) = folder_of(data), (folder_of(each) if each else None for each in (f0, marks, adapted))
    tracks = shard(read_tracks(root, split), part)
    with recorded(out, code, seed=seed, data=[track.sha256 for track in tracks]) as folder:
        if failed := header.get("failed") or reason_of_failure(own):
            write_text(folder / "failed.txt", failed)
            return
        for track in tracks:
            scene = scenes.scene(root, track, tuple(sources), description.needs, seed, tables, device, labels)
            if own:
                weights, _ = load_model(own / f"{track.track}.safetensors", device)
            for source, estimate in zip(sources, module.separate(scene, settings, weights), strict=True):
                io.write(folder / track.track / f"{source}.wav", estimate.cpu().numpy(), scene.rate)


def reason_of_failure(adapted: Path | None) -> str:
    """Why there are no adapted weights; empty where there are."""
    path = adapted / "failed.txt" if adapted else None
    return path.read_text(encoding="utf-8") if path and path.exists() else ""


if __name__ == "__main__":
    run(separate)
