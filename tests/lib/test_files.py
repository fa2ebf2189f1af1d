"""Files that are whole or absent: what mode they have, and what is said where they cannot be written."""

import errno
import os
import subprocess
from pathlib import Path

import matplotlib.figure
import numpy as np
import pandas as pd
import pytest
import torch

from workflow_scripts import command
from workflow_scripts.lib.audio import io
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.files import atomic, write_json, write_text
from workflow_scripts.lib.figures.style import save_figure
from workflow_scripts.lib.training import checkpoint
from workflow_scripts.lib.weights.model_file import save_model

NOISE = np.random.default_rng(0).uniform(-1, 1, 200_000)


def _parquet(path: Path) -> None:
    with atomic(path) as temporary:
        pd.DataFrame({"x": NOISE}).to_parquet(temporary)


def _figure(path: Path) -> None:
    figure = matplotlib.figure.Figure((9, 9))
    figure.subplots().imshow(NOISE.reshape(400, 500), interpolation="none")
    save_figure(figure, path.with_suffix(""))


WRITERS = {
    "text.txt": lambda path: write_text(path, "x" * 10**6),
    "value.json": lambda path: write_json(path, list(NOISE)),
    "model.safetensors": lambda path: save_model(path, {"x": torch.tensor(NOISE)}, {}),
    "state.pt": lambda path: checkpoint.save(path, "one", {"x": torch.tensor(NOISE)}),
    "sound.wav": lambda path: io.write(path, NOISE[None], 8000),
    "sound.flac": lambda path: io.write(path, NOISE[None], 8000, "PCM_16"),
    "table.parquet": _parquet,
    "figure.png": _figure,
}


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_a_file_has_the_mode_of_any_other_under_the_umask_whoever_writes_it(tmp_path, umask):
    before = os.umask(umask)
    try:
        for name, write in WRITERS.items():
            write(tmp_path / name)
        with atomic(tmp_path / "private.txt") as temporary:  # as some libraries create files
            os.close(os.open(tmp_path / "own", os.O_CREAT | os.O_WRONLY, 0o600))
            (tmp_path / "own").replace(temporary)
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes.keys() >= {*WRITERS, "private.txt"} and set(modes.values()) == {0o666 & ~umask}


@pytest.fixture
def full(tmp_path):
    """A file system without room; skips where this user may not mount one."""
    folder = tmp_path / "full"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=100k", "none", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_is_told_in_one_sentence_and_nothing_half_written_stays(full, name):
    with pytest.raises(UserError, match=rf"^{full}: what is written there does not fit, .* free; make room\.$"):
        WRITERS[name](full / name)
    assert not (full / name).exists() and not list(full.glob(".*"))


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES, errno.EPERM])
def test_a_folder_that_may_not_be_written_to_is_told_in_one_sentence(tmp_path, monkeypatch, code):
    def refuse(self):
        raise OSError(code, os.strerror(code), str(self))

    monkeypatch.setattr(Path, "touch", refuse)
    for name, write in WRITERS.items():
        with pytest.raises(UserError) as error:
            write(tmp_path / name)
        said = f"{tmp_path}: cannot be read or written to ({os.strerror(code)}); allow it, or choose another place."
        assert str(error.value) == said


def test_an_error_of_a_writer_that_is_no_matter_of_the_disk_stays_what_it_is(tmp_path):
    for error in (RuntimeError("of torch"), IsADirectoryError(errno.EISDIR, "is a folder")):
        with pytest.raises(type(error)), atomic(tmp_path / "x.txt"):
            raise error
    assert not list(tmp_path.iterdir())


def test_a_command_that_meets_a_full_disk_outside_of_our_writers_says_so_in_one_sentence(monkeypatch):
    def script() -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "results/x")

    monkeypatch.setattr("sys.argv", ["script"])
    monkeypatch.setattr(command, "end_on_signals", lambda: None)
    with pytest.raises(SystemExit, match=r"^results/x: what is written there does not fit, .* make room\.$"):
        command.run(script)
