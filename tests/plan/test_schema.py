"""`config/schema.yaml`, which editors read: as the code declares, and as a validator of JSON schemas understands it."""

import jsonschema
import pytest

from tests.plan.given import default
from workflow_scripts.lib.core.code_graph import ROOT
from workflow_scripts.plan import schema
from workflow_scripts.plan.yaml_files import merge, read_yaml

FILES = [
    ROOT / "config/config.yaml", *sorted((ROOT / "config/papers").glob("*.yaml")), ROOT / "config/real_singers.yaml",
    ROOT / "tests/workflow/tiny.yaml",
]  # fmt: skip


@pytest.fixture(scope="module")
def validator():
    return jsonschema.Draft202012Validator(read_yaml(schema.PATH))


def test_the_schema_is_what_the_code_declares():
    assert schema.PATH.read_text(encoding="utf-8") == schema.as_text(), "run `make schema`"


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_every_configuration_of_the_project_fits_it(validator, file):
    validator.check_schema(validator.schema)
    under = read_yaml(file.with_stem(file.stem.removesuffix("_mini")))  # a miniature is laid over its paper
    validator.validate(merge(merge(default(), under), read_yaml(file)))


@pytest.mark.parametrize("library", schema.LIBRARIES)
def test_every_definition_of_the_project_fits_it(validator, library):
    files = sorted((ROOT / "config" / library).glob("*.yaml"))
    assert files
    validator.validate(default() | {library: {file.stem: read_yaml(file) for file in files}})


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ({"shrads": 2}, []),
        ({"methods": {"x": {"module": "oracle", "settings": {"mask": "irn"}}}}, ["methods", "x", "settings", "mask"]),
        ({"methods": {"x": {"training": {"steps": 0}}}}, ["methods", "x", "training", "steps"]),
        ({"f0": {"x": {"kind": "stems", "settings": {"trakker": "pyin"}}}}, ["f0", "x", "settings"]),
        ({"datasets": {"x": {"kind": "folder", "rate": 1}}}, ["datasets", "x", "rate"]),
        ({"marks": {"x": {"kind": "degraded", "settings": {"dropped": 2}}}}, ["marks", "x", "settings", "dropped"]),
    ],
)
def test_what_is_wrong_is_found_at_its_key(validator, keys, path):
    errors = list(validator.iter_errors(default() | keys))
    assert [list(error.absolute_path) for error in errors] == [path]


def test_every_key_is_described_in_words():
    keys = [
        (name, entry)
        for part in [read_yaml(schema.PATH), *read_yaml(schema.PATH)["$defs"].values()]
        for name, entry in part.get("properties", {}).items()
        if part.get("description", "") != ""
    ]
    assert len(keys) > 80
    assert [name for name, entry in keys if len(entry.get("description", "")) < 10 and "$ref" not in entry] == []
