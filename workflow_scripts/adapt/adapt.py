"""Adapt the model of one method to each track of a shard: weights a track, and the course of the adaptation."""

import json
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import torch

from workflow_scripts.command import run
from workflow_scripts.lib.core.files import sha256_file, write_text
from workflow_scripts.lib.core.fingerprint import hash_of
from workflow_scripts.lib.core.provenance import folder_of, recorded
from workflow_scripts.lib.datasets import scenes
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.datasets.table import read_tracks, shard
from workflow_scripts.lib.methods import contract
from workflow_scripts.lib.networks.tensors import Tensors
from workflow_scripts.lib.training import checkpoint
from workflow_scripts.lib.training.learning import accelerator_for
from workflow_scripts.lib.training.loop import Diverged
from workflow_scripts.lib.weights.model_file import load_model, save_model


def adapt(
    *, data: Path, module: str, settings: str, needs: list[str], sources: list[str], split: str, part: str, seed: int,
    model: Path, out: Path, threads: int, gpu: int, code: str, marks: Path | None = None,
) -> None:  # fmt: skip
    """Write <track>.safetensors and <track>.csv for the shard `part`, each track from the weights `model`.

    `data`, `marks` and `out` are manifests of folders. While the job goes on, finished tracks and the state of the
    present one lie beside `out` in `<shard>.state/`, from which a job that was killed goes on. Where the training of
    `model` failed, or an adaptation diverged, there is only `failed.txt` with the reason. The provenance says how many
    parameters are trained.
    """
    torch.set_num_threads(threads)
    method, chosen = contract.load(module, json.loads(settings))
    device = accelerator_for(gpu, "float32").device
    weights, header = load_model(model, device)
    root, labels = folder_of(data), folder_of(marks) if marks else None
    tracks, work = shard(read_tracks(root, split), part), out.with_suffix(".state")
    origin = {"module": module, "settings": json.loads(settings), "sources": sources, "code": code, "seed": seed}
    base = hash_of(json.dumps(origin), sha256_file(model), torch.__version__)
    failed = header.get("failed", "")
    facts = {} if failed else {"trained_parameters": method.trained_parameters(weights, chosen)}
    with recorded(out, code, seed=seed, data=[track.sha256 for track in tracks], **facts) as folder:
        for track in [] if failed else tracks:
            scene = scenes.scene(root, track, tuple(sources), needs, seed, None, device, labels)
            marked = [sha256_file(labels / f"{track.track}.txt")] if labels else []
            fingerprint = hash_of(base, track.sha256, *marked)
            try:
                adapt_track(method, scene, chosen, weights, work / track.track, origin, fingerprint)
            except Diverged as error:
                failed = f"the adaptation to {track.track}: {error}"
                break
        hand_over(work, folder, [] if failed else [track.track for track in tracks])
        if failed:
            write_text(folder / "failed.txt", failed)


def adapt_track(
    method: ModuleType, scene: Scene, settings: Any, model: Tensors, base: Path, header: dict[str, Any],
    fingerprint: str,
) -> None:  # fmt: skip
    """Write `<base>.safetensors` and `<base>.csv`, unless they are there already with this fingerprint."""
    weights, curve, state = (base.with_name(base.name + ending) for ending in (".safetensors", ".csv", ".state.pt"))
    if weights.exists() and curve.exists() and load_model(weights, "cpu")[1].get("fingerprint") == fingerprint:
        return
    state.parent.mkdir(parents=True, exist_ok=True)
    checkpoint.sweep(state)
    torch.manual_seed(scene.seed % 2**63)
    copies = {name: each.clone() for name, each in model.items()}  # every track starts from the weights as trained
    adapted, rows = method.adapt(scene, settings, copies, state, fingerprint)
    write_text(curve, pd.DataFrame(rows).to_csv(index=False))
    save_model(weights, adapted, header | {"fingerprint": fingerprint})
    state.unlink(missing_ok=True)


def hand_over(work: Path, folder: Path, tracks: list[str]) -> None:
    """Move what was made for the tracks to `folder`; nothing is left of `work`."""
    folder.mkdir(parents=True, exist_ok=True)
    for track in tracks:
        for ending in (".safetensors", ".csv"):
            (work / f"{track}{ending}").replace(folder / f"{track}{ending}")
    shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    run(adapt)
