"""Data sets that are downloaded, after the user has accepted the terms, or lie already in a folder of the user's."""

from typing import Annotated, Any

from pydantic import Field

from workflow_scripts.lib.core.errors import nearest
from workflow_scripts.lib.core.registry import LAYOUTS
from workflow_scripts.lib.core.settings import Free, checked, settings
from workflow_scripts.lib.datasets.archive import Archive
from workflow_scripts.lib.datasets.download import fetch_and_unpack
from workflow_scripts.lib.datasets.found import FoundSettings, convert_found
from workflow_scripts.lib.datasets.kinds.contract import Target
from workflow_scripts.lib.datasets.origin import check_licence, root_of


@settings
class Settings(FoundSettings):
    """Beside those of every folder, see `found.py`:

    layout: module of `layouts/` that reads the tracks.  layout_settings: its settings.
    archives: what is downloaded.  root: a folder that already holds the data; then nothing is downloaded.
    """

    layout: Annotated[str, Free("the name of a module, see `check`")] = Field(
        kw_only=True, description="the layout of the data, a module of workflow_scripts/lib/datasets/layouts"
    )
    archives: tuple[Archive, ...] = Field(kw_only=True, description="the archives that are downloaded")
    layout_settings: Annotated[dict[str, Any], Free("the layout checks them")] = Field(default_factory=dict)
    root: Annotated[str | None, Free("a path of the user's")] = None

    def check(self) -> str | None:
        """It must be read in a layout that there is."""
        if self.layout not in LAYOUTS.names():
            return f"layout is {self.layout!r}; {nearest(self.layout, LAYOUTS.names())}"
        return None


def fill_root(target: Target, settings: Settings) -> None:
    """Fetch and unpack the archives, where no folder is named, and convert the tracks.

    Raises UserError where the terms are not accepted, an archive cannot be had whole, or for what is wrong in it.
    """
    layout = LAYOUTS.load(settings.layout)
    chosen = checked(layout.Settings, settings.layout_settings, "The data set's settings.layout_settings")
    if settings.root:
        root = root_of(settings.root)
    else:
        check_licence("The data set", target.accept_licence, target.terms)
        root = fetch_and_unpack(settings.archives, target.cache, target.scratch / "unpacked")
    tracks = layout.read(target.origin(root), chosen)
    convert_found(target, root, tracks, settings, layout.MIXTURE_IS_SUM)
