"""Named targets of a configuration, such as a table or figure of a paper: what each makes, and nothing else.

Imported by the Snakefile, in every cluster job too, so nothing heavy is imported here.
"""

import re
from collections.abc import Iterable, Iterator

from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.plan.configuration import Configuration, known
from workflow_scripts.plan.costs import every_kind
from workflow_scripts.plan.figure_jobs import FIGURES
from workflow_scripts.plan.result_jobs import Compare, OfComparison, ScoreF0

KINDS: dict[str, type[OfComparison]] = {kind.rule: kind for kind in (Compare, ScoreF0, *FIGURES)}


def files_of(configuration: Configuration, target: str) -> list[str]:
    """What a target makes; where `run` lacks a comparison of it, a sentence that Snakemake then does not find."""
    found: list[str] = []
    for part in configuration.keys.targets[target]:
        name, _, kind = part.partition("/")
        if name not in configuration.run:
            return [f"{target} needs the comparison {name}, which `run` has not: add --config 'run=[{name}]'"]
        found += [path for job in _jobs(configuration, name, kind) for path in _paths(job)]
    return list(dict.fromkeys(found))


def refuse_unknown(configuration: Configuration, words: Iterable[str]) -> None:
    """Raises UserError for a word of the command line that is like a target of a paper, and none that there is."""
    for word in words:
        if re.fullmatch(r"paper_\w+", word) and word not in configuration.keys.targets:
            raise UserError(
                f"There is no target {word!r} in this configuration; name the file in config/papers that has it with "
                f"--configfile; {nearest(word, configuration.keys.targets)}"
            )


def check_targets(configuration: Configuration) -> None:
    """Raises UserError for a target with a wrong name, of no comparison, or of what a comparison does not have."""
    keys = configuration.keys
    for target, parts in keys.targets.items():
        where = f"targets.{target}"
        if target in {"all", "separate_song", *every_kind()} or not target.isidentifier():
            raise UserError(
                f"config: {where} has a name that a rule has or none can have; take letters, digits and '_', as in "
                "paper_one_shot_results."
            )
        for part in parts:
            name, _, kind = part.partition("/")
            known(name, keys.comparisons, where)
            if kind and kind not in KINDS:
                raise UserError(f"config: {where} names {part!r}; {nearest(kind, KINDS)}")
            if kind and name in configuration.run and not list(_jobs(configuration, name, kind)):
                raise UserError(f"config: {where} names {part!r}, but the comparison {name!r} has nothing for it.")


def _jobs(configuration: Configuration, comparison: str, kind: str) -> Iterator[OfComparison]:
    """The tables and figures of a comparison, or those of one kind."""
    for each in [KINDS[kind]] if kind else KINDS.values():
        job = each(configuration, comparison)
        if job.is_made:
            yield job


def _paths(job: OfComparison) -> list[str]:
    return [job.page.path] if isinstance(job, ScoreF0) else [job.manifest.path]
