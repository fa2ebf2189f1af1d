"""Bring one data set into the common form: a track table, and a folder a track with mixture and stems."""

import json
from pathlib import Path

from workflow_scripts.command import run
from workflow_scripts.lib.core.provenance import recorded
from workflow_scripts.lib.datasets import kinds


def prepare(*, kind: str, dataset: str, out: Path, cache: Path, processes: int, code: str) -> None:
    """Prepare the data set `dataset` (JSON: settings, stems, voices, rate, channels) under `out`."""
    entry = json.loads(dataset)
    with recorded(out / "provenance.json", code, dataset=entry):
        kinds.prepare(kind, out=out, cache=cache, processes=processes, **entry)


if __name__ == "__main__":
    run(prepare)
