"""What modules declare (settings, metrics, forms of weights), evaluated without importing them.

A module of a method imports torch, which takes seconds that no start of Snakemake has. Its `Settings` need none of it:
the class is made here from the source text of it and of what it names.
"""

import ast
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

from workflow_scripts.lib.core.code_graph import PACKAGE, WHOLE, Module, module_of

LIGHT = f"{PACKAGE}.lib.core."  # modules of this project that are imported as they are
STANDARD = frozenset({
    "collections", "dataclasses", "enum", "functools", "itertools", "math", "pathlib", "pydantic", "re", "typing",
})  # fmt: skip


@cache
def value_of(module: str, name: str) -> Any:
    """What a name at the top of a module of this project stands for; classes and functions are made anew.

    Raises NameError where there is no such name, or it needs what only an import of the module could give.
    """
    found = module_of(module, silent=False)
    if not _is_light(module, name):
        raise NameError(f"{module} has no {name!r} that can be had without importing the module")
    if name not in found.definitions:
        return _imported(found, name)
    needed = _closure(found, name)
    scope = {each: _imported(found, each) for each in needed if each not in found.definitions}
    parts = {id(part): part for each in needed for part in found.definitions.get(each, ())}
    tree = ast.Module(sorted(parts.values(), key=lambda part: part.lineno), [])
    scope["__name__"] = module
    exec(compile(tree, str(found.path), "exec"), scope)
    return scope[name]


def has(module: str, name: str) -> bool:
    """Whether a module defines or imports a name."""
    found = module_of(module)
    return name in found.definitions or name in found.aliases


def _closure(module: Module, name: str) -> set[str]:
    """A name with all that its definition and theirs use of the module, as far as it is light."""
    found, waiting = {name}, [name]
    while waiting:
        parts = module.definitions.get(waiting.pop(), [])
        used = {each for part in parts for each in _names(part) if _is_light(module.name, each)} - found
        found |= used
        waiting += used
    return found


@cache
def _is_light(module: str, name: str) -> bool:
    """Whether a module has a name that can be had without torch and the like."""
    return name in _light_names(module)


@cache
def _light_names(module: str) -> frozenset[str]:
    found = module_of(module, silent=False)
    libraries = _libraries(module)
    heavy = {name for name, (source, _) in libraries.items() if source.split(".")[0] not in STANDARD}
    heavy |= {name for name, alias in found.aliases.items() if not _alias_is_light(*alias)}
    light = found.definitions.keys() | found.aliases.keys() | libraries.keys()
    while True:
        lost = {
            name
            for name, parts in found.definitions.items()
            if name not in heavy and any(heavy & set(_names(part, at_once=True)) for part in parts)
        }
        if not lost:
            return frozenset(light - heavy)
        heavy |= lost


def _alias_is_light(module: str, name: str) -> bool:
    return name == WHOLE or module.startswith(LIGHT) or _is_light(module, name)


class _Declarations:
    """Stands for an imported module: its names are what `value_of` gives."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return value_of(self._module, name)


def _names(part: ast.AST, at_once: bool = False) -> Iterator[str]:
    """Names that a statement uses; `at_once`: those that it needs when it runs, not when its methods are called."""
    if isinstance(part, ast.Name):
        yield part.id
    for child in ast.iter_child_nodes(part):
        if isinstance(child, ast.FunctionDef) and at_once:
            for each in (child.args, *child.decorator_list, *filter(None, [child.returns])):
                yield from _names(each, at_once)
        else:
            yield from _names(child, at_once)


@cache
def _libraries(module: str) -> dict[str, tuple[str, str | None]]:
    """Names that a module imports from elsewhere -> (module, name in it or None)."""
    tree = ast.parse(module_of(module).path.read_text(encoding="utf-8"))
    found: dict[str, tuple[str, str | None]] = {}
    for node in tree.body:
        if isinstance(node, ast.Import):
            found |= {each.asname or each.name.split(".")[0]: (each.name, None) for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] != PACKAGE:
            found |= {each.asname or each.name: (node.module, each.name) for each in node.names}
    return found


def _imported(module: Module, name: str) -> Any:
    """What an imported name stands for."""
    if name not in module.aliases:
        source, inner = _libraries(module.name)[name]
        return getattr(import_module(source), inner) if inner else import_module(source)
    source, inner = module.aliases[name]
    if not source.startswith(LIGHT):
        return _Declarations(source) if inner == WHOLE else value_of(source, inner)
    return import_module(source) if inner == WHOLE else getattr(import_module(source), inner)
