"""What the planning of a run asks of a data set: whether its definition is right, and whether its content changed."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lib.folders import STEMS, put, song, tone
from workflow_scripts.lib.core.errors import Missing, UserError
from workflow_scripts.lib.core.registry import DATASETS, LAYOUTS
from workflow_scripts.lib.core.settings import checked
from workflow_scripts.lib.datasets import origin
from workflow_scripts.plan.dataset_keys import Dataset, Muted
from workflow_scripts.plan.declared import value_of
from workflow_scripts.plan.yaml_files import read_yaml

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


HALF_KNOWN = {"url": "x", "file": "y"}


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        ("folder", {"root": "x", "ignored": []}, ["'ignored'", "did you mean 'ignore'?"]),
        ("folder", {}, ["lacks 'root'", "the folder of the recordings"]),
        ("folder", {"root": None}, ["'root' is None; allowed is a text"]),
        ("folder", {"root": "x", "split": "publishd"}, ["did you mean 'published'?"]),
        ("folder", {"root": "x", "length_tolerance": -1}, ["a number, at least 0"]),
        ("recording", {}, ["lacks 'root'"]),
        ("embedded", {}, ["lacks 'corpus'"]),
        ("embedded", {"corpus": "song"}, ["did you mean 'songs'?"]),
        ("fetched", {"layout": "cds", "archives": []}, ["did you mean 'csd'?"]),
        ("fetched", {"layout": "csd"}, ["lacks 'archives'"]),
        ("fetched", {"layout": "csd", "archives": [HALF_KNOWN | {"md5": "0"}]}, ["archives.0.md5"]),
        ("fetched", {"layout": "csd", "archives": [HALF_KNOWN | {"file": "../y"}]}, ["archives.0.file"]),
        ("fetched", {"layout": "csd", "archives": [HALF_KNOWN | {"sha": "0"}]}, ["did you mean 'sha256'?"]),
    ],
)
def test_wrong_settings_are_refused_without_an_import_of_the_kind(kind, settings, words):
    with pytest.raises(UserError) as caught:
        checked(value_of(DATASETS.module(kind), "Settings"), settings, "settings")
    assert all(word in str(caught.value) for word in words), str(caught.value)


def _definition(**change):
    return Dataset(**{"kind": "folder", "stems": STEMS} | change)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"settings": {"root": "/nowhere/at/all"}}, ["/nowhere/at/all"]),
        ({"voices": ("voise",)}, ["'voise'", "did you mean 'voice'?"]),
        ({"kind": "fetched", "settings": {"layout": "csd", "archives": [{}]}}, ["accept_licence"]),
        ({"kind": "fetched", "settings": {"layout": "csd", "archives": [], "root": "/nowhere"}}, ["/nowhere"]),
        ({"kind": "recording", "muted": Muted(seed=0)}, ["no stems to mute"]),
    ],
)
def test_a_wrong_definition_is_refused_before_any_job(tmp_path, change, words):
    right = {"settings": {"root": str(tmp_path)}}
    origin.check_dataset("mine", _definition(**right))
    with pytest.raises(UserError) as caught:
        origin.check_dataset("mine", _definition(**right | change))
    assert all(word in str(caught.value) for word in words)


DEFINITIONS = sorted((REPOSITORY / "config/datasets").glob("*.yaml"))


@pytest.mark.parametrize("file", DEFINITIONS, ids=lambda path: path.stem)
def test_the_definitions_in_the_project_are_right_once_the_terms_are_accepted(file):
    entry = read_yaml(file)
    settings = checked(DATASETS.load(entry["kind"]).Settings, entry["settings"], file.name)
    if layout := getattr(settings, "layout", None):
        assert checked(LAYOUTS.load(layout).Settings, settings.layout_settings, file.name)
    dataset = checked(Dataset, entry, file.name)
    assert dataset.label and dataset.accept_licence is False
    if settings.archives if hasattr(settings, "archives") else True:
        origin.check_dataset(file.stem, replace(dataset, accept_licence=True))
        return
    with pytest.raises(
        Missing, match=f"datasets.{file.stem} is not downloaded; .* Then set datasets.{file.stem}.settings"
    ):
        origin.check_dataset(file.stem, replace(dataset, accept_licence=True))
