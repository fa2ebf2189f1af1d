"""The planned contrasts of the study and the first look are fair: what two rows do not share, their labels say."""

from itertools import chain

import pytest

from tests.plan.given import DEFAULT, FIRST
from workflow_scripts.lib.methods.contract import load
from workflow_scripts.plan.configuration import Configuration
from workflow_scripts.plan.keys import Method

CONFIGURATION = Configuration(DEFAULT)
RUN = [*CONFIGURATION.run.values(), *Configuration(FIRST).run.values()]
CONTRASTS = sorted(set(chain.from_iterable(each.contrasts for each in RUN)))

# A setting that one row of a contrast may have and the other not, and the word of its label that says so.
SAID = {"stems": "remixes", "remix": "remixes", "epochs": "epochs", "steps": "time"}
SHARED = {*SAID, "gamma", "learning_rate", "window_seconds", "output", "average", "head", "frames"} - {"steps"}


def steps_of(entry: Method) -> dict[str, object]:
    """What a row's learning is: the settings that both modules may have, and the schedule."""
    settings = load(entry.module, entry.settings)[1]
    found = {name: getattr(settings, name) for name in SHARED if hasattr(settings, name)}
    if "training" in entry.needs:
        found |= {name: getattr(entry.training, name) for name in ("steps", "batch", "seconds")}
        found |= {"songs": entry.budget.songs, "family": entry.budget.family, "start": entry.start}
    return found


@pytest.mark.parametrize(("one", "other"), CONTRASTS, ids="-".join)
def test_two_learned_rows_of_a_contrast_share_all_that_their_labels_do_not_say(one, other):
    entries = [CONFIGURATION.method(name) for name in (one, other)]
    labels = " ".join(entry.label.lower() for entry in entries)
    first, second = map(steps_of, entries)
    if not entries[0].start or entries[0].start == other or entries[1].module == "muted":
        return  # a row and what it started from
    differing = {key for key in first.keys() & second.keys() if first[key] != second[key]}
    assert all(SAID.get(key, "not said") in labels for key in differing), differing


@pytest.mark.parametrize(("one", "other"), CONTRASTS, ids="-".join)
def test_both_rows_of_a_contrast_have_the_same_output_rule(one, other):
    rules = [CONFIGURATION.method(name).settings.get("output", "plain") for name in (one, other)]
    adapted = [("adaptation" in CONFIGURATION.method(name).needs) for name in (one, other)]
    assert rules[0] == rules[1] or not any(adapted)
