"""The user's own folder: `<root>/[<split>/]<track>/<source>.wav` or `.flac`, with or without `mixture`."""

from typing import Annotated, Literal

from workflow_scripts.lib.core.settings import Free, settings
from workflow_scripts.lib.datasets.layouts.contract import Origin
from workflow_scripts.lib.datasets.published_split import split_as_published
from workflow_scripts.lib.datasets.raw import RawTrack
from workflow_scripts.lib.datasets.track_folders import read_track_folders

MIXTURE_IS_SUM = True
OPENS_NOTHING = True


@settings
class Settings:
    """ignore: names of audio files that are passed over, without suffix.

    split: "published", that of arXiv 1711.00048, or None, by the folders train, valid and test.
    """

    ignore: Annotated[tuple[str, ...] | None, Free("names of the user's files")] = ()
    split: Literal["published"] | None = None


def read(origin: Origin, settings: Settings) -> list[RawTrack]:
    """The tracks of the folder. Raises UserError as `read_track_folders` and `split_as_published`."""
    tracks = read_track_folders(origin.root, origin.stems, settings.ignore or ())
    return split_as_published(tracks, origin.root) if settings.split == "published" else tracks
