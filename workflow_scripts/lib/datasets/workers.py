"""Work on many items, one process each, on a few cores."""

import multiprocessing
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_processes(function: Callable[[Item], Result], items: Sequence[Item], processes: int) -> list[Result]:
    """`function` of each item, in their order, on `processes` processes; the first exception ends it all.

    Processes are spawned, not forked: a fork of a process with threads can hang.
    """
    if processes <= 1 or len(items) <= 1:
        return [function(item) for item in items]
    context = multiprocessing.get_context("spawn")
    ignore = (signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes, and one is to answer
    with ProcessPoolExecutor(min(processes, len(items)), context, signal.signal, ignore) as pool:
        try:
            return list(pool.map(function, items))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
