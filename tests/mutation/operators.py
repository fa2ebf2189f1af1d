"""Small faults of the kinds that people make, put into source code one at a time.

What only people read is left alone: docstrings, annotations, what errors and logs say, what settings and metrics mean;
so is `strict` of zip, which only refuses what the code around it has made equal.
"""

import ast
from collections.abc import Iterator
from copy import copy
from typing import NamedTuple

SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.And: ast.Or,
    ast.Or: ast.And, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}  # fmt: skip
BOUNDS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
TURNED = {ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt}
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any", "minimum": "maximum", "maximum": "minimum"}
SAID = {"description", "strict", "Metric", "note", "info", "warning", "UserError", "ValueError"}  # calls and keywords


class Mutant(NamedTuple):
    """function: the outermost one that holds the fault, as `C.f`, empty at the top of a module.  text: the module."""

    line: int
    function: str
    what: str
    text: str


class _Place(NamedTuple):
    """A node in a field of its parent, `index` in a list."""

    node: ast.AST
    parent: ast.AST
    field: str
    index: int | None
    function: str

    def put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


def mutants(text: str) -> Iterator[Mutant]:
    """Every single fault of a module, each once."""
    statements = ast.parse(text).body
    texts = [ast.unparse(each) for each in statements]
    for number, statement in enumerate(statements):
        alone, seen = ast.Module([statement], []), {texts[number]}
        for place in list(_places(alone, "")):
            before = ast.unparse(place.node)
            for after in _faults(place.node):
                place.put(after)
                if (changed := ast.unparse(alone)) not in seen:
                    seen.add(changed)
                    what = f"{_shown(before)}  ->  {_shown(ast.unparse(after))}"
                    whole = "\n".join([*texts[:number], changed, *texts[number + 1 :]])
                    yield Mutant(_line(place.node), place.function.removesuffix("()"), what, whole)
                place.put(place.node)


def _line(node: ast.AST) -> int:
    return node.target.lineno if isinstance(node, ast.comprehension) else node.lineno


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) < 100 else f"{line[:100]} ..."


def _places(parent: ast.AST, function: str) -> Iterator[_Place]:
    inside = isinstance(parent, ast.FunctionDef | ast.Lambda)
    for name, value in ast.iter_fields(parent):
        if name in ("annotation", "returns", "decorator_list", "ctx", "type_params"):
            continue
        for index, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(node, ast.AST) or _is_said(node):
                continue
            named = isinstance(node, ast.FunctionDef | ast.ClassDef) and not inside and "()" not in function
            inner = f"{function}.{node.name}".strip(".") if named else function
            if hasattr(node, "lineno") or isinstance(node, ast.comprehension):
                yield _Place(node, parent, name, index, function)
            yield from _places(node, inner + "()" * (named and isinstance(node, ast.FunctionDef)))


def _is_said(node: ast.AST) -> bool:
    """Whether a node holds nothing but what people read, or imports."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.Call):
        return (getattr(node.func, "id", None) or getattr(node.func, "attr", None)) in SAID
    if isinstance(node, ast.If) and ast.unparse(node.test).startswith("__name__"):
        return True
    return (isinstance(node, ast.keyword) and node.arg in SAID) or isinstance(
        node, ast.Raise | ast.Import | ast.ImportFrom | ast.JoinedStr
    )


def _faults(node: ast.AST) -> Iterator[ast.AST]:
    """What may stand in place of a node."""
    match node:
        case ast.Compare():
            for table in (SWAPPED, BOUNDS, TURNED):
                if type(node.ops[0]) in table:
                    yield _with(node, ops=[table[type(node.ops[0])](), *node.ops[1:]])
        case ast.BinOp() | ast.AugAssign() | ast.BoolOp() if type(node.op) in SWAPPED:
            yield _with(node, op=SWAPPED[type(node.op)]())
        case ast.UnaryOp():
            yield node.operand
        case ast.Constant():
            yield from (ast.Constant(value) for value in _other_values(node.value))
        case ast.Return(value=ast.AST()) if ast.unparse(node.value) != "None":
            yield _with(node, value=ast.Constant(None))
        case ast.Call():
            yield from _faults_of_call(node)
        case ast.Name(id=name, ctx=ast.Load()) if name in NAMES:
            yield _with(node, id=NAMES[name])
        case ast.Attribute(attr=name) if name in NAMES:
            yield _with(node, attr=NAMES[name])
        case ast.If():
            yield _with(node, test=ast.UnaryOp(ast.Not(), node.test))
            yield _with(node, body=[ast.Pass()])
        case ast.IfExp():
            yield _with(node, body=node.orelse, orelse=node.body)
        case ast.comprehension(ifs=[_, *_]):
            yield _with(node, ifs=[])
        case ast.Expr():
            yield ast.Pass(lineno=node.lineno)


def _faults_of_call(node: ast.Call) -> Iterator[ast.AST]:
    if len(node.args) > 1 and not any(isinstance(each, ast.Starred) for each in node.args[:2]):
        yield _with(node, args=[node.args[1], node.args[0], *node.args[2:]])
    if node.keywords and node.keywords[-1].arg not in (None, *SAID):
        yield _with(node, keywords=node.keywords[:-1])


def _other_values(value: object) -> list[object]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [1 - value if value in (0, 1) else value + 1]
    if isinstance(value, float):
        return [2 * value + (value == 0)]
    return [value + "_"] if isinstance(value, str) and value else []


def _with(node: ast.AST, **changed: object) -> ast.AST:
    other = copy(node)
    for name, value in changed.items():
        setattr(other, name, value)
    return other
