"""The job that judges published claims: all of a paper by the comparisons of a run, or one by its two rows alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from workflow_scripts.lib.core.code_graph import ROOT
from workflow_scripts.lib.core.registry import METRICS
from workflow_scripts.lib.statistics.claim_rows import Judged
from workflow_scripts.lib.statistics.rows import to_json
from workflow_scripts.plan import rows
from workflow_scripts.plan.claims import (
    PREFIX,
    Paper,
    beside_of,
    comparison_of,
    is_synthesised,
    judged_in_run,
    paper_of,
    papers,
)
from workflow_scripts.plan.configuration import Configuration
from workflow_scripts.plan.job import Input, Job, Option
from workflow_scripts.plan.result_jobs import Score


@dataclass(frozen=True)
class Judge(Job):
    """The ledger of a paper, or of one claim.  ledger: name of the paper, or `claim_<id>`."""

    ledger: str
    rule, stage = "judge", "judge"

    @property
    def folder(self) -> str:
        return f"results/judge/{self.ledger}"

    @property
    def claim(self) -> str:
        """Id of the one claim that is judged; empty for all of a paper."""
        return self.ledger.removeprefix(PREFIX) if self.ledger.startswith(PREFIX) else ""

    @property
    def paper(self) -> Paper:
        return papers()[paper_of(self.claim) if self.claim else self.ledger]

    @property
    def inputs(self) -> Mapping[str, Input]:
        shards = self.configuration.shards()
        names = [each.scored_as for each in self.compared()]
        return {"scores": tuple(Score(self.configuration, name, shard).manifest for name in names for shard in shards)}

    @property
    def options(self) -> Mapping[str, Option]:
        claims, besides = self.paper.files
        return {
            "claims": str(claims.relative_to(ROOT)),
            "besides": str(besides.relative_to(ROOT)),
            "only": self.claim,
            "rows": beside_of(self.configuration, self.claim).row_names if self.claim else (),
            "title": f"claims of {self.paper.title}",
            "comparisons": to_json(self.compared()),
            "families": self.families,
            "margin-db": str(self.configuration.keys.claims.margin_db),
        }

    @property
    def families(self) -> tuple[str, ...]:
        """The families of the metrics that are judged."""
        compared = (comparison_of(self.configuration, each.scored_as) for each in self.compared())
        return rows.families_of(tuple(dict.fromkeys(metric for each in compared for metric in each.metrics)))

    @property
    def chosen(self) -> tuple[str, ...]:
        return tuple(METRICS.module(family) for family in self.families)

    @property
    def contents(self) -> tuple[str, ...]:
        found = self.paper
        claims = [found.claims[self.claim]] if self.claim else list(found.claims.values())
        ids = {claim.id for claim in claims}
        return (to_json(claims), to_json(each for each in found.besides if each.id in ids))

    @property
    def is_judged(self) -> bool:
        """Whether the run has the rows that any claim can be judged by."""
        return bool(judged_in_run(self.configuration, self.ledger))

    @property
    def summary(self) -> str:
        """Path of the text that is printed where the ledger is what was asked for."""
        return f"{self.folder}/summary.txt"

    def compared(self) -> list[Judged]:
        """The comparisons that claims are judged on."""
        if self.claim:
            return [self._judged(beside_of(self.configuration, self.claim).comparison, self.ledger)]
        named = {each.comparison for each in self.paper.besides}
        return [self._judged(name, name) for name in self.configuration.run if name in named]

    def _judged(self, name: str, scored_as: str) -> Judged:
        dataset = comparison_of(self.configuration, scored_as).dataset
        entry = self.configuration.dataset(dataset)
        synthesised = is_synthesised(self.configuration, dataset)
        return Judged(name, scored_as, entry.label or dataset, synthesised, entry.remark)


def ledgers(configuration: Configuration) -> list[Judge]:
    """The ledger of each paper of which the run can judge any claim."""
    return [each for name in papers() if (each := Judge(configuration, name)).is_judged]
