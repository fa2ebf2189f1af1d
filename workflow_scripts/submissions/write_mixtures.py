"""Write what is needed to make estimates elsewhere: the test mixtures of a data set, and how the estimates must be."""

import json
import shutil
from pathlib import Path

from workflow_scripts.command import run
from workflow_scripts.lib.core.csv_text import csv_text
from workflow_scripts.lib.core.files import atomic, write_text
from workflow_scripts.lib.core.provenance import folder_of, recorded
from workflow_scripts.lib.datasets.submitted import Expected
from workflow_scripts.lib.datasets.table import read_shard

README = """Mixtures of the test tracks of {dataset}: <track>.wav
tracks.csv tells samples, rate in Hz and channels of each.

Estimates are <track>/<source>.wav or .flac, in the rate, channels and length of the mixture, to the sample.
The sources are

{sources}

`accompaniment`, where it is no stem, is all that the other sources are not.
Put the estimates into a folder `estimates` beside a file submission.yaml that says at least `label: NAME`.
"""


def write_mixtures(*, data: Path, comparisons: str, out: Path, code: str) -> None:
    """Write <track>.wav, tracks.csv and README.txt.

    `comparisons` (JSON) are the sources of each comparison on these mixtures. `data` and `out` are manifests of
    folders.
    """
    root, asked = folder_of(data), json.loads(comparisons)
    tracks = read_shard(root, "test", "1-of-1")
    lines = [f"  in the comparison {name}: {', '.join(sources)}" for name, sources in asked.items()]
    with recorded(out, code) as folder:
        for track in tracks:
            with atomic(folder / f"{track.track}.wav") as temporary:
                shutil.copyfile(track.folder(root) / "mixture.wav", temporary)
        forms = [Expected.of(track)._asdict() for track in tracks]
        write_text(folder / "tracks.csv", csv_text(forms))
        sources = "\n".join(lines) or f"  stems: {', '.join(tracks[0].stem_names)}"
        write_text(folder / "README.txt", README.format(dataset=root.name, sources=sources))


if __name__ == "__main__":
    run(write_mixtures)
