"""Draw an estimate and the gradient of its critic, side by side, for a song of each family."""

from pathlib import Path

import torch

from workflow_scripts.command import run
from workflow_scripts.lib.core.files import write_text
from workflow_scripts.lib.core.provenance import folder_of, recorded
from workflow_scripts.lib.datasets import scenes
from workflow_scripts.lib.datasets.table import read_tracks
from workflow_scripts.lib.figures.critics import critic_figure
from workflow_scripts.lib.figures.style import save_figure
from workflow_scripts.lib.methods import contract
from workflow_scripts.lib.training.description import MethodDescription, read_description
from workflow_scripts.lib.weights.model_file import load_model


def draw_critics(
    *,
    data: Path,
    model: Path,
    method: str,
    label: str,
    sources: list[str],
    split: str,
    remark: str,
    out: Path,
    code: str,
) -> None:
    """Write critics-<family> (or critics, where there is none) as PDF, SVG and PNG, of the first song of each.

    `data` and `out` are manifests of folders; `method` (JSON) is a `MethodDescription`. Where the training of the
    model failed, there is only `failed.txt`.
    """
    description = read_description(method, MethodDescription)
    module, chosen = contract.load(description.module, description.settings)
    weights, header = load_model(model, torch.device("cpu"))
    root = folder_of(data)
    with recorded(out, code) as folder:
        if "failed" in header:
            write_text(folder / "failed.txt", header["failed"])
            return
        tracks = read_tracks(root, split)
        for family in dict.fromkeys(track.family for track in tracks):
            track = next(track for track in tracks if track.family == family)
            scene = scenes.scene(root, track, tuple(sources), [], 0, None, torch.device("cpu"))
            estimates, gradients = module.critics_view(scene, chosen, weights)
            figure = critic_figure(
                estimates.numpy(),
                gradients.numpy(),
                sources,
                bin_hz=scene.rate / chosen.window,
                frame_seconds=chosen.hop / scene.rate,
                title=f"{label}: {track.track}",
                remark=remark,
            )
            save_figure(figure, folder / "-".join(filter(None, ("critics", family))))


if __name__ == "__main__":
    run(draw_critics)
