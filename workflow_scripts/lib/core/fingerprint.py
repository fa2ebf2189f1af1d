"""Which code a result was made with: a hash over the import graph of a module.

Comments, docstrings and layout do not count, so that only a change of what is computed redoes results. Files of data
that a module names by a string constant and that lie beside it count as part of it.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = "workflow_scripts"


def code_hash(*modules: str) -> str:
    """Hash (16 hex digits) of the given modules of this project and of all that they import from it, in any function.

    Modules that are imported by a computed name are not seen: name them here beside the importing one.
    """
    seen: dict[str, str] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen[name], imports = _module(name)
            waiting.extend(imports)
    return hash_of(*(f"{name} {seen[name]}" for name in sorted(seen)))


def hash_of(*parts: str) -> str:
    """Hash (16 hex digits) of texts, order included."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _path(name: str) -> Path | None:
    base = ROOT.joinpath(*name.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.exists()), None)


@cache
def _module(name: str) -> tuple[str, tuple[str, ...]]:
    """Hash of one module without what it imports, and the project's modules that it imports."""
    path = _path(name)
    if path is None:
        raise ModuleNotFoundError(f"{name} is no module of this project")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    _strip_docstrings(tree)
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    data = [path.parent / text for text in texts if _is_data(path.parent, text)]
    digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(data)]
    return hash_of(ast.dump(tree), *digests), tuple(_imports(tree))


def _is_data(folder: Path, text: str) -> bool:
    return text.endswith((".json", ".csv", ".yaml", ".html")) and "/" not in text and (folder / text).is_file()


def _strip_docstrings(tree: ast.Module) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]


def _imports(tree: ast.Module) -> list[str]:
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            # `from package import x`: x is a module of the package or a name in it.
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [name for name in names if name.split(".")[0] == PACKAGE and _path(name)]
