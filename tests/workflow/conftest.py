"""Whole runs of the workflow, each in a copy of the project of its own."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from workflow_scripts.lib.core.code_graph import ROOT

TINY = ROOT / "tests/workflow/tiny.yaml"


class Project:
    """A copy of the project's files, in which snakemake is run as a user would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
        for name in filter(None, names):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)

    def command(self, *options: str) -> list[str]:
        return [sys.executable, "-m", "snakemake", "--cores", "2", *options]

    def run(self, *options: str, config: Path = TINY, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            self.command("--configfile", str(config), *options),
            cwd=self.folder,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )

    def planned(self, *options: str, config: Path = TINY) -> set[str]:
        """Names of the rules that a run would execute now."""
        done = self.run("--dry-run", "--quiet", "rules", *options, config=config)
        assert done.returncode == 0, done.stderr
        return set(re.findall(r"(?m)^(\w+) +\d+$", done.stdout)) - {"total"}


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Project:
    """A project whose tiny run has ended well. Tests that change it copy it first."""
    project = Project(tmp_path_factory.mktemp("finished"))
    done = project.run(PYTHONDONTWRITEBYTECODE="1")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    (project.folder / "printed.txt").write_text(done.stdout)
    (project.folder / "told.txt").write_text(done.stderr)
    return project


@pytest.fixture
def own(finished, tmp_path) -> Project:
    """A copy of the finished project, results included, that a test may change."""
    shutil.copytree(finished.folder, tmp_path / "own", symlinks=True)
    project = object.__new__(Project)
    project.folder = tmp_path / "own"
    return project
