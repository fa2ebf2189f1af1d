"""The checked configuration, and the definitions that it names: the files in config/ with the user's own keys.

Imported by the Snakefile, in every cluster job too, so nothing heavy is imported here.
"""

from typing import Any

from workflow_scripts.jobs import text
from workflow_scripts.lib.core.config import NO_F0, checked, merged, read_yaml
from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.core.fingerprint import ROOT
from workflow_scripts.own_song import with_song, without_paths

LIBRARIES = {"datasets": "dataset", "methods": "method", "f0": "f0_source", "marks": "marks_source"}


class Configuration:
    """A configuration that fits the schema, with its defaults.

    config: all of it.  run: the comparisons to run, by name.  song: the user's own recording, None where there is none.
    Raises UserError where the configuration, or a definition that is asked for, does not fit the schema.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self.schema = read_yaml(ROOT / "config/schema.yaml")
        config, paths = without_paths(config)
        self._take(config)
        self.song = None
        if paths or self.config["song"]:
            config, self.song = with_song(self.config, paths, self.libraries, self.definition)
            self._take(config)
        self.run = {name: known(name, self.config["comparisons"], "run") for name in self.config["run"]}
        self.run = {name: entry | {"methods": self._rows_of_marks(entry)} for name, entry in self.run.items()}

    def _take(self, config: dict[str, Any]) -> None:
        """Check the configuration, and read the definitions of data sets, methods, F0 sources and marks: the files in
        config/, then the user's own keys."""
        self.config = checked(config, self.schema, "config")
        self._checked: dict[tuple[str, str], dict[str, Any]] = {}  # definitions, each checked once
        self.libraries = {library: _definitions(library, self.config[library]) for library in LIBRARIES}
        for comparison in self.config["comparisons"].values():
            for f0 in comparison["f0"]:
                self.libraries["f0"] |= degraded(f0, comparison["degrade"])

    def _rows_of_marks(self, comparison: dict[str, Any]) -> list[str]:
        """The methods of a comparison, each that needs marks followed by one more for each of its `marks`."""
        marks = {name: self.marks_source(name) for name in comparison["marks"] if name in self.libraries["marks"]}
        rows, methods = [], self.libraries["methods"]
        for name in comparison["methods"]:
            rows.append(name)
            if marks and name in methods:
                changes = told_by(marks, name, self.method(name))
                methods |= {row: methods[name] | change for row, change in changes.items()}
                rows += changes
        return rows

    def dataset(self, name: str) -> dict[str, Any]:
        return self.definition("datasets", name)

    def method(self, name: str) -> dict[str, Any]:
        return self.definition("methods", name)

    def f0_source(self, name: str) -> dict[str, Any]:
        return self.definition("f0", name)

    def marks_source(self, name: str) -> dict[str, Any]:
        return self.definition("marks", name)

    def definition(self, library: str, name: str) -> dict[str, Any]:
        """An entry of a library with its defaults."""
        if (library, name) not in self._checked:
            entry = known(name, self.libraries[library], library)
            self._checked[library, name] = checked(entry, self.part(LIBRARIES[library]), f"config: {library}.{name}")
        return self._checked[library, name]

    def part(self, name: str) -> dict[str, Any]:
        """The schema of one kind of entry."""
        return {"$ref": f"#/$defs/{name}", "$defs": self.schema["$defs"]}

    # What follows from the definitions

    def unpaired(self, method: str) -> dict[str, Any] | None:
        """Which unlabelled songs a method is given, None where it needs none."""
        entry = self.method(method)
        return entry["unpaired"] if "unpaired" in entry["needs"] else None

    def preparation(self, dataset: str) -> str:
        """What of a data set's definition its preparation depends on, as JSON."""
        entry = self.dataset(dataset)
        names = ("settings", "stems", "voices", "rate", "channels", "accept_licence", "terms", "muted")
        return text({name: entry[name] for name in names})

    def taught(self, method: str) -> str | None:
        """The method whose training or file gives the weights that a method starts or works with; None for none."""
        entry = self.method(method)
        return method if has_model(entry) else entry["start"]

    def school(self, dataset: str, method: str) -> str:
        """The data set that a method learns from, to be used on a data set."""
        own = self.method(method)["train_on"] == "test"
        return dataset if own else self.dataset(dataset)["models_from"] or dataset

    def f0_of(self, taught: str, f0: str) -> str:
        """The F0 source that a method was trained with, to work with `f0`."""
        entry = self.method(taught)
        return (entry["training_f0"] or f0) if "f0" in entry["needs"] else NO_F0


def has_model(method: dict[str, Any]) -> bool:
    """Whether a method has a model of its own, trained or read from a file of published weights."""
    return not {"training", "weights"}.isdisjoint(method["needs"])


def known(name: str, valid: dict[str, Any], where: str) -> Any:
    """The entry of a name; raises UserError with the nearest one where there is none. where: the key that names it."""
    if name not in valid:
        raise UserError(f"config: {where} names {name!r}, which is not defined; {nearest(name, valid)}")
    return valid[name]


def degraded(f0: str, ways: dict[str, list[Any]]) -> dict[str, Any]:
    """Definitions of the F0 sources that each value of each way makes of a source, by name."""
    found = {}
    for way, value in ((way, value) for way, values in ways.items() for value in values):
        name = "-".join([f0, way, *(value if isinstance(value, list) else [str(value)])])
        found[name] = {"label": name, "kind": "degraded", "of": f0, "settings": {way: value}}
    return found


def told_by(marks: dict[str, Any], name: str, method: dict[str, Any]) -> dict[str, Any]:
    """What a method with each of other marks is called, and the keys in which it differs; none where it needs none."""
    return {
        f"{name}-{other}": {"label": f"{method['label']}; {source['label']}", "marks": other}
        for other, source in marks.items()
        if "marks" in method["needs"] and other != method["marks"]
    }


def _definitions(library: str, own: dict[str, Any]) -> dict[str, Any]:
    """The files of a library in config/, the user's own keys laid over them, and `like` filled in."""
    files = {path.stem: read_yaml(path) for path in sorted((ROOT / "config" / library).glob("*.yaml"))}
    found = merged(files, own)
    return {name: _like(name, library, found, ()) for name in found}


def _like(name: str, library: str, found: dict[str, Any], before: tuple[str, ...]) -> dict[str, Any]:
    """An entry laid over the one that it names in `like`, if any. before: the entries that led to it."""
    entry = dict(found[name])
    other = entry.pop("like", None)
    if other is None:
        return entry
    if other not in found or other in (*before, name):
        valid = found.keys() - {*before, name}
        raise UserError(f"config: {library}.{name}.like is {other!r}; {nearest(other, valid)}")
    return merged(_like(other, library, found, (*before, name)), entry)
