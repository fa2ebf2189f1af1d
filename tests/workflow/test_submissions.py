"""README's own example of a submission: estimates by a tool that is not ours, against museval's own numbers."""

import re
import subprocess
import sys

import museval
import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml

from tests.workflow.conftest import TINY, Project
from tests.workflow.test_adding import section
from workflow_scripts.plan.yaml_files import merge, read_yaml

SOURCES = ("vocals", "accompaniment")
COMPARED = ("--", "results/compare/beside.json")
ROW = {"Band pass, 200 to 1000 Hz": "band_pass", "The same (scores as given)": "as_given"}


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    """A project in which README's example was followed, a submission of museval's scores beside it."""
    project = Project(tmp_path_factory.mktemp("submissions") / "project")
    text = section("Your numbers beside ours")
    assert "snakemake --cores all results/mixtures/songs_4k.json" in text
    done = project.run("--", "results/mixtures/songs_4k.json")
    assert done.returncode == 0, done.stderr[-6000:]
    for content in re.findall(r"```(?:python|yaml)\n(# \S+\n.*?)```", text, re.DOTALL):
        path = project.folder / content.split("\n", 1)[0].removeprefix("# ")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    subprocess.run([sys.executable, "band_pass.py"], cwd=project.folder, check=True)
    (project.folder / "given").mkdir()
    (project.folder / "given/submission.yaml").write_text("label: The same\n")
    scores = museval_scores(project)
    assert len(scores) == 2 * 2 * 5 and scores["value"].notna().sum() > 8
    scores.to_csv(project.folder / "given/scores.csv", index=False)
    config = merge(read_yaml(TINY), read_yaml(project.folder / "beside.yaml")) | {"submissions": {"as_given": "given"}}
    config["comparisons"]["beside"]["methods"].insert(3, "as_given")
    project.config = project.folder / "both.yaml"
    project.config.write_text(yaml.safe_dump(config))
    done = project.run(*COMPARED, config=project.config)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return project


def museval_scores(project: Project) -> pd.DataFrame:
    """SDR of README's estimates by museval itself."""
    rows = []
    for folder in sorted((project.folder / "config/submissions/band_pass/estimates").iterdir()):
        prepared = project.folder / "results/prepare/songs_4k/test" / folder.name
        stems = {path.stem: soundfile.read(path, always_2d=True) for path in sorted(prepared.glob("*.wav"))}
        rate = stems["vocals"][1]
        rest = sum(samples for name, (samples, _) in stems.items() if name not in ("mixture", "vocals"))
        references = np.stack([stems["vocals"][0], rest])
        estimates = np.stack([soundfile.read(folder / f"{name}.wav", always_2d=True)[0] for name in SOURCES])
        sdr, *_ = museval.evaluate(references, estimates, win=rate, hop=rate)
        for source, values in zip(SOURCES, sdr, strict=True):
            rows += [(folder.name, source, "SDR", value, float(second)) for second, value in enumerate(values)]
    return pd.DataFrame(rows, columns=["track", "source", "metric", "value", "seconds"])


def test_estimates_of_another_tool_get_exactly_the_scores_that_museval_gives_them(project):
    scores = pd.read_parquet(project.folder / "results/score/beside/1-of-1/scores.parquet")
    own = scores[(scores["method"] == "band_pass") & (scores["metric"] == "SDR")]
    theirs = museval_scores(project)
    joined = own.merge(theirs, left_on=["track", "source", "frame"], right_on=["track", "source", "seconds"])
    assert len(joined) == len(own) == len(theirs)
    np.testing.assert_allclose(joined["value_x"], joined["value_y"], atol=1e-9, rtol=0)
    assert set(scores["method"]) == {"mixture", "hpss", "band_pass", "irm"}


def test_scores_of_the_same_estimates_give_the_same_values_in_the_tables(project):
    table = pd.read_csv(project.folder / "results/compare/beside/table.csv")
    values = ["source", "aggregation", "value", "low", "high", "tracks", "tracks_left_out", "scored", "left_out"]
    own, given = (
        table[(table["method"] == label) & (table["metric"] == "SDR")][values].reset_index(drop=True) for label in ROW
    )
    assert len(own) == 6  # two sources and all, median and mean
    pd.testing.assert_frame_equal(own, given, atol=1e-9, rtol=0)
    page = (project.folder / "results/compare/beside/table.md").read_text()
    of_si_sdr = page.split("### SI-SDR")[1]
    assert "The same (scores as given) | not scored" in re.sub(" +", " ", of_si_sdr)
    assert (
        "given by others, not computed here (cost not known). Whether their definitions are those of the other rows"
        in page
    )


def test_a_submission_is_tested_against_the_others_and_its_cost_is_not_known(project):
    contrasts = pd.read_csv(project.folder / "results/compare/beside/contrasts.csv")
    assert set(contrasts["method_a"]) == {"Band pass, 200 to 1000 Hz"} and contrasts["effect"].notna().all()
    page = (project.folder / "results/compare/beside/table.md").read_text()
    costs = page.split("### Costs")[1].split("CPU and wall")[0]
    assert len(re.findall(r"(?m)^\| (?:Band pass|The same).*\| +– \| +– \| +– \|$", costs)) == 2


def test_it_can_be_checked_alone(project):
    command = [sys.executable, "-m", "workflow_scripts.plan.submission", "band_pass", str(TINY), "beside.yaml"]
    done = subprocess.run(command, cwd=project.folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "comparisons.beside: band_pass fits.\n"), done.stderr


def test_a_changed_file_redoes_its_own_row_and_a_shorter_one_is_refused_before_any_job(project):
    file = next((project.folder / "config/submissions/band_pass/estimates").rglob("vocals.wav"))
    samples, rate = soundfile.read(file)
    assert project.planned(*COMPARED, config=project.config) == set()
    soundfile.write(file, samples / 2, rate, subtype="FLOAT")
    assert project.planned(*COMPARED, config=project.config) == {"import_estimates", "score", "compare"}
    soundfile.write(file, samples[:-1], rate, subtype="FLOAT")
    done = project.run("--dry-run", *COMPARED, config=project.config)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f"{len(samples) - 1} samples, but the mixture of {file.parent.name!r} has {len(samples)}" in done.stderr
