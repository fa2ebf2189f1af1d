"""The definitions of this project's modules and what each of them names, read from the source text.

A definition is a function, a class or an assigned name at the top of a module. Nothing is imported, so that code which
needs torch or pandas can be looked at while a run is planned.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = "workflow_scripts"

WHOLE = "*"  # in place of a name: everything that a module defines
CHECKS = frozenset({"check", "check_data", "check_sources"})  # methods of settings, which only refuse (see `settings`)
PROGRESS = frozenset({"note", "debug", "info", "warning", "warn", "print"})  # calls that only tell a reader something
DATA = (".json", ".csv", ".yaml", ".html")

Alias = tuple[str, str]  # module, and the name in it or WHOLE
Definition = tuple[str, str]


@dataclass(frozen=True)
class Module:
    """definitions: the statements that define each name.  aliases: what each imported name stands for.

    effects: statements that run when the module is imported and define nothing.
    """

    name: str
    path: Path
    definitions: dict[str, list[ast.stmt]] = field(default_factory=dict)
    aliases: dict[str, Alias] = field(default_factory=dict)
    effects: list[ast.stmt] = field(default_factory=list)


def path_of(name: str) -> Path | None:
    """File of a module of this project; None where it is none."""
    if name.split(".")[0] != PACKAGE:
        return None
    base = ROOT.joinpath(*name.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


@cache
def module_of(name: str, *, silent: bool = True) -> Module:
    """A module, without what only people read where it is `silent`. Raises ModuleNotFoundError where there is none."""
    path = path_of(name)
    if path is None:
        raise ModuleNotFoundError(f"{name} is no module of this project")
    found, tree = Module(name, path), ast.parse(path.read_text(encoding="utf-8"))
    for statement in (_Silent().visit(tree) if silent else tree).body:
        found.aliases.update(_aliases(ast.walk(statement), name, path))
        names = _defined(statement)
        for each in names:
            found.definitions.setdefault(each, []).append(statement)
        if not names and not isinstance(statement, ast.Import | ast.ImportFrom):
            found.effects.append(statement)
    return found


def reached(*roots: str) -> set[Definition]:
    """Every definition that the roots need, as (module, name); the name "" stands for a module's effects.

    roots: modules, or `module:name` for one definition, which may be missing.
    """
    found: set[Definition] = set()
    waiting = [(module, name or WHOLE) for module, _, name in (root.partition(":") for root in roots)]
    while waiting:
        module, name = waiting.pop()
        for definition in _resolved(module, name):
            if definition not in found:
                found.add(definition)
                waiting += _named_by(definition)
    return found


def statements(definition: Definition) -> list[ast.stmt]:
    """What makes a definition, without what only people read: docstrings, what errors and progress say, checks."""
    module, name = module_of(definition[0]), definition[1]
    return module.definitions[name] if name else module.effects


def data_files(definition: Definition) -> list[Path]:
    """Files beside the module that the definition names by a constant."""
    folder = module_of(definition[0]).path.parent
    texts = {
        node.value
        for statement in statements(definition)
        for node in ast.walk(statement)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith(DATA)
    }
    return sorted(folder / text for text in texts if "/" not in text and (folder / text).is_file())


def imports_by_computed_name() -> list[str]:
    """Modules of the project that import anything by a name that is not written out."""
    files = sorted(path for path in (ROOT / PACKAGE).rglob("*.py"))
    return [
        ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for file in files
        if any(_computes_import(node) for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    ]


def _computes_import(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    called = ast.unparse(node.func)
    written_out = bool(node.args) and isinstance(node.args[0], ast.Constant)
    return called in ("exec", "eval") or (called.split(".")[-1] in ("import_module", "__import__") and not written_out)


# What a module defines, and what of it counts


class _Silent(ast.NodeTransformer):
    """Takes away what changes no result: docstrings, what an error says, calls that tell of progress, checks."""

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.body = [each for each in node.body if not (isinstance(each, ast.FunctionDef) and each.name in CHECKS)]
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        node.keywords = [each for each in node.keywords if each.arg != "description"]  # what a setting means
        return self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        if isinstance(node.exc, ast.Call):
            node.exc.args, node.exc.keywords = [], []
        node.cause = None
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        called = node.value.func if isinstance(node.value, ast.Call) else None
        name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
        constant = isinstance(node.value, ast.Constant)  # a docstring
        return ast.Pass() if name in PROGRESS or constant else self.generic_visit(node)


def _defined(statement: ast.stmt) -> set[str]:
    """Names that a statement at the top of a module defines."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}
    return set()


def _aliases(nodes: Iterable[ast.AST], module: str, path: Path) -> dict[str, Alias]:
    """What the names that are imported by some nodes stand for, those of this project alone."""
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    found: dict[str, Alias] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in (each for each in node.names if path_of(each.name)):
                found[alias.asname or alias.name] = (alias.name, WHOLE)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{source}.{alias.name}"
                if path_of(inner):
                    found[alias.asname or alias.name] = (inner, WHOLE)
                elif path_of(source):
                    found[alias.asname or alias.name] = (source, alias.name)
    return found


# What a definition names


@cache
def _named_by(definition: Definition) -> frozenset[Definition]:
    module = module_of(definition[0])
    found: set[Definition] = set()
    for statement in statements(definition):
        nodes = list(ast.walk(statement))
        aliases = module.aliases | _aliases(nodes, module.name, module.path)
        found.update(target for chain in _chains(nodes) for target in _target(chain, module, aliases))
    return frozenset(found)


def _chains(nodes: Iterable[ast.AST]) -> Iterator[list[str]]:
    """Every name among nodes, outer ones first, with the attributes that are asked of it: a.b is ["a", "b"]."""
    inner: set[int] = set()  # of a longer chain
    for node in nodes:
        if id(node) in inner or not isinstance(node, ast.Attribute | ast.Name):
            continue
        chain: list[str] = []
        while isinstance(node, ast.Attribute):
            chain.insert(0, node.attr)
            node = node.value
            inner.add(id(node))
        if isinstance(node, ast.Name):
            yield [node.id, *chain]


def _target(chain: list[str], module: Module, aliases: dict[str, Alias]) -> Iterator[Definition]:
    """What a chain of names stands for: a definition of the module or of another one, or a whole module."""
    for length in range(len(chain), 0, -1):  # `import a.b` makes a.b a name
        name = ".".join(chain[:length])
        if name in aliases:
            yield _follow(*aliases[name], chain[length:])
            return
    if chain[0] in module.definitions:
        yield module.name, chain[0]


def _follow(module: str, name: str, rest: list[str]) -> Definition:
    """Through packages to the module that is meant, and to what is asked of it."""
    while name == WHOLE and rest:
        inner = f"{module}.{rest[0]}"
        if not path_of(inner):
            return module, rest[0]
        module, rest = inner, rest[1:]
    return module, name


def _resolved(module: str, name: str) -> Iterator[Definition]:
    """The definitions that a name of a module stands for, with the module's effects; those of all for WHOLE."""
    found = module_of(module)
    if name == WHOLE:
        yield from ((module, each) for each in found.definitions)
        yield module, ""
    elif name in found.definitions:
        yield module, name
        yield module, ""
    elif name in found.aliases:
        yield from _resolved(*found.aliases[name])
