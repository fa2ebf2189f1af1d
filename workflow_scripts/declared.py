"""What modules declare, read from their source text without importing them, since they may import torch or SciPy."""

import ast
from functools import cache
from pathlib import Path
from typing import Any

from workflow_scripts.lib.core.fingerprint import PACKAGE, ROOT

# A type that a module's Settings names, as the schema says it; other annotations are left to the module itself.
TYPES = {"int": "integer", "float": "number", "str": "string", "bool": "boolean", "None": "null"}


def settings_schema(paths: list[Path]) -> dict[str, Any]:
    """The dataclasses `Settings` of modules as a JSON schema, read without importing them (they may import torch)."""
    fields = [node for path in paths for node in _fields(path, "Settings")]
    properties = {ast.unparse(node.target): _schema_of(ast.unparse(node.annotation)) for node in fields}
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _fields(path: Path, name: str) -> list[ast.AnnAssign]:
    """The fields of a class of a module, those of its bases in this project first; none where it has no such class."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    homes = {
        alias.asname or alias.name: (ROOT.joinpath(*node.module.split(".")).with_suffix(".py"), alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(f"{PACKAGE}.")
        for alias in node.names
    }
    found = []
    for each in (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name):
        for base in each.bases:
            found += _fields(*homes.get(ast.unparse(base), (path, ast.unparse(base))))
        found += [node for node in each.body if isinstance(node, ast.AnnAssign)]
    return found


def learns_by_steps(module: str) -> bool:
    """Whether a method's module has the function `trainee`."""
    return has(module, "trainee")


@cache
def has(module: str, function: str) -> bool:
    """Whether a method's module has a function, its own or an imported one, found without importing it."""
    tree = ast.parse((ROOT / PACKAGE / "lib/methods" / f"{module}.py").read_text(encoding="utf-8"))
    own = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    imported = {
        alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    return function in own | imported


def _schema_of(annotation: str) -> dict[str, Any]:
    if annotation.startswith("Literal["):
        return {"enum": list(ast.literal_eval(annotation.removeprefix("Literal").replace("[", "(").replace("]", ",)")))}
    names = annotation.split(" | ")
    return {"type": [TYPES[name] for name in names]} if set(names) <= set(TYPES) else {}


def metric_names() -> list[str]:
    """Names of the metrics, read from the registry without importing it (it imports SciPy)."""
    tree = ast.parse((ROOT / PACKAGE / "lib/metrics/registry.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "Metric"]
    first = [call.args[0] if call.args else next(k.value for k in call.keywords if k.arg == "name") for call in calls]
    return [node.value for node in first if isinstance(node, ast.Constant)]
