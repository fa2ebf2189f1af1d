"""Take scores that others computed into the table of a comparison."""

import json
from pathlib import Path

import pandas as pd

from workflow_scripts.command import run
from workflow_scripts.lib.core.files import atomic, write_text
from workflow_scripts.lib.core.names import NO_F0
from workflow_scripts.lib.core.provenance import SUBMISSION, folder_of, recorded
from workflow_scripts.lib.datasets.table import read_shard, read_tracks
from workflow_scripts.lib.statistics.failures import COLUMNS
from workflow_scripts.lib.statistics.given_scores import GivenScore, read_given_scores, select_scores


def import_scores(
    *, submission: str, table: Path, comparison: str, dataset: str, data: Path, sources: list[str], split: str,
    part: str, levels: str, hop: float, out: Path, code: str,
) -> None:  # fmt: skip
    """Write scores.parquet and failures.csv, which is empty, of the shard `part`, as the workflow's own scorer does.

    `levels` (JSON) says of each metric of the comparison whether it is of frames, every `hop` s, or whole tracks.
    `data` and `out` are manifests of folders.
    """
    root = folder_of(data)
    names = [track.track for track in read_tracks(root, split)]
    scores = select_scores(table, read_given_scores(table, json.loads(levels), hop), names, sources)
    families = {track.track: track.family for track in read_shard(root, split, part)}
    with recorded(out, code, **{SUBMISSION: submission}) as folder:
        rows = pd.DataFrame([score for score in scores if score.track in families], columns=GivenScore._fields)
        rows = rows.astype({"frame": "Int32", "value": "float64"})
        rows.insert(1, "family", rows["track"].map(families))
        rows.insert(0, "dataset", dataset)
        rows.insert(0, "comparison", comparison)
        with atomic(folder / "scores.parquet") as temporary:
            rows.assign(method=submission, f0=NO_F0, seed=0).to_parquet(temporary, index=False)
        write_text(folder / "failures.csv", pd.DataFrame(columns=COLUMNS).to_csv(index=False))


if __name__ == "__main__":
    run(import_scores)
