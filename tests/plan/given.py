"""The configuration of the study, which has all comparisons, and jobs of a configuration as the rules ask for them."""

import copy
from pathlib import Path
from typing import Any

from workflow_scripts.lib.core.code_graph import ROOT
from workflow_scripts.plan.job import Job, Made
from workflow_scripts.plan.plan import Plan
from workflow_scripts.plan.yaml_files import merge, read_yaml

FIRST = read_yaml(ROOT / "config/config.yaml")
PAPERS = sorted((ROOT / "config/papers").glob("*.yaml"))
DEFAULT = merge(FIRST, read_yaml(ROOT / "config/study.yaml"))


def paper_files(path: Path) -> list[Path]:
    """A configuration in config/papers; one in little is laid over the whole one."""
    whole = path.with_name(path.name.replace("_mini", ""))
    return [whole, path] if whole != path else [path]


def default(**changes: Any) -> dict[str, Any]:
    return copy.deepcopy(DEFAULT) | changes


def job(config: dict[str, Any] | Plan, kind: type[Job], **wildcards: Any) -> Job:
    plan = config if isinstance(config, Plan) else Plan(copy.deepcopy(config))
    return plan.job(kind, wildcards)


def paths(job: Job) -> dict[str, str | list[str]]:
    """What a job reads."""
    return {
        name: given.path if isinstance(given, Made) else given if isinstance(given, str) else [m.path for m in given]
        for name, given in job.inputs.items()
    }


def set_key(config: dict[str, Any], path: str, value: Any) -> None:
    """Set a key of nested mappings, by its dotted path."""
    *parents, last = path.split(".")
    for key in parents:
        config = config.setdefault(key, {})
    config[last] = value
