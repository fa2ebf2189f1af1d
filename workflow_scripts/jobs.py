"""What every job of the workflow is given: its environment, resources that grow, options and settings as text.

Imported by the Snakefile, so nothing heavy is imported here.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workflow_scripts.lib.core.fingerprint import ROOT


def growing(value: int) -> Callable[[Any, int], int]:
    """A resource that grows with each attempt, as the retries of a cluster profile expect."""
    return lambda wildcards, attempt: value * attempt  # noqa: ARG005


def lead_jobs_here() -> None:
    """Make every job find this environment's Python and this project, wherever snakemake was started from."""
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    os.environ["PYTHONPATH"] = str(ROOT)


def optional(wildcards: Any, input: Any) -> list[str]:  # noqa: ARG001
    """Options for the inputs that not every job of a rule has."""
    given = [name for name in ("of", "f0", "model", "adapted", "marks", "before") if name in input.keys()]  # noqa: SIM118, a list of files too
    return [part for name in given for part in (f"--{name}", input[name])]


def text(value: Any) -> str:
    """A value as JSON that does not depend on the order of keys."""
    return json.dumps(value, sort_keys=True)
