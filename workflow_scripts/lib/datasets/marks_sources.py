"""Where the marks of a track come from, by the kinds that `config/marks/<name>.yaml` uses."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.datasets import activity, marks_degrade, marks_user
from workflow_scripts.lib.datasets.marks import ACCOMPANIMENT, PLAYS, Mark, marks_of, read_marks
from workflow_scripts.lib.datasets.table import Track, read_scene


@dataclass(frozen=True)
class AllActiveSettings:
    """That every source plays all the time has no settings."""


SETTINGS: dict[str, type] = {
    "stems": activity.Settings,
    "file": marks_user.Settings,
    "degraded": marks_degrade.Settings,
    "all_active": AllActiveSettings,
}


def make(
    kind: str, settings: dict[str, Any], *, data: Path, track: Track, stems: Sequence[str], of: Path | None = None
) -> list[Mark]:
    """The marks of one track.

    data: the prepared data set.  stems: names of the sources.  of: for the kind `degraded`, the folder of the marks
    that are made worse.  Raises UserError for an unknown setting, or a file of the user that is none.
    """
    chosen = _settings(kind, settings)
    if kind == "all_active":
        return [Mark(0.0, track.seconds, stem, PLAYS) for stem in sorted(stems)]
    if kind == "file":
        return marks_user.read(chosen, track.track, (*stems, ACCOMPANIMENT), track.seconds)
    if kind == "degraded":
        known = read_marks(of / f"{track.track}.txt", (*stems, ACCOMPANIMENT), track.seconds)
        return marks_degrade.degrade(known, track.seconds, chosen, 0, track.track)
    _, references, rate = read_scene(data, track, stems)
    return marks_of(activity.activity(references, stems, rate, chosen), stems, rate)


def _settings(kind: str, settings: dict[str, Any]) -> Any:
    known = [field.name for field in fields(SETTINGS[kind])]
    for name in settings:
        if name not in known:
            raise UserError(f"The marks kind {kind!r} has no setting {name!r}; {nearest(name, known)}")
    return SETTINGS[kind](**settings)
