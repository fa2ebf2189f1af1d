"""How settings are declared: type, choices and bounds stand beside each field, and pydantic checks them.

    @settings
    class Settings:
        \"\"\"window: of the STFT, in samples.  overlap: of chunks.\"\"\"

        window: Count = 1024
        overlap: Overlap = 0.5
        rule: Literal["silence", "envelope"] = "silence"

A field has choices, bounds, or a reason why it has none (`Free`); a test looks at every field of every class. What
several fields must fulfil together stands in a method `check(self) -> str | None`: a sentence that begins with the name
of a field, or None. What depends on the data, in `check_data(self, rate, channels) -> str | None`.

Imported while the workflow is planned, so nothing heavy is imported here.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, dataclass_transform

import pydantic
from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass as checked_dataclass

from workflow_scripts.lib.core.errors import UserError, nearest

Class = TypeVar("Class")

Count = Annotated[int, Field(ge=1)]
Natural = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Seconds = Annotated[float, Field(gt=0, le=3600)]  # length of something that is held in memory
Share = Annotated[float, Field(ge=0, le=1)]
Overlap = Annotated[float, Field(ge=0, lt=1)]  # share of a chunk that the next one covers too


def _once_each(values: tuple[Any, ...]) -> tuple[Any, ...]:
    twice = next((value for value in values if values.count(value) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice!r} is there twice; name it once.")
    return values


Unique = AfterValidator(_once_each)  # for a tuple


@dataclass(frozen=True)
class Free:
    """Why a field has neither choices nor bounds: `root: Annotated[str, Free("a path of the user's")]`."""

    reason: str


CONFIG = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
LARGEST = 1e12  # of all numbers, whatever they are for
DECLARED: list[type] = []  # every class of settings that was imported, for the tests that look at all of them


@dataclass_transform(frozen_default=True)
def settings(of: type[Class]) -> type[Class]:
    """Make a class of annotated fields a frozen dataclass whose values are checked; see the module."""
    made: type[Any] = checked_dataclass(frozen=True, config=CONFIG)(of)
    DECLARED.append(made)
    return made


def checked(of: type[Class], values: Any, where: str) -> Class:
    """The settings of these values, as JSON has them. Raises UserError: one sentence, with the key.

    where: names the file or the key that the values came from.
    """
    adapter = TypeAdapter(of)
    try:
        # As JSON, in which a list is what YAML and the command line have for a tuple.
        found = adapter.validate_json(json.dumps(values, default=str))
    except pydantic.ValidationError as error:
        raise UserError(sentence(error, adapter.json_schema(), values, where)) from None
    _refuse_absurd(values, where)
    check_together(found, where)
    return found


def _refuse_absurd(values: Any, where: str, path: tuple[Any, ...] = ()) -> None:
    """Refuse numbers that no setting can mean; a job would ask for as much memory or time."""
    inside = values.items() if isinstance(values, Mapping) else enumerate(values) if isinstance(values, list) else ()
    for key, value in inside:
        _refuse_absurd(value, where, (*path, key))
    if isinstance(values, int | float) and abs(values) > LARGEST:
        raise UserError(f"{where}: {_at(path)} is {values!r}; allowed is a number up to {LARGEST:g}.")


def check_together(found: Any, where: str) -> None:
    """Raise UserError where what several fields of an object must fulfil together does not hold."""
    check: Callable[[], str | None] | None = getattr(found, "check", None)
    said = check() if check else None
    if said:
        raise UserError(f"{where}.{said}")


# From an error to a sentence

KINDS = {
    "object": "a mapping", "array": "a list", "string": "a text", "integer": "a whole number", "number": "a number",
    "boolean": "true or false", "null": "null",
}  # fmt: skip
LIMITS = {
    "minimum": "at least", "exclusiveMinimum": "over", "maximum": "at most", "exclusiveMaximum": "under",
    "minItems": "entries at least", "maxItems": "entries at most", "minLength": "characters at least",
    "pattern": "matching",
}  # fmt: skip
UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
MISSING = ("missing", "missing_argument", "missing_keyword_only_argument")


def sentence(error: pydantic.ValidationError, schema: Mapping[str, Any], values: Any, where: str) -> str:
    """The first thing that is wrong: which key, what was found, what is allowed.

    schema: JSON schema of what was expected.  values: what was given.
    """
    found = _most_telling(error, schema, values)
    path, part, value = _reached(found["loc"], schema, values)
    if _names_a_key(found):
        return f"{where}: {_at(path[:-1])} has the name {path[-1]!r}; allowed are letters, digits, '_' and '-'."
    if found["type"] in UNKNOWN:
        _, parent, _ = _reached(path[:-1], schema, values)
        return f"{where}: {_at(path)} is unknown; {nearest(str(path[-1]), _properties(parent, schema))}"
    if found["type"] in MISSING:
        _, parent, value = _reached(path[:-1], schema, values)
        if isinstance(value, Mapping):
            said = _properties(parent, schema).get(path[-1], {}).get("description", "it must be given")
            return f"{where}: {_at(path[:-1])} lacks {str(path[-1])!r}: {said}"
        path, part = path[:-1], parent  # a list that is too short
    choices = _choices(part, schema)
    if found["type"] == "value_error":
        said = str(found["ctx"]["error"])
    elif isinstance(value, str) and any(isinstance(choice, str) for choice in choices):
        said = nearest(value, map(str, choices))
    else:
        said = f"allowed is {_allowed(part, schema)}.{_hint(value)}"
    return f"{where}: {_at(path)} is {value!r}; {said}"


def _properties(part: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a mapping, also where something else may stand in its place."""
    options = [_resolved(option, schema) for option in part.get("anyOf", [part])]
    return {name: each for option in options for name, each in option.get("properties", {}).items()}


