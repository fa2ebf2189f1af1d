"""What the planning of a run asks of a data set: whether its definition is right, and whether its content changed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lib.folders import STEMS, put, song, tone
from workflow_scripts.lib.core.config import checked, read_yaml
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.datasets import origin

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path):
    return tmp_path / "mine"


def test_the_origin_hash_is_of_the_content(root, tmp_path):
    song(root / "a")
    before = origin.origin_hash("folder", {"root": str(root)}, tmp_path)
    os.utime(root / "a/voice.wav", ns=(1, 1))
    assert origin.origin_hash("folder", {"root": str(root)}, tmp_path) == before
    shutil.copytree(root, tmp_path / "copy")
    assert origin.origin_hash("folder", {"root": str(tmp_path / "copy")}, tmp_path) == before
    put(root / "a/voice.wav", tone(201))
    assert origin.origin_hash("folder", {"root": str(root)}, tmp_path) != before


def test_the_origin_hash_changes_when_a_file_is_renamed_or_metadata_come(root, tmp_path):
    song(root / "a")
    hashes = [origin.origin_hash("folder", {"root": str(root)}, tmp_path)]
    (root / "a").rename(root / "b")
    hashes.append(origin.origin_hash("folder", {"root": str(root)}, tmp_path))
    (root / "metadata.csv").write_text("track\n")
    hashes.append(origin.origin_hash("folder", {"root": str(root)}, tmp_path))
    assert len(set(hashes)) == 3


def test_a_second_origin_hash_reads_no_audio(root, tmp_path, monkeypatch):
    song(root / "a")
    before = origin.origin_hash("folder", {"root": str(root)}, tmp_path)
    monkeypatch.setattr(origin, "sha256_file", lambda path: pytest.fail(f"{path} was read"))
    assert origin.origin_hash("folder", {"root": str(root)}, tmp_path) == before


def test_a_damaged_index_of_hashes_is_made_again(root, tmp_path):
    song(root / "a")
    before = origin.origin_hash("folder", {"root": str(root)}, tmp_path)
    (index,) = tmp_path.glob("*.json")
    index.write_text("{")
    assert origin.origin_hash("folder", {"root": str(root)}, tmp_path) == before


def test_the_origin_of_other_kinds_is_known_without_files(tmp_path):
    assert origin.origin_hash("embedded", {"corpus": "songs"}, tmp_path) == ""
    assert origin.origin_hash("fetched", {"archives": [{"md5": "ab"}, {"sha256": "cd"}]}, tmp_path) == "ab;cd"


def test_the_planning_part_imports_nothing_heavy():
    code = "import sys, workflow_scripts.lib.datasets.origin; print(*sorted(m for m in sys.modules if '.' not in m))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert "json" in loaded.stdout.split()
    assert not {"numpy", "pandas", "torch", "soundfile", "scipy"} & set(loaded.stdout.split())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"settings": {"rot": "x"}}, ["'rot'", "did you mean 'root'?"]),
        ({"settings": {}}, ["root"]),
        ({"settings": {"root": "/nowhere/at/all"}}, ["/nowhere/at/all"]),
        ({"voices": ["voise"]}, ["'voise'", "did you mean 'voice'?"]),
        ({"kind": "fetched", "settings": {"layout": "csd", "archives": []}}, ["accept_licence"]),
        ({"kind": "fetched", "settings": {"layout": "csd", "archives": [], "root": "/nowhere"}}, ["/nowhere"]),
        ({"kind": "fetched", "settings": {"layout": "cds", "archives": []}}, ["did you mean 'csd'?"]),
        ({"kind": "fetched", "settings": {"layout": "csd", "archives": [{"url": "x", "file": "y"}]}}, ["checksum"]),
    ],
)
def test_a_wrong_definition_is_refused_before_any_job(tmp_path, change, words):
    right = {"kind": "folder", "settings": {"root": str(tmp_path)}, "stems": list(STEMS), "voices": []}
    origin.check_dataset("mine", right)
    with pytest.raises(UserError) as caught:
        origin.check_dataset("mine", right | change)
    assert all(word in str(caught.value) for word in words)


DEFINITIONS = sorted((REPOSITORY / "config/datasets").glob("*.yaml"))


@pytest.mark.parametrize("file", DEFINITIONS, ids=lambda path: path.stem)
def test_the_definitions_in_the_project_are_right_once_the_terms_are_accepted(file):
    schema = read_yaml(REPOSITORY / "config/schema.yaml")
    entry = checked(read_yaml(file), {"$ref": "#/$defs/dataset", "$defs": schema["$defs"]}, file.name)
    assert entry["accept_licence"] is False
    origin.check_dataset(file.stem, entry | {"accept_licence": True})
    assert entry["label"]
