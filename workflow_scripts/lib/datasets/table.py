"""The track table: what every data set, of whatever origin, becomes.

<root>/tracks.csv
<root>/<split>/<track>/mixture.wav and <stem>.wav     (the MUSDB18-HQ layout)
<root>/<split>/<track>/f0.csv                         (only where the F0 is known exactly)
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from workflow_scripts.lib.audio import io
from workflow_scripts.lib.audio.windows import Precision
from workflow_scripts.lib.core.csv_text import csv_text, read_rows
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.files import write_text
from workflow_scripts.lib.core.names import SPLITS


@dataclass(frozen=True)
class Track:
    """One row of the track table.

    song: identity of the piece, so that no piece serves in two splits.
    singers: names of the singers, joined by ";", empty where unknown.
    family: a named property of a song that comparisons may select on, empty where there is none.
    seconds, rate (Hz), channels: of the prepared files, all of one length.
    stems: names of the isolated sources, joined by ";"; empty for a recording without stems.
    sha256: of the decoded samples of mixture and stems, not of the files.
    """

    track: str
    split: str
    song: str
    singers: str
    family: str
    seconds: float
    rate: int
    channels: int
    stems: str
    sha256: str

    def folder(self, root: Path) -> Path:
        return Path(root) / self.split / self.track

    @property
    def stem_names(self) -> tuple[str, ...]:
        return tuple(filter(None, self.stems.split(";")))


def write_tracks(root: Path, tracks: Sequence[Track]) -> None:
    """Write `<root>/tracks.csv`, sorted by split and name."""
    rows = sorted(tracks, key=lambda track: (SPLITS.index(track.split), track.track))
    write_text(Path(root) / "tracks.csv", csv_text(map(asdict, rows), [field.name for field in fields(Track)]))


def read_tracks(root: Path, split: str | None = None) -> list[Track]:
    """The tracks of a prepared data set, all or those of one split, in the table's order."""
    kinds: dict[str, Any] = {field.name: field.type for field in fields(Track)}
    rows = (row for row in read_rows(Path(root) / "tracks.csv") if split in (None, row["split"]))
    return [Track(**{name: kinds[name](text) for name, text in row.items()}) for row in rows]


def shard(tracks: Sequence[Track], name: str) -> list[Track]:
    """The tracks of shard `k-of-n`, k from 1: every n-th track, so that shards are alike in length."""
    k, n = map(int, name.split("-of-"))
    return list(tracks[k - 1 :: n])


def read_shard(root: Path, split: str, name: str) -> list[Track]:
    """The tracks of one shard of a split, none where there are more shards than tracks.

    Raises UserError where the split has no track at all.
    """
    tracks = read_tracks(root, split)
    if not tracks:
        others = ", ".join(dict.fromkeys(track.split for track in read_tracks(root)))
        raise UserError(f"{root}: has no track in the split {split!r}, which is asked for; it has some in {others}.")
    return shard(tracks, name)


def read_mixture(root: Path, track: Track, dtype: Precision = "float64") -> tuple[np.ndarray, int]:
    """Mixture [channel, time] of one track, and its rate in Hz."""
    return io.read(track.folder(root) / "mixture.wav", dtype)


def read_scene(
    root: Path, track: Track, sources: Sequence[str], dtype: Precision = "float64"
) -> tuple[np.ndarray, np.ndarray, int]:
    """Audio of one track -> (mixture [channel, time], references [source, channel, time], rate in Hz).

    The source `accompaniment`, where it is no stem, is the sum of the stems that `sources` does not name.
    """
    folder = track.folder(root)
    mixture, rate = read_mixture(root, track, dtype)
    rest = [stem for stem in track.stem_names if stem not in sources]
    parts = {source: [source] if source in track.stem_names else rest for source in sources}
    references = np.empty((len(sources), *mixture.shape), dtype)
    for reference, source in zip(references, sources, strict=True):
        reference[:] = sum(io.read(folder / f"{stem}.wav")[0] for stem in parts[source])
    return mixture, references, rate
