"""What a run will cost, before it starts: a rate for each kind of work, fitted to measured jobs, times how much it is.

The rates stand in `config/costs.yaml` (`python -m workflow_scripts.plan.fit_costs`). What nobody measured, such as a
GPU or a data set whose length is not known, is counted as unknown and not guessed.
"""

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, singledispatch
from typing import Any, NamedTuple

from workflow_scripts.lib.core.code_graph import ROOT
from workflow_scripts.lib.core.names import SPLITS
from workflow_scripts.plan import rows
from workflow_scripts.plan.configuration import Configuration
from workflow_scripts.plan.data_jobs import EstimateF0, MakeMarks, Prepare
from workflow_scripts.plan.fetched import Fetched, fetched_by
from workflow_scripts.plan.figure_jobs import Draw, DrawAdaptation, DrawGains, DrawRobustness, DrawTraining
from workflow_scripts.plan.job import Job
from workflow_scripts.plan.model_jobs import Adapt, Separate, Train
from workflow_scripts.plan.result_jobs import Compare, Score
from workflow_scripts.plan.seconds import seconds_of
from workflow_scripts.plan.submission_jobs import ImportEstimates
from workflow_scripts.plan.yaml_files import read_yaml

RATES = ROOT / "config/costs.yaml"
LEADER = 0.1  # of a core, for Snakemake itself
RATE = 8000  # Hz, of the mono audio that a second of work is a second of


class Work(NamedTuple):
    """names: of the rate, the most exact first.  amount: in the unit that the rate is for, None where it is unknown."""

    names: tuple[str, ...]
    amount: float | None


class JobCost(NamedTuple):
    """cpu: in s.  memory: in MiB.  disk: in bytes."""

    cpu: float
    memory: float
    disk: float


@dataclass(frozen=True)
class Cost:
    """Of a run.  jobs: by rule.  cpu, wall: in s.  memory: peak of a job in MiB.  disk: in bytes.

    gpu_jobs: that ask for a GPU.  unknown: jobs that are not counted.  gpu_limit: sum of the time limits of the jobs
    that ask for a GPU, in s.  fetched: from the network.
    """

    jobs: Mapping[str, int]
    cpu: float
    wall: float
    memory: float
    disk: float
    gpu_jobs: int
    unknown: int
    gpu_limit: float = 0.0
    fetched: Sequence[Fetched] = ()

    @property
    def download(self) -> float:
        """Bytes, as far as the configuration says how many."""
        return sum(each.bytes for each in self.fetched)


class Rates:
    """The fitted table. start: CPU s before a script of a rule works.  work: CPU s.  memory: MiB."""

    def __init__(self, table: Mapping[str, Mapping[str, float]]) -> None:
        self.start, self.work, self.memory = (table[name] for name in ("start", "work", "memory"))

    def cost(self, job: Job) -> JobCost | None:
        """None where it is not known, such as on a GPU, which nobody measured."""
        names, amount = work_of(job)
        if job.resources.gpu:
            return None
        name = next((each for each in names if each in self.work), None)
        if name is None or amount is None:
            return None
        return JobCost(self.start.get(job.rule, 0.0) + self.work[name] * amount, self.memory[name], disk_of(job))


