"""Turn published weights into a model file of this workflow.

Conv-TasNet from a file, the same fetched by name, and a parametric model:

    python -m workflow_scripts.train.import_weights --weights tasnet.th --out model.safetensors
    python -m workflow_scripts.train.import_weights --weights tasnet --out model.safetensors
    python -m workflow_scripts.train.import_weights --weights best.pth --format umss --out model.safetensors
"""

from pathlib import Path
from typing import Any, Literal

from workflow_scripts.command import run
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.methods import tasnet_weights, umss_weights
from workflow_scripts.lib.methods.contract import Tensors
from workflow_scripts.lib.methods.model_file import save_model


def import_weights(
    *, weights: Path, out: Path, format: Literal["tasnet", "umss"] = "tasnet", sha256: str | None = None,
    cache: Path = Path("results/cache"),
) -> None:  # fmt: skip
    """Write the model `out` (safetensors) from a file of published weights, of which only tensors are read.

    Args:
        weights: the file; for `tasnet` also a name of the published ones, which is then fetched into `cache`.
        out: the model file.
        format: `tasnet`, Conv-TasNet of facebookresearch/demucs; `umss`, parametric models of schufo/umss.
        sha256: sum, or its beginning, of a file that is not one of the published ones; only for `tasnet`.
        cache: folder of downloads.
    """
    model, header = _umss(weights, sha256) if format == "umss" else _tasnet(weights, sha256, cache)
    save_model(out, model, header | {"imported": weights.name, "code": ""})


def _tasnet(weights: Path, sha256: str | None, cache: Path) -> tuple[Tensors, dict[str, Any]]:
    known = not weights.exists() and str(weights) in tasnet_weights.PUBLISHED
    file = tasnet_weights.fetched(str(weights), cache) if known else weights
    header = {"module": "conv_tasnet", "settings": {}, "sources": list(tasnet_weights.SOURCES)}
    return tasnet_weights.imported(file, sha256), header


def _umss(weights: Path, sha256: str | None) -> tuple[Tensors, dict[str, Any]]:
    if sha256 is not None:
        raise UserError("--sha256 is given, but no sums of the format umss are known; leave it out.")
    return umss_weights.imported(weights), {"module": "parametric", "settings": {"synthesis": "as published"}}


if __name__ == "__main__":
    run(import_weights)
