"""What fits the annotation of a setting, and what does not: values for tests, worked out from the annotation alone.

Values are as JSON has them, so a list stands for a tuple. Nothing is shared with what checks settings in `core`.
"""

import re
import types
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import AfterValidator
from pydantic.fields import FieldInfo

from workflow_scripts.lib.core.settings import DECLARED, Free

NUMBERS = {int: (int,), float: (int, float)}
LISTS, MAPPINGS = (list, tuple, Sequence), (dict, Mapping)
STRANGE = ("strange", 7, -7.5, True, None, [[]], {"strange": [[]]})  # one of them is of another type than any field
LOOKED_UP = {"corpus": "songs", "layout": "folder", "archives": []}  # what a class looks up itself
CANDIDATES = (1, 2, 0, 0.5, 10, 100, "a", "0" * 8, "0" * 64, "https://example.org/a")


def hints(of: type) -> dict[str, Any]:
    return get_type_hints(of, include_extras=True)


def parts(annotation: Any) -> tuple[Any, list[Any]]:
    """The type under `Annotated`, and all that stands beside it."""
    beside = []
    while get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        beside = [*more, *beside]
    return annotation, [
        each for entry in beside for each in (entry.metadata if isinstance(entry, FieldInfo) else [entry])
    ]


def is_bound(beside: Any) -> bool:
    return isinstance(beside, Ge | Gt | Le | Lt | MinLen | MaxLen) or getattr(beside, "pattern", None) is not None


def options(kind: Any) -> tuple[Any, ...]:
    """The members of a union; none of anything else."""
    return get_args(kind) if get_origin(kind) in (Union, types.UnionType) else ()


def items(kind: Any) -> list[Any]:
    """The annotations of what a tuple, a list or a mapping holds."""
    inside = [each for each in get_args(kind) if each is not Ellipsis]
    return inside[1:] if get_origin(kind) in MAPPINGS else inside


def is_declared(annotation: Any) -> bool:
    """Whether it has choices, bounds, or a reason why it has none."""
    kind, beside = parts(annotation)
    if any(isinstance(each, Free) and each.reason for each in beside):
        return True
    if get_origin(kind) is Literal or kind in (bool, types.NoneType) or kind in DECLARED:
        return True
    if inside := options(kind) or items(kind):
        return all(map(is_declared, inside))
    return any(map(is_bound, beside))


def fits(annotation: Any, value: Any) -> bool:
    """Whether a value, as JSON has it, is one that the annotation means."""
    kind, beside = parts(annotation)
    if inside := options(kind):
        return any(fits(option, value) for option in inside)
    if get_origin(kind) is Literal:
        return any(type(value) is type(choice) and value == choice for choice in get_args(kind))
    if kind in DECLARED:
        return isinstance(value, dict)  # what is in it, is tested with its class
    return fits_type(kind, value) and all(fits_bound(each, value) for each in beside)


def fits_type(kind: Any, value: Any) -> bool:
    inside, origin = items(kind), get_origin(kind)
    if origin in MAPPINGS:
        return isinstance(value, dict) and all(fits(inside[0], each) for each in value.values())
    if origin is tuple and Ellipsis not in get_args(kind):
        return isinstance(value, list) and len(value) == len(inside) and all(map(fits, inside, value))
    if origin in LISTS:
        return isinstance(value, list) and all(fits(inside[0], each) for each in value)
    if kind in NUMBERS:
        return type(value) in NUMBERS[kind]
    if kind is Any:
        return True
    known = {str: str, Path: str, bool: bool, types.NoneType: types.NoneType, dict: dict, list: list}
    if kind not in known:
        raise TypeError(f"this test does not know what fits {kind}")
    return isinstance(value, known[kind])


def fits_bound(bound: Any, value: Any) -> bool:
    if isinstance(bound, AfterValidator):
        try:
            return bound.func(value) is not None
        except ValueError:
            return False
    tests = {
        Ge: lambda: value >= bound.ge, Gt: lambda: value > bound.gt, Le: lambda: value <= bound.le,
        Lt: lambda: value < bound.lt, MinLen: lambda: len(value) >= bound.min_length,
        MaxLen: lambda: len(value) <= bound.max_length,
    }  # fmt: skip
    pattern = getattr(bound, "pattern", None)
    return tests[type(bound)]() if type(bound) in tests else pattern is None or re.search(pattern, value) is not None


def right(annotation: Any) -> Any:
    """A value that fits, as JSON has it."""
    kind, beside = parts(annotation)
    if kind in DECLARED:
        return required(kind)
    if inside := options(kind):
        return right(inside[-1])
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    if get_origin(kind) in MAPPINGS:
        return {right(get_args(kind)[0]): right(items(kind)[0])}
    if get_origin(kind) in LISTS:
        return [right(each) for each in items(kind)] * max(
            [1, *(each.min_length for each in beside if isinstance(each, MinLen))]
        )
    return next(value for value in (*CANDIDATES, True, None) if fits(annotation, value))


def required(of: type) -> dict[str, Any]:
    """Values of the fields that must be given."""
    needed = [name for name, each in of.__pydantic_fields__.items() if each.is_required()]
    return {name: LOOKED_UP.get(name, right(hints(of)[name])) for name in needed}


def wrong(annotation: Any) -> Iterator[tuple[Any, str]]:
    """(value of the right type that is not allowed, words that must tell what is)."""
    kind, beside = parts(annotation)
    for option in options(kind):
        yield from wrong(option)
    if get_origin(kind) is Literal:
        yield from misspelt(get_args(kind))
    if get_origin(kind) in MAPPINGS:
        yield from ((dict.fromkeys(right(kind), value), words) for value, words in wrong(items(kind)[0]))
    if get_origin(kind) in LISTS:
        yield from wrong_items(kind)
    for bound in beside:
        yield from out_of(bound)


def misspelt(choices: Sequence[Any]) -> Iterator[tuple[Any, str]]:
    for choice in choices:
        if isinstance(choice, str):
            yield choice[:-1] + 2 * choice[-1], repr(choice)
        elif isinstance(choice, int):
            yield max(choices) + 1, str(choice)


def wrong_items(kind: Any) -> Iterator[tuple[Any, str]]:
    whole = right(kind)
    for place, inside in enumerate(items(kind)):
        yield from (([*whole[:place], value, *whole[place + 1 :]], words) for value, words in wrong(inside))
    if get_origin(kind) is tuple and Ellipsis not in get_args(kind):
        yield whole[:-1], "a list"


def out_of(bound: Any) -> Iterator[tuple[Any, str]]:
    """Values just outside of a bound."""
    if isinstance(bound, Ge):
        yield bound.ge - 1, f"at least {bound.ge:g}"
    if isinstance(bound, Gt):
        yield bound.gt, f"over {bound.gt:g}"
    if isinstance(bound, Le):
        yield bound.le + 1, f"at most {bound.le:g}"
    if isinstance(bound, Lt):
        yield bound.lt, f"under {bound.lt:g}"
    if isinstance(bound, MinLen):
        yield [], "at least"
    if getattr(bound, "pattern", None) is not None:
        yield from (("?", "matching"), ("a/b", "matching"))


def refused(annotation: Any) -> list[tuple[Any, str]]:
    """(value that does not fit, words that must tell what does), of the right type and of wrong ones."""
    near = [(value, words) for value, words in wrong(annotation) if not fits(annotation, value)]
    return near + [(value, "") for value in STRANGE if not fits(annotation, value)]
