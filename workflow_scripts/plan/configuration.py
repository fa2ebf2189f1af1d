"""The checked configuration, and the definitions that it names: the files in config/ with the user's own keys.

Imported by the Snakefile, in every cluster job too, so nothing heavy is imported here.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from workflow_scripts.lib.core.code_graph import ROOT
from workflow_scripts.lib.core.errors import Missing, UserError, nearest
from workflow_scripts.lib.core.names import NO_F0
from workflow_scripts.lib.core.settings import checked
from workflow_scripts.plan.dataset_keys import Dataset
from workflow_scripts.plan.keys import Comparison, F0Source, Keys, MarksSource, Method
from workflow_scripts.plan.own_song import Song, with_song, without_paths
from workflow_scripts.plan.submissions import Submission, find_submissions, read_submission
from workflow_scripts.plan.yaml_files import merge, read_yaml

Entry = TypeVar("Entry", Dataset, Method, F0Source, MarksSource)
Raw = dict[str, Any]  # as the YAML file has it
LIBRARIES = {"datasets": Dataset, "methods": Method, "f0": F0Source, "marks": MarksSource}


class Configuration:
    """A configuration whose keys are right, with its defaults.

    keys: all of it.  run: the comparisons to run, by name.  song: the user's own recording, None where there is none.
    libraries: the definitions as they are given, by name, of data sets, methods, F0 sources and marks.
    submissions: the folders of the submissions of others, by name.
    absent: sentences about what a run needs and is not there, such as a folder or the acceptance of terms; None where
    the first of them is refused.
    Raises UserError where the configuration, or a definition that is asked for, is wrong.
    """

    def __init__(self, config: Raw) -> None:
        config, paths = without_paths(config)
        self.song: Song | None = None
        self.absent: list[str] | None = None
        self._take(config)
        if paths or self.keys.song:
            config, self.song = with_song(config, self.keys, paths, self)
            self._take(config)
        self.fingerprints: dict[Any, str] = {}  # of jobs, each made once
        self.looked: dict[str, Any] = {}  # what the files of data sets tell, each looked at once
        self.run = {name: known(name, self.keys.comparisons, "run") for name in self.keys.run}
        self.run = {name: replace(each, methods=self._with_rows_of_marks(each)) for name, each in self.run.items()}

    def _take(self, config: Raw) -> None:
        """Check the configuration, and read the definitions: the files in config/, then the user's own keys."""
        self.keys = checked(Keys, config, "config")
        self._entries: dict[tuple[type, str], Any] = {}  # definitions, each checked once
        raw = {library: _definitions(library, getattr(self.keys, library)) for library in LIBRARIES}
        self.likes = {library: {name: each.get("like") for name, each in raw[library].items()} for library in raw}
        self.libraries = {
            library: {name: _like(name, library, found, ()) for name in found} for library, found in raw.items()
        }
        self.submissions = find_submissions(self.keys.submissions, self.libraries["methods"])
        for comparison in self.keys.comparisons.values():
            for f0 in comparison.f0:
                self.libraries["f0"] |= degraded_sources(f0, comparison)

    def _with_rows_of_marks(self, comparison: Comparison) -> tuple[str, ...]:
        """The methods of a comparison, each that needs marks followed by one more for each of its `marks`."""
        sources = {name: self.marks_source(name) for name in comparison.marks if name in self.libraries["marks"]}
        rows, methods = [], self.libraries["methods"]
        for name in comparison.methods:
            rows.append(name)
            if sources and name in methods:
                changes = _with_other_marks(name, self.method(name), sources)
                methods |= {row: methods[name] | change for row, change in changes.items()}
                rows += changes
        return tuple(rows)

    @contextmanager
    def presence(self) -> Iterator[None]:
        """For what raises Missing where something is not there, which a dry run can do without."""
        try:
            yield
        except Missing as error:
            if self.absent is None:
                raise
            if str(error) not in self.absent:
                self.absent.append(str(error))

    def told(self) -> list[str]:
        """What is said of what is not there."""
        return [f"Not there yet: {sentence}" for sentence in self.absent or ()]

    def dataset(self, name: str) -> Dataset:
        return self._entry(Dataset, "datasets", name)

    def method(self, name: str) -> Method:
        """The definition of a method; a submission is one that needs nothing and has no module."""
        if name in self.submissions:
            return Method(self.submission(name).shown, module="", draws=False)
        return self._entry(Method, "methods", name)

    def submission(self, name: str) -> Submission:
        if (Submission, name) not in self._entries:
            self._entries[Submission, name] = read_submission(self.submissions[name])
        found: Submission = self._entries[Submission, name]
        return found

    def f0_source(self, name: str) -> F0Source:
        return self._entry(F0Source, "f0", name)

    def marks_source(self, name: str) -> MarksSource:
        return self._entry(MarksSource, "marks", name)

    def _entry(self, of: type[Entry], library: str, name: str) -> Entry:
        if (of, name) not in self._entries:
            raw = known(name, self.libraries[library], library)
            self._entries[of, name] = checked(of, raw, f"config: {library}.{name}")
        return self._entries[of, name]

    # What follows from the definitions

    def kin(self, library: str, name: str) -> list[str]:
        """A name, and those of the entries that its own is like, the nearest first."""
        found = [name]
        while (other := self.likes[library].get(found[-1])) is not None:
            found.append(other)
        return found

    def shards(self) -> list[str]:
        return [f"{k}-of-{self.keys.shards}" for k in range(1, self.keys.shards + 1)]

    def f0_names(self, comparison: Comparison) -> list[str]:
        """The F0 sources of a comparison, each followed by what `degrade` makes of it."""
        return [name for f0 in comparison.f0 for name in (f0, *degraded_sources(f0, comparison))]

    def pretrained(self, method: str) -> str | None:
        """The method whose training or file gives the weights that a method starts or works with; None for none."""
        entry = self.method(method)
        return method if entry.has_model else entry.start

    def training_dataset(self, dataset: str, method: str) -> str:
        """The data set that a method learns from, to be used on a data set."""
        own = self.method(method).train_on == "test"
        return dataset if own else self.dataset(dataset).models_from or dataset

    def training_f0(self, method: str, f0: str) -> str:
        """The F0 source that a method was trained with, to work with `f0`."""
        entry = self.method(method)
        return (entry.training_f0 or f0) if "f0" in entry.needs else NO_F0


