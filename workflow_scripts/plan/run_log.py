"""What a person sees of a run on this machine: what it makes and costs, a line a job, failures last."""

import logging
import resource
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from snakemake_interface_logger_plugins.common import LogEvent
from tqdm import tqdm

from workflow_scripts.plan.costs import Cost

EVERY = 60.0  # s between two words of jobs that take long
NOT_TOLD = {"shard": "1-of-1", "seed": "0", "split": "test", "f0": "no-f0"}  # wildcards that say nothing


Key = tuple[str, ...]


@dataclass
class Running:
    """A job that has begun. what: its rule and wildcards.  seconds: that it was said to take, None of a target, which
    does nothing itself."""

    what: str
    log: Path | None
    seconds: float | None
    began: float = field(default_factory=time.monotonic)
    told: str = ""


class RunLog(logging.Handler):
    """Takes the place of Snakemake's own lines once a run has begun.

    seconds: that each job is said to take, by its `key_of`; the time left is made of them.
    """

    def __init__(self, stream: TextIO, seconds: Mapping[Key, float]) -> None:
        super().__init__()
        self._stream, self._seconds, self._jobs = stream, seconds, len(seconds)
        self._running: dict[int, Running] = {}
        self._done, self._failed, self._over = 0, list[Running](), False
        self._bar = tqdm(
            total=sum(seconds.values()) or 1.0,
            file=stream,
            disable=None if stream.isatty() else True,
            bar_format="{percentage:3.0f} % |{bar}| {elapsed}, about {remaining} left {postfix}",
            dynamic_ncols=True,
        )
        self._end = threading.Event()
        threading.Thread(target=self._tell_of_long_jobs, daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "event", None)
        if self._over:
            return
        if event == LogEvent.JOB_INFO:
            self._begin(record)
        elif event == LogEvent.JOB_FINISHED:
            self._finish(getattr(record, "job_id", None))
        elif event == LogEvent.JOB_ERROR:
            self._fail(record)
        elif record.levelno >= logging.WARNING:
            self.say(record.getMessage())

    def say(self, line: str) -> None:
        """Print a line that stays."""
        tqdm.write(line, file=self._stream)

    def close_with(self, lines: Iterable[str] = ()) -> None:
        """Print the last lines of a run; nothing comes after them."""
        self._end.set()
        self._bar.close()
        for line in lines:
            self.say(line)
        self._over = True

    def failures(self) -> list[str]:
        """What failed, the sentences of the jobs last; how to go on where nothing did, and a person ended the run."""
        if not self._failed:
            return ["The run was ended before it was done; the same command goes on with it."]
        left = self._jobs - self._done - len(self._failed)
        return [
            "",
            f"{len(self._failed)} of {self._jobs} jobs failed; {self._done} were done all the same, {left} not begun. "
            "Correct what follows, then start the same command again:",
            *(f"{each.what}: {_last_line(each.log)} (log: {each.log})" for each in self._failed),
        ]

    def _begin(self, record: Any) -> None:
        key = key_of(record.rule_name, record.wildcards)
        if key not in self._seconds:  # a target, such as `all`, which only names what others make
            return
        log = Path(record.log[0]) if record.log else None
        self._running[record.jobid] = Running(name_of(record.rule_name, record.wildcards), log, self._seconds[key])
        self._show()

    def _finish(self, number: Any) -> None:
        job = self._running.pop(number, None)
        if job is None:
            return
        self._done += 1
        took = time.monotonic() - job.began
        self.say(f"{self._done:>{len(str(self._jobs))}} of {self._jobs}  {job.what}  {took:.0f} s")
        self._bar.update(job.seconds)
        self._show()

    def _fail(self, record: Any) -> None:
        job = self._running.pop(record.jobid, None)
        if job is None:
            return
        self._failed.append(job)
        self.say(f"FAILED  {job.what}: {_last_line(job.log)}")
        self._show()

    def _show(self) -> None:
        self._bar.set_postfix_str(", ".join(job.what.split("  ")[0] for job in self._running.values())[:60])

    def _tell_of_long_jobs(self) -> None:
        while not self._end.wait(EVERY):
            for job in list(self._running.values()):
                line = _last_line(job.log)
                if line.startswith("step ") and line != job.told:
                    job.told = line
                    self.say(f"{'':>{len(str(self._jobs))}}     {job.what}: {line}")


