"""What is scored: one method's estimate of a track, and the track's references, with all that metrics share of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

import numpy as np

from workflow_scripts.lib.metrics.contract import Scoring
from workflow_scripts.lib.metrics.frames import Frames

Part = TypeVar("Part")


@dataclass
class Shared:
    """An object of which parts are computed when first needed, once for all metrics that ask for them."""

    _parts: dict[Callable[..., Any], Any] = field(default_factory=dict, init=False, repr=False)

    def once(self, compute: Callable[[Self], Part]) -> Part:
        """What the function `compute` makes of this object; computed at the first call with this function."""
        if compute not in self._parts:
            self._parts[compute] = compute(self)
        return self._parts[compute]


@dataclass
class TrackReferences(Shared):
    """What all estimates of a track are scored against.

    references: [source, channel, time] float64.  mixture: [channel, time].  rate: Hz.
    """

    references: np.ndarray
    mixture: np.ndarray
    rate: int
    frames: Frames
    scoring: Scoring

    @property
    def mixture_as_estimate(self) -> np.ndarray:
        """The mixture in place of every source's estimate, [source, channel, time], without a copy."""
        return np.broadcast_to(self.mixture, self.references.shape)


@dataclass
class Estimate(Shared):
    """One method's estimate of a track.  signals: [source, channel, time] float64, of the references' shape."""

    track: TrackReferences
    signals: np.ndarray


Score = Callable[[Estimate], np.ndarray]  # values of a metric, [source] or [source, frame] float64
