"""Marks made worse on purpose and repeatably, as a hurried user would set them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.core.settings import NotNegative, Share, settings
from workflow_scripts.lib.datasets.marks import PLAYS, SILENT, Mark, merge
from workflow_scripts.lib.datasets.marks_sources.contract import Given


@settings
class Settings:
    """What is done to marks, in this order.

    jitter_seconds: standard deviation ("normal") or half the width ("uniform", see `jitter`) of the random shift of
        every time at which a source changes its state.
    dropped: share of the marks of each track that are taken away, so that their time is not marked; rounded.
    keep: "silent" keeps only the marks that say that a source is silent, "plays" only the others.
    """

    jitter_seconds: NotNegative = 0.0
    jitter: Literal["normal", "uniform"] = "normal"
    dropped: Share = 0.0
    keep: Literal["all", "silent", "plays"] = "all"


def find_marks(given: Given, settings: Settings) -> list[Mark]:
    """The marks of another source made worse, the same on every run. Raises UserError where there are none."""
    if given.before is None:
        raise UserError("The marks kind 'degraded' starts from other marks; name them in its key `of`.")
    return degrade(given.before, given.track.seconds, settings, 0, given.track.track)


def degrade(marks: Sequence[Mark], seconds: float, settings: Settings, seed: int, track: str) -> list[Mark]:
    """The marks of a track of `seconds` s made worse; the same seed and track give the same errors.

    Random choices are nested: what is dropped at 0.25 is dropped at 0.5 too, and shifts grow in proportion.
    """
    marks = _shift_marks(marks, seconds, settings, seed, track)
    count = round(settings.dropped * len(marks))
    gone = set(stream(seed, track, "marks dropped").permutation(len(marks))[:count].tolist())
    wanted = {"all": (PLAYS, SILENT), "silent": (SILENT,), "plays": (PLAYS,)}[settings.keep]
    return [mark for index, mark in enumerate(marks) if index not in gone and mark.state in wanted]


def _shift_marks(marks: Sequence[Mark], seconds: float, settings: Settings, seed: int, track: str) -> list[Mark]:
    """The marks with shifted ends. Neighbours that touch share one time, and so its shift; marks never overlap."""
    moved: list[Mark] = []
    for source in dict.fromkeys(mark.source for mark in marks):
        own = [mark for mark in marks if mark.source == source]
        times = sorted({time for mark in own for time in (mark.start, mark.end)})
        moved_to = dict(
            zip(times, _shift_times(np.array(times), seconds, settings, seed, f"{track}/{source}"), strict=True)
        )
        moved += [replace(mark, start=moved_to[mark.start], end=moved_to[mark.end]) for mark in own]
    return merge(mark for mark in moved if mark.end > mark.start)


def _shift_times(times: np.ndarray, seconds: float, settings: Settings, seed: int, name: str) -> list[float]:
    """`times` [change] in s shifted, kept in the track and in order; the very start and end of the track stay."""
    generator = stream(seed, name, "marks jitter")
    unit = (
        generator.standard_normal(len(times)) if settings.jitter == "normal" else generator.uniform(-1, 1, len(times))
    )
    at_an_end = (times <= 0) | (times >= seconds)
    shifted = np.where(at_an_end, times, times + settings.jitter_seconds * unit)
    return np.maximum.accumulate(shifted.clip(0, seconds)).tolist()