def key_of(rule: str, wildcards: Mapping[str, Any]) -> Key:
    """What tells a job from all others."""
    return (rule, *map(str, wildcards.values()))


def name_of(rule: str, wildcards: Mapping[str, Any]) -> str:
    """A job in words: its rule, and its wildcards but for those that say nothing."""
    told = [str(value) for name, value in wildcards.items() if NOT_TOLD.get(name) != str(value) and name != "sources"]
    return " ".join([rule.replace("_", " "), *told])


def _last_line(log: Path | None) -> str:
    """Of a log that a job writes; empty where there is none."""
    if log is None or not log.is_file():
        return ""
    with open(log, "rb") as file:
        file.seek(max(0, log.stat().st_size - 4096))
        lines = file.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


# Before the first job, and after the last


def forecast(cost: Cost, comparisons: Iterable[str], cores: int) -> str:
    """What a run will make, and what it costs."""
    jobs = ", ".join(f"{rule} {count}" for rule, count in cost.jobs.items())
    lines = [f"To make: {', '.join(comparisons)}, in {sum(cost.jobs.values())} jobs ({jobs})."]
    lines.append(
        f"Expected{_of_which(cost)}: {_duration(cost.wall)} on {cores} {'core' if cores == 1 else 'cores'} such as "
        f"were measured ({_duration(cost.cpu)} of CPU time), {cost.memory:.0f} MiB of memory a job, "
        f"{_size(cost.disk)} on the disk, {_downloads(cost)}."
    )
    lines += [f"To fetch: {each}." for each in cost.fetched]
    if cost.gpu_jobs:
        lines.append(
            f"{cost.gpu_jobs} jobs ask for a GPU, with time limits of {_duration(cost.gpu_limit)} in all; no GPU was "
            "measured, so their hours are not known and not counted."
        )
    if cost.unknown:
        lines.append(
            f"Not counted: {cost.unknown} jobs on a GPU, whose data is not there yet, or whose kind was not measured."
        )
    return "\n".join(lines)


def _of_which(cost: Cost) -> str:
    return f" of {sum(cost.jobs.values()) - cost.unknown} jobs" if cost.unknown else ""


def _downloads(cost: Cost) -> str:
    unstated = sum(not each.bytes for each in cost.fetched)
    said = [_size(cost.download)] if cost.download else []
    said += [f"{unstated} file{'s' * (unstated > 1)} of a size that is not stated"] if unstated else []
    return f"{' and '.join(said) or 'nothing'} to download"


def spent(started: float) -> str:
    """What this run did cost: wall time since `started` (time.time), CPU time, the largest job."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(each.ru_utime + each.ru_stime for each in usage)
    return (
        f"It took {_duration(time.time() - started)}, {_duration(cpu)} of CPU time, "
        f"and at most {usage[1].ru_maxrss / 1024:.0f} MiB of memory a job."
    )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _size(count: float) -> str:
    return f"{count / 1e6:.0f} MB" if count < 1e9 else f"{count / 1e9:.1f} GB"


def take_over(logger: logging.Logger, seconds: Mapping[Key, float]) -> RunLog | None:
    """Put a `RunLog` in the place of Snakemake's own handler; None where a person chose another by `--logger`."""
    own = next((each for each in logger.handlers if each.name == "DefaultStreamHandler"), None)
    if own is None:
        return None
    log = RunLog(getattr(own, "stream", sys.stderr), seconds)
    logger.removeHandler(own)
    logger.addHandler(log)
    return log
