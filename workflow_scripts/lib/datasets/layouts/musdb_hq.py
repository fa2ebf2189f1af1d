"""The layout of MUSDB18-HQ: `<root>/{train,test}/<Artist - Title>/{mixture,drums,bass,other,vocals}.wav`."""

from typing import Annotated

from workflow_scripts.lib.core.settings import Free, settings
from workflow_scripts.lib.datasets.layouts.contract import Origin
from workflow_scripts.lib.datasets.musdb import split_off_validation
from workflow_scripts.lib.datasets.raw import RawTrack
from workflow_scripts.lib.datasets.track_folders import read_track_folders

MIXTURE_IS_SUM = True
OPENS_NOTHING = True


@settings
class Settings:
    """valid: names of the tracks of `train` that validate; None takes musdb's own list.

    ignore: names of audio files that are passed over, without suffix.
    """

    valid: Annotated[tuple[str, ...] | None, Free("names of tracks")] = None
    ignore: Annotated[tuple[str, ...] | None, Free("names of the user's files")] = ()


def read(origin: Origin, settings: Settings) -> list[RawTrack]:
    """The tracks of the folder. Raises UserError as `read_track_folders`."""
    tracks = read_track_folders(origin.root, origin.stems, settings.ignore or ())
    return [split_off_validation(track, settings.valid) for track in tracks]