def known(name: str, valid: Mapping[str, Any], where: str) -> Any:
    """The entry of a name; raises UserError with the nearest one where there is none. where: the key that names it."""
    if name not in valid:
        raise UserError(f"config: {where} names {name!r}, which is not defined; {nearest(name, valid)}")
    return valid[name]


def degraded_sources(f0: str, comparison: Comparison) -> dict[str, Raw]:
    """Definitions of the F0 sources that each value of each way to degrade makes of a source, by name."""
    found = {}
    for way, value in ((way, value) for way, values in vars(comparison.degrade).items() for value in values):
        name = "-".join([f0, way, *(value if isinstance(value, tuple) else [str(value)])])
        found[name] = {"label": name, "kind": "degraded", "of": f0, "settings": {way: value}}
    return found


def _with_other_marks(name: str, method: Method, sources: Mapping[str, MarksSource]) -> dict[str, Raw]:
    """The rows of a method with other marks, by name: the keys in which they differ; none where it needs no marks."""
    return {
        f"{name}-{other}": {"label": f"{method.label}; {source.label}", "marks": other}
        for other, source in sources.items()
        if "marks" in method.needs and other != method.marks
    }


def _definitions(library: str, own: Raw) -> dict[str, Raw]:
    """The files of a library in config/, the user's own keys laid over them."""
    files = {path.stem: read_yaml(path) for path in sorted((ROOT / "config" / library).glob("*.yaml"))}
    merged: dict[str, Raw] = merge(files, own)
    return merged


def _like(name: str, library: str, found: dict[str, Raw], before: tuple[str, ...]) -> Raw:
    """An entry laid over the one that it names in `like`, if any. before: the entries that led to it."""
    entry = dict(found[name])
    other = entry.pop("like", None)
    if other is None:
        return entry
    if other not in found or other in (*before, name):
        valid = found.keys() - {*before, name}
        raise UserError(f"config: {library}.{name}.like is {other!r}; {nearest(other, valid)}")
    return merge(_like(other, library, found, (*before, name)), entry)