class Costs:
    """Of the jobs of a configuration, each looked at once."""

    def __init__(self, last: Job) -> None:
        self.last = last
        self._rates, self._known = Rates(read_yaml(RATES)), dict[Job, JobCost | None]()

    def of(self, job: Job) -> JobCost | None:
        if job not in self._known:
            self._known[job] = self._rates.cost(job)
        return self._known[job]

    def seconds(self, job: Job) -> float:
        """CPU s, 0 where it is not known."""
        cost = self.of(job)
        return cost.cpu if cost else 0.0

    @cached_property
    def to_the_end(self) -> dict[Job, float]:
        """For each job, the seconds of the longest chain of jobs from its start to the end of the run."""
        longest = {self.last: self._wall(self.last)}
        for job in _from_the_end(self.last):
            for each in _needed(job):
                longest[each] = max(longest.get(each, 0.0), longest[job] + self._wall(each))
        return longest

    def chain(self, job: Job) -> float:
        """`to_the_end` of a job; 0 where the run does not need it, as what one claim needs."""
        return self.to_the_end.get(job, 0.0)

    def run(self, jobs: Collection[Job], cores: int) -> Cost:
        """Of these jobs on so many cores, the longest chains first."""
        counts: dict[str, int] = {}
        for job in jobs:
            counts[job.rule] = counts.get(job.rule, 0) + 1
        known = [cost for job in jobs if (cost := self.of(job))]
        cpu, fetched = sum(cost.cpu for cost in known), fetched_by(jobs)
        return Cost(
            counts,
            cpu * (1 + LEADER / 2),
            self._simulated(set(jobs), cores),
            max((cost.memory for cost in known), default=0.0),
            sum(cost.disk for cost in known) + sum(each.bytes for each in fetched),
            sum(job.resources.gpu > 0 for job in jobs),
            len(jobs) - len(known),
            sum(job.resources.runtime * 60 for job in jobs if job.resources.gpu),
            fetched,
        )

    def _wall(self, job: Job) -> float:
        return self.seconds(job) / job.resources.threads

    def _simulated(self, jobs: set[Job], cores: int) -> float:
        """Wall s where the job with the longest chain behind it starts as soon as its inputs and cores are there.

        Jobs that the end of the run does not need, which a person asked for by name, come last.
        """
        waits = {job: {each for each in _needed(job) if each in jobs} for job in jobs}
        users: dict[Job, list[Job]] = {}
        for job, needed in waits.items():
            for each in needed:
                users.setdefault(each, []).append(job)
        order = {job: number for number, job in enumerate(jobs)}
        ready = [(-self.chain(job), order[job], job) for job, needed in waits.items() if not needed]
        heapq.heapify(ready)
        running: list[tuple[float, int, Job]] = []
        now, free = 0.0, float(cores)
        while ready or running:
            while ready and (free >= min(ready[0][2].resources.threads, cores)):
                job = heapq.heappop(ready)[2]
                free -= min(job.resources.threads, cores)
                heapq.heappush(running, (now + self._wall(job), order[job], job))
            now, _, job = heapq.heappop(running)
            free += min(job.resources.threads, cores)
            for user in users.get(job, ()):
                waits[user].discard(job)
                if not waits[user]:
                    heapq.heappush(ready, (-self.chain(user), order[user], user))
        return now * (1 + LEADER)


def _needed(job: Job) -> set[Job]:
    return {made.job for _, made in job.flat_inputs()}


def _from_the_end(last: Job) -> Iterable[Job]:
    """Every job behind the last one, each after all that need it."""
    waiting, uses = [last], dict[Job, int]()
    every = last.behind(Job)
    for job in every:
        for each in _needed(job):
            uses[each] = uses.get(each, 0) + 1
    while waiting:
        job = waiting.pop()
        yield job
        for each in _needed(job):
            uses[each] -= 1
            if not uses[each]:
                waiting.append(each)


# How much work a job is


@singledispatch
def work_of(job: Job) -> Work:
    return Work((job.rule,), 1.0)


@work_of.register
def _(job: Prepare) -> Work:
    entry = job.configuration.dataset(job.dataset)
    kind = entry.settings.get("corpus") or entry.settings.get("layout") or entry.kind
    return Work(
        (f"prepare {kind}", "prepare folder"), _seconds(job.configuration, job.dataset, "train", "valid", "test")
    )


@work_of.register
def _(job: EstimateF0 | MakeMarks) -> Work:
    seconds = _seconds(job.configuration, job.dataset, job.split)
    asked = len(getattr(job.configuration.dataset(job.dataset), job.told))
    return Work((f"{job.rule} {job.source.kind}",), _of_shard(job, seconds, asked))


