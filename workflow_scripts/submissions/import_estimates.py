"""Take estimates that others made: checked, and written where and as the workflow's own."""

from pathlib import Path
from typing import Any

import numpy as np

from workflow_scripts.command import run
from workflow_scripts.lib.audio import io
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.provenance import SUBMISSION, folder_of, recorded
from workflow_scripts.lib.datasets.submitted import Expected, check_form, find_estimates, passed_over
from workflow_scripts.lib.datasets.table import read_shard, read_tracks


def import_estimates(
    *, submission: str, root: Path, data: Path, sources: list[str], split: str, part: str, out: Path, code: str
) -> None:
    """Write <track>/<source>.wav (32-bit float) for the shard `part`, of the files below `root`.

    `data` and `out` are manifests of folders. All tracks of the split must be there, not those of the shard alone.
    """
    tracks = read_tracks(folder_of(data), split)
    files = find_estimates(root, split, [track.track for track in tracks], sources)
    facts: dict[str, Any] = {SUBMISSION: submission, "passed_over": passed_over(root, files)}
    with recorded(out, code, **facts) as folder:
        for track in read_shard(folder_of(data), split, part):
            expected = Expected.of(track)
            check_form(files[track.track], expected)
            for source, path in files[track.track].items():
                samples, rate = io.read(path, "float32")
                _refuse_damage(path, samples, expected.samples)
                io.write(folder / track.track / f"{source}.wav", samples, rate)


def _refuse_damage(path: Path, samples: np.ndarray, frames: int) -> None:
    """Raises UserError where samples [channel, time] are fewer than the header promised, or not finite."""
    if samples.shape[1] != frames:
        raise UserError(
            f"{path}: is damaged, only {samples.shape[1]} of its {frames} samples can be read; get it again."
        )
    if not np.isfinite(samples).all():
        raise UserError(f"{path}: has samples that are NaN or infinite; write it again without them.")


if __name__ == "__main__":
    run(import_estimates)
