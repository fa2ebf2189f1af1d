"""Turn published weights into a model file of this workflow, with nothing but tensors read of them.

By hand, from a file of your own, and fetched by name:

    python -m workflow_scripts.train.import_weights --weights best.pth --format umss --out model.safetensors
    python -m workflow_scripts.train.import_weights --weights tasnet --format tasnet --out model.safetensors
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from workflow_scripts.command import run
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.files import sha256_file
from workflow_scripts.lib.core.provenance import measured
from workflow_scripts.lib.core.registry import WEIGHTS
from workflow_scripts.lib.datasets.archive import Archive
from workflow_scripts.lib.datasets.download import fetch
from workflow_scripts.lib.weights.model_file import save_model
from workflow_scripts.lib.weights.published import Published, check_weights


@dataclass(frozen=True)
class WeightsFile:
    """file: a path, or the name of published weights.  sha256: its sum or the beginning of that."""

    file: str
    sha256: str | None


def import_weights(
    *, weights: str, format: str, out: Path, sha256: str | None = None,
    cache: Path = Path("results/cache"), code: str = "",
) -> None:  # fmt: skip
    """Write the model `out` (safetensors), and `provenance.json` beside it.

    Args:
        weights: the file, or the name of published weights, which are then fetched into `cache`.
        format: a module of lib/weights: `tasnet`, Conv-TasNet of facebookresearch/demucs, or `umss`, parametric models
            of schufo/umss.
        out: the model file.
        sha256: sum of the file, or its beginning; without it a file of a format that has published files must be one.
        cache: folder of downloads.
        code: fingerprint of the job.
    """
    reader = WEIGHTS.load(format)
    published = _published(reader)
    check_weights("weights", WeightsFile(weights, sha256), published, reader.FORM.origin)
    file = Path(weights).expanduser()
    if not file.is_file():
        known = published[weights]
        file = fetch(Archive(known.url, f"{weights}.th", sha256=known.sha256), cache)
    found = _sum_of(file, published, sha256)
    form = reader.FORM
    with measured(out.with_name("provenance.json"), code, weights=weights, sha256=found):
        header = {"module": form.module, "sources": form.sources, "imported": file.name, "sha256": found, "code": code}
        save_model(out, reader.read_model(file), header)


def _published(reader: ModuleType) -> Mapping[str, Published]:
    """The files of a format that are fetched by name."""
    return getattr(reader, "PUBLISHED", {})


def _sum_of(file: Path, published: Mapping[str, Published], sha256: str | None) -> str:
    """The file's sum. Raises UserError where it is another than that which is given, or than the published ones."""
    found = sha256_file(file)
    allowed: str | None
    if sha256 is None and published:
        allowed, known = "those of the published files", [each.sha256 for each in published.values()]
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
