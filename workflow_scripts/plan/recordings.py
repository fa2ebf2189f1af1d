"""What the files of the user's recordings tell before any job: names, headers, lengths, marks and F0 of the tracks.

Imported by the Snakefile, so nothing heavy is imported here; where there is a recording, soundfile and numpy are.
"""

from pathlib import Path
from typing import Any, NamedTuple

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.registry import DATASETS, LAYOUTS, METHODS
from workflow_scripts.lib.core.settings import checked
from workflow_scripts.lib.datasets.layouts.contract import Origin
from workflow_scripts.lib.datasets.origin import root_of
from workflow_scripts.lib.datasets.raw import RawTrack, refuse_clashes, select_tracks, sort_key
from workflow_scripts.plan.configuration import Configuration
from workflow_scripts.plan.dataset_keys import Dataset
from workflow_scripts.plan.declared import has, value_of
from workflow_scripts.plan.keys import Comparison
from workflow_scripts.plan.own_files import check_f0, check_marks

Lengths = dict[str, dict[str, float]]  # split -> track -> s


class Looked(NamedTuple):
    """tracks: of the data set.  headers: of the files of each (`Headers`).  form: that they get (`Form`)."""

    tracks: list[RawTrack]
    headers: list[Any]
    form: Any


def lengths_of(configuration: Configuration, name: str) -> Lengths | None:
    """The tracks of a data set that lies in a folder of the user's; None of one that a job makes or fetches.

    Raises UserError for what its preparation would refuse, as far as names and headers tell.
    """
    looked = look_at(configuration, name)
    if looked is None:
        return None
    lengths: Lengths = {}
    for track, files in zip(looked.tracks, looked.headers, strict=True):
        lengths.setdefault(track.split, {})[track.track] = max(header.seconds for _, header in files.values())
    return lengths


def look_at(configuration: Configuration, name: str) -> Looked | None:
    """What names and headers tell of such a data set; see `lengths_of`."""
    if name not in configuration.looked:
        configuration.looked[name] = _look_at(name, configuration.dataset(name))
    found: Looked | None = configuration.looked[name]
    return found


def _look_at(name: str, dataset: Dataset) -> Looked | None:
    found = _tracks(name, dataset)
    if found is None:
        return None
    from workflow_scripts.lib.datasets.form import form_of, headers_of

    settings = checked(
        value_of(DATASETS.module(dataset.kind), "Settings"), dataset.settings, f"config: datasets.{name}.settings"
    )
    root = root_of(settings.root)
    tracks = sorted(select_tracks(found, settings.keep or {}, root), key=sort_key)
    refuse_clashes(tracks, root)
    headers = [headers_of(track) for track in tracks]
    form = form_of(headers, dataset.rate, dataset.channels, True, settings.length_tolerance)
    return Looked(tracks, headers, form)


def _tracks(name: str, dataset: Dataset) -> list[RawTrack] | None:
    """What the layout of a folder finds; None where it would have to open the files, or there is no folder."""
    given = dataset.settings
    layout = given.get("layout", dataset.kind)
    if (
        not _is_there(given.get("root"))
        or layout not in LAYOUTS.names()
        or not has(LAYOUTS.module(layout), "OPENS_NOTHING")
    ):
        return None
    own = given.get("layout_settings", {}) if "layout" in given else given
    home = (LAYOUTS if "layout" in given else DATASETS).module(layout)
    settings = checked(value_of(home, "Settings"), own, f"config: datasets.{name}.settings")
    return LAYOUTS.load(layout).read(Origin(root_of(given["root"]), dataset.stems, Path()), settings)


def check_recordings(configuration: Configuration) -> None:
    """Refuse comparisons on folders of recordings that lack a split, marks or F0 which their methods need."""
    for name, comparison in configuration.run.items():
        _check_tracks(configuration, f"comparisons.{name}", comparison)


def _check_tracks(configuration: Configuration, where: str, entry: Comparison) -> None:
    """where: the key of the comparison."""
    for name, split, why in _splits(configuration, where, entry):
        lengths = lengths_of(configuration, name)
        if lengths is not None and split not in lengths:
            raise UserError(
                f"config: {why} the split {split!r} of the data set {name!r}, which has no track in "
                f"{configuration.dataset(name).settings['root']}; it has some in {', '.join(lengths)}."
            )
    tracks = (lengths_of(configuration, entry.dataset) or {}).get(entry.split, {})
    dataset = configuration.dataset(entry.dataset)
    methods = [configuration.method(name) for name in entry.methods]
    for name in dict.fromkeys(method.marks for method in methods if method.marks):
        marks = configuration.marks_source(name)
        if marks.kind == "file" and _is_there(marks.settings["root"]):
            check_marks(Path(marks.settings["root"]), tracks, dataset.stems)
    for name in entry.f0 if any("f0" in method.needs for method in methods) else ():
        f0 = configuration.f0_source(name)
        if f0.kind == "file" and _is_there(f0.settings["root"]):
            check_f0(Path(f0.settings["root"]), tracks, dataset.voices)


def _is_there(root: str | None) -> bool:
    """Whether there is such a file or folder; only a dry run comes here without one that is named."""
    return bool(root) and Path(str(root)).expanduser().exists()


def _splits(configuration: Configuration, where: str, entry: Comparison) -> list[tuple[str, str, str]]:
    """(data set, split that must have a track, who needs it)."""
    needed: list[tuple[str, str, str]] = [(entry.dataset, entry.split, f"{where} scores")]
    for name in entry.methods:
        method = configuration.method(configuration.pretrained(name) or name)
        if "training" in method.needs:
            data = configuration.training_dataset(entry.dataset, name)
            needed.append((data, method.train_on, f"the method {name!r} learns from"))
            if method.train_on == "train" and has(METHODS.module(method.module), "trainee"):
                needed.append((data, "valid", f"the method {name!r} chooses its best weights on"))
    return needed
