"""`config/schema.yaml`, by which editors know every key: made from the declarations.

python -m workflow_scripts.plan.schema        writes it anew
"""

from typing import Any

import yaml
from pydantic import TypeAdapter

from workflow_scripts.lib.core.code_graph import ROOT
from workflow_scripts.lib.core.files import write_text
from workflow_scripts.lib.core.registry import DATASETS, F0_SOURCES, MARKS_SOURCES, METHODS, Registry
from workflow_scripts.plan.dataset_keys import Dataset
from workflow_scripts.plan.declared import value_of
from workflow_scripts.plan.keys import F0Source, Keys, MarksSource, Method

PATH = ROOT / "config/schema.yaml"
HEAD = "# Every key of the configuration. Made by `make schema` from the declarations in the code: do not edit.\n"
# Of each library: what an entry is, the registry that its settings are declared in, and the key that names the entry.
LIBRARIES: dict[str, tuple[type, Registry, str]] = {
    "datasets": (Dataset, DATASETS, "kind"),
    "methods": (Method, METHODS, "module"),
    "f0": (F0Source, F0_SOURCES, "kind"),
    "marks": (MarksSource, MARKS_SOURCES, "kind"),
}


def schema() -> dict[str, Any]:
    """The JSON schema of a configuration."""
    found = TypeAdapter(Keys).json_schema()
    for library, (entry, registry, key) in LIBRARIES.items():
        part = TypeAdapter(entry).json_schema()
        found["$defs"] |= part.pop("$defs", {})
        part.pop("required", None)  # an entry may change a single key of another one
        part["allOf"] = [_settings_of(registry, name, key, found["$defs"]) for name in registry.names()]
        found["$defs"][entry.__name__] = part
        found["properties"][library]["patternProperties"] = {
            "^[A-Za-z0-9_-]+$": {"$ref": f"#/$defs/{entry.__name__}"},
        }
    return _without_titles({"$schema": "https://json-schema.org/draft/2020-12/schema", **found})


def _settings_of(registry: Registry, name: str, key: str, parts: dict[str, Any]) -> dict[str, Any]:
    """What the settings of one module may be, where an entry names it; what they are made of goes to `parts`."""
    declared = TypeAdapter(value_of(registry.module(name), "Settings")).json_schema()
    parts |= declared.pop("$defs", {})
    declared.pop("required", None)
    return {
        "if": {"properties": {key: {"const": name}}, "required": [key]},
        "then": {"properties": {"settings": declared}},
    }


def _without_titles(part: Any) -> Any:
    if isinstance(part, list):
        return [_without_titles(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {key: _without_titles(each) for key, each in part.items() if key != "title" or not isinstance(each, str)}


def as_text() -> str:
    return HEAD + yaml.safe_dump(schema(), sort_keys=False, allow_unicode=True, width=120)


if __name__ == "__main__":
    write_text(PATH, as_text())
