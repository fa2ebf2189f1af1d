"""How long the tracks of a data set are, as far as that is known before a run."""

from collections.abc import Iterable
from math import comb
from pathlib import Path

from workflow_scripts.lib.core.csv_text import read_rows
from workflow_scripts.lib.core.registry import CORPORA
from workflow_scripts.plan.configuration import Configuration
from workflow_scripts.plan.recordings import lengths_of


def seconds_of(configuration: Configuration, dataset: str) -> dict[str, float] | None:
    """Seconds of audio by split: of what is prepared, of embedded pieces, or of the files of a folder.

    None where nothing of it is there yet.
    """
    entry = configuration.dataset(dataset)
    if entry.kind == "embedded":
        corpus = CORPORA.load(entry.settings["corpus"])
        length = min(corpus.TYPICAL_SECONDS, entry.settings.get("seconds") or corpus.TYPICAL_SECONDS)
        return _sums((corpus.SPLITS[piece], length) for piece in entry.settings.get("pieces") or corpus.PIECES)
    if entry.of:
        base, stems = seconds_of(configuration, entry.of), len(configuration.dataset(entry.of).stems)
        return base and {split: length * comb(stems, len(entry.stems)) for split, length in base.items()}
    lengths = lengths_of(configuration, dataset)
    if lengths is not None:
        return _sums((split, length) for split, tracks in lengths.items() for length in tracks.values())
    table = Path("results/prepare", dataset, "tracks.csv")
    return _sums((row["split"], float(row["seconds"])) for row in read_rows(table)) if table.is_file() else None


def _sums(lengths: Iterable[tuple[str, float]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for split, length in lengths:
        found[split] = found.get(split, 0.0) + length
    return found