@work_of.register
def _(job: Train) -> Work:
    schedule, seconds = job.entry.training, _seconds(job.configuration, job.dataset, job.entry.train_on)
    by_steps = rows.offers(job, "trainee")
    amount = schedule.steps * schedule.batch * schedule.seconds if by_steps else seconds
    return Work(_names(job), None if amount is None else amount * _samples(job))


@work_of.register
def _(job: Adapt) -> Work:
    seconds = _seconds(job.configuration, job.dataset, job.split)
    return Work(_names(job), _of_shard(job, seconds, job.entry.settings.get("epochs", 1) * _samples(job)))


@work_of.register
def _(job: Separate) -> Work:
    return Work(_names(job), _of_shard(job, _seconds(job.configuration, job.dataset, job.split), _samples(job)))


@work_of.register
def _(job: ImportEstimates) -> Work:
    seconds, sources = _seconds(job.configuration, job.dataset, job.split), len(job.sources.split("+"))
    return Work((job.rule,), _of_shard(job, seconds, sources * samples_of(job.configuration, job.dataset)))


@work_of.register
def _(job: Score) -> Work:
    entry, configuration = job.entry, job.configuration
    seconds, families = _seconds(configuration, entry.dataset, entry.split), "+".join(sorted(job.families))
    estimates = len(rows.rows_of(configuration, job.comparison)) * len(entry.sources)
    amount = _of_shard(job, seconds, estimates * samples_of(configuration, entry.dataset))
    return Work((f"score {families}", "score"), amount)


@work_of.register
def _(job: Compare | Draw | DrawTraining | DrawRobustness | DrawAdaptation | DrawGains) -> Work:
    return Work((job.rule,), float(len(rows.rows_of(job.configuration, job.comparison)) * len(job.entry.metrics)))


def _names(job: Train | Adapt | Separate) -> tuple[str, ...]:
    """Of the method, of those that it is like, and of its module."""
    kin = job.configuration.kin("methods", job.method)
    return tuple(f"{job.rule} {name}" for name in (*kin, job.entry.module))


def _samples(job: Train | Adapt | Separate) -> float:
    return samples_of(job.configuration, job.dataset)


def samples_of(configuration: Configuration, dataset: str) -> float:
    """Samples of a second of a data set, in those of a second of mono audio at `RATE`."""
    entry = configuration.dataset(dataset)
    return (entry.rate or 44100) / RATE * (entry.channels or 1)


def _seconds(configuration: Configuration, dataset: str, *splits: str) -> float | None:
    found = seconds_of(configuration, dataset)
    return None if found is None else sum(found.get(split, 0.0) for split in splits)


def _of_shard(job: Any, seconds: float | None, amount: float) -> float | None:
    return None if seconds is None else seconds * amount / job.configuration.keys.shards


# What it takes on the disk


def disk_of(job: Job) -> float:
    """Bytes of audio that a job writes; all else is small."""
    if isinstance(job, Prepare):
        entry = job.configuration.dataset(job.dataset)
        seconds = _seconds(job.configuration, job.dataset, *SPLITS) or 0.0
        return seconds * samples_of(job.configuration, job.dataset) * RATE * 2 * (len(entry.stems) + 1)
    if isinstance(job, Separate | ImportEstimates):
        seconds = _seconds(job.configuration, job.dataset, job.split) or 0.0
        return (
            _of_shard(job, seconds, samples_of(job.configuration, job.dataset) * RATE * 4 * len(job.sources.split("+")))
            or 0.0
        )
    return 0.0


def every_kind(kind: type[Job] = Job) -> dict[str, type[Job]]:
    """The kinds of jobs by the name of their rule."""
    found: dict[str, type[Job]] = {kind.rule: kind} if hasattr(kind, "rule") else {}
    for each in kind.__subclasses__():
        found |= every_kind(each)
    return found
