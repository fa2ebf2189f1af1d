"""How a job ends early: told by a signal, or left alone by the snakemake that started it."""

import os
import select
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)  # Ctrl-C, and what schedulers of clusters send
LEADER = "FEWSTEMS_LEADER"  # variable of the environment: the process that leads the jobs


def end_on_signals() -> None:
    """From now on a signal ends this process in one sentence, with exit code 1 and no file half-written."""
    for each in SIGNALS:
        signal.signal(each, _end)


def end_with_leader() -> None:
    """End this process as SIGTERM does when the one that leads it is gone, however that ended; on Linux."""
    leader = os.environ.get(LEADER)
    if leader is None or not hasattr(os, "pidfd_open"):
        return
    try:
        watched = os.pidfd_open(int(leader))
    except ProcessLookupError:
        sys.exit(f"snakemake (process {leader}), which started this job, is gone.")
    except OSError:
        return  # a system that cannot watch processes
    threading.Thread(target=_terminate_after, args=(watched,), daemon=True).start()


@contextmanager
def signals_noted() -> Iterator[list[str]]:
    """In the block the first signal only adds its name to the list that this yields; the next one does as before."""
    before = {each: signal.getsignal(each) for each in SIGNALS}
    noted: list[str] = []

    def as_before() -> None:
        for each, handler in before.items():
            signal.signal(each, handler)

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 as signal calls it
        noted.append(signal.Signals(number).name)
        as_before()

    for each in SIGNALS:
        signal.signal(each, note)
    try:
        yield noted
    finally:
        as_before()


def _end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 as signal calls it
    sys.exit(f"stopped by {signal.Signals(number).name}.")


def _terminate_after(watched: int) -> None:
    """Wait for the end of a process, which its descriptor tells, and send SIGTERM to this one."""
    select.select([watched], [], [])
    os.kill(os.getpid(), signal.SIGTERM)
