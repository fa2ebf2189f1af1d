"""The published claims and what of a configuration stands beside them.

`config/claims/<paper>.csv` holds the claims, `config/claims/rows/<paper>.csv` our rows beside them, and
`config/claims/papers.yaml` what the papers are called. Imported by the Snakefile, so nothing heavy is imported here.
"""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

from workflow_scripts.lib.core.code_graph import ROOT
from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.core.names import NO_F0
from workflow_scripts.lib.statistics.claim_rows import VALUE, Beside, Claim, read_besides, read_claims
from workflow_scripts.plan.configuration import Configuration
from workflow_scripts.plan.keys import Comparison, Degrade
from workflow_scripts.plan.yaml_files import read_yaml

FOLDER = ROOT / "config/claims"
PREFIX = "claim_"  # of the targets, and of the comparisons of one claim's rows alone


class Paper(NamedTuple):
    """title: what it is called.  claims: by id.  besides: our rows.  files: of both."""

    title: str
    claims: dict[str, Claim]
    besides: list[Beside]
    files: tuple[Path, Path]


@cache
def papers(folder: Path = FOLDER) -> dict[str, Paper]:
    """Those of which there are claims, by the names of their files. Raises UserError where a file is wrong."""
    titles = read_yaml(folder / "papers.yaml")
    return {name: _paper(folder, name, title) for name, title in titles.items()}


def _paper(folder: Path, name: str, title: str) -> Paper:
    files = folder / f"{name}.csv", folder / "rows" / f"{name}.csv"
    claims = {claim.id: claim for claim in read_claims(files[0])}
    return Paper(title, claims, read_besides(files[1], claims), files)


def paper_of(claim: str) -> str:
    """The paper that a claim is of. Raises UserError with the nearest id where there is no such claim."""
    for name, paper in papers().items():
        if claim in paper.claims:
            return name
    known = [each for paper in papers().values() for each in paper.claims]
    raise UserError(f"There is no claim {claim!r} in config/claims; {nearest(claim, known)}")


def is_synthesised(configuration: Configuration, dataset: str) -> bool:
    """Whether a data set is made and not recorded, so that no published value is judged on it."""
    entry = configuration.dataset(dataset)
    return entry.synthesised or entry.kind == "embedded"


def judged_in_run(configuration: Configuration, paper: str) -> list[Beside]:
    """Our rows beside claims of a paper that the run has, in a comparison that the claim can be judged on."""
    found = papers()[paper]
    return [
        beside
        for beside in found.besides
        if beside.comparison in configuration.run
        and _has_rows(configuration, configuration.run[beside.comparison], beside)
        and _may_judge(configuration, found.claims[beside.id], configuration.run[beside.comparison])
    ]


def _has_rows(configuration: Configuration, comparison: Comparison, beside: Beside) -> bool:
    f0 = (*configuration.f0_names(comparison), NO_F0)
    return all(method in comparison.methods and source in f0 for method, source in beside.rows)


def _may_judge(configuration: Configuration, claim: Claim, comparison: Comparison) -> bool:
    return claim.kind != VALUE or not is_synthesised(configuration, comparison.dataset)


def beside_of(configuration: Configuration, claim: str) -> Beside:
    """The rows that one claim is judged by: those of the run, otherwise the first that the configuration defines.

    Raises UserError where the claim is not attempted, or no comparison beside it is defined.
    """
    paper = papers()[paper_of(claim)]
    found, defined = paper.claims[claim], configuration.keys.comparisons
    own = [each for each in paper.besides if each.id == claim]
    there = [each for each in own if each.comparison in defined]
    judged = [each for each in there if _may_judge(configuration, found, defined[each.comparison])]
    if judged:
        return next((each for each in judged if each.comparison in configuration.run), judged[0])
    if found.not_attempted:
        raise UserError(f"The claim {claim} is not attempted: {found.not_attempted}.")
    names = ", ".join(dict.fromkeys(each.comparison for each in there or own))
    raise UserError(
        f"The claim {claim} is of a value, which is not judged on the synthesised data of {names}; give recordings."
        if there
        else f"The claim {claim} is judged on {names}, which the configuration does not define; add that file of "
        "config/papers which does, with --configfile."
    )


def comparison_of(configuration: Configuration, name: str) -> Comparison:
    """A comparison of the run; or, called `claim_<id>`, what that one claim needs of the comparison beside it."""
    if name in configuration.run or not name.startswith(PREFIX):
        return configuration.run[name]
    beside = beside_of(configuration, name.removeprefix(PREFIX))
    whole = configuration.keys.comparisons[beside.comparison]
    return replace(
        whole,
        methods=tuple(dict.fromkeys(method for method, _ in beside.rows)),
        metrics=(beside.metric,),
        f0=tuple(dict.fromkeys(f0 for _, f0 in beside.rows if f0 != NO_F0)),
        degrade=Degrade(),
        marks=(),
        contrasts=(),
        groups=(),
    )
