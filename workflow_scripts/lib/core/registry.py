"""What is chosen by name: one folder a registry, one module an entry, found by the name of the module.

Only here is anything imported by a computed name. A job names the entries that it uses (`Registry.module`), so that its
fingerprint holds these and no others.
"""

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from workflow_scripts.lib.core.errors import UserError, nearest

PACKAGE = "workflow_scripts.lib"
FOLDER = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Registry:
    """room: folder of lib/, with dots.  what: an entry is called in messages.  mark: what the text of an entry has."""

    room: str
    what: str
    mark: str

    def names(self) -> list[str]:
        """The entries, found by looking, without importing them."""
        return list(_entries(FOLDER.joinpath(*self.room.split(".")), self.mark))

    def module(self, name: str) -> str:
        """The full name of an entry's module. Raises UserError with the nearest entry where there is none."""
        if name not in self.names():
            raise UserError(f"There is no {self.what} {name!r}; {nearest(name, self.names())}")
        return f"{PACKAGE}.{self.room}.{name}"

    def load(self, name: str) -> ModuleType:
        return import_module(self.module(name))


@cache
def _entries(folder: Path, mark: str) -> tuple[str, ...]:
    """Modules of a folder whose text has a mark."""
    return tuple(file.stem for file in sorted(folder.glob("*.py")) if mark in file.read_text(encoding="utf-8"))


METHODS = Registry("methods", "module of methods", "\nclass Settings")
F0_SOURCES = Registry("audio.f0_sources", "kind of F0 source", "\nclass Settings")
MARKS_SOURCES = Registry("datasets.marks_sources", "kind of marks", "\nclass Settings")
DATASETS = Registry("datasets.kinds", "kind of data set", "\nclass Settings")
LAYOUTS = Registry("datasets.layouts", "layout of a data set", "\nclass Settings")
CORPORA = Registry("datasets.embedded", "embedded corpus", "\nPIECES")
METRICS = Registry("metrics", "family of metrics", "\nMETRICS = (")
WEIGHTS = Registry("weights", "format of weights", "\nFORM = ")
REGISTRIES = (METHODS, F0_SOURCES, MARKS_SOURCES, DATASETS, LAYOUTS, CORPORA, METRICS, WEIGHTS)
