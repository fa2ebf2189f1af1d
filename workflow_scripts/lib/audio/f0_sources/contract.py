"""What an F0 source is: one module with `Settings` and `find_f0`.

    @settings
    class Settings: ...               choices, bounds and defaults; `core.settings`

    def find_f0(given: Given, settings: Settings) -> F0
        of the voices `given.voices`, in their order, on frames of 16 ms that cover the track; raises UserError where
        the track lacks what the source needs

`config/f0/<name>.yaml` names the module as its `kind`, and its settings.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from workflow_scripts.lib.audio.f0 import F0, frame_count


@dataclass(frozen=True)
class Audio:
    """What a track sounds like.

    mixture: [channel, time].  stems: each [channel, time], by the name of the voice; none of a recording without stems.
    rate: in Hz.
    """

    mixture: np.ndarray
    stems: Mapping[str, np.ndarray]
    rate: int

    @property
    def frames(self) -> int:
        """Number of F0 frames that cover the mixture."""
        return frame_count(self.mixture.shape[-1] / self.rate)


@dataclass(frozen=True)
class Given:
    """What a track offers to an F0 source.

    track: its name.  voices: whose F0 is asked for; from the highest to the lowest where only the mixture tells them
    apart.  read_audio: reads it, which not every source needs.  exact: the F0 that comes with the data, None where none
    does.  before: the F0 that is degraded, None where no other source is named.
    """

    track: str
    voices: tuple[str, ...]
    read_audio: Callable[[], Audio]
    exact: F0 | None = None
    before: F0 | None = None
