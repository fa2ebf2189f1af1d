"""What a run does for its jobs and its folder, as the Snakefile asks it."""

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workflow_scripts.lib.core.code_graph import ROOT
from workflow_scripts.lib.core.locks import hold_to_the_end, holder
from workflow_scripts.lib.core.stopping import LEADER

LOCKS = Path(".snakemake/locks")  # Snakemake's own, which do not say who made them
DRY = {"--dry-run", "--dryrun", "--dag", "--rulegraph", "--filegraph", "--lint"}
LEADS = Path(".snakemake/leads.lock")  # held by the process whose they are


def lead_jobs_here() -> None:
    """Make every job find this environment's Python and this project, wherever snakemake was started from.

    And end with this process, which in a cluster's job is the snakemake of that job.
    """
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    os.environ["PYTHONPATH"] = str(ROOT)
    os.environ["PYTHONDONTWRITEBYTECODE"] = ""  # to compile its modules anew would cost a job with torch 4 s
    os.environ[LEADER] = str(os.getpid())


def lead_this_folder(workflow: Any) -> None:
    """Let later runs see that this one lives, and start its jobs on this machine as soon as they can be.

    Snakemake's limit of jobs a second is for clusters, and makes it look for jobs once a second more for each job that
    it has started: the longer a run, the more CPU time that took.
    """
    hold_to_the_end(LEADS)
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None


def is_dry_run(words: Sequence[str]) -> bool:
    """Whether Snakemake's command line runs no job: `-n`, `-np` and the like, or a drawing of the plan."""
    return any(word in DRY or re.fullmatch("-[A-Za-z]*n[A-Za-z]*", word) for word in words)


def explain_locks() -> None:
    """Where Snakemake will find this folder locked, say in one sentence what to do."""
    if not any(LOCKS.glob("*")) or "--unlock" in sys.argv:
        return
    leader = holder(LEADS)
    if leader:
        said = f"{Path.cwd()}: is locked by a run that goes on ({leader}); wait for it, or end it."
    else:
        said = f"{Path.cwd()}: is locked by a run that was killed; free it with `snakemake --unlock`, then start anew."
    sys.stderr.write(f"{said}\n")
