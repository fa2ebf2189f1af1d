"""How many small faults in the code the tests find:  python -m tests.mutation [--count 40] [--seed 0] [package ...]

Of every package a sample of its faults (`operators`) is put, one at a time, into a copy of the project. Its tests that
call the function with the fault run until one fails, the quickest first; all where the fault lies in no function. Each
fault has a process of its own, forked from one that has imported the libraries, so that most cost a few seconds. The
exit code is 1 where fewer than 95 % are found.
"""

import argparse
import compileall
import importlib
import multiprocessing
import os
import py_compile
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tests.mutation.operators import Mutant, mutants
from workflow_scripts.lib.core.code_graph import ROOT

TESTS = {
    "lib/losses": (
        "lib/test_adversarial_loss", "lib/test_spectral_loss", "methods/test_adaptation", "methods/test_adversarial",
    ),
    "lib/metrics": (
        "lib/test_metrics", "lib/test_metric_directions", "lib/test_bsseval", "lib/test_before_after", "lib/test_f0",
    ),
    "lib/training": (
        "lib/test_training", "lib/test_unpaired", "lib/test_settings", "methods/test_unpadded_unet",
        "methods/test_adversarial", "methods/test_adaptation", "methods/test_parametric", "methods/test_unet",
    ),
    "plan": ("plan",),
    "lib/datasets": (
        "lib/test_datasets", "lib/test_layouts", "lib/test_marks", "lib/test_excerpts", "lib/test_unpaired",
        "lib/test_muting", "lib/test_origin", "lib/test_fetched", "lib/test_published_split",
        "lib/test_embedded_chorales", "lib/test_embedded_songs", "lib/test_embedded_levels", "lib/test_registries",
        "lib/test_paper_data", "lib/test_derived", "lib/test_register", "lib/test_submitted",
        "methods/test_unpadded_unet",
    ),
}  # fmt: skip
LIBRARIES = ("torch", "torchaudio", "accelerate", "pandas", "scipy.signal", "scipy.stats", "soundfile", "hypothesis")
ENOUGH = 0.95
NOT_COPIED = shutil.ignore_patterns("results", "__pycache__", ".*")
FORK = multiprocessing.get_context("fork")


