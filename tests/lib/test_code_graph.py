"""Which definitions a job needs, on small projects, and the hash of them: what changes it and what does not."""

from pathlib import Path

import pytest

from workflow_scripts.lib.core import code_graph, fingerprint
from workflow_scripts.lib.core.code_graph import imports_by_computed_name, reached
from workflow_scripts.lib.core.fingerprint import code_hash

FILES = {
    "top.py": "from workflow_scripts import left\n\n\ndef f():\n    return left.A\n\n\ndef g():\n    return 2\n",
    "left.py": '"""Doc."""\nA = 1\nB = 5\nNOTES = "notes.json"\n',
    "notes.json": "[1]",
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Writes files of a small project, and forgets what was read before."""
    monkeypatch.setattr(code_graph, "ROOT", tmp_path)

    def write(files: dict[str, str]) -> None:
        for name, text in files.items():
            path = tmp_path / "workflow_scripts" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            for folder in {path.parent, tmp_path / "workflow_scripts"}:
                (folder / "__init__.py").touch()
        _forget()

    yield write
    _forget()


def _forget() -> None:
    for cached in (code_graph.module_of, code_graph._named_by, fingerprint.code_hash, fingerprint._digest):
        cached.cache_clear()


def names(*roots: str) -> set[str]:
    found = reached(*(f"workflow_scripts.{root}" for root in roots))
    return {f"{module.removeprefix('workflow_scripts.')}.{name}" for module, name in found if name}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from workflow_scripts import left\n\n\ndef f():\n    return left.A\n", {"left.A"}),
        ("from workflow_scripts.left import A as other\n\n\ndef f():\n    return other\n", {"left.A"}),
        ("def f():\n    from workflow_scripts.left import A\n\n    return A\n", {"left.A"}),
        ("def f(x):\n    if x:\n        import workflow_scripts.left as l\n\n        return l.A\n", {"left.A"}),
        ("from .left import A\n\n\ndef f():\n    return A\n", {"left.A"}),
        ("from . import left\n\n\ndef f():\n    return left.A\n", {"left.A"}),
        ("import workflow_scripts.left\n\n\ndef f():\n    return workflow_scripts.left.A\n", {"left.A"}),
        (
            "from workflow_scripts import left\n\n\ndef f():\n    return vars(left)\n",
            {"left.A", "left.B", "left.NOTES"},
        ),
        ("from workflow_scripts.again import A\n\n\ndef f():\n    return A\n", {"left.A"}),
        ("from workflow_scripts.left import A\n\nTABLE = {1: A}\n\n\ndef f():\n    return TABLE\n", {"left.A"}),
        ("if True:\n    from workflow_scripts.left import A\n\n\ndef f():\n    return A\n", {"left.A"}),
        ("from .left import A\n\ndef deco(f):\n    return A\n\n@deco\ndef f():\n    pass\n", {"left.A"}),
        ("from workflow_scripts.left import A\n\n\ndef f():\n    return 1\n", set()),
    ],
)  # fmt: skip
def test_what_a_definition_names_is_found_however_it_is_imported(project, text, expected):
    project(FILES | {"top.py": text, "again.py": "from workflow_scripts.left import A\n"})
    assert {each for each in names("top:f") if each.startswith("left.")} == expected


def test_a_method_of_a_class_that_is_used_brings_what_it_names(project):
    text = "from workflow_scripts.left import A\n\nclass C:\n    def m(self):\n        return A\n\ndef f():\n    C()\n"
    project(FILES | {"top.py": text})
    assert names("top:f") == {"top.f", "top.C", "left.A"}


CHANGES = [
    ("top.py", FILES["top.py"].replace("left.A", "-left.A"), True),
    ("top.py", FILES["top.py"].replace("return 2", "return 3"), False),  # g is not used
    ("left.py", FILES["left.py"].replace("A = 1", "A = 2"), True),
    ("left.py", FILES["left.py"].replace("B = 5", "B = 6"), False),
    ("left.py", '"""Other words."""\n# A comment.\nA = 1\n\n\nB = 5\nNOTES = "notes.json"\n', False),
    ("notes.json", "[2]", False),  # only NOTES names it
    ("left.py", FILES["left.py"] + "import sys\n\nsys.setrecursionlimit(9)\n", True),  # runs when it is imported
    ("right.py", "C = 1\n", False),
]


@pytest.mark.parametrize(("file", "text", "changes"), CHANGES)
def test_the_hash_of_a_definition_changes_with_what_it_uses_and_with_nothing_else(project, file, text, changes):
    project(FILES)
    before = code_hash("workflow_scripts.top:f")
    project({file: text})
    assert (code_hash("workflow_scripts.top:f") != before) is changes


LOCAL_IMPORTS = [
    "def f():\n    from workflow_scripts.left import A\n\n    return A\n",
    "def f(x):\n    if x:\n        from workflow_scripts import left\n\n        return left.A\n",
    "class f:\n    def m(self):\n        import workflow_scripts.left as left\n\n        return left.A\n",
    "def f():\n    return g()\n\n\ndef g():\n    from .left import A as B\n\n    return B\n",
    # Two functions give one name to different things, and the module a third.
    "from workflow_scripts.right import A\n\n\ndef f():\n    from workflow_scripts.left import A\n\n    return A\n\n\n"
    "def g():\n    from workflow_scripts.right import C as A\n\n    return A\n",
]


@pytest.mark.parametrize("text", LOCAL_IMPORTS)
def test_the_hash_sees_what_a_function_imports_for_itself(project, text):
    files = FILES | {"top.py": text, "right.py": "A = 3\nC = 4\n"}
    project(files)
    before = code_hash("workflow_scripts.top:f")
    project({"left.py": FILES["left.py"].replace("B = 5", "B = 6"), "right.py": "A = 7\nC = 8\n"})
    assert code_hash("workflow_scripts.top:f") == before
    project({"left.py": FILES["left.py"].replace("A = 1", "A = 2")})
    assert code_hash("workflow_scripts.top:f") != before


def test_a_file_of_data_beside_a_module_counts_where_it_is_named(project):
    project(FILES)
    before = code_hash("workflow_scripts.left")
    project({"notes.json": "[2]"})
    assert code_hash("workflow_scripts.left") != before


SAYS = """
class C:
    size: int = 3

    def check(self):
        return "size is wrong" if self.size > 4 else None

    def f(self, x):
        \"\"\"Doc.\"\"\"
        if x > self.size:
            raise ValueError(f"{x} is too {hint(x)}") from None
        self.progress.note(f"at {x}")
        return x + 1


def hint(x):
    return "large"
"""


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ("is too", "is far too", False),
        ('"large"', '"big"', False),  # of what only the error uses
        ("at {x}", "came to {x}", False),
        ("Doc.", "Other words.", False),
        ("size is wrong", "size must be small", False),
        ("self.size > 4", "self.size > 5", False),  # a check only refuses
        ("x + 1", "x + 2", True),
        ("x > self.size", "x >= self.size", True),
        ("size: int = 3", "size: int = 4", True),
    ],
)
def test_the_wording_of_errors_and_progress_does_not_count_and_what_is_computed_does(project, old, new, changes):
    assert SAYS.count(old) == 1
    project({"top.py": SAYS})
    before = code_hash("workflow_scripts.top:C")
    project({"top.py": SAYS.replace(old, new)})
    assert (code_hash("workflow_scripts.top:C") != before) is changes


def test_a_module_that_is_not_there_has_no_hash_and_a_name_that_is_not_there_changes_none(project):
    project(FILES)
    with pytest.raises(ModuleNotFoundError, match="nowhere"):
        code_hash("workflow_scripts.nowhere")
    assert names("top:nothing") == set()


def test_an_import_by_a_computed_name_is_found(project):
    project({"a.py": "from importlib import import_module\n\n\ndef f(x):\n    return import_module(x)\n"})
    project({"b.py": "import importlib\n\nm = importlib.import_module('math')\n", "c.py": "x = eval('1')\n"})
    assert imports_by_computed_name() == ["workflow_scripts.a", "workflow_scripts.c"]


def test_only_the_registry_and_what_reads_declarations_import_by_a_computed_name():
    """What is imported so is not seen by a fingerprint, so it must be declared (`Job.chosen`)."""
    assert imports_by_computed_name() == ["workflow_scripts.lib.core.registry", "workflow_scripts.plan.declared"]


def test_every_module_of_the_project_can_be_read():
    root = code_graph.ROOT
    files = sorted(Path(root / "workflow_scripts").rglob("*.py"))
    modules = [".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__") for path in files]
    assert len(modules) > 150
    assert reached(*modules)
