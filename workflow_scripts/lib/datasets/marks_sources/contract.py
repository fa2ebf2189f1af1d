"""What a source of marks is: one module with `Settings` and `find_marks`.

    @settings
    class Settings: ...               choices, bounds and defaults; `core.settings`

    def find_marks(given: Given, settings: Settings) -> list[Mark]
        of one track, sorted; raises UserError where the track lacks what the source needs

`config/marks/<name>.yaml` names the module as its `kind`, and its settings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workflow_scripts.lib.datasets.marks import Mark
from workflow_scripts.lib.datasets.table import Track


@dataclass(frozen=True)
class Given:
    """What a track offers to a source of marks.

    data: root of the prepared data set.  track: its row there.  stems: names of the sources that are marked.
    before: the marks that are made worse, None where no other source is named.
    """

    data: Path
    track: Track
    stems: Sequence[str]
    before: Sequence[Mark] | None = None
