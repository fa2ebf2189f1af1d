"""What became of single tracks of a shard, where not all went well: `<outcome>.json` beside its results.

failed: there is no result of the track.  diverged: there is one, of a training that diverged after its best weights.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from workflow_scripts.lib.core.files import write_json

FAILED, DIVERGED = "failed", "diverged"
OUTCOMES = (FAILED, DIVERGED)


def write_reasons(folder: Path, outcome: str, reasons: Mapping[str, str]) -> None:
    """Write the reason of each track that has this outcome; nothing where none has."""
    if reasons:
        write_json(folder / f"{outcome}.json", dict(reasons))


def read_reasons(folder: Path, outcome: str) -> dict[str, str]:
    """The reason of each track that has this outcome."""
    path = folder / f"{outcome}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
