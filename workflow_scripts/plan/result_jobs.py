"""Jobs that score and compare the rows of a comparison, and those that end a run."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from workflow_scripts.lib.core.registry import METRICS
from workflow_scripts.lib.statistics.rows import Contrast, to_json
from workflow_scripts.plan import rows
from workflow_scripts.plan.claims import comparison_of
from workflow_scripts.plan.configuration import Configuration
from workflow_scripts.plan.data_jobs import EstimateF0, MakeMarks, Prepare
from workflow_scripts.plan.job import Input, Job, Made, Option, text
from workflow_scripts.plan.keys import Comparison, Resources
from workflow_scripts.plan.model_jobs import Separate
from workflow_scripts.plan.own_song import Song


@dataclass(frozen=True)
class OfComparison(Job):
    """A job of one comparison."""

    comparison: str

    @property
    def folder(self) -> str:
        return f"results/{self.rule}/{self.comparison}"

    @property
    def entry(self) -> Comparison:
        return comparison_of(self.configuration, self.comparison)

    @property
    def families(self) -> tuple[str, ...]:
        """The families of the metrics that it uses."""
        return rows.families_of(self.entry.metrics)

    @property
    def is_made(self) -> bool:
        """Whether the comparison has what it shows."""
        return True

    @property
    def scores(self) -> tuple[Made, ...]:
        """The scores of all shards: those computed here, and those that others gave."""
        own = [Score(self.configuration, self.comparison, each) for each in self.configuration.shards()]
        return tuple(job.manifest for job in (*own, *rows.given_scores(self.configuration, self.comparison)))

    @property
    def adapted(self) -> tuple[Made, ...]:
        """The adapted models of the rows that have some, those of one shard together."""
        return rows.adaptations(self.configuration, self.comparison)

    @property
    def told(self) -> dict[str, Option]:
        """What every table and figure is told: the rows, and what stands beneath."""
        of = self.configuration, self.comparison
        return {"rows": rows.labels(rows.rows_of(*of)), "remark": rows.remark(*of)}


@dataclass(frozen=True)
class Score(OfComparison):
    """Scores of one shard of tracks, for all rows of which there are estimates."""

    shard: str
    rule, stage = "score", "score"

    @property
    def folder(self) -> str:
        return f"results/score/{self.comparison}/{self.shard}"

    @property
    def inputs(self) -> Mapping[str, Input]:
        separations = rows.estimated_rows(self.configuration, self.comparison, self.shard)
        data = Prepare(self.configuration, self.entry.dataset).manifest
        return {"data": data, "estimates": tuple(each.manifest for each in separations)}

    @property
    def options(self) -> Mapping[str, Option]:
        return {
            "comparison": self.comparison,
            "dataset": self.entry.dataset,
            "sources": self.entry.sources,
            "split": self.entry.split,
            "part": self.shard,
            "rows": rows.labels(rows.estimated_rows(self.configuration, self.comparison)),
            "metrics": self.entry.metrics,
            "families": self.families,
            "scoring": text(asdict(self.entry.scoring)),
        }

    @property
    def chosen(self) -> tuple[str, ...]:
        return tuple(METRICS.module(family) for family in self.families)

    @property
    def resources(self) -> Resources:
        return Resources(mem_mb=4000, runtime=240)


@dataclass(frozen=True)
class ScoreF0(OfComparison):
    """Quality of the F0 sources of a comparison."""

    rule, stage = "score_f0", "score"

    @property
    def reference(self) -> str:
        """What F0 is measured against: the exact one of embedded data, otherwise that of the stems."""
        return "exact" if self.configuration.dataset(self.entry.dataset).kind == "embedded" else "stems"

    @property
    def is_made(self) -> bool:
        return bool(self.entry.f0)

    @property
    def inputs(self) -> Mapping[str, Input]:
        tables = (made for f0 in self.entry.f0 for made in self._tables(f0))
        return {"reference": self._tables(self.reference), "estimates": tuple(tables)}

    @property
    def options(self) -> Mapping[str, Option]:
        return {"reference-name": self.reference, "names": self.entry.f0}

    @property
    def page(self) -> Made:
        return Made(self, f"{self.folder}/f0.md")

    def _tables(self, f0: str) -> tuple[Made, ...]:
        of = self.configuration, self.entry.dataset, self.entry.split
        return tuple(EstimateF0(*of, shard, f0).manifest for shard in self.configuration.shards())


@dataclass(frozen=True)
class Compare(OfComparison):
    """Tables with intervals, and paired tests."""

    rule, stage = "compare", "compare"

    @property
    def inputs(self) -> Mapping[str, Input]:
        of = self.configuration, self.comparison
        return {
            "scores": self.scores,
            "estimates": tuple(row.manifest for row in rows.every_shard(*of)),
            "models": tuple(each.provenance for each in rows.trainings(*of)),
            "adapted": self.adapted,
        }

    @property
    def options(self) -> Mapping[str, Option]:
        return self.told | {
            "remark": rows.remark_with_credits(self.configuration, self.comparison),
            "metrics": self.entry.metrics,
            "families": self.families,
            "aggregation": self.entry.aggregation,
            "groups": self.entry.groups,
            "scoring": text(asdict(self.entry.scoring)),
            "contrasts": to_json(self.contrasts()),
        }

    @property
    def chosen(self) -> tuple[str, ...]:
        return tuple(METRICS.module(family) for family in self.families)

    def contrasts(self) -> list[Contrast]:
        """The planned contrasts of methods that the comparison has."""
        pairs = [pair for pair in self.entry.contrasts if set(pair) <= set(self.entry.methods)]
        return [Contrast(*(self.configuration.method(name).label for name in pair)) for pair in pairs]


@dataclass(frozen=True)
class WriteSong(Job):
    """Stems and summary of the user's own recording."""

    song: str
    rule, stage = "write_song", "song"

    @property
    def folder(self) -> str:
        return f"results/song/{self.song}"

    @property
    def inputs(self) -> Mapping[str, Input]:
        song, configuration = _song(self.configuration), self.configuration
        found: dict[str, Input] = {
            "song": str(song.file),
            "data": Prepare(configuration, song.dataset).manifest,
            "after": self._separation(song.method).manifest,
        }
        if song.before:
            found["before"] = self._separation(song.before).manifest
        if song.guided:
            marks = configuration.method(song.method).marks or ""
            return found | {"marks": MakeMarks(configuration, song.dataset, "test", "1-of-1", marks).manifest}
        return found | {"f0": EstimateF0(configuration, song.dataset, "test", "1-of-1", song.f0).manifest}

    @property
    def options(self) -> Mapping[str, Option]:
        song = _song(self.configuration)
        labels = tuple(self.configuration.method(name).label for name in song.methods)
        return {"sources": self.configuration.dataset(song.dataset).stems, "names": labels}

    @property
    def resources(self) -> Resources:
        return Resources(mem_mb=4000)

    def _separation(self, method: str) -> Separate:
        song = _song(self.configuration)
        sources = "+".join(self.configuration.dataset(song.dataset).stems)
        return Separate(self.configuration, song.dataset, sources, method, 0, "test", "1-of-1", song.f0)


def _song(configuration: Configuration) -> Song:
    if configuration.song is None:
        raise ValueError("there is no recording of the user's own")
    return configuration.song
