"""Marks of a shard of tracks, when each source plays and when it is silent: an Audacity label file a track."""

import json
from collections.abc import Sequence
from pathlib import Path

from workflow_scripts.command import run
from workflow_scripts.lib.core.names import ACCOMPANIMENT
from workflow_scripts.lib.core.provenance import folder_of, recorded
from workflow_scripts.lib.core.registry import MARKS_SOURCES
from workflow_scripts.lib.core.settings import checked
from workflow_scripts.lib.datasets.marks import Mark, read_marks, write_marks
from workflow_scripts.lib.datasets.marks_sources.contract import Given
from workflow_scripts.lib.datasets.table import Track, read_shard


def make_marks(
    *, data: Path, kind: str, settings: str, stems: list[str], split: str, part: str, out: Path, code: str,
    of: Path | None = None,
) -> None:  # fmt: skip
    """Write <track>.txt for each track of the shard `part`; `of` lists the marks that are made worse.

    `data`, `of` and `out` are manifests of folders.
    """
    source, values = MARKS_SOURCES.load(kind), json.loads(settings)
    chosen = checked(source.Settings, values, f"marks of the kind {kind}")
    root = folder_of(data)
    with recorded(out, code, kind=kind, settings=values) as folder:
        for track in read_shard(root, split, part):
            before = _read(folder_of(of), track, stems) if of else None
            marks = source.find_marks(Given(root, track, stems, before), chosen)
            write_marks(folder / f"{track.track}.txt", marks)


def _read(folder: Path, track: Track, stems: Sequence[str]) -> list[Mark]:
    return read_marks(folder / f"{track.track}.txt", (*stems, ACCOMPANIMENT), track.seconds)


if __name__ == "__main__":
    run(make_marks)
