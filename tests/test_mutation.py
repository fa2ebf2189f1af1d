"""Small faults that are put into code: which there are, where, and that each is one and can be compiled."""

import ast

import pytest

from tests.mutation.__main__ import TESTS
from tests.mutation.operators import mutants
from workflow_scripts.lib.core.code_graph import ROOT


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("a < 1", {"a <= 1", "a >= 1", "a < 0"}),
        ("x = a + b", {"x = a - b"}),
        ("x = not a", {"x = a"}),
        ("x = a and b", {"x = a or b"}),
        ("x = f(a, b)", {"x = f(b, a)"}),
        ("x = f(a, dim=2)", {"x = f(a)", "x = f(a, dim=3)"}),
        ("x = min(a)", {"x = max(a)"}),
        ("x = {'key': a}", {"x = {'key_': a}"}),
        ("x = [a for a in b if c]", {"x = [a for a in b]"}),
        ("if a:\n    b()", {"if not a:\n    b()", "if a:\n    pass"}),
        ("def f():\n    return a", {"def f():\n    return None"}),
        ("x: Literal['a'] = b", set()),
        ("'A docstring.'\nraise UserError('said')", set()),
    ],
)
def test_every_fault_of_a_line_is_made_once(text, faults):
    found = [each.text for each in mutants(text)]
    assert len(set(found)) == len(found)
    assert faults <= set(found)
    if not faults:
        assert found == []


def test_a_fault_knows_the_outermost_function_that_holds_it():
    text = "A = 2\n\n\nclass C:\n    def m(self):\n        def inner():\n            return 3\n\n        return inner\n"
    where = {each.what: (each.function, each.line) for each in mutants(text)}
    assert where["2  ->  3"] == ("", 1)
    assert where["3  ->  4"] == ("C.m", 7)


@pytest.mark.parametrize("package", TESTS)
def test_the_faults_of_a_package_are_code_and_its_tests_are_there(package):
    files = sorted((ROOT / "workflow_scripts" / package).rglob("*.py"))
    found = [each for file in files[:6] for each in mutants(file.read_text(encoding="utf-8"))]
    assert len(found) > 20
    for each in found[::10]:
        ast.parse(each.text)
    assert all((ROOT / "tests" / f"{name}.py").is_file() or (ROOT / "tests" / name).is_dir() for name in TESTS[package])
