"""One recording of the user's own: `snakemake --config song=PATH marks=PATH` becomes data set, marks, F0 and methods.

Imported by the Snakefile, so nothing heavy is imported here.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.core.names import NO_F0, REST, same_name, slug, wrong_in_stem
from workflow_scripts.lib.core.registry import WEIGHTS
from workflow_scripts.plan.dataset_keys import Dataset
from workflow_scripts.plan.declared import value_of
from workflow_scripts.plan.keys import Keys, Method, Weights
from workflow_scripts.plan.own_files import check_f0, check_marks, seconds_of, voices_of

NAME = "own"  # of the user's marks and F0
HOW = (
    "write when each source plays as Audacity labels (a line a label: start in s, tab, end in s, tab, 'vocals' where "
    "vocals play or '-vocals' where they are silent) and add marks=PATH, or for a vocal ensemble add f0=PATH (CSV: "
    "time, voice, Hz) or f0=mixture"
)
QUOTING = "a path with ' #', ': ', brackets or braces needs a second pair of quotes: --config 'song=\"Song #1.wav\"'"


@dataclass(frozen=True)
class Song:
    """What becomes of the recording.

    name: of the result folder.  file: the recording.  dataset: name of the data set that it is.  method: name of the
    method that separates it.  before: that of the method whose model is adapted to it, None where none is.
    f0: name of the F0 source, or `no-f0`.  guided: whether it has marks.
    """

    name: str
    file: Path
    dataset: str
    method: str
    before: str | None
    f0: str
    guided: bool

    @property
    def methods(self) -> list[str]:
        """Those of which the summary tells, `before` first."""
        return [name for name in (self.before, self.method) if name]


def without_paths(config: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The configuration without `marks=PATH` and `f0=PATH`, which stand where it has mappings, and these."""
    for name in ("song", "marks", "f0"):
        if isinstance(config.get(name), list | int | float) or (name == "song" and isinstance(config.get(name), dict)):
            raise UserError(f"config: {name} is {config[name]!r}, which is no path; {QUOTING}.")
    paths = {name: config[name] for name in ("marks", "f0") if isinstance(config.get(name), str)}
    return {name: value for name, value in config.items() if name not in paths}, paths


class Definitions(Protocol):
    """What is asked of the configuration."""

    libraries: dict[str, dict[str, dict[str, Any]]]

    def dataset(self, name: str) -> Dataset: ...

    def method(self, name: str) -> Method: ...


def with_song(
    config: dict[str, Any], keys: Keys, paths: dict[str, str], known: Definitions
) -> tuple[dict[str, Any], Song]:
    """The configuration with the recording as a data set and with its marks or F0 as a source, and what becomes of it.

    config: as it was given, right as far as `keys` goes.  paths: of `without_paths`.
    Raises UserError where a file or an F0 source is missing, both or none of marks and F0 are given, or a file of them
    is wrong.
    """
    config = {name: dict(config.get(name) or {}) for name in ("datasets", "methods", "f0", "marks")} | {
        name: value for name, value in config.items() if name not in ("datasets", "methods", "f0", "marks")
    }
    if not keys.song:
        key, given = next(iter(paths.items()))
        raise UserError(f"config: {key} is {given!r}, which needs a recording; add song=PATH.")
    file, marks, f0 = _file("song", keys.song), paths.get("marks"), paths.get("f0")
    if marks is not None and f0 is not None:
        raise UserError("config: song is given with marks and with f0; give marks for a song, f0 for a vocal ensemble.")
    _check_names(keys, ("guided_method", "guided_data") if marks is not None else ("ensemble_method",), known)
    if marks is not None:
        song, form = _guided(file, config, keys, marks, known)
    elif f0 is not None:
        song, form = _ensemble(file, config, keys, f0, known)
    else:
        raise UserError(f"config: song is {keys.song!r}, but nothing says what it holds; {HOW}.")
    config["datasets"][song.dataset] = {"label": file.name, "kind": "recording", "settings": {"root": str(file)}} | form
    return config | {"shards": 1, "run": []}, song


def _check_names(keys: Keys, names: Sequence[str], known: Definitions) -> None:
    for key in names:
        library = known.libraries["datasets" if key == "guided_data" else "methods"]
        if (named := getattr(keys.own_song, key)) not in library:
            raise UserError(f"config: own_song.{key} is {named!r}; {nearest(named, library)}")


