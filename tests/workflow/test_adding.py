"""README's own examples: a method, an F0 source, a metric and a kind of data set, added as README says, in one run."""

import re
import subprocess

import numpy as np
import pandas as pd
import pytest
import soundfile

from tests.workflow.conftest import Project
from workflow_scripts.lib.core.code_graph import ROOT


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    """A project with the files of README's section, and recordings."""
    project = Project(tmp_path_factory.mktemp("adding") / "project")
    project.added = []
    for text in re.findall(r"```(?:python|yaml)\n(# \S+\n.*?)```", section("Adding your own"), re.DOTALL):
        name = text.split("\n", 1)[0].removeprefix("# ")
        path = project.folder / name
        assert not path.exists()
        path.write_text(text)
        project.added.append(name)
    times = np.arange(2 * 8000) / 8000
    for track in ("first", "second"):
        for stem, hz in (("high", 660.0), ("low", 220.0)):
            path = project.folder / "recordings" / f"{track}_{stem}.wav"
            path.parent.mkdir(exist_ok=True)
            soundfile.write(path, 0.3 * np.sin(2 * np.pi * hz * times), 8000)
    return project


def section(title: str) -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.split(r"\n##+ ", text.split(f"# {title}\n", 1)[1], maxsplit=1)[0]


def test_each_addition_is_its_own_files_and_edits_none(project):
    found = sorted(name for name in project.added if name != "adding.yaml")
    assert found == [
        "config/f0/constant.yaml",
        "config/methods/equal_share.yaml",
        "workflow_scripts/lib/audio/f0_sources/constant.py",
        "workflow_scripts/lib/datasets/kinds/flat.py",
        "workflow_scripts/lib/methods/equal_share.py",
        "workflow_scripts/lib/metrics/correlation.py",
    ]


def test_what_was_added_stands_in_the_tables_beside_the_rest(project):
    done = project.run("--", "results/compare/mine.json", config=project.folder / "adding.yaml")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    scores = pd.read_parquet(project.folder / "results/score/mine/1-of-1/scores.parquet")
    means = scores[scores["metric"] == "correlation"].groupby(["method", "f0"])["value"].mean()
    assert set(means.index) == {
        ("mixture", "no-f0"), ("equal_share", "no-f0"), ("irm", "no-f0"), ("nmf1", "constant"), ("nmf1", "stems"),
    }  # fmt: skip
    assert means["mixture", "no-f0"] == pytest.approx(np.sqrt(0.5), abs=1e-3)  # two tones of one level
    assert means["equal_share", "no-f0"] == pytest.approx(means["mixture", "no-f0"])
    assert means["nmf1", "stems"] > means["mixture", "no-f0"]
    assert "Equal share" in (project.folder / "results/compare/mine/table.md").read_text()


def test_a_wrong_setting_of_what_was_added_is_refused_before_any_job(project):
    config = project.folder / "adding.yaml"
    wrong = config.with_name("wrong.yaml")
    wrong.write_text(config.read_text() + "methods: {equal_share: {settings: {gain: -1}}}\n")
    done = project.run("--dry-run", "--", "results/compare/mine.json", config=wrong)
    assert done.returncode != 0
    assert "methods.equal_share.settings: the key 'gain' is -1; allowed is a number, over 0." in done.stderr
    assert "Traceback" not in done.stderr


def test_what_was_added_fits_the_linter(project):
    files = [name for name in project.added if name.endswith(".py")]
    assert files
    done = subprocess.run(["ruff", "check", *files], cwd=project.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