def _at(path: Sequence[Any]) -> str:
    return f"the key {'.'.join(map(str, path))!r}" if path else "it"


def _names_a_key(error: Mapping[str, Any]) -> bool:
    """Whether the name of a key is wrong, not what stands there."""
    return error["loc"][-1:] == ("[key]",)


def _most_telling(error: pydantic.ValidationError, schema: Mapping[str, Any], values: Any) -> Mapping[str, Any]:
    """A key that there is not, which may be what is missing elsewhere; otherwise, of the first key that is wrong and of
    several ways to read its value, the one that fits it furthest."""
    errors = error.errors(include_url=False)
    misspelt = [each for each in errors if _names_a_key(each) or each["type"] in UNKNOWN]
    first = errors[0]["loc"][:1]
    mine = [each for each in errors if each["loc"][:1] == first]
    return misspelt[0] if misspelt else max(mine, key=lambda each: len(_reached(each["loc"], schema, values)[0]))


def _reached(path: Any, schema: Mapping[str, Any], values: Any) -> tuple[list[Any], dict[str, Any], Any]:
    """(keys, schema, value) at the end of a path, without those steps that name no key but a way to read a value."""
    keys, part = [], _resolved(schema, schema)
    for step in path:
        options = [_resolved(option, schema) for option in part.get("anyOf", [part])]
        inner = next((each for each in (_inner(option, step) for option in options) if each is not None), None)
        known = isinstance(values, Mapping) and step in values
        if isinstance(step, str) and not known and not any(step in each.get("properties", {}) for each in options):
            continue
        keys.append(step)
        part = _resolved(inner or {}, schema)
        try:
            values = values[step]
        except (KeyError, IndexError, TypeError):
            values = None
    return keys, part, values


def _inner(part: Mapping[str, Any], step: Any) -> Any:
    if isinstance(step, int):
        return part["prefixItems"][step] if step < len(part.get("prefixItems", ())) else part.get("items")
    if step in part.get("properties", {}):
        return part["properties"][step]
    other = next(iter(part.get("patternProperties", {}).values()), part.get("additionalProperties"))
    return (other if isinstance(other, dict) else {}) if other else None


def _resolved(part: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        part = schema["$defs"][part["$ref"].rsplit("/", 1)[-1]] | {k: v for k, v in part.items() if k != "$ref"}
    return dict(part)


def _choices(part: Mapping[str, Any], schema: Mapping[str, Any]) -> list[Any]:
    """All values that are allowed, where they can be listed."""
    if "anyOf" in part:
        options = [_choices(_resolved(option, schema), schema) for option in part["anyOf"]]
        listed = [each for each in options if each]
        rest = sum(1 for option in part["anyOf"] if _resolved(option, schema).get("type") == "null")
        return [value for each in listed for value in each] if len(listed) + rest == len(options) else []
    return list(part.get("enum", [part["const"]] if "const" in part else []))


def _allowed(part: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    if "anyOf" in part:
        options = [_resolved(option, schema) for option in part["anyOf"]]
        numbers = any(option.get("type") == "number" for option in options)
        told = [option for option in options if not (numbers and option.get("type") == "integer")]
        return " or ".join(_allowed(option, schema) for option in told)
    if choices := _choices(part, schema):
        return ", ".join(map(str, choices))
    kind = KINDS.get(part.get("type", ""), "another value")
    return ", ".join([kind, *(f"{word} {part[name]}" for name, word in LIMITS.items() if name in part)])


def _hint(value: Any) -> str:
    """What to do about a number or a truth value that came as text, as Snakemake hands on what stands in braces."""
    meant = isinstance(value, str) and re.fullmatch("(?i)true|false|null|[-+.\\de]+", value)
    return " In braces after --config all is text: give it in a file, with --configfile." if meant else ""
