"""Data sets whose recordings are found in a folder: what may be said of them in any layout, and their conversion."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

from pydantic import Field

from workflow_scripts.lib.core.settings import Free, settings
from workflow_scripts.lib.datasets.conversion import convert_tracks, place_file
from workflow_scripts.lib.datasets.kinds.contract import Target
from workflow_scripts.lib.datasets.raw import RawTrack, select_tracks


@settings
class FoundSettings:
    """keep: split -> names of the tracks that are kept of it; all of a split that is not named.

    mixture_is_sum: refuse a mixture that is not the sum of its stems; None leaves it to the layout.
    length_tolerance: s by which the lengths within a track may differ; zeros fill the rest.
    """

    keep: Annotated[dict[str, tuple[str, ...]] | None, Free("names of tracks")] = None
    mixture_is_sum: bool | None = None
    length_tolerance: Annotated[float, Field(ge=0, le=60)] = 0.1


@settings
class FolderSettings(FoundSettings):
    """root: the user's folder of recordings."""

    root: Annotated[str, Free("a path of the user's")] = Field(kw_only=True, description="the folder of the recordings")


def convert_found(
    target: Target, root: Path, tracks: Sequence[RawTrack], settings: FoundSettings, mixture_is_sum: bool
) -> None:
    """Convert the tracks that were found in the folder `root`. mixture_is_sum: what the layout says."""
    convert_tracks(
        select_tracks(tracks, settings.keep or {}, root),
        target.root,
        name=root,
        rate=target.rate,
        channels=target.channels,
        mixture_is_sum=mixture_is_sum if settings.mixture_is_sum is None else settings.mixture_is_sum,
        length_tolerance=settings.length_tolerance,
        processes=target.processes,
        place=partial(place_file, scratch=target.scratch),
    )
