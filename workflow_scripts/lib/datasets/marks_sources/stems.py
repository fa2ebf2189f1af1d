"""Marks from the true stems: what a user with perfect ears would set."""

from workflow_scripts.lib.core.settings import settings
from workflow_scripts.lib.datasets.activity import Settings as ActivitySettings
from workflow_scripts.lib.datasets.activity import activity
from workflow_scripts.lib.datasets.marks import Mark, marks_of
from workflow_scripts.lib.datasets.marks_sources.contract import Given
from workflow_scripts.lib.datasets.table import read_scene


@settings
class Settings(ActivitySettings):
    """How activity is found, see `datasets/activity.py`."""


def find_marks(given: Given, settings: Settings) -> list[Mark]:
    """A mark for each stretch in which a stem plays or is silent. Raises UserError where `theta` lacks a stem."""
    _, references, rate = read_scene(given.data, given.track, given.stems)
    return marks_of(activity(references, given.stems, rate, settings), given.stems, rate)
