"""Separate a shard of tracks with one method: one folder a track, one file a source."""

from pathlib import Path

import torch

from workflow_scripts.command import run
from workflow_scripts.lib.audio import io
from workflow_scripts.lib.core.outcomes import DIVERGED, FAILED, read_reasons, write_reasons
from workflow_scripts.lib.core.provenance import folder_of, recorded
from workflow_scripts.lib.datasets import scenes
from workflow_scripts.lib.datasets.table import read_shard
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
    a `MethodDescription`. Tracks of which there is no model, because its training or its adaptation failed, stand in
    `failed.json` with the reason, those with the model of a training that diverged in `diverged.json`.
    """
    torch.set_num_threads(threads)
    description = read_description(method, MethodDescription)
    module, settings = contract.load(description.module, description.settings)
    device = scenes.device(gpu)
    weights, header = load_model(model, device) if model else ({}, {})
    root, (tables, labels, own) = folder_of(data), (folder_of(each) if each else None for each in (f0, marks, adapted))
    tracks = read_shard(root, split, part)
    with recorded(out, code, seed=seed, data=[track.sha256 for track in tracks]) as folder:
        names = [track.track for track in tracks]
        failed = dict.fromkeys(names, header[FAILED]) if FAILED in header else read_reasons(own, FAILED) if own else {}
        diverged = {}
        for track in tracks:
            if track.track in failed:
                continue
            scene = scenes.scene(root, track, tuple(sources), description.needs, seed, tables, device, labels)
            if own:
                weights, header = load_model(own / f"{track.track}.safetensors", device)
            if DIVERGED in header:
                diverged[track.track] = header[DIVERGED]
            for source, estimate in zip(sources, module.separate(scene, settings, weights), strict=True):
                io.write(folder / track.track / f"{source}.wav", estimate.cpu().numpy(), scene.rate)
        write_reasons(folder, FAILED, failed)
        write_reasons(folder, DIVERGED, diverged)


if __name__ == "__main__":
    run(separate)
