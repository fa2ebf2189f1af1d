"""What modules declare, had without importing them: the real tree, and what a user's module may look like."""

import subprocess
import sys

import pytest

from workflow_scripts.lib.core import code_graph
from workflow_scripts.lib.core.code_graph import ROOT
from workflow_scripts.lib.core.registry import DATASETS, F0_SOURCES, LAYOUTS, MARKS_SOURCES, METHODS, METRICS, WEIGHTS
from workflow_scripts.plan import declared
from workflow_scripts.plan.declared import has, value_of

KINDS = [(of, name) for of in (METHODS, F0_SOURCES, MARKS_SOURCES, DATASETS, LAYOUTS) for name in of.names()]
HEAVY = [
    "accelerate",
    "librosa",
    "matplotlib",
    "numpy",
    "onnxruntime",
    "pandas",
    "pyarrow",
    "scipy",
    "soundfile",
    "torch",
]


def test_a_start_of_the_workflow_imports_nothing_heavy():
    code = (
        "import sys; from tests.plan.given import default; from workflow_scripts.plan.plan import Plan; "
        "Plan(default()).last().fingerprint; import workflow_scripts.plan.schema as s; s.as_text(); "
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("of", "name"), KINDS, ids=[f"{of.room}.{name}" for of, name in KINDS])
def test_settings_had_without_the_module_have_the_fields_of_those_of_the_module(of, name):
    read, real = value_of(of.module(name), "Settings"), of.load(name).Settings
    fields = [
        {key: (field.default, field.default_factory is None) for key, field in each.__pydantic_fields__.items()}
        for each in (read, real)
    ]
    assert fields[0] == fields[1]


def test_the_metrics_of_a_family_and_what_weights_fit_are_those_of_the_module():
    for name in METRICS.names():
        module = METRICS.load(name)
        found = value_of(METRICS.module(name), "METRICS")
        assert [vars(each) for each in found] == [vars(each) for each in module.METRICS]
        assert {each.name for each in found} == set(module.SCORES)
    for name in WEIGHTS.names():
        assert vars(value_of(WEIGHTS.module(name), "FORM")) == vars(WEIGHTS.load(name).FORM)


MODULE = """
import numpy as np
from workflow_scripts import other
from workflow_scripts.lib.core.settings import Positive, settings

LIMIT = 3
TABLE = np.zeros(3)


def double(x):
    return 2 * x


@settings
class Settings(other.Base):
    size: Positive = double(LIMIT)

    def check(self):
        return "size is too large." if self.size > double(double(LIMIT)) else None

    def spread(self):
        return np.ones(3)
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    package = tmp_path / "workflow_scripts"
    package.mkdir()
    (package / "own.py").write_text(MODULE)
    (package / "lib/core").mkdir(parents=True)
    (package / "lib/core/settings.py").touch()  # known as one of the project's; the real one is imported
    text = "import torch\nfrom workflow_scripts.lib.core.settings import Count, settings\n\n\n"
    (package / "other.py").write_text(text + "@settings\nclass Base:\n    count: Count = 2\n")
    monkeypatch.setattr(code_graph, "ROOT", tmp_path)
    caches = [code_graph.module_of, value_of, declared._is_light, declared._light_names, declared._libraries]
    for cached in caches:
        cached.cache_clear()
    yield "workflow_scripts.own"
    for cached in caches:
        cached.cache_clear()


def test_a_class_is_made_with_the_constants_functions_and_bases_that_it_names(module):
    made = value_of(module, "Settings")
    assert (made().size, made().count, made().check()) == (6, 2, None)
    assert made(size=13).check() == "size is too large."
    with pytest.raises(NameError):  # only a method needs it
        made().spread()


def test_what_needs_more_than_a_start_has_is_told_by_name(module):
    with pytest.raises(NameError, match=r"own has no 'TABLE' that can be had without importing"):
        value_of(module, "TABLE")
    with pytest.raises(NameError, match="no 'nothing'"):
        value_of(module, "nothing")
    assert has(module, "double") and not has(module, "nothing")