def _guided(
    file: Path, config: dict[str, Any], keys: Keys, marks: str, known: Definitions
) -> tuple[Song, dict[str, Any]]:
    """The song of a recording with marks, and the form of its data set: that of the data its model comes from."""
    root, method = _file("marks", marks), keys.own_song.guided_method
    config["marks"][NAME] = {"label": root.name, "kind": "file", "settings": {"root": str(root)}}
    config["methods"][method] = config["methods"].get(method, {}) | {"marks": NAME}
    entry = known.method(method)
    song = Song(_name(file), file, f"song-{_name(file)}", method, entry.start, NO_F0, True)
    weights = (entry if entry.start is None or "training" in entry.needs else known.method(entry.start)).weights
    form = _form_of_weights(weights) if weights else _form_of_data(known, keys.own_song.guided_data)
    _check_stems(form["stems"], f"config: own_song.{'guided_method' if weights else 'guided_data'}")
    seconds = seconds_of(file, form["channels"])
    if form["stems"]:
        check_marks(root, {file.stem: seconds}, form["stems"])
    return song, form


def _form_of_weights(weights: Weights) -> dict[str, Any]:
    fit = value_of(WEIGHTS.module(weights.format), "FORM")
    return {"stems": list(fit.sources or ()), "rate": fit.rate, "channels": fit.channels}


def _form_of_data(known: Definitions, name: str) -> dict[str, Any]:
    data = known.dataset(name)
    return {"stems": list(data.stems), "rate": data.rate, "channels": data.channels, "models_from": name}


def _ensemble(
    file: Path, config: dict[str, Any], keys: Keys, f0: str, known: Definitions
) -> tuple[Song, dict[str, Any]]:
    """The song of a recording of voices with F0, and the form of its data set.

    f0: a file, or the name of an F0 source.
    """
    own, sources = keys.own_song, known.libraries["f0"]
    voices, seconds = list(own.ensemble_voices), seconds_of(file, None)
    path = Path(f0).expanduser()
    if f0 not in sources and (path.suffix or path.exists()):
        table = path.absolute() if path.is_dir() else _file("f0", f0)
        config["f0"][NAME] = {"label": table.name, "kind": "file", "settings": {"root": str(table)}}
        f0, voices = NAME, voices_of(table)
        _check_stems(voices, str(table))
        check_f0(table, {slug(file.stem): seconds}, voices)
    elif f0 not in sources:
        raise UserError(f"config: f0 is {f0!r}, no file and no F0 source; {nearest(f0, sources)}")
    song = Song(_name(file), file, f"song-{_name(file)}", own.ensemble_method, None, f0, False)
    return song, {"stems": voices, "voices": voices, "rate": own.ensemble_rate, "channels": None}


def _check_stems(stems: Sequence[str], where: str) -> None:
    """Raises UserError for a name that no file of its own can have beside the others. where: they come from."""
    for stem in stems:
        wrong = wrong_in_stem(stem)
        if same_name(stem) == REST:
            wrong = f"is {REST!r}, which is that of what no stem holds"
        if wrong:
            raise UserError(f"{where}: the name {stem!r} {wrong}; rename it, for a file is called after it.")


def _file(key: str, given: str) -> Path:
    path = Path(given).expanduser().absolute()
    if not path.is_file():
        cut = path.parent.is_dir() and any(each.name.startswith(f"{path.name} #") for each in path.parent.iterdir())
        way_out = QUOTING if cut or not given else "give the path of one"
        raise UserError(f"config: {key} is {str(given)!r}, where there is no file; {way_out}.")
    return path


def _name(file: Path) -> str:
    """Name of the folder of results. Raises UserError where another recording has made it."""
    name = slug(file.stem)
    manifest = Path(f"results/prepare/song-{name}/manifest.json")
    other = Path(json.loads(manifest.read_text(encoding="utf-8"))["file"]) if manifest.is_file() else file
    if other != file and other.is_file():
        raise UserError(
            f"config: song is {str(file)!r}, whose stems would take the place of those of {str(other)!r}, both in "
            f"results/song/{name}; rename one of the two, or take results/prepare/song-{name} away."
        )
    return name
