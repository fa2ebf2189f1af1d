"""The user's own marks: a file a track."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.files import named
from workflow_scripts.lib.core.names import ACCOMPANIMENT
from workflow_scripts.lib.core.settings import Free, settings
from workflow_scripts.lib.datasets.marks import Mark, read_marks
from workflow_scripts.lib.datasets.marks_sources.contract import Given

ENDINGS = (".txt", ".csv")


@settings
class Settings:
    """Where the marks are. root: folder with one `<track>.txt` (Audacity labels) or `<track>.csv` a track, or one file
    that holds for every track."""

    root: Annotated[str, Free("a path of the user's")]


def find_marks(given: Given, settings: Settings) -> list[Mark]:
    """The marks of the track's file. Raises UserError as `read`."""
    return read(settings, given.track.track, (*given.stems, ACCOMPANIMENT), given.track.seconds)


def read(settings: Settings, track: str, sources: Sequence[str], seconds: float) -> list[Mark]:
    """The marks of a track. Raises UserError where there is no file, no mark in it, or as `read_marks`."""
    root = Path(settings.root).expanduser()
    file = root if root.is_file() else named(root, track, ENDINGS)
    if file is None:
        raise UserError(
            f"{root}: has no marks of the track {track!r}; write them as {track}.txt (Audacity labels) or {track}.csv."
        )
    marks = read_marks(file, sources, seconds)
    if not marks:
        raise UserError(
            f"{file}: holds no mark; write at least one stretch, for example '12.5<tab>20.0<tab>-{sources[0]}' "
            f"where {sources[0]} is silent."
        )
    return marks
