"""What a run fetches from the network: which files, how large, and on which terms.

Imported by the Snakefile, so nothing heavy is imported here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from workflow_scripts.lib.core.registry import WEIGHTS
from workflow_scripts.lib.weights.published import Published
from workflow_scripts.plan.data_jobs import ImportWeights, Prepare
from workflow_scripts.plan.declared import has, value_of
from workflow_scripts.plan.job import Job


@dataclass(frozen=True)
class Fetched:
    """A file.  label: of what it is of.  bytes: 0 where its size is not stated.  terms: their address, where some are
    to be accepted."""

    label: str
    url: str
    bytes: int
    licence: str
    terms: str = ""
    accepted: bool = False

    def __str__(self) -> str:
        size = f"{self.bytes / 1e6:.0f} MB" if self.bytes else "size not stated"
        said = [f"{self.label}: {self.url}", size, self.licence or "no licence stated"]
        if self.terms:
            said.append(f"terms {'accepted' if self.accepted else 'not accepted yet'}: {self.terms}")
        return "; ".join(said)


def fetched_by(jobs: Iterable[Job]) -> list[Fetched]:
    """What these jobs fetch that is not there, each file once."""
    found: dict[Path, Fetched] = {}
    for job in jobs:
        if isinstance(job, Prepare):
            found |= _archives(job)
        elif isinstance(job, ImportWeights):
            found |= _weights(job)
    return [each for path, each in found.items() if not path.exists()]


def _archives(job: Prepare) -> dict[Path, Fetched]:
    entry, cache = job.configuration.dataset(job.dataset), Path(job.configuration.keys.data_cache)
    if entry.settings.get("root"):
        return {}
    return {
        cache / each["file"]: Fetched(
            entry.label, each["url"], each.get("bytes", 0), entry.licence, entry.terms, entry.accept_licence
        )
        for each in entry.settings.get("archives", ())
    }


def _weights(job: ImportWeights) -> dict[Path, Fetched]:
    weights, configuration = job.weights, job.configuration
    if Path(weights.file).expanduser().is_file():
        return {}
    published = _published(weights.format).get(weights.file)
    if published is None:
        return {}
    label = configuration.method(job.method).label
    return {
        Path(configuration.keys.data_cache, f"{weights.file}.th"): Fetched(label, published.url, 0, weights.licence)
    }


def _published(format: str) -> Mapping[str, Published]:
    """The files of a format of weights that are fetched by name."""
    module = WEIGHTS.module(format)
    found: Mapping[str, Published] = value_of(module, "PUBLISHED") if has(module, "PUBLISHED") else {}
    return found
