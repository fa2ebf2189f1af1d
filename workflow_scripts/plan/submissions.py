"""What others submit to a comparison: a folder with `submission.yaml` and estimates, or scores.

<folder>/submission.yaml                          who made it, with what: the keys of `Submission`
<folder>/estimates/<track>/<source>.wav or .flac  or
<folder>/scores.csv

Imported by the Snakefile, so nothing heavy is imported here.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from workflow_scripts.lib.core.code_graph import ROOT
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.names import of_the_system
from workflow_scripts.lib.core.settings import checked, settings
from workflow_scripts.plan import key_types
from workflow_scripts.plan.key_types import FOLDER, Named, Shown
from workflow_scripts.plan.keys import key
from workflow_scripts.plan.yaml_files import read_yaml

ABOUT = "submission.yaml"
ESTIMATES, SCORES = "estimates", "scores.csv"


@settings
class Submission:
    """What `submission.yaml` says."""

    label: Annotated[Shown, key("Name of the row in tables and figures.")]
    authors: Annotated[Shown, key("Who made the estimates or scores.")] = ""
    citation: Annotated[Shown, key("What to cite.")] = ""
    url: Annotated[key_types.Path, key("Address of the tool, or of the publication.")] = ""
    tool: Annotated[Shown, key("Name of the tool that made it.")] = ""
    version: Annotated[Shown, key("Version of the tool, in quotes.")] = ""
    dataset: Annotated[
        Named | None, key("Data set that it was made for, and without which it is refused; null for any.")
    ] = None
    training_data: Annotated[Shown, key("What the tool was trained on.")] = ""
    licence: Annotated[Shown, key("Licence of the estimates or scores.")] = ""
    remark: Annotated[Shown, key("What else stands beneath the tables.")] = ""
    estimates: Annotated[
        key_types.Path | None, key("Folder of the estimates, from the submission's own on; null for its `estimates`.")
    ] = None
    scores: Annotated[
        key_types.Path | None, key("Table of scores, from the submission's folder on; null for its `scores.csv`.")
    ] = None

    @property
    def shown(self) -> str:
        """Name of the row, which says where its scores were not computed here."""
        return f"{self.label} (scores as given)" if self.scores else self.label

    @property
    def note(self) -> str:
        """A sentence for figures: that others made it, and whether it was scored here."""
        how = "given by others, not computed here" if self.scores else "estimates of others, scored here"
        return f"{_plain(self.shown)}: {how}."

    @property
    def credits(self) -> str:
        """The sentences for tables: all that is known of it."""
        by = {
            "by": self.authors, "made with": " ".join(filter(None, [self.tool, self.version])),
            "for": self.dataset or "", "trained on": self.training_data,
            "licence": self.licence, "see": self.citation, "at": self.url,
        }  # fmt: skip
        told = "; ".join([*(f"{word} {_plain(value)}" for word, value in by.items() if value), "cost not known"])
        doubt = "Whether their definitions are those of the other rows cannot be checked." if self.scores else ""
        more = f"{_plain(self.remark)}." if self.remark else ""
        return " ".join(filter(None, [f"{_plain(self.note)} ({told}).", doubt, more]))


def _plain(text: str) -> str:
    """A text of one line, without a full stop."""
    return " ".join(text.split()).rstrip(".")


def find_submissions(named: Mapping[str, str], methods: Collection[str]) -> dict[str, Path]:
    """The folder of each submission, those in config/submissions/ and those that the configuration names.

    methods: names that are taken. Raises UserError where a submission has one of them, or one that cannot be used.
    """
    own = (path for path in (ROOT / "config/submissions").glob("*/") if path.is_dir() and not of_the_system(path.name))
    found = {path.name: path for path in sorted(own)}
    found |= {name: Path(path).expanduser().absolute() for name, path in named.items()}
    for name, folder in found.items():
        if not re.fullmatch(FOLDER, name):
            raise UserError(f"{folder}: cannot be a submission's; name it with letters, digits, '_' and '-' alone.")
        if name in methods:
            raise UserError(f"{folder}: the submission {name!r} is called as a method is; give it another name.")
    return found


def read_submission(folder: Path) -> Submission:
    """What a folder submits, the paths of its files from here on.

    Raises UserError where there is no such folder, `submission.yaml` is wrong, or there are not either estimates or
    scores.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such folder; it should hold {ABOUT} and {ESTIMATES} or {SCORES}.")
    file = folder / ABOUT
    if not file.is_file():
        raise UserError(f"{folder}: has no {ABOUT}; write one that says at least `label: NAME`.")
    given: dict[str, Any] = read_yaml(file) or {}
    said = checked(Submission, given, str(file))
    places = {"estimates": said.estimates or ESTIMATES, "scores": said.scores or SCORES}
    paths = {name: folder / Path(place).expanduser() for name, place in places.items()}
    for name, path in paths.items():
        if getattr(said, name) and not path.exists():
            raise UserError(f"{file}: {name} is {getattr(said, name)!r}, where there is nothing; correct the path.")
    there = {name: _from_here(path) for name, path in paths.items() if path.exists()}
    if len(there) != 1:
        raise UserError(
            f"{folder}: has {'both estimates and scores' if there else 'neither estimates nor scores'}; give either "
            f"{ESTIMATES}/<track>/<source>.wav or {SCORES}."
        )
    return replace(said, estimates=there.get("estimates"), scores=there.get("scores"))


def _from_here(path: Path) -> str:
    """The path from the folder of the run on where it is inside, so that a moved project redoes nothing."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
