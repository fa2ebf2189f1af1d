"""What a submission may not be, as far as it is known before any job: each mistake is a UserError of one sentence.

Imported by the Snakefile, so nothing heavy is imported here; what reads the files is imported where there are some.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.plan.configuration import Configuration
from workflow_scripts.plan.data_jobs import Prepare
from workflow_scripts.plan.keys import Comparison
from workflow_scripts.plan.recordings import look_at
from workflow_scripts.plan.rows import metric_homes
from workflow_scripts.plan.submission_jobs import levels_of
from workflow_scripts.plan.submissions import ABOUT, Submission

if TYPE_CHECKING:
    from workflow_scripts.lib.datasets.submitted import Expected


def check_submission(configuration: Configuration, where: str, name: str, entry: Comparison) -> None:
    """Raises UserError where a submission does not fit a comparison, by what its `submission.yaml` says.

    where: the key of the comparison.
    """
    submission, file = configuration.submission(name), configuration.submissions[name] / ABOUT
    for other in entry.methods:
        if other != name and configuration.method(other).label == submission.shown:
            raise UserError(
                f"{file}: the row would be called {submission.shown!r}, as that of {other!r} in {where}; take another "
                "label."
            )
    if submission.dataset not in (None, *(datasets := configuration.libraries["datasets"])):
        raise UserError(f"{file}: dataset is {submission.dataset!r}; {nearest(str(submission.dataset), datasets)}")
    if submission.dataset not in (None, entry.dataset):
        raise UserError(
            f"{file}: was made for the data set {submission.dataset!r}, but {where} is of {entry.dataset!r}; take it "
            "out of the comparison's methods."
        )
    if all(each in configuration.submissions and configuration.submission(each).scores for each in entry.methods):
        raise UserError(
            f"config: {where} has nothing but scores of others; add a method to compare them with, such as 'mixture'."
        )


def check_submitted_files(configuration: Configuration) -> None:
    """Raises UserError where the files of a submission do not fit the comparisons to be run."""
    for name, entry in configuration.run.items():
        for method in entry.methods:
            if method in configuration.submissions:
                look_at_files(configuration, f"comparisons.{name}", method, entry)


def look_at_files(configuration: Configuration, where: str, name: str, entry: Comparison) -> list[str] | None:
    """What is passed over of a submission; None where only a job can tell, since the tracks are not known.

    Raises UserError where its files do not fit a comparison. where: the key of the comparison.
    """
    submission, expected = configuration.submission(name), expected_tracks(configuration, entry)
    if submission.scores:
        return _look_at_scores(where, Path(submission.scores), entry, expected)
    return _look_at_estimates(submission, entry, expected)


def expected_tracks(configuration: Configuration, entry: Comparison) -> "list[Expected] | None":
    """The tracks of a comparison, from the headers of the user's own recordings, or from what is prepared as this
    configuration says; None where neither is there."""
    from workflow_scripts.lib.datasets.form import common_length
    from workflow_scripts.lib.datasets.submitted import Expected
    from workflow_scripts.lib.datasets.table import read_tracks

    if looked := look_at(configuration, entry.dataset):
        form, pairs = looked.form, zip(looked.tracks, looked.headers, strict=True)
        return [
            Expected(track.track, common_length(headers, form), form.rate, form.channels)
            for track, headers in pairs
            if track.split == entry.split
        ]
    prepared = Prepare(configuration, entry.dataset)
    facts = Path(prepared.folder, "provenance.json")
    if not facts.is_file() or json.loads(facts.read_text(encoding="utf-8"))["code"] != prepared.fingerprint:
        return None
    return [Expected.of(track) for track in read_tracks(Path(prepared.folder), entry.split)]


def _look_at_estimates(
    submission: Submission, entry: Comparison, expected: "list[Expected] | None"
) -> list[str] | None:
    from workflow_scripts.lib.datasets.submitted import check_form, find_estimates, passed_over

    if expected is None:
        return None
    root = Path(submission.estimates or "")
    files = find_estimates(root, entry.split, [each.track for each in expected], entry.sources)
    for each in expected:
        check_form(files[each.track], each)
    return passed_over(root, files)


def _look_at_scores(where: str, table: Path, entry: Comparison, expected: "list[Expected] | None") -> list[str] | None:
    from workflow_scripts.lib.statistics.given_scores import metrics_in, read_given_scores, select_scores

    given = metrics_in(table)
    for metric in given:
        if metric not in metric_homes():
            raise UserError(f"{table}: has the unknown metric {metric!r}; {nearest(metric, metric_homes())}")
    if not set(given) & set(entry.metrics):
        raise UserError(
            f"{table}: has none of the metrics of {where} ({', '.join(entry.metrics)}), only "
            f"{', '.join(given) or 'no scores'}; add one of them to the table, or to the comparison's metrics."
        )
    scores = read_given_scores(table, levels_of(entry.metrics), entry.scoring.hop)
    if expected is None:
        return None
    used = select_scores(table, scores, [each.track for each in expected], entry.sources)
    kept = {score[:2] for score in used}
    others = dict.fromkeys(f"{score.track}/{score.source}" for score in scores if score[:2] not in kept)
    return [*others, *(metric for metric in given if metric not in entry.metrics)]
