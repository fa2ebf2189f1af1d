"""A folder of `.stem.mp4` files, as MUSDB18 was published."""

from workflow_scripts.lib.core.settings import settings
from workflow_scripts.lib.datasets.found import FolderSettings, convert_found
from workflow_scripts.lib.datasets.kinds.contract import Target
from workflow_scripts.lib.datasets.layouts.musdb_stems import MIXTURE_IS_SUM, read
from workflow_scripts.lib.datasets.layouts.musdb_stems import Settings as LayoutSettings
from workflow_scripts.lib.datasets.origin import root_of


@settings
class Settings(LayoutSettings, FolderSettings):
    """Those of the layout, see `layouts/musdb_stems.py`, and of every folder, see `found.py`."""


def fill_root(target: Target, settings: Settings) -> None:
    """Convert the tracks of the user's folder. Raises UserError where it is missing, or for what is wrong in it."""
    root = root_of(settings.root)
    convert_found(target, root, read(target.origin(root), settings), settings, MIXTURE_IS_SUM)
