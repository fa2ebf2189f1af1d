"""The tracks that a method learns from, and those that tell when to stop."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.core.files import sha256_file
from workflow_scripts.lib.core.fingerprint import hash_of
from workflow_scripts.lib.datasets.budget import Budget
from workflow_scripts.lib.datasets.table import Track, read_tracks


@dataclass(frozen=True)
class Corpus:
    """What a method is trained on.

    data: a prepared data set.  sources: names, `accompaniment` being the sum of the stems that are not named.
    split: whose tracks teach.  budget: how many of its songs, the first ones in the table's order, of which family.
    f0: folders that hold the F0 tables `<track>.csv` of those tracks and of the validation tracks, or none.
    """

    data: Path
    sources: tuple[str, ...]
    split: str = "train"
    budget: Budget = field(default_factory=Budget)
    f0: tuple[Path, ...] = ()

    @cached_property
    def tracks(self) -> list[Track]:
        """The tracks that teach. Raises UserError where there are none or fewer songs than asked for."""
        count, family = self.budget.songs, self.budget.family
        found = of_family(self.data, self._of(self.split), family, "budget.family")
        songs = list(dict.fromkeys(track.song for track in found))
        if count is not None and count > len(songs):
            of = f" of the family {family!r}" if family else ""
            raise UserError(
                f"{self.data}: has {len(songs)} songs{of} in the split {self.split!r}, but budget.songs asks for "
                f"{count}; ask for no more than there are."
            )
        return [track for track in found if track.song in songs[:count]]

    @cached_property
    def valid(self) -> list[Track]:
        """The tracks that tell when to stop: the split `valid`.

        For a method that learns from the very mixtures that it is to separate, these same: it has no others to suit.
        """
        return self._of("valid") if self.split == "train" else self.tracks

    def fingerprint(self) -> str:
        """Hash of the audio of all these tracks and of their F0."""
        tables = [f0_table(self.f0, track.track) for track in self.tracks + self.valid] if self.f0 else []
        audio = [track.sha256 for track in self.tracks + self.valid]
        return hash_of(*self.sources, *audio, *map(sha256_file, tables))

    def _of(self, split: str) -> list[Track]:
        found = read_tracks(self.data, split)
        if not found:
            raise UserError(
                f"{self.data}: has no track in the split {split!r}, which training needs; assign some to it."
            )
        return found


def of_family(data: Path, tracks: Sequence[Track], family: str | None, key: str) -> list[Track]:
    """The tracks of a family, all where it is None. Raises UserError, naming the `key`, where it has none."""
    known = {track.family for track in tracks} - {""}
    if family is not None and family not in known:
        raise UserError(f"{data}: has no training song of the family {family!r} ({key}); {nearest(family, known)}")
    return [track for track in tracks if family in (None, track.family)]


def f0_table(folders: Sequence[Path], track: str) -> Path:
    """The F0 table of a track, in whichever folder has it. Raises UserError where none has."""
    found = [path for path in (Path(folder) / f"{track}.csv" for folder in folders) if path.exists()]
    if not found:
        raise UserError(
            f"The track {track!r} has no F0 table in {', '.join(map(str, folders))}; estimate its F0 first."
        )
    return found[0]
