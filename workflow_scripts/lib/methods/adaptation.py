"""The tracks of a shard, one after the other, each adapted to and kept until all are done."""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from workflow_scripts.lib.core.csv_text import csv_text
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.files import write_text
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.methods.contract import Method
from workflow_scripts.lib.networks.tensors import Tensors
from workflow_scripts.lib.training import checkpoint
from workflow_scripts.lib.training.progress import progress_on
from workflow_scripts.lib.weights.model_file import load_model, save_model

ENDINGS = (".safetensors", ".csv")  # of the two files of a track: its weights, and its curve


@dataclass(frozen=True)
class AdaptationJob:
    """What is adapted, and where.

    method, settings: as `contract.load` gives them.  model: the weights that every track starts from.
    header: what the files of the adapted models say of them.
    work: folder of finished tracks, and of the state of the present one, until `hand_over`.
    """

    method: Method
    settings: Any
    model: Tensors
    header: dict[str, Any]
    work: Path

    def adapt_to(self, scene: Scene, track: str, fingerprint: str) -> None:
        """Write `<track>.safetensors` and `<track>.csv`, unless they are there already with this fingerprint."""
        weights, curve = (self.work / f"{track}{ending}" for ending in ENDINGS)
        if weights.exists() and curve.exists() and _fingerprint(weights) == fingerprint:
            return
        self.work.mkdir(parents=True, exist_ok=True)
        state = self.work / f"{track}.state.pt"
        checkpoint.sweep(state)
        torch.manual_seed(scene.seed % 2**63)
        copies = {name: each.clone() for name, each in self.model.items()}  # a method may change what it is given
        adapted, rows = self.method.adapt(scene, self.settings, copies, state, fingerprint)
        write_text(curve, csv_text(rows))
        save_model(weights, adapted, self.header | {"fingerprint": fingerprint})
        checkpoint.discard(state)

    def hand_over(self, folder: Path, tracks: list[str]) -> None:
        """Move what was made for the tracks to `folder`; nothing is left of `work`."""
        folder.mkdir(parents=True, exist_ok=True)
        for track in tracks:
            for ending in ENDINGS:
                (self.work / f"{track}{ending}").replace(folder / f"{track}{ending}")
        shutil.rmtree(self.work, ignore_errors=True)


def _fingerprint(weights: Path) -> str | None:
    """That of a finished track; None, and a line that says so, where the file is damaged."""
    try:
        return load_model(weights, "cpu")[1].get("fingerprint")
    except UserError as error:
        progress_on(sys.stderr).note(f"{error} Adapting anew.")
        return None
