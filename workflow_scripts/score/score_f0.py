"""Score the F0 sources of a comparison against its reference F0."""

from pathlib import Path

import pandas as pd

from workflow_scripts.command import run
from workflow_scripts.lib.audio.f0 import F0, read_f0
from workflow_scripts.lib.core.files import atomic, write_text
from workflow_scripts.lib.core.provenance import folder_of
from workflow_scripts.lib.figures.markdown import pipe_table
from workflow_scripts.lib.metrics.f0_quality import quality

CONTOUR = {
    "raw_pitch_accuracy": "RPA",
    "raw_chroma_accuracy": "RCA",
    "voicing_recall": "VR",
    "voicing_false_alarm": "VFA",
    "overall_accuracy": "OA",
}
PITCHES = {"multipitch_precision": "precision", "multipitch_recall": "recall", "multipitch_accuracy": "accuracy"}
NOTE = (
    "raw pitch and raw\nchroma accuracy (RPA, RCA: within 50 cents of a voiced reference), voicing recall and false "
    "alarm (VR,\nVFA), overall accuracy (OA)."
)


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
        rows += [{"f0": name, "track": track, **row} for track in known for row in quality(known[track], tables[track])]
    table = pd.DataFrame(rows)
    with atomic(csv) as temporary:
        table.to_csv(temporary, index=False)
    write_text(text, _summary(table, reference_name))


def _tables(manifests: list[Path]) -> dict[str, F0]:
    return {path.stem: read_f0(path) for each in manifests for path in sorted(folder_of(each).glob("*.csv"))}


def _summary(table: pd.DataFrame, reference_name: str) -> str:
    """Means over tracks as two Markdown tables: the contours of each voice, and the set of pitches of all voices."""
    means = table.pivot_table(index=["f0", "voice"], columns="metric", values="value", sort=False).reset_index()
    voices = means[means["voice"] != "all"][["f0", "voice", *CONTOUR]].rename(columns=CONTOUR)
    sets = means[means["voice"] == "all"][["f0", *PITCHES]].rename(columns=PITCHES)
    voices, sets = (each.map(lambda cell: cell if isinstance(cell, str) else f"{cell:.3f}") for each in (voices, sets))
    parts = [
        f"F0 quality against the F0 source {reference_name!r}, mean over tracks, as in mir_eval: {NOTE}",
        pipe_table(voices),
        "The set of pitches in each frame, whatever the voice:",
        pipe_table(sets),
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    run(score_f0)
