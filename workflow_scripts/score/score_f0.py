"""Score the F0 sources of a comparison against its reference F0."""

from pathlib import Path

import pandas as pd

from workflow_scripts.command import run
from workflow_scripts.lib.audio.f0 import F0, read_f0
from workflow_scripts.lib.core.files import atomic, write_text
from workflow_scripts.lib.core.provenance import folder_of
from workflow_scripts.lib.metrics.f0_quality import quality


def score_f0(
    *, reference_name: str, reference: list[Path], names: list[str], estimates: list[Path], csv: Path, text: Path
) -> None:
    """Write one row a source, track, voice and metric (`csv`) and the means a source and voice (`text`, Markdown).

    `reference` and `estimates` are manifests of folders, those of each name in turn, as many a name as `reference` has.
    """
    known = _tables(reference)
    count = len(reference)
    rows = []
    for index, name in enumerate(names):
        tables = _tables(estimates[index * count : (index + 1) * count])
        rows += [{"f0": name, "track": track} | row for track in known for row in quality(known[track], tables[track])]
    table = pd.DataFrame(rows)
    with atomic(csv) as temporary:
        table.to_csv(temporary, index=False)
    means = table.pivot_table(index=["f0", "voice"], columns="metric", values="value", sort=False).reset_index()
    write_text(text, f"F0 quality against the F0 source {reference_name!r}, mean over tracks\n\n{_markdown(means)}\n")


def _tables(manifests: list[Path]) -> dict[str, F0]:
    return {path.stem: read_f0(path) for each in manifests for path in sorted(folder_of(each).glob("*.csv"))}


def _markdown(table: pd.DataFrame) -> str:
    return table.to_markdown(index=False, floatfmt=".3f")


if __name__ == "__main__":
    run(score_f0)
