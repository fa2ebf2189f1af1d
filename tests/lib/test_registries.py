"""One more module in a folder is one more F0 source, source of marks, kind, layout, corpus or format of weights."""

import ast
import hashlib
import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.lib.folders import STEMS, prepare, song
from workflow_scripts.data.prepare import prepare as prepare_script
from workflow_scripts.f0.estimate_f0 import estimate_f0
from workflow_scripts.lib.audio.f0 import read_f0
from workflow_scripts.lib.core import registry
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.files import sha256_file
from workflow_scripts.lib.core.registry import (
    CORPORA,
    DATASETS,
    F0_SOURCES,
    LAYOUTS,
    MARKS_SOURCES,
    PACKAGE,
    WEIGHTS,
    Registry,
)
from workflow_scripts.lib.datasets.marks import SILENT, read_marks
from workflow_scripts.lib.datasets.table import read_tracks
from workflow_scripts.lib.weights.model_file import load_model
from workflow_scripts.marks.make_marks import make_marks
from workflow_scripts.train.import_weights import import_weights

LIBRARY = registry.FOLDER
ENTRIES = {
    F0_SOURCES: ["degraded", "exact", "file", "mixture", "stems", "umss"],
    MARKS_SOURCES: ["all_active", "degraded", "file", "stems"],
    DATASETS: ["embedded", "excerpts", "fetched", "folder", "musdb_hq", "musdb_stems", "recording", "subsets"],
    LAYOUTS: ["bcbsq", "csd", "folder", "musdb_hq", "musdb_stems", "named", "slakh", "vocals"],
    CORPORA: ["chorales", "songs"],
    WEIGHTS: ["tasnet", "umss"],
}
each_registry = pytest.mark.parametrize("of", ENTRIES, ids=lambda of: of.room)


@each_registry
def test_a_registry_lists_the_modules_of_its_folder_and_loads_each(of: Registry):
    assert of.names() == ENTRIES[of]
    for name in of.names():
        assert of.load(name).__name__ == f"{PACKAGE}.{of.room}.{name}"
    with pytest.raises(UserError, match=f"There is no {of.what} .*did you mean '{of.names()[0]}'"):
        of.module(of.names()[0] + "s")


@pytest.fixture
def add(tmp_path, monkeypatch):
    """Adds a module to a registry, whose folder is then one of links to the real modules with the new one beside."""

    def added(of: Registry, text: str) -> None:
        folder = tmp_path.joinpath("lib", *of.room.split("."))
        name = f"{PACKAGE}.{of.room}.new"
        for room in {each.room for each in ENTRIES}:
            there = tmp_path.joinpath("lib", *room.split("."))
            there.mkdir(parents=True, exist_ok=True)
            for path in LIBRARY.joinpath(*room.split(".")).glob("*.py"):
                (there / path.name).symlink_to(path)
        (folder / "new.py").write_text(text)
        spec = importlib.util.spec_from_file_location(name, folder / "new.py")
        monkeypatch.setitem(sys.modules, name, importlib.util.module_from_spec(spec))
        monkeypatch.setattr(registry, "FOLDER", tmp_path / "lib")
        spec.loader.exec_module(sys.modules[name])
        assert of.names() == sorted([*ENTRIES[of], "new"])

    return added


SETTINGS = '''
from workflow_scripts.lib.core.settings import Positive, settings


@settings
class Settings:
    """value: a number."""

    value: Positive = 1.0

'''


@pytest.fixture
def data(tmp_path):
    """Manifest of a prepared data set of one track."""
    song(tmp_path / "in/one")
    prepare(tmp_path / "in", tmp_path / "data")
    (tmp_path / "data.json").write_text("{}")
    return tmp_path / "data.json"


def test_a_new_f0_source_is_one_module(add, data, tmp_path):
    add(F0_SOURCES, "import numpy as np\n\nfrom workflow_scripts.lib.audio.f0 import F0\n" + SETTINGS + (
        "def find_f0(given, settings):\n"
        "    hz = np.full((len(given.voices), given.read_audio().frames), settings.value)\n"
        "    return F0(given.voices, hz, hz * 0 + 1)\n"
    ))  # fmt: skip
    job = {"data": data, "kind": "new", "voices": ["voice"], "split": "test", "part": "1-of-1", "code": ""}
    estimate_f0(settings='{"value": 300}', out=tmp_path / "f0.json", **job)
    f0 = read_f0(tmp_path / "f0/one.csv")
    assert f0.voices == ("voice",) and f0.hz.shape == (1, 16)
    np.testing.assert_array_equal(f0.hz, 300)
    with pytest.raises(UserError, match="'value' is 0; allowed is a number, over 0"):
        estimate_f0(settings='{"value": 0}', out=tmp_path / "f0.json", **job)


def test_a_new_source_of_marks_is_one_module(add, data, tmp_path):
    add(MARKS_SOURCES, "from workflow_scripts.lib.datasets.marks import SILENT, Mark\n" + SETTINGS + (
        "def find_marks(given, settings):\n"
        "    return [Mark(0.0, settings.value, stem, SILENT) for stem in given.stems]\n"
    ))  # fmt: skip
    job = {"data": data, "kind": "new", "stems": list(STEMS), "split": "test", "part": "1-of-1", "code": ""}
    make_marks(settings='{"value": 0.125}', out=tmp_path / "marks.json", **job)
    found = read_marks(tmp_path / "marks/one.txt", STEMS, 0.25)
    assert {(mark.source, mark.end, mark.state) for mark in found} == {(stem, 0.125, SILENT) for stem in STEMS}


