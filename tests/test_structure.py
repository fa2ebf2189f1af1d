"""The layout of the code: imports between rooms point one way, files are short, words have their place."""

import ast
import re
from pathlib import Path

import pytest

from workflow_scripts.lib.core.code_graph import ROOT

PROJECT = ROOT / "workflow_scripts"
# The rooms of the library, from the ground up: one may use those on the floors below it, and none beside it.
FLOORS = [
    {"core"}, {"audio"}, {"datasets", "losses", "metrics", "networks"}, {"training", "statistics"},
    {"weights", "figures"}, {"methods"},
]  # fmt: skip
LEVEL = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
FILES = sorted(PROJECT.rglob("*.py"))


def imports(path: Path) -> list[str]:
    """Modules of this project that a file imports, in any function."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    found = []
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("workflow_scripts"):
            found += [f"{node.module}.{each.name}" for each in node.names]
        elif isinstance(node, ast.Import):
            found += [each.name for each in node.names if each.name.startswith("workflow_scripts")]
    return found


def room(module: str) -> str | None:
    parts = module.split(".")
    return parts[2] if parts[1:2] == ["lib"] and len(parts) > 2 else None


def test_every_room_of_the_library_has_its_floor():
    folders = {path.name for path in (PROJECT / "lib").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == LEVEL.keys()


def test_a_room_uses_only_the_floors_below_it():
    wrong, seen = [], 0
    for path in (PROJECT / "lib").rglob("*.py"):
        own = path.relative_to(PROJECT / "lib").parts[0]
        for module in imports(path):
            other = room(module)
            assert other is not None, f"{path} of the library imports {module}"
            seen += 1
            if other != own and LEVEL[other] >= LEVEL[own]:
                wrong.append(f"{path.relative_to(ROOT)} imports {module}")
    assert seen > 500
    assert wrong == []


def test_the_library_knows_nothing_of_snakemake_or_the_plan():
    for path in (PROJECT / "lib").rglob("*.py"):
        names = {
            node.module or "" for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)
        }
        assert not any(name.startswith(("snakemake", "workflow_scripts.plan")) for name in names), path


def test_no_file_imports_itself_by_way_of_others():
    known = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in FILES}
    graph = {
        name: {each for module in imports(path) for each in (module, module.rpartition(".")[0]) if each in known}
        for name, path in known.items()
    }
    done: set[str] = set()
    while ready := {name for name, used in graph.items() if name not in done and used - {name} <= done}:
        done |= ready
    assert len(known) > 150
    assert set(known) - done == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_files_and_functions_are_short(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 350
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            docstring = node.body[0] if ast.get_docstring(node) else None
            lines = node.end_lineno - node.lineno + 1
            lines -= docstring.end_lineno - docstring.lineno + 1 if docstring else 0
            assert lines <= 45, node.name


def test_every_place_in_the_glossary_is_there():
    text = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith(("| term", "|--"))]
    places = [place for row in rows for place in re.findall(r"`((?:lib|plan|config|rules)/[^`]*)`", row.split("|")[-2])]
    assert len(rows) > 55 and len(places) > 35
    roots = (PROJECT, ROOT)
    assert [place for place in places if not any((root / place).exists() for root in roots)] == []
