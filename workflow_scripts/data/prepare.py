"""Bring one data set into the common form: a track table, and a folder a track with mixture and stems."""

import json
from pathlib import Path

from workflow_scripts.command import run
from workflow_scripts.lib.core.provenance import recorded
from workflow_scripts.lib.datasets.prepared_root import make_prepared_root


def prepare(*, kind: str, dataset: str, out: Path, cache: Path, processes: int, code: str) -> None:
    """Prepare `dataset` (JSON: settings, stems, voices, rate, channels) in the folder of the manifest `out`."""
    entry = json.loads(dataset)
    with recorded(out, code, unlisted=".wav", dataset=entry) as folder:  # tracks.csv has the hashes of the audio
        make_prepared_root(kind, out=folder, cache=cache, processes=processes, **entry)


if __name__ == "__main__":
    run(prepare)
