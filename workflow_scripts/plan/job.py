"""A job is a value: one frozen class a rule, which knows its folder, its inputs as other jobs, what it computes with.

The fingerprint of a job is made once for all kinds, of its code, its options, the user's files that it reads and the
fingerprints of its inputs. A job is given nothing else, so nothing else can change its result.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, TypeVar

from workflow_scripts.lib.core.fingerprint import code_hash, hash_of
from workflow_scripts.plan.configuration import Configuration
from workflow_scripts.plan.keys import Resources

Kind = TypeVar("Kind", bound="Job")
Option = str | int | tuple[str, ...]  # a mapping goes as JSON


class Made(NamedTuple):
    """A file that a job makes."""

    job: "Job"
    path: str


Input = Made | tuple[Made, ...] | str  # a text is the path of a file of the user's


@dataclass(frozen=True)
class Job:
    """configuration: what it is a job of; two jobs of one configuration are equal where their other fields are.

    rule: name of its rule, of its folder of results and of the script.  stage: folder of the script.
    """

    configuration: Configuration = field(repr=False, compare=False)

    rule: ClassVar[str]
    stage: ClassVar[str]

    @property
    def folder(self) -> str:
        """Where its results lie: the wildcards of its rule, in their order."""
        raise NotImplementedError

    @property
    def inputs(self) -> Mapping[str, Input]:
        """What it reads, by the name of the script's option."""
        return {}

    @property
    def options(self) -> Mapping[str, Option]:
        """What it computes with, by the name of the script's option."""
        return {}

    @property
    def chosen(self) -> tuple[str, ...]:
        """The entries of registries that it uses (`module`), or what it takes of them (`module:name`)."""
        return ()

    @property
    def contents(self) -> tuple[str, ...]:
        """Hashes of the files of the user's that it reads."""
        return ()

    @property
    def resources(self) -> Resources:
        return Resources()

    # The same for all kinds

    @property
    def manifest(self) -> Made:
        """The list of what its folder holds, which other jobs take as input."""
        return Made(self, f"{self.folder}.json")

    @property
    def fingerprint(self) -> str:
        known = self.configuration.fingerprints
        if self not in known:
            code = code_hash(f"workflow_scripts.{self.stage}.{self.rule}", *self.chosen)
            given = text({name: each.job.fingerprint for name, each in self.flat_inputs()})
            known[self] = hash_of(code, text(self.options), given, *self.contents)
        return known[self]

    def flat_inputs(self) -> Iterator[tuple[str, Made]]:
        """Each file that another job makes for it, with a name of its own."""
        for name, given in self.inputs.items():
            for number, made in enumerate((given,) if isinstance(given, Made) else given):
                if isinstance(made, Made):
                    yield f"{name} {number}", made

    def behind(self, kind: type[Kind]) -> list[Kind]:
        """The jobs of a kind that its result rests on, itself included, each once, the nearest first."""
        found: dict[Job, None] = {self: None}
        for job in (waiting := [self]):
            for _, made in job.flat_inputs():
                if made.job not in found:
                    found[made.job] = None
                    waiting.append(made.job)
        return [job for job in found if isinstance(job, kind)]


def text(value: Any) -> str:
    """A value as JSON that does not depend on the order of keys."""
    return json.dumps(value, sort_keys=True)
