"""Adapt the model of one method to each track of a shard: weights a track, and the curve of the adaptation."""

import json
from pathlib import Path
from typing import Any

import torch

from workflow_scripts.command import run
from workflow_scripts.lib.core.files import sha256_file
from workflow_scripts.lib.core.fingerprint import hash_of
from workflow_scripts.lib.core.outcomes import DIVERGED, FAILED, write_reasons
from workflow_scripts.lib.core.provenance import folder_of, recorded
from workflow_scripts.lib.datasets import scenes
from workflow_scripts.lib.datasets.table import read_shard
from workflow_scripts.lib.methods import contract
from workflow_scripts.lib.methods.adaptation import AdaptationJob
from workflow_scripts.lib.training.description import MethodDescription, read_description
from workflow_scripts.lib.training.devices import accelerator_for, alone
from workflow_scripts.lib.training.loop import Diverged
from workflow_scripts.lib.weights.model_file import load_model


def adapt(
    *, data: Path, model: Path, method: str, sources: list[str], split: str, part: str, seed: int, out: Path,
    threads: int, gpu: int, code: str, marks: Path | None = None,
) -> None:  # fmt: skip
    """Write <track>.safetensors and <track>.csv for the shard `part`, each track from the weights `model`.

    `data`, `marks` and `out` are manifests of folders; `method` (JSON) is a `MethodDescription`. While the job goes on,
    finished tracks and the state of the present one lie beside `out` in `<shard>.state/`, from which a job that was
    killed goes on. Tracks whose adaptation diverged, or all where the training of `model` failed, have no files and
    stand in `failed.json` with the reason. The provenance says how many parameters are trained.
    """
    torch.set_num_threads(threads)
    description = read_description(method, MethodDescription)
    module, settings = contract.load(description.module, description.settings)
    device = accelerator_for(gpu, "float32").device
    weights, found = load_model(model, device)
    root, labels = folder_of(data), folder_of(marks) if marks else None
    header: dict[str, Any] = {"module": description.module, "settings": description.settings, "sources": sources}
    header |= {"code": code, "seed": seed} | ({DIVERGED: found[DIVERGED]} if DIVERGED in found else {})
    job = AdaptationJob(module, settings, weights, header, out.with_suffix(".state"))
    base = hash_of(json.dumps(header), sha256_file(model), torch.__version__)
    tracks = read_shard(root, split, part)
    failed = {track.track: found[FAILED] for track in tracks if FAILED in found}
    facts: dict[str, Any] = (
        {} if FAILED in found else {"trained_parameters": module.trained_parameters(weights, settings)}
    )
    shas = [track.sha256 for track in tracks]
    with alone(job.work), recorded(out, code, seed=seed, data=shas, **facts) as folder:
        for track in tracks if FAILED not in found else []:
            scene = scenes.scene(root, track, tuple(sources), description.needs, seed, None, device, labels)
            marked = [sha256_file(labels / f"{track.track}.txt")] if labels else []
            try:
                job.adapt_to(scene, track.track, hash_of(base, track.sha256, *marked))
            except Diverged as error:
                failed[track.track] = f"the adaptation: {error}"
        job.hand_over(folder, [track.track for track in tracks if track.track not in failed])
        write_reasons(folder, FAILED, failed)


if __name__ == "__main__":
    run(adapt)
