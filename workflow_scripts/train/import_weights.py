"""Turn published weights into a model file of this workflow, with nothing but tensors read of them.

By hand, from a file of your own, and fetched by name:

    python -m workflow_scripts.train.import_weights --weights best.pth --format umss --out model.safetensors
    python -m workflow_scripts.train.import_weights --weights tasnet --format tasnet --out model.safetensors
"""

from pathlib import Path
from typing import Literal

from workflow_scripts.command import run
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.files import sha256_file
from workflow_scripts.lib.core.provenance import measured
from workflow_scripts.lib.datasets.fetched import fetch
from workflow_scripts.lib.weights import tasnet, umss
from workflow_scripts.lib.weights.model_file import save_model
from workflow_scripts.lib.weights.published import FORMS, PUBLISHED, check_weights

READERS = {"tasnet": tasnet.read_model, "umss": umss.read_model}


def import_weights(
    *, weights: str, format: Literal["tasnet", "umss"], out: Path, sha256: str | None = None,
    cache: Path = Path("results/cache"), code: str = "",
) -> None:  # fmt: skip
    """Write the model `out` (safetensors), and `provenance.json` beside it.

    Args:
        weights: the file, or the name of published weights, which are then fetched into `cache`.
        format: `tasnet`, Conv-TasNet of facebookresearch/demucs; `umss`, parametric models of schufo/umss.
        out: the model file.
        sha256: sum of the file, or its beginning; without it a file of the format `tasnet` must be a published one.
        cache: folder of downloads.
        code: fingerprint of the job.
    """
    check_weights("weights", {"file": weights, "format": format, "sha256": sha256})
    file = Path(weights).expanduser()
    if not file.is_file():
        published = PUBLISHED[weights]
        file = fetch({"url": published.url, "file": f"{weights}.th", "sha256": published.sha256}, cache)
    found = _checked_sum(file, format, sha256)
    form = FORMS[format]
    with measured(out.with_name("provenance.json"), code, weights=weights, sha256=found):
        header = {"module": form.module, "sources": form.sources, "imported": file.name, "sha256": found, "code": code}
        save_model(out, READERS[format](file), header)


def _checked_sum(file: Path, format: str, sha256: str | None) -> str:
    """The file's sum. Raises UserError where it is another than that which is given, or than the published ones."""
    found = sha256_file(file)
    if sha256 is None and format == "tasnet":
        allowed, known = "those of the published files", [each.sha256 for each in PUBLISHED.values()]
    else:
        allowed, known = sha256, [(sha256 or "").lower()]
    if not any(found.startswith(each) for each in known):
        raise UserError(
            f"{file}: has the SHA-256 sum {found}, allowed is {allowed}; fetch the file anew, or give the sum of your "
            "own file as sha256."
        )
    return found


if __name__ == "__main__":
    run(import_weights)
