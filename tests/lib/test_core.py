"""The core: fingerprints, configuration checks, seeds, whole files, provenance."""

import json
from pathlib import Path

import pytest

from workflow_scripts.lib.core import fingerprint
from workflow_scripts.lib.core.config import checked, merged, read_yaml
from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.core.files import atomic, write_text
from workflow_scripts.lib.core.provenance import folder_of, measured, recorded
from workflow_scripts.lib.core.seeds import seed_of, stream

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["run"],
    "properties": {
        "run": {"type": "array", "description": "What to run."},
        "shards": {"type": "integer", "minimum": 1, "default": 1},
        "mode": {"enum": ["fast", "slow"], "default": "fast"},
        "each": {"type": "object", "additionalProperties": {"$ref": "#/$defs/entry"}, "default": {}},
    },
    "$defs": {
        "entry": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"hop": {"type": "number", "default": 1.0}},
        }
    },
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A small project whose module `top` imports `left`, which names a data file; `right` stands alone."""
    package = tmp_path / "workflow_scripts"
    package.mkdir()
    files = {
        "__init__.py": "",
        "top.py": "from workflow_scripts import left\n\ndef f():\n    return left.A\n",
        "left.py": '"""Doc."""\nA = 1\nNOTES = "notes.json"\n',
        "right.py": "B = 1\n",
        "notes.json": "[1]",
    }
    for name, text in files.items():
        (package / name).write_text(text)
    monkeypatch.setattr(fingerprint, "ROOT", tmp_path)
    fingerprint._module.cache_clear()
    yield package
    fingerprint._module.cache_clear()


def _hash(module: str) -> str:
    fingerprint._module.cache_clear()
    return fingerprint.code_hash(f"workflow_scripts.{module}")


@pytest.mark.parametrize(
    ("file", "text", "changes"),
    [
        ("left.py", '"""Doc."""\nA = 2\nNOTES = "notes.json"\n', {"top", "left"}),
        ("left.py", '"""Other words."""\n# A comment.\nA = 1\n\n\nNOTES = "notes.json"\n', set()),
        ("notes.json", "[2]", {"top", "left"}),
        ("right.py", "B = 2\n", {"right"}),
        ("__init__.py", "C = 1\n", {"top"}),
    ],
)
def test_the_code_hash_changes_with_the_code_that_a_module_uses_and_with_nothing_else(project, file, text, changes):
    before = {name: _hash(name) for name in ("top", "left", "right")}
    (project / file).write_text(text)
    assert {name for name in before if _hash(name) != before[name]} == changes


def test_a_module_that_is_not_there_has_no_hash(project):
    with pytest.raises(ModuleNotFoundError, match="nowhere"):
        fingerprint.code_hash("workflow_scripts.nowhere")


def test_defaults_are_filled_in_at_every_depth():
    assert checked({"run": [], "each": {"a": {}}}, SCHEMA, "config") == {
        "run": [], "shards": 1, "mode": "fast", "each": {"a": {"hop": 1.0}},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"run": [], "shrads": 2}, "config: the key 'shrads' is unknown; did you mean 'shards'?"),
        ({"run": [], "each": {"a": {"hopp": 2}}}, "config: the key 'each.a.hopp' is unknown; did you mean 'hop'?"),
        ({"run": [], "shards": "two"}, "config: the key 'shards' is 'two'; allowed is a whole number, at least 1."),
        (
            {"run": [], "each": {"a": {"hop": "2"}}},
            "config: the key 'each.a.hop' is '2'; allowed is a number. In braces after --config all is text: give it "
            "in a file, with --configfile.",
        ),
        ({"run": [], "shards": 0}, "config: the key 'shards' is 0; allowed is a whole number, at least 1."),
        ({"run": [], "mode": "fats"}, "config: the key 'mode' is 'fats'; did you mean 'fast'?"),
        ({}, "config: it lacks 'run': What to run."),
        (None, "config: it is None; allowed is a mapping."),
    ],
)
def test_a_mistake_in_the_configuration_ends_in_one_sentence(value, sentence):
    with pytest.raises(UserError) as error:
        checked(value, SCHEMA, "config")
    assert str(error.value) == sentence


def test_a_broken_yaml_file_is_named(tmp_path):
    (tmp_path / "a.yaml").write_text("a: [1")
    with pytest.raises(UserError, match=r"a\.yaml: cannot be read as YAML"):
        read_yaml(tmp_path / "a.yaml")


def test_the_users_keys_are_laid_over_the_defaults_key_by_key():
    assert merged({"a": {"x": 1, "y": 2}, "b": [1]}, {"a": {"y": 3}, "b": [2]}) == {"a": {"x": 1, "y": 3}, "b": [2]}


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
