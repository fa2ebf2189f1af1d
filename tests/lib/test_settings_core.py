"""How settings are declared and checked, on small classes."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.settings import (
    DECLARED,
    Count,
    Free,
    NotNegative,
    Overlap,
    Positive,
    Share,
    Unique,
    check_together,
    checked,
    settings,
)


@pytest.fixture(autouse=True, scope="module")
def undeclared():
    """The classes of these tests are no settings of the project."""
    before = list(DECLARED)
    yield
    DECLARED[:] = before


@settings
class Inner:
    """hop: in s."""

    hop: Annotated[Positive, Field(description="Step.")] = 1.0


@settings
class Whole:
    """All sorts of fields."""

    run: Annotated[tuple[str, ...], Field(description="What to run."), Unique]
    window: Count | None = None
    overlap: Overlap = 0.5
    rule: Literal["silence", "envelope"] = "silence"
    betas: tuple[Share, Share] = (0.5, 0.9)
    theta: Share | dict[str, Share] = 0.01
    on: bool = True
    floor: NotNegative | None = None
    names: dict[Annotated[str, Field(pattern="^[a-z]+$")], Inner] = Field(default_factory=dict)
    root: Annotated[str, Free("a path")] = ""

    def check(self) -> str | None:
        """A sentence about what does not go together."""
        return "overlap is 0.9, but the rule is envelope; take less." if self.overlap == 0.9 else None


def test_values_are_as_given_and_defaults_are_filled_in_at_every_depth():
    found = checked(Whole, {"run": ["a"], "betas": [0, 1], "names": {"x": {}}, "window": 3}, "config")
    assert (found.run, found.betas, found.window, found.names["x"].hop) == (("a",), (0, 1), 3, 1.0)
    assert checked(Whole, {"run": []}, "config").theta == 0.01


SENTENCES = [
    ({"run": [], "windwo": 2}, "config: the key 'windwo' is unknown; did you mean 'window'?"),
    ({"run": [], "names": {"a": {"hopp": 2}}}, "config: the key 'names.a.hopp' is unknown; did you mean 'hop'?"),
    ({"run": [], "names": {"A b": {}}}, "config: the key 'names' has the name 'A b'; allowed are letters, digits, '_'"),
    ({"run": [], "window": "two"}, "config: the key 'window' is 'two'; allowed is a whole number, at least 1 or null."),
    ({"run": [], "window": 0}, "config: the key 'window' is 0; allowed is a whole number, at least 1 or null."),
    ({"run": [], "window": 2.5}, "config: the key 'window' is 2.5; allowed is a whole number, at least 1 or null."),
    ({"run": [], "window": True}, "config: the key 'window' is True; allowed is a whole number, at least 1 or null."),
    ({"run": [], "overlap": 1}, "config: the key 'overlap' is 1; allowed is a number, at least 0, under 1."),
    ({"run": [], "overlap": float("nan")}, "config: the key 'overlap' is nan; allowed is a number, at least 0, under"),
    ({"run": [], "floor": float("inf")}, "config: the key 'floor' is inf; allowed is a number, at least 0 or null."),
    (
        {"run": [], "names": {"a": {"hop": "2"}}},
        "config: the key 'names.a.hop' is '2'; allowed is a number, over 0. In braces after --config all is text: give "
        "it in a file, with --configfile.",
    ),
    ({"run": [], "rule": "silense"}, "config: the key 'rule' is 'silense'; did you mean 'silence'?"),
    ({"run": [], "rule": 3}, "config: the key 'rule' is 3; allowed is silence, envelope."),
    ({"run": [], "betas": [0.5]}, "config: the key 'betas' is [0.5]; allowed is a list, entries at least 2"),
    ({"run": [], "betas": [0.5, 2]}, "config: the key 'betas.1' is 2; allowed is a number, at least 0, at most 1."),
    ({"run": [], "theta": {"a": 3}}, "config: the key 'theta.a' is 3; allowed is a number, at least 0, at most 1."),
    ({"run": [], "on": "yes"}, "config: the key 'on' is 'yes'; allowed is true or false."),
    ({"run": ["a", "b", "a"]}, "config: the key 'run' is ['a', 'b', 'a']; 'a' is there twice; name it once."),
    ({}, "config: it lacks 'run': What to run."),
    (None, "config: it is None; allowed is a mapping."),
    ([], "config: it is []; allowed is a mapping."),
    ({"run": [], "overlap": 0.9}, "config.overlap is 0.9, but the rule is envelope; take less."),
]  # fmt: skip


@pytest.mark.parametrize(("value", "sentence"), SENTENCES, ids=[each[1][:60] for each in SENTENCES])
def test_a_mistake_ends_in_one_sentence(value: Any, sentence: str):
    with pytest.raises(UserError) as error:
        checked(Whole, value, "config")
    assert str(error.value).startswith(sentence) and "\n" not in str(error.value)


def test_settings_made_in_code_are_checked_too_and_cannot_be_changed():
    with pytest.raises(ValueError, match="window"):
        Whole(run=(), window=0)
    whole = Whole(run=())
    with pytest.raises((AttributeError, ValueError)):
        whole.window = 3
    check_together(whole, "config")
    assert Whole in DECLARED and Inner in DECLARED
