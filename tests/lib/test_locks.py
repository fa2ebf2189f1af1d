"""Locks on files: one holder at a time, told by process and host, and none left behind by the dead."""

import fcntl
import multiprocessing
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from workflow_scripts.lib.core.code_graph import ROOT
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.locks import holder, locked


def _hold(path: Path, held) -> None:
    with locked(path):
        held.set()
        multiprocessing.Event().wait(60)


def test_of_two_processes_the_second_is_told_which_one_works_there(tmp_path):
    path, held = tmp_path / "deep/state.lock", multiprocessing.Event()
    process = multiprocessing.Process(target=_hold, args=(path, held))
    process.start()
    assert held.wait(30)
    who = f"process {process.pid} on {socket.gethostname()}"
    assert holder(path) == who
    for _ in range(2):  # to be refused spoils nothing
        with pytest.raises(UserError) as error, locked(path):
            pass
        assert str(error.value) == f"{path}: {who} is at work here already; wait for it, or end it."
    process.kill()
    process.join()
    assert path.exists() and holder(path) is None
    with locked(path):
        assert holder(path) == f"process {os.getpid()} on {socket.gethostname()}"
    assert not path.exists() and holder(path) is None


def test_a_lock_file_that_its_holder_deletes_while_it_is_asked_for_is_not_taken(tmp_path, monkeypatch):
    path, flock, asked = tmp_path / "state.lock", fcntl.flock, []

    def late(file, how):
        asked.append(how)
        if len(asked) == 1:
            path.unlink()
        flock(file, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with locked(path):
        assert len(asked) == 2 and path.exists()
        with pytest.raises(UserError), locked(path):
            pass


def test_a_file_system_without_locks_keeps_nobody_from_working(tmp_path, monkeypatch):
    def missing(file, how):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", missing)
    with locked(tmp_path / "state.lock"):
        assert holder(tmp_path / "state.lock") is None


def test_processes_wait_for_each_other(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    code = (
        "import sys, time; from workflow_scripts.lib.core.locks import one_at_a_time\n"
        "with one_at_a_time('x'):\n    print(time.monotonic()); time.sleep(0.4); print(time.monotonic())"
    )
    command = [sys.executable, "-c", code]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(2)]
    times = sorted([float(word) for word in each.communicate()[0].split()] for each in both)
    (first, first_end), (second, second_end) = times
    assert first < first_end <= second < second_end
