"""What a kind of data set is: one module with `Settings` and `fill_root`.

    @settings
    class Settings: ...               choices, bounds and defaults; `core.settings`

    def fill_root(target: Target, settings: Settings) -> None
        writes the track folders, `manifest.json` and, last, `tracks.csv` into `target.root`; raises UserError, naming
        the file, for anything that a fair comparison forbids

    OF: "same" or "fewer"             only of a kind that is made from another data set (the key `of`), whose stems it
                                      has, or fewer

`config/datasets/<name>.yaml` names the module as its `kind`, and its settings. Settings called `root` are a file or
folder of the user's, `archives` are what is downloaded where no root is given: `datasets.origin` looks for these.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workflow_scripts.lib.datasets.layouts.contract import Origin


@dataclass(frozen=True)
class Target:
    """The prepared root that is to be filled.

    root: the folder, empty.  scratch: folder for files that are needed only meanwhile.  cache: of downloaded archives.
    stems: names of the sources of every track.  voices: those with an F0.
    rate in Hz, channels: of the prepared files; None for those of the first track.
    processes: tracks that are worked on at a time.  of: the prepared root that it is made from, for kinds with `OF`.
    accept_licence: whether the user accepts the terms at the address `terms`, which downloads need.
    """

    root: Path
    scratch: Path
    cache: Path
    stems: Sequence[str]
    voices: Sequence[str]
    rate: int | None
    channels: int | None
    processes: int = 1
    accept_licence: bool = False
    terms: str = ""
    of: Path | None = None

    def origin(self, folder: Path) -> Origin:
        """What a layout is told to read the tracks of a folder."""
        return Origin(folder, self.stems, self.scratch, self.processes)
