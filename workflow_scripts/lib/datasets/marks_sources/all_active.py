"""Marks that tell nothing, as a control: every source plays all the time."""

from workflow_scripts.lib.core.settings import settings
from workflow_scripts.lib.datasets.marks import PLAYS, Mark
from workflow_scripts.lib.datasets.marks_sources.contract import Given


@settings
class Settings:
    """That every source plays all the time has none."""


def find_marks(given: Given, settings: Settings) -> list[Mark]:  # noqa: ARG001 the contract
    """One mark a source, from the start of the track to its end."""
    return [Mark(0.0, given.track.seconds, stem, PLAYS) for stem in sorted(given.stems)]
