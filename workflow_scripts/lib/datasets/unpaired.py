"""Unlabelled songs: which give mixtures, and which solo recordings.

Stoller, Ewert and Dixon (arXiv 1711.00048) draw mixtures and solo recordings from the same unlabelled songs, so that
their critics hear the true sources of the very mixtures that are separated; `songs: shared` is that. Otherwise no
mixture and no solo recording are ever of the same song: each gives either mixtures, or solo recordings of one source.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.fingerprint import hash_of
from workflow_scripts.lib.datasets.budget import UnpairedBudget
from workflow_scripts.lib.datasets.corpus import Corpus, of_family
from workflow_scripts.lib.datasets.excerpts import Excerpts
from workflow_scripts.lib.datasets.table import Track, read_tracks
from workflow_scripts.lib.datasets.training_data import Unpaired


@dataclass(frozen=True)
class UnlabelledSplit:
    """The unlabelled tracks by what they give: those of the mixtures, and by source those of its solo recordings."""

    mixtures: tuple[Track, ...]
    solos: Mapping[str, tuple[Track, ...]]

    def names(self) -> dict[str, list[str]]:
        """Names of the tracks by what they give, for the record."""
        parts = {"mixtures": self.mixtures, **{f"solo {source}": tracks for source, tracks in self.solos.items()}}
        return {part: [track.track for track in tracks] for part, tracks in parts.items()}

    def fingerprint(self) -> str:
        """Hash of which audio gives what."""
        parts = [self.mixtures, *self.solos.values()]
        return hash_of(*self.solos, *(";".join(track.sha256 for track in tracks) for tracks in parts))


def split_unlabelled(corpus: Corpus, budget: UnpairedBudget) -> UnlabelledSplit:
    """The songs of the split `train` that teach nothing in pairs: in turns one for mixtures, one for each source.

    They are taken in the table's order; where the songs are shared, all give everything. Raises UserError where the
    budget's family is unknown, or has too few songs for every part to have one of its own.
    """
    family = budget.family
    paired = {track.song for track in corpus.tracks}
    known = of_family(corpus.data, read_tracks(corpus.data, "train"), family, "unpaired.family")
    free = [track for track in known if track.song not in paired]
    songs = list(dict.fromkeys(track.song for track in free))
    count = 1 if budget.songs == "shared" else 1 + len(corpus.sources)
    if len(songs) < count:
        of = f" of the family {family!r}" if family else ""
        raise UserError(
            f"{corpus.data}: has {len(songs)} training songs{of} outside the paired budget, but unlabelled mixtures "
            f"and solo recordings of {len(corpus.sources)} sources need {count} at least; pair fewer songs or add some."
        )
    mixtures, *solos = [_tracks_of(songs[first % count :: count], free) for first in range(1 + len(corpus.sources))]
    return UnlabelledSplit(mixtures, dict(zip(corpus.sources, solos, strict=True)))


def unpaired_excerpts(split: UnlabelledSplit, excerpts: Callable[..., Excerpts]) -> Unpaired:
    """The excerpts of each part, drawn from random streams of their own names.

    excerpts: makes the excerpts of some tracks; takes them, and `solo` and `name` as `Excerpts` does.
    """
    solos = {source: excerpts(tracks, solo=source, name=f"solo {source}") for source, tracks in split.solos.items()}
    return Unpaired(excerpts(split.mixtures, solo=None, name="unlabelled mixtures"), solos)


def _tracks_of(songs: Iterable[str], tracks: Iterable[Track]) -> tuple[Track, ...]:
    chosen = set(songs)
    return tuple(track for track in tracks if track.song in chosen)
