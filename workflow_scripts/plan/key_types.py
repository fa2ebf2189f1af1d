"""Types of names and texts that keys of the configuration have."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from workflow_scripts.lib.core.names import composed, same_name, wrong_in_stem
from workflow_scripts.lib.core.settings import Free, Unique

FOLDER = r"^[A-Za-z0-9_-]+$"
Folder = Annotated[str, Field(pattern=FOLDER)]  # a name that is one of a folder
Named = Annotated[str, Free("a name that the plan looks up"), AfterValidator(composed)]
Shown = Annotated[str, Free("a text that people read")]
Path = Annotated[str, Free("a path or an address of the user's")]


def _name_of_stem(name: str) -> str:
    if wrong := wrong_in_stem(composed(name)):
        raise ValueError(f"a name that {wrong} is none that a file can have everywhere; take letters and digits.")
    return composed(name)


def _unlike(names: tuple[str, ...]) -> tuple[str, ...]:
    for place, name in enumerate(names):
        if same_name(name) in map(same_name, names[:place]):
            raise ValueError(f"{name!r} is there twice, capitals apart; name it once.")
    return names


PATTERN = r"""^[^\s./\\;:+*?"<>|{}$-][^/\\;:+*?"<>|{}$]*$"""
Stem = Annotated[str, Field(pattern=PATTERN), AfterValidator(_name_of_stem)]  # a name of a file, joined by +
Stems = Annotated[tuple[Stem, ...], AfterValidator(_unlike)]
Values = dict[str, Annotated[Any, Free("checked by the class `Settings` of the kind or module")]]
Names = Annotated[tuple[Named, ...], Unique]
SomeNames = Annotated[tuple[Named, ...], Field(min_length=1), Unique]
