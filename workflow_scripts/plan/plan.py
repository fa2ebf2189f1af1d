"""What the workflow will do, as the rules ask it.

Imported by the Snakefile, in every cluster job too, so nothing heavy is imported here.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from functools import cached_property
from typing import Any

from workflow_scripts.plan.checks import check, check_comparison
from workflow_scripts.plan.claim_jobs import Judge, ledgers
from workflow_scripts.plan.claims import PREFIX, comparison_of, papers
from workflow_scripts.plan.configuration import Configuration
from workflow_scripts.plan.costs import Costs
from workflow_scripts.plan.figure_jobs import Report
from workflow_scripts.plan.job import Input, Job, Made, Option
from workflow_scripts.plan.recordings import check_recordings
from workflow_scripts.plan.result_jobs import Compare, WriteSong
from workflow_scripts.plan.submission_checks import check_submitted_files
from workflow_scripts.plan.targets import check_targets, files_of, refuse_unknown

GROWING = ("mem_mb", "runtime")  # with each attempt, as the retries of a cluster profile expect


class Plan:
    """The jobs of a configuration. Raises UserError where the configuration is wrong.

    looks: whether the files of the user's recordings are looked at too, which the process that leads a run does for all
    its jobs.  dry: what is not there yet is told in `configuration.absent` and not refused.
    """

    def __init__(self, config: dict[str, Any], looks: bool = True, dry: bool = False) -> None:
        self.configuration = Configuration(config)
        self.configuration.absent = [] if dry else None
        check(self.configuration)
        check_targets(self.configuration)
        if looks:
            check_recordings(self.configuration)
            papers()  # so that a mistake in the tables of claims is told before any job
            check_submitted_files(self.configuration)
        self._jobs: dict[Job, Job] = {}
        self._looks = looks

    def job(self, kind: type[Job], wildcards: Any = None) -> Job:
        """The job of a rule that the wildcards name."""
        own = [each for each in fields(kind) if each.name != "configuration"]
        values = [int(wildcards[each.name]) if each.type is int else wildcards[each.name] for each in own]
        job = kind(self.configuration, *values)
        return self._jobs.setdefault(job, job)

    # What the directives of a rule are, each a function of the wildcards

    def inputs(self, kind: type[Job]) -> Callable[[Any], dict[str, str | list[str]]]:
        return lambda wildcards: {name: _paths(each) for name, each in self.job(kind, wildcards).inputs.items()}

    def options(self, kind: type[Job]) -> Callable[[Any], list[str]]:
        """Words of the script's command line."""
        return lambda wildcards: [word for each in self.job(kind, wildcards).options.items() for word in _words(*each)]

    def fingerprint(self, kind: type[Job]) -> Callable[[Any], str]:
        return lambda wildcards: self.job(kind, wildcards).fingerprint

    def threads(self, kind: type[Job]) -> Callable[[Any], int]:
        return lambda wildcards: self.job(kind, wildcards).resources.threads

    def resource(self, kind: type[Job], name: str) -> Callable[[Any, int], int]:
        def needed(wildcards: Any, attempt: int) -> int:
            value: int = getattr(self.job(kind, wildcards).resources, name)
            return value * attempt if name in GROWING else value

        return needed

    def priority(self, kind: type[Job]) -> Callable[[Any], int]:
        """Seconds from a job's start to the end of the run, where nothing has to wait: the longest chains go first."""
        if not self._looks:  # this process runs one job
            return lambda _: 0
        return lambda wildcards: round(self.costs.chain(self.job(kind, wildcards)))

    @cached_property
    def costs(self) -> Costs:
        return Costs(self.last())

    # What a run makes

    def last(self) -> Job:
        """The job that ends a run: the report, or the stems of the user's recording where one is given."""
        song = self.configuration.song
        return WriteSong(self.configuration, song.name) if song else Report(self.configuration)

    def targets(self) -> list[str]:
        job = self.last()
        return [job.manifest.path] if isinstance(job, WriteSong) else [self.summary(), f"{job.folder}/scores.parquet"]

    def summary(self) -> str:
        """The text that is printed at the end of a run."""
        return f"{self.last().folder}/summary.txt"

    def ledger_targets(self) -> list[str]:
        """The ledgers of `snakemake ledger`: of each paper of which the run can judge any claim."""
        return [each.manifest.path for each in ledgers(self.configuration)]

    def claim_targets(self, words: Iterable[str]) -> dict[str, str]:
        """What `snakemake claim_<id>` makes, by the words of the command line that ask for it.

        Raises UserError with the nearest id where there is no such claim, and where it cannot be judged; also for a
        target of a paper that there is not.
        """
        refuse_unknown(self.configuration, words)
        found = {}
        for word in words:
            if word.startswith(PREFIX) and "/" not in word:
                check_comparison(self.configuration, f"claims, {word}", comparison_of(self.configuration, word))
                found[word] = Judge(self.configuration, word).manifest.path
        return found

    def summaries(self, words: Sequence[str]) -> list[str]:
        """The texts that are printed at the end of a run which the words of the command line ask for."""
        asked = [Judge(self.configuration, word) for word in self.claim_targets(words)]
        if "ledger" in words:
            asked += ledgers(self.configuration)
        return [self.summary(), *(each.summary for each in asked)]

    def named_targets(self) -> dict[str, list[str]]:
        """What each target of the configuration makes."""
        return {name: files_of(self.configuration, name) for name in self.configuration.keys.targets}

    def tables(self) -> list[str]:
        """Those of the comparisons, which are printed where a target made some and not the whole run."""
        return [f"{Compare(self.configuration, name).folder}/summary.txt" for name in self.configuration.run]


def given(wildcards: Any, input: Any) -> list[str]:  # noqa: ARG001
    """Words of the command line for the files that a job reads, by the names that they have in the rule."""
    words = []
    for name in input.keys():  # noqa: SIM118, a list of files too
        paths = input[name]
        words += [f"--{name}", *([paths] if isinstance(paths, str) else paths)]
    return words


def _paths(given: Input) -> str | list[str]:
    if isinstance(given, str):
        return given
    return given.path if isinstance(given, Made) else [made.path for made in given]


def _words(name: str, value: Option) -> list[str]:
    # With a sign between, so that a text may begin with a minus.
    return [f"--{name}", *value] if isinstance(value, tuple) else [f"--{name}={value}"]
