"""The configuration: read, filled with defaults and checked, so that a mistake ends in one sentence.

Imported while the workflow is planned, so nothing heavy is imported here.
"""

import re
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from workflow_scripts.lib.core.errors import UserError, nearest

NO_F0 = "no-f0"  # stands for the F0 source where a method uses none
KINDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


def read_yaml(path: Path) -> Any:
    """Content of a YAML file; raises UserError where it is missing or is no YAML."""
    try:
        with open(path, encoding="utf-8") as file:
            return yaml.safe_load(file)
    except (OSError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path}: cannot be read as YAML ({reason}).") from error


def merged(base: Any, over: Any) -> Any:
    """`over` laid over `base`: mappings are merged key by key, anything else is replaced."""
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    return {key: merged(base[key], over[key]) if key in base and key in over else over.get(key, base.get(key))
            for key in base | over}  # fmt: skip


def checked(value: Any, schema: dict[str, Any], where: str) -> Any:
    """`value` with the schema's defaults filled in; raises UserError (one sentence) where it does not fit.

    `where` names the file or the key that `value` came from.
    """
    value = _with_defaults(value, schema, schema)
    error = best_match(Draft202012Validator(schema).iter_errors(value))
    if error is not None:
        raise UserError(_sentence(error, where))
    return value


def _resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
    return schema


def _with_defaults(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> Any:
    schema = _resolved(schema, root)
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        other = schema.get("additionalProperties")
        missing = {key: each["default"] for key, each in properties.items() if "default" in each and key not in value}
        return {
            key: _with_defaults(each, properties.get(key, other if isinstance(other, dict) else {}), root)
            for key, each in (value | missing).items()
        }
    return value


def _sentence(error: ValidationError, where: str) -> str:
    key = ".".join(map(str, error.absolute_path))
    at = f"{where}: the key {key!r}" if key else f"{where}: it"
    if error.validator == "additionalProperties":
        valid = error.schema.get("properties", {})
        unknown = next(str(name) for name in error.instance if name not in valid)
        return f"{where}: the key {'.'.join(filter(None, (key, unknown)))!r} is unknown; {nearest(unknown, valid)}"
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in error.instance)
        return f"{at} lacks {missing!r}: {error.schema['properties'][missing].get('description', 'it must be given')}"
    if "propertyNames" in error.absolute_schema_path:
        return f"{at} has the name {error.instance!r}; allowed are letters, digits, '_' and '-'."
    if error.validator == "enum":
        return f"{at} is {error.instance!r}; {nearest(error.instance, error.validator_value)}"
    return f"{at} is {error.instance!r}; allowed is {_allowed(error.schema)}.{_hint(error)}"


def _hint(error: ValidationError) -> str:
    """What to do about a number or a truth value that came as text, as Snakemake hands on what stands in braces."""
    meant = isinstance(error.instance, str) and re.fullmatch("(?i)true|false|null|[-+.\\de]+", error.instance)
    return " In braces after --config all is text: give it in a file, with --configfile." if meant else ""


def _allowed(schema: dict[str, Any]) -> str:
    kinds = schema.get("type", [])
    text = " or ".join(KINDS[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds)) or "another value"
    limits = {"minimum": "at least", "exclusiveMinimum": "over", "maximum": "at most", "minItems": "entries at least",
              "minLength": "characters at least", "pattern": "matching"}  # fmt: skip
    bounds = ", ".join(f"{word} {schema[name]}" for name, word in limits.items() if name in schema)
    return ", ".join(filter(None, (text, bounds)))