FORM = {"stems": ["voice"], "voices": [], "rate": None, "channels": None}
ROW = "Track('t', 'test', 't', '', '', settings.value, 8000, 1, 'voice', '')"


def _prepared(tmp_path: Path, kind: str, settings: dict, form: dict = FORM) -> list:
    dataset = json.dumps({"settings": settings} | form)
    prepare_script(
        kind=kind, dataset=dataset, out=tmp_path / "out.json", cache=tmp_path / "cache", processes=1, code=""
    )
    return read_tracks(tmp_path / "out")


def test_a_new_kind_of_data_set_is_one_module(add, tmp_path):
    add(DATASETS, "from workflow_scripts.lib.datasets.table import Track, write_tracks\n" + SETTINGS + (
        f"def fill_root(target, settings):\n    write_tracks(target.root, [{ROW}])\n"
    ))  # fmt: skip
    assert [track.seconds for track in _prepared(tmp_path, "new", {"value": 2.5})] == [2.5]


def test_a_new_layout_is_one_module(add, tmp_path):
    add(LAYOUTS, "from workflow_scripts.lib.datasets.raw import Clip, RawTrack\n" + SETTINGS + (
        "MIXTURE_IS_SUM = True\n\n\n"
        "def read(origin, settings):\n"
        "    file = origin.root / 'voice.wav'\n"
        "    return [RawTrack(f'take {settings.value:g}', 'test', 's', (), '', {'voice': Clip.of(file)}, None)]\n"
    ))  # fmt: skip
    song(tmp_path / "in")
    settings = {"layout": "new", "archives": [], "root": str(tmp_path / "in"), "layout_settings": {"value": 3}}
    assert [track.track for track in _prepared(tmp_path, "fetched", settings)] == ["take 3"]
    with pytest.raises(UserError, match=r"layout_settings: the key 'valu' is unknown; did you mean 'value'"):
        _prepared(tmp_path, "fetched", settings | {"layout_settings": {"valu": 3}})


def test_a_new_corpus_is_one_module(add, tmp_path):
    add(CORPORA, (
        "import numpy as np\n\nfrom workflow_scripts.lib.datasets.embedded.corpus import Rendered\n\n"
        "PIECES = ('noise',)\n\n\n"
        "def render(piece, rate=16000, seconds=None):\n"
        "    stems = {'voice': np.ones((1, round(rate * seconds)), np.int16)}\n"
        "    return Rendered(piece, 'train', piece, ('anyone',), '', rate, stems, None)\n"
    ))  # fmt: skip
    tracks = _prepared(tmp_path, "embedded", {"corpus": "new", "seconds": 0.5})
    assert [(track.track, track.split, track.seconds) for track in tracks] == [("noise", "train", 0.5)]
    samples = np.full((1, round(0.5 * tracks[0].rate)), 1 / 2**15, "<f4")  # as any reader of the file has them
    of_file = hashlib.sha256(str(samples.shape).encode() + samples.tobytes()).hexdigest()
    both = f"mixture:{of_file}\nvoice:{of_file}"
    assert tracks[0].sha256 == hashlib.sha256(both.encode()).hexdigest()


def test_a_new_format_of_weights_is_one_module(add, tmp_path):
    add(WEIGHTS, (
        "import torch\n\nfrom workflow_scripts.lib.weights.published import Form\n\n"
        "FORM = Form('unet', 8000, 1, ('voice',))\n\n\n"
        "def read_model(path):\n    return {'gain': torch.tensor([float(path.read_text())])}\n"
    ))  # fmt: skip
    (tmp_path / "weights.txt").write_text("0.25")
    import_weights(weights=str(tmp_path / "weights.txt"), format="new", out=tmp_path / "model.safetensors")
    model, header = load_model(tmp_path / "model.safetensors", torch.device("cpu"))
    assert model["gain"].tolist() == [0.25]
    assert (header["module"], header["sha256"]) == ("unet", sha256_file(tmp_path / "weights.txt"))


# Nothing else knows the entries by name

STAGES = [LIBRARY, *(LIBRARY.parent / name for name in ("data", "f0", "marks", "train", "score", "song"))]
FILES = [path for folder in STAGES for path in sorted(folder.rglob("*.py"))]


@each_registry
def test_no_module_imports_an_entry_but_the_kind_that_is_a_folder_in_a_layout(of: Registry):
    entries = {f"{PACKAGE}.{of.room}.{name}" for name in of.names()}
    found = {path for path in FILES for module in _imported(path) if module in entries}
    allowed = {LIBRARY / f"datasets/kinds/{name}.py" for name in LAYOUTS.names()} if of is LAYOUTS else set()
    assert len(FILES) > 100
    assert found <= allowed


def _imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    return {name for node in nodes for name in (node.module, *(f"{node.module}.{each.name}" for each in node.names))}


def test_no_module_asks_which_entry_it_has_but_for_what_planning_must_know_of_a_recording():
    names = {name for entries in ENTRIES.values() for name in entries}
    asked = {
        (path.name, constant.value)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Compare) and _chosen_by_name(node.left)
        for constant in ast.walk(node)
        if isinstance(constant, ast.Constant) and constant.value in names
    }
    assert asked == {("origin.py", "recording")}


def _chosen_by_name(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name in ("kind", "layout", "corpus", "format")
