"""What the process that leads a run tells at its start and at its end, as the Snakefile asks it."""

import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from workflow_scripts.plan.costs import every_kind
from workflow_scripts.plan.job import Job
from workflow_scripts.plan.leading import lead_this_folder
from workflow_scripts.plan.plan import Plan
from workflow_scripts.plan.result_jobs import OfComparison
from workflow_scripts.plan.run_log import Key, RunLog, forecast, key_of, spent, take_over

OWN_LINES = {"all", "progress", "rules"}  # what a person may want to be quiet, who then gets Snakemake's own lines


class Leader:
    """workflow: Snakemake's, of which the plan is."""

    def __init__(self, workflow: Any, plan: Plan) -> None:
        self._workflow, self._plan = workflow, plan
        self._started = time.time()
        self._log: RunLog | None = None

    def start(self) -> None:
        """Before the first job: take the folder, and say what will be made and what it costs."""
        lead_this_folder(self._workflow)
        if not self._tells():
            return
        costs, jobs = self._plan.costs, dict(self._jobs())
        seconds = {key: costs.seconds(job) for key, job in jobs.items()}
        self._log = take_over(self._workflow.logger_manager.logger, seconds)
        if self._log:
            cores, found = self._workflow.resource_settings.cores, list(jobs.values())
            named = dict.fromkeys(job.comparison for job in found if isinstance(job, OfComparison))
            made = [name for name in self._plan.configuration.run if name in named] or self._plan.configuration.run
            asked = list(self._plan.claim_targets(sys.argv)) or list(made)
            self._log.say(forecast(costs.run(found, cores), asked, cores))

    def succeed(self) -> None:
        """After the last job: the tables of the run, and what it cost."""
        made = self._made(self._plan.summaries(sys.argv)) or self._made(self._plan.tables())
        if made:
            print(*(path.read_text(encoding="utf-8") for path in made), sep="\n", flush=True)
        if self._log:
            self._log.close_with([spent(self._started)])

    def fail(self) -> None:
        """After a failure: what went on all the same, and last what failed and why."""
        if self._log:
            self._log.close_with(self._log.failures())

    def _made(self, paths: Iterable[str]) -> list[Path]:
        """Those of the files that this run has made."""
        return [path for path in map(Path, paths) if path.exists() and path.stat().st_mtime >= self._started]

    def _tells(self) -> bool:
        settings = self._workflow.output_settings
        quiet = {str(each).lower() for each in settings.quiet or ()}
        chosen = settings.verbose or settings.printshellcmds or quiet & OWN_LINES
        return bool(self._workflow.local_exec and not chosen)

    def _jobs(self) -> Iterator[tuple[Key, Job]]:
        """The jobs that will run, each by its key."""
        kinds = every_kind()
        for job in self._workflow.dag.needrun_jobs():
            if job.rule.name in kinds:
                own = self._plan.job(kinds[job.rule.name], job.wildcards_dict)
                yield key_of(job.rule.name, job.wildcards_dict), own
