"""Bring one data set into the common form: a track table, and a folder a track with mixture and stems."""

import json
from pathlib import Path

from workflow_scripts.command import run
from workflow_scripts.lib.core.provenance import folder_of, recorded
from workflow_scripts.lib.datasets.prepared_root import make_prepared_root


def prepare(
    *, kind: str, dataset: str, out: Path, cache: Path, processes: int, code: str, of: Path | None = None
) -> None:
    """Prepare `dataset` (JSON: settings, stems, voices, rate, channels) in the folder of the manifest `out`.

    of: manifest of the data set that it is made from, for the kinds that are.
    """
    entry = json.loads(dataset)
    with recorded(out, code, unlisted=".wav", dataset=entry) as folder:  # tracks.csv has the hashes of the audio
        made_from = folder_of(of) if of else None
        make_prepared_root(kind, out=folder, cache=cache, processes=processes, of=made_from, **entry)


if __name__ == "__main__":
    run(prepare)
