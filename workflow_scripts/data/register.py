"""Write which data a run used: a table, and BibTeX to cite it by."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from workflow_scripts.command import run
from workflow_scripts.lib.core.csv_text import csv_text
from workflow_scripts.lib.core.files import write_text
from workflow_scripts.lib.core.fingerprint import hash_of
from workflow_scripts.lib.core.provenance import folder_of, recorded
from workflow_scripts.lib.datasets.archive import Archive, recorded_checksum
from workflow_scripts.lib.datasets.table import read_tracks

COLUMNS = (
    "dataset", "label", "version", "split", "tracks", "minutes", "source", "checksum", "checksum_from", "licence",
    "terms", "sha256", "cite",
)  # fmt: skip


def register(*, data: list[Path], datasets: str, cache: Path, out: Path, code: str) -> None:
    """Write data.csv, a row a split of each data set, and data.bib.

    `data` and `out` are manifests of folders; `datasets` (JSON) are the definitions, in the same order.
    sha256: of the decoded audio of all tracks. checksum_from: who states that of the archive, or `first download`.
    """
    entries = json.loads(datasets)
    with recorded(out, code) as folder:
        roots = map(folder_of, data)
        rows = [row for root, entry in zip(roots, entries, strict=True) for row in _rows(root, entry, cache)]
        write_text(folder / "data.csv", csv_text(rows, COLUMNS))
        citations = dict.fromkeys(entry["citation"] for entry in entries if entry["citation"])
        write_text(folder / "data.bib", "".join(f"{citation}\n" for citation in citations))


def _rows(root: Path, entry: Mapping[str, Any], cache: Path) -> Iterator[dict[str, Any]]:
    tracks = read_tracks(root)
    said = {name: entry[name] for name in ("label", "version", "licence", "terms")} | _source(entry, cache)
    said["cite"] = ";".join(re.findall(r"@\w+\{([^,\s]+)", entry["citation"]))
    for split in dict.fromkeys(track.split for track in tracks):
        own = [track for track in tracks if track.split == split]
        minutes = round(sum(track.seconds for track in own) / 60, 2)
        found = {"dataset": root.name, "split": split, "tracks": len(own), "minutes": minutes}
        yield found | said | {"sha256": hash_of(*(track.sha256 for track in own))}


def _source(entry: Mapping[str, Any], cache: Path) -> dict[str, str]:
    """Where the data came from, and what its archives are known by."""
    settings = entry["settings"]
    archives = [] if settings.get("root") else [Archive(**each) for each in settings.get("archives", ())]
    known = [(each.checksum or recorded_checksum(cache / each.file) or "").partition(":")[2] for each in archives]
    stated = [each.stated if each.checksum else "first download" for each in archives]
    made_from = entry["of"] or settings.get("root") or entry["kind"]
    return {
        "source": ";".join(each.url for each in archives) or made_from,
        "checksum": ";".join(known),
        "checksum_from": ";".join(stated),
    }


if __name__ == "__main__":
    run(register)
