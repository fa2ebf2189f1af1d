"""The core: errors, seeds, whole files, provenance."""

import json
from pathlib import Path

import pytest

from workflow_scripts.lib.core.errors import nearest
from workflow_scripts.lib.core.files import atomic, write_text
from workflow_scripts.lib.core.provenance import folder_of, measured, recorded
from workflow_scripts.lib.core.seeds import seed_of, stream


def test_a_name_like_no_other_gets_the_list_of_all():
    assert nearest("zzz", ["mixture", "irm"]) == "allowed: irm, mixture"


def test_streams_of_different_names_differ_and_of_the_same_names_agree():
    assert seed_of("a", 1) == seed_of("a", 1) != seed_of("a1")
    assert stream("a").random() == stream("a").random() != stream("b").random()


def test_a_file_is_whole_or_absent(tmp_path):
    write_text(tmp_path / "a.txt", "old")
    with pytest.raises(RuntimeError), atomic(tmp_path / "a.txt") as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert (tmp_path / "a.txt").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_provenance_names_code_versions_hardware_and_cost(tmp_path: Path):
    with measured(tmp_path / "p.json", "abc", seed=3):
        sum(range(1_000_000))
    facts = json.loads((tmp_path / "p.json").read_text())
    assert (facts["code"], facts["seed"]) == ("abc", 3)
    assert facts["cost"]["cpu_seconds"] > 0 and facts["cost"]["peak_memory_mib"] > 1
    assert facts["versions"]["torch"].startswith("2.11") and facts["hardware"]["cores"] >= 1


def test_the_manifest_of_a_folder_changes_with_its_content_and_not_with_time(tmp_path):
    manifests = []
    for text in ("a", "a", "b"):
        with recorded(tmp_path / "x.json", "abc") as folder:
            write_text(folder / "sub/file.txt", text)
        manifests.append((tmp_path / "x.json").read_text())
    assert folder_of(tmp_path / "x.json") == tmp_path / "x"
    assert manifests[0] == manifests[1] != manifests[2]
    assert list(json.loads(manifests[0])) == ["sub/file.txt"]
