"""What a layout of a data set is: one module with `Settings`, `MIXTURE_IS_SUM` and `read`.

    @settings
    class Settings: ...               of the layout's own; `core.settings`

    MIXTURE_IS_SUM                    whether a mixture must be the sum of its stems, where the data set does not say
    OPENS_NOTHING                     where there: `read` only looks at names, so that the plan may call it too
    def read(origin: Origin, settings: Settings) -> list[RawTrack]
        the tracks that are found; raises UserError, naming the file, for anything that does not fit the layout

A data set of the kind `fetched` names the module as its `layout`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Origin:
    """root: folder to read.  stems: to find in every track.  scratch: folder for files that are made meanwhile.

    processes: tracks that are worked on at a time.
    """

    root: Path
    stems: Sequence[str]
    scratch: Path
    processes: int = 1