class Recorder:
    """Which tests call which function below a folder, by file and name, and how long each test takes."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.seconds = f"{folder}{os.sep}", dict[str, float]()
        self.calls: dict[tuple[str, str], set[str]] = defaultdict(set)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        def note(frame: FrameType, event: str, argument: Any) -> None:
            code = frame.f_code
            if code.co_filename.startswith(self.folder):
                self.calls[code.co_filename, code.co_qualname.split(".<locals>")[0]].add(item.nodeid)

        for module in [each for name, each in sys.modules.items() if name.startswith("workflow_scripts.")]:
            for value in vars(module).values():
                getattr(value, "cache_clear", int)()  # what is kept is not called again
        began = time.monotonic()
        sys.settrace(note)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            self.seconds[item.nodeid] = time.monotonic() - began

    def tests_of(self, file: Path, function: str) -> list[str]:
        """The tests that call a function, or all where none is seen to (it runs on import), the quickest first."""
        return sorted(self.calls.get((str(file), function)) or self.seconds, key=self.seconds.__getitem__)


class FirstFailure:
    """Name of the first test that failed."""

    found = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.found:
            self.found = report.nodeid


def in_a_fork(work: Callable[[], Any], seconds: float) -> Any:
    """What `work` returns in a process of its own; None where it takes more than so many seconds, or dies."""
    ours, theirs = FORK.Pipe(duplex=False)
    process = FORK.Process(target=_answer, args=(work, theirs))
    process.start()
    theirs.close()
    try:
        return ours.recv() if ours.poll(seconds) else None
    except EOFError:
        return None
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.join()


def _answer(work: Callable[[], Any], to: Connection) -> None:
    os.setsid()  # what it starts ends with it
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    to.send(work())
    time.sleep(60)  # until it is ended with its group


def run_tests(copy: Path, tests: list[str], plugin: object) -> int:
    """Exit code of pytest on the copy of the project. In a process of its own, for it forgets the project itself."""
    for name in [each for each in sys.modules if each.split(".")[0] in ("tests", "workflow_scripts")]:
        del sys.modules[name]
    os.chdir(copy)
    sys.path[:] = [str(copy), *(each for each in sys.path if each not in ("", str(ROOT)))]
    os.environ["PYTHONPATH"] = str(copy)
    return int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests], [plugin]))


def record(copy: Path, package: str, tests: list[str]) -> Recorder:
    def work() -> tuple[int, dict, dict]:
        recorder = Recorder(copy / "workflow_scripts" / package)
        return run_tests(copy, tests, recorder), dict(recorder.calls), recorder.seconds

    code, calls, seconds = in_a_fork(work, 1800) or (None, {}, {})
    if code != pytest.ExitCode.OK:
        raise SystemExit(f"The tests of {package} fail without a fault (exit code {code}).")
    recorder = Recorder(copy)
    recorder.calls, recorder.seconds = calls, seconds
    return recorder


def killer(copy: Path, file: Path, mutant: Mutant, recorder: Recorder, tests: list[str]) -> str:
    """The test that finds a fault, or how else it shows itself; empty where it does not."""

    def work(chosen: list[str]) -> Callable[[], tuple[int, str]]:
        def run() -> tuple[int, str]:
            failure = FirstFailure()
            return run_tests(copy, chosen, failure), failure.found

        return run

    text, limit = file.read_text(encoding="utf-8"), 60 + 6 * sum(recorder.seconds.values())
    file.write_text(mutant.text, encoding="utf-8")
    try:
        code, found = in_a_fork(work(recorder.tests_of(file, mutant.function)), limit) or (-1, "no answer")
        if code == pytest.ExitCode.USAGE_ERROR:  # a test has another name now
            code, found = in_a_fork(work(tests), limit) or (-1, "no answer")
    finally:
        file.write_text(text, encoding="utf-8")
    return "" if code == pytest.ExitCode.OK else found or f"pytest's exit code {code}"


def survivors(copy: Path, package: str, count: int, seed: int) -> float:
    """Print the faults of a sample and who found them; the share that was found."""
    tests = [f"tests/{each}" + ("" if each == "plan" else ".py") for each in TESTS[package]]
    recorder = record(copy, package, tests)
    files = sorted((copy / "workflow_scripts" / package).rglob("*.py"))
    every = [(file, mutant) for file in files for mutant in mutants(file.read_text(encoding="utf-8"))]
    sample = random.Random(f"{seed} {package}").sample(every, min(count, len(every)))
    found = 0
    for file, mutant in sample:
        by = killer(copy, file, mutant, recorder, tests)
        found += bool(by)
        where = f"{file.relative_to(copy / 'workflow_scripts')}:{mutant.line}"
        print(f"{'found   ' if by else 'SURVIVED'} {where}  {mutant.what}" + (f"  [{by}]" if by else ""), flush=True)
    print(f"{package}: {found} of {len(sample)} found, {len(every)} possible, {sum(recorder.seconds.values()):.0f} s")
    return found / len(sample)


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    options.add_argument("packages", nargs="*", default=[*TESTS], choices=[*TESTS], metavar="package")
    options.add_argument("--count", type=int, default=40, help="faults a package")
    options.add_argument("--seed", type=int, default=0, help="of the sample")
    chosen = options.parse_args()
    for library in LIBRARIES:
        importlib.import_module(library)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "project")
        shutil.copytree(ROOT, copy, ignore=NOT_COPIED)
        # By content: a file that is changed twice in a second is compiled anew.
        compileall.compile_dir(
            copy / "workflow_scripts", quiet=1, invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH
        )
        shares = [survivors(copy, package, chosen.count, chosen.seed) for package in chosen.packages]
    sys.exit(min(shares) < ENOUGH)


if __name__ == "__main__":
    main()
