"""Unlabelled songs, dealt out so that what is heard together is never known together.

Stoller, Ewert and Dixon (arXiv 1711.00048) draw mixtures and solo recordings from the same unlabelled songs, so that
their critics hear the true sources of the very mixtures that are separated. Here every song serves in one stream alone.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.fingerprint import hash_of
from workflow_scripts.lib.datasets.corpus import Corpus, of_family
from workflow_scripts.lib.datasets.excerpts import Excerpts
from workflow_scripts.lib.datasets.table import Track, read_tracks
from workflow_scripts.lib.datasets.training_data import Unpaired


@dataclass(frozen=True)
class Deal:
    """The unlabelled tracks of each stream: those of the mixtures, and by source those of its solo recordings."""

    mixtures: tuple[Track, ...]
    solos: Mapping[str, tuple[Track, ...]]

    def names(self) -> dict[str, list[str]]:
        """Names of the tracks by stream, for the record."""
        streams = {"mixtures": self.mixtures, **{f"solo {source}": tracks for source, tracks in self.solos.items()}}
        return {stream: [track.track for track in tracks] for stream, tracks in streams.items()}

    def fingerprint(self) -> str:
        """Hash of which audio serves in which stream."""
        streams = [self.mixtures, *self.solos.values()]
        return hash_of(*self.solos, *(";".join(track.sha256 for track in tracks) for tracks in streams))


def deal(corpus: Corpus, family: str | None = None) -> Deal:
    """The songs of the split `train` that teach nothing in pairs, dealt in the table's order: mixtures, then sources.

    family: takes the songs of one family alone. Raises UserError where it is unknown, or has too few songs for every
    stream to have one of its own.
    """
    paired = {track.song for track in corpus.tracks}
    known = of_family(corpus.data, read_tracks(corpus.data, "train"), family, "unpaired.family")
    free = [track for track in known if track.song not in paired]
    songs = list(dict.fromkeys(track.song for track in free))
    count = 1 + len(corpus.sources)
    if len(songs) < count:
        of = f" of the family {family!r}" if family else ""
        raise UserError(
            f"{corpus.data}: has {len(songs)} training songs{of} outside the paired budget, but unlabelled mixtures "
            f"and solo recordings of {len(corpus.sources)} sources need {count} at least, one each; pair fewer songs "
            "or add some."
        )
    streams = [_tracks_of(songs[place::count], free) for place in range(count)]
    return Deal(streams[0], dict(zip(corpus.sources, streams[1:], strict=True)))


def streams(dealt: Deal, excerpts: Callable[..., Excerpts]) -> Unpaired:
    """The streams, each seeded by a name of its own.

    excerpts: makes the excerpts of some tracks; takes them, and `solo` and `name` as `Excerpts` does.
    """
    solos = {
        source: excerpts(tracks, solo=source, name=f"solo {source}") for source, tracks in dealt.solos.items()
    }  # fmt: skip
    return Unpaired(excerpts(dealt.mixtures, solo=None, name="unlabelled mixtures"), solos)


def _tracks_of(songs: Iterable[str], tracks: Iterable[Track]) -> tuple[Track, ...]:
    chosen = set(songs)
    return tuple(track for track in tracks if track.song in chosen)
