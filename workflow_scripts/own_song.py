"""One recording of the user's own: `snakemake --config song=PATH marks=PATH` becomes data set, marks, F0 and methods.

Imported by the Snakefile, so nothing heavy is imported here.
"""

import csv
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_scripts.lib.core.config import NO_F0
from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.methods.published_weights import FORMS

NAME = "own"  # of the user's marks and F0
HOW = (
    "write when each source plays as Audacity labels (a line a label: start in s, tab, end in s, tab, 'vocals' where "
    "vocals play or '-vocals' where they are silent) and add marks=PATH, or for a vocal ensemble add f0=PATH (CSV: "
    "time, voice, Hz) or f0=mixture"
)


@dataclass(frozen=True)
class Song:
    """What becomes of the recording.

    name: of the result folder.  file: the recording.  dataset: name of the data set that it is.  method, before: names
    of the methods that separate it and that it is compared with.  f0: name of the F0 source, or `no-f0`.
    guided: whether it has marks.
    """

    name: str
    file: Path
    dataset: str
    method: str
    before: str
    f0: str
    guided: bool


def with_song(
    config: dict[str, Any], own: dict[str, Any], defined: Callable[[str], dict[str, Any]]
) -> tuple[dict[str, Any], Song | None]:
    """The configuration with the recording as a data set, and what becomes of it; None where there is no recording.

    `marks=PATH` and `f0=PATH` are moved to the sources of marks and F0.
    own: the key `own_song` with its defaults. defined: library -> its definitions by name.
    Raises UserError where a file is missing, or both or none of marks and F0 are given.
    """
    config = deepcopy(config)
    marks, f0 = (config.pop(name) if isinstance(config.get(name), str) else None for name in ("marks", "f0"))
    if not config.get("song"):
        for key, given in (("marks", marks), ("f0", f0)):
            if given is not None:
                raise UserError(f"config: {key} is {given!r}, which needs a recording; add song=PATH.")
        return config, None
    file = _file("song", config["song"])
    if marks is not None and f0 is not None:
        raise UserError("config: song is given with marks and with f0; give marks for a song, f0 for a vocal ensemble.")
    if marks is None and f0 is None:
        raise UserError(f"config: song is {config['song']!r}, but nothing says what it holds; {HOW}.")
    if marks is not None:
        song, form = _guided(file, config, own, marks, defined)
    else:
        song, form = _ensemble(file, config, own, f0)
    entry = {"label": file.name, "kind": "recording", "settings": {"root": str(file)}}
    config.setdefault("datasets", {})[song.dataset] = entry | form
    return config | {"shards": 1, "run": []}, song


def _guided(
    file: Path, config: dict[str, Any], own: dict[str, Any], marks: str, defined: Callable[[str], dict[str, Any]]
) -> tuple[Song, dict[str, Any]]:
    """The song of a recording with marks, and the form of its data set: that of the data its model comes from."""
    root, method, data = _file("marks", marks), own["guided_method"], own["guided_data"]
    for key, name, library in (("method", method, "methods"), ("data", data, "datasets")):
        if name not in defined(library):
            raise UserError(f"config: own_song.guided_{key} is {name!r}; {nearest(name, defined(library))}")
    config.setdefault("marks", {})[NAME] = {"label": root.name, "kind": "file", "settings": {"root": str(root)}}
    config.setdefault("methods", {}).setdefault(method, {})["marks"] = NAME
    before = defined("methods")[method].get("start") or "mixture"
    song = Song(_name(file), file, f"song-{_name(file)}", method, before, NO_F0, True)
    weights = _weights(method, defined("methods"))
    if weights:
        fit = FORMS[weights["format"]]
        return song, {"stems": list(fit.sources or ()), "rate": fit.rate, "channels": fit.channels}
    form = {name: defined("datasets")[data].get(name) for name in ("stems", "rate", "channels")}
    return song, form | {"models_from": data}


def _weights(method: str | None, methods: dict[str, Any]) -> dict[str, Any] | None:
    """The published weights that a method works with or starts from, if any."""
    seen = []
    while method in methods and method not in seen:
        seen.append(method)
        if methods[method].get("weights"):
            return methods[method]["weights"]
        method = methods[method].get("start")
    return None


def _ensemble(file: Path, config: dict[str, Any], own: dict[str, Any], f0: str) -> tuple[Song, dict[str, Any]]:
    """The song of a recording of voices with F0, and the form of its data set. f0: a file or an F0 source's name."""
    voices = own["ensemble_voices"]
    if Path(f0).suffix or Path(f0).expanduser().is_file():
        table = _file("f0", f0)
        config.setdefault("f0", {})[NAME] = {"label": table.name, "kind": "file", "settings": {"root": str(table)}}
        f0, voices = NAME, _voices(table)
    song = Song(_name(file), file, f"song-{_name(file)}", own["ensemble_method"], "mixture", f0, False)
    return song, {"stems": voices, "voices": voices, "rate": own["ensemble_rate"], "channels": 1}


def _voices(file: Path) -> list[str]:
    """The voices of an F0 table, in the order in which they appear."""
    try:
        with open(file, encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines, restval=""))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{file}: is no CSV table of F0 with the columns time, voice, Hz ({error}).") from error
    found = [value.strip() for row in rows for name, value in row.items() if str(name).strip().lower() == "voice"]
    voices = list(dict.fromkeys(filter(None, found)))
    if not voices:
        raise UserError(f"{file}: names no voice; needed is a CSV table with the columns time, voice, Hz.")
    return voices


def _file(key: str, given: str) -> Path:
    path = Path(given).expanduser().absolute()
    if not path.is_file():
        raise UserError(f"config: {key} is {str(given)!r}, where there is no file; give the path of one.")
    return path


def _name(file: Path) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "_", file.stem).strip("_") or "song"
