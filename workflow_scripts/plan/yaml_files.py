"""YAML files of the configuration, read and laid over each other."""

from pathlib import Path
from typing import Any

import yaml

from workflow_scripts.lib.core.errors import UserError


def read_yaml(path: Path) -> Any:
    """Content of a YAML file; raises UserError where it is missing or is no YAML."""
    try:
        with open(path, "rb") as file:
            return yaml.load(file, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path}: cannot be read as YAML ({reason}).") from error


def merge(base: Any, over: Any) -> Any:
    """`over` laid over `base`: mappings are merged key by key, anything else is replaced."""
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    return {
        key: merge(base[key], over[key]) if key in base and key in over else over.get(key, base.get(key))
        for key in base | over
    }
