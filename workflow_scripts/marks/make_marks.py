"""Marks of a shard of tracks, when each source plays and when it is silent: an Audacity label file a track."""

import json
from pathlib import Path

from workflow_scripts.command import run
from workflow_scripts.lib.core.provenance import folder_of, recorded
from workflow_scripts.lib.datasets import marks_sources
from workflow_scripts.lib.datasets.marks import write_marks
from workflow_scripts.lib.datasets.table import read_tracks, shard


def make_marks(
    *, data: Path, kind: str, settings: str, stems: list[str], split: str, part: str, out: Path, code: str,
    of: Path | None = None,
) -> None:  # fmt: skip
    """Write <track>.txt for each track of the shard `part`; `of` lists the marks that are made worse.

    `data`, `of` and `out` are manifests of folders.
    """
    chosen, root, before = json.loads(settings), folder_of(data), folder_of(of) if of else None
    with recorded(out, code, kind=kind, settings=chosen) as folder:
        for track in shard(read_tracks(root, split), part):
            marks = marks_sources.make(kind, chosen, data=root, track=track, stems=stems, of=before)
            write_marks(folder / f"{track.track}.txt", marks)


if __name__ == "__main__":
    run(make_marks)
