"""Marks made worse on purpose and repeatably, as a hurried user would set them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.datasets.marks import PLAYS, SILENT, Mark, merged

CHOICES = {"jitter": ("normal", "uniform"), "keep": ("all", "silent", "plays")}


@dataclass(frozen=True)
class Settings:
    """What is done to marks, in this order.

    jitter_seconds: standard deviation ("normal") or half the width ("uniform", see `jitter`) of the random shift of
        every time at which a source changes its state.
    dropped: share of the marks of each track that are taken away, so that their time is not marked; rounded.
    keep: "silent" keeps only the marks that say that a source is silent, "plays" only the others.
    """

    jitter_seconds: float = 0.0
    jitter: str = "normal"
    dropped: float = 0.0
    keep: str = "all"

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise UserError(
                    f"Marks setting {name} cannot be {getattr(self, name)!r}; {nearest(getattr(self, name), allowed)}"
                )
        if not self.jitter_seconds >= 0:
            raise UserError(f"Marks setting jitter_seconds is {self.jitter_seconds}; allowed are seconds from 0 up.")
        if not 0 <= self.dropped <= 1:
            raise UserError(f"Marks setting dropped is {self.dropped}; allowed are values from 0 to 1.")


def degrade(marks: Sequence[Mark], seconds: float, settings: Settings, seed: int, track: str) -> list[Mark]:
    """The marks of a track of `seconds` s made worse; the same seed and track give the same errors.

    Random choices are nested: what is dropped at 0.25 is dropped at 0.5 too, and shifts grow in proportion.
    """
    marks = _jittered(marks, seconds, settings, seed, track)
    count = round(settings.dropped * len(marks))
    gone = set(stream(seed, track, "marks dropped").permutation(len(marks))[:count].tolist())
    wanted = {"all": (PLAYS, SILENT), "silent": (SILENT,), "plays": (PLAYS,)}[settings.keep]
    return [mark for index, mark in enumerate(marks) if index not in gone and mark.state in wanted]


def _jittered(marks: Sequence[Mark], seconds: float, settings: Settings, seed: int, track: str) -> list[Mark]:
    """The marks with shifted ends. Neighbours that touch share one time, and so its shift; marks never overlap."""
    moved: list[Mark] = []
    for source in dict.fromkeys(mark.source for mark in marks):
        own = [mark for mark in marks if mark.source == source]
        times = sorted({time for mark in own for time in (mark.start, mark.end)})
        there = dict(zip(times, _shifted(np.array(times), seconds, settings, seed, f"{track}/{source}"), strict=True))
        moved += [replace(mark, start=there[mark.start], end=there[mark.end]) for mark in own]
    return merged(mark for mark in moved if mark.end > mark.start)


def _shifted(times: np.ndarray, seconds: float, settings: Settings, seed: int, name: str) -> list[float]:
    """Each time shifted, kept in the track and in order; the very start and end of the track stay."""
    generator = stream(seed, name, "marks jitter")
    unit = (
        generator.standard_normal(len(times)) if settings.jitter == "normal" else generator.uniform(-1, 1, len(times))
    )
    at_an_end = (times <= 0) | (times >= seconds)
    shifted = np.where(at_an_end, times, times + settings.jitter_seconds * unit)
    return np.maximum.accumulate(shifted.clip(0, seconds)).tolist()
