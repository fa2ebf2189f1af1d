"""BSSEval v4 against museval: CPU seconds of one thread, and the largest difference.

python -m tests.benchmarks.bench_bsseval
"""

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

import numpy as np
from scipy.signal import lfilter
from threadpoolctl import threadpool_limits

from tests.benchmarks.table import Ratio
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.metrics.bsseval_v4 import References, Scores
from workflow_scripts.lib.metrics.museval_scorer import museval_scores

METHODS = 6
Result = TypeVar("Result")


@dataclass(frozen=True)
class Case:
    """A synthetic track and how often it is measured; times of `repeats` runs are medians."""

    name: str
    sources: int
    channels: int
    rate: int
    seconds: int
    repeats: int


CASES = (
    Case("stereo, 44.1 kHz", 4, 2, 44_100, 60, 3),
    Case("mono, 16 kHz", 4, 1, 16_000, 60, 5),
)


@dataclass(frozen=True)
class Measured:
    """CPU seconds of museval, of ours on its own, of ours a method where several share the references; and the largest
    difference of a finite figure in dB, infinite where NaN or infinity stand in other places."""

    museval: float
    alone: float
    shared: float
    difference: float


def scene(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Correlated, coloured references and filtered, leaking, noisy estimates, [source, channel, time]."""
    generator, time_ = stream("bench-bsseval", case.name), case.rate * case.seconds
    shape = (case.sources, case.channels, time_)
    noise = generator.standard_normal(shape) + generator.standard_normal((case.sources, 1, time_))
    references = 0.05 * lfilter([1], [1, -0.9], noise, axis=-1)
    leakage = np.eye(case.sources) + 0.1 * generator.standard_normal((case.sources, case.sources))
    estimates = np.einsum("ij,jct->ict", leakage, lfilter([1, 0.3, 0.1], [1], references, axis=-1))
    return references, estimates + 0.01 * generator.standard_normal(shape)


def seconds(call: Callable[[], Result]) -> tuple[float, Result]:
    """CPU seconds, user and system, of this process, and what the call returned."""
    start = time.process_time()
    result = call()
    return time.process_time() - start, result


def difference(ours: Scores, theirs: Scores) -> float:
    """Largest absolute difference in dB."""
    largest = 0.0
    for name in ("SDR", "ISR", "SIR", "SAR"):
        a, b = getattr(ours, name), getattr(theirs, name)
        finite = np.isfinite(a)
        if not np.array_equal(finite, np.isfinite(b)) or not np.array_equal(a[~finite], b[~finite], equal_nan=True):
            return np.inf
        largest = max(largest, float(np.abs(a[finite] - b[finite]).max(initial=0)))
    return largest


def score_methods(references: np.ndarray, estimates: np.ndarray, window: int, count: int) -> Scores:
    shared = References(references, window, window)
    return [shared.score(estimates) for _ in range(count)][-1]


def measure(case: Case) -> Measured:
    """Run museval, ours alone and ours for several methods in turn, so that a busy moment hits all alike."""
    references, estimates = scene(case)
    museval_scores(references[..., : case.rate], estimates[..., : case.rate], case.rate, case.rate)  # imports
    times: list[tuple[float, float, float]] = []
    for _ in range(case.repeats):
        theirs = seconds(lambda: museval_scores(references, estimates, case.rate, case.rate))
        alone = seconds(lambda: score_methods(references, estimates, case.rate, 1))
        several = seconds(lambda: score_methods(references, estimates, case.rate, METHODS))
        times.append((theirs[0], alone[0], several[0] / METHODS))
    museval, ours, shared = (median(column) for column in zip(*times, strict=True))
    return Measured(museval, ours, shared, difference(alone[1], theirs[1]))


def main() -> list[Ratio]:
    """Print one line a case."""
    found = []
    columns = ("museval", "ours alone", "ratio", f"ours, 1 of {METHODS}", "ratio", "largest diff.")
    print(f"{'CPU s, one thread, 60 s, 4 sources':36s}" + "".join(f"{column:>14s}" for column in columns))
    for case in CASES:
        with threadpool_limits(limits=1):
            m = measure(case)
        figures = f"{m.museval:14.2f}{m.alone:14.3f}{m.museval / m.alone:14.1f}{m.shared:14.3f}"
        print(f"{case.name:36s}{figures}{m.museval / m.shared:14.1f}{m.difference:11.0e} dB", flush=True)
        found.append(Ratio(f"BSSEval v4, 4 sources, 60 s, {case.name}", m.alone, m.museval, "museval 0.4.1"))
        found.append(Ratio(f"the same, a method of {METHODS}, {case.name}", m.shared, m.museval, "museval 0.4.1"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 if sys.platform == "darwin" else 1024)
    print(f"peak memory of the process, museval included: {peak:.0f} MiB")
    return found


if __name__ == "__main__":
    main()
