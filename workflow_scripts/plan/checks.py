"""What a configuration may not say, beyond what its keys tell: each mistake is a UserError of one sentence.

Imported by the Snakefile, in every cluster job too, so nothing heavy is imported here.
"""

from pathlib import Path
from typing import Any

from workflow_scripts.lib.core.errors import Missing, UserError
from workflow_scripts.lib.core.names import ACCOMPANIMENT, NO_F0
from workflow_scripts.lib.core.registry import DATASETS, F0_SOURCES, LAYOUTS, MARKS_SOURCES, Registry
from workflow_scripts.lib.core.settings import checked
from workflow_scripts.lib.datasets.origin import check_definition, check_presence
from workflow_scripts.plan.configuration import Configuration, known
from workflow_scripts.plan.dataset_keys import Dataset
from workflow_scripts.plan.declared import has, value_of
from workflow_scripts.plan.keys import Comparison
from workflow_scripts.plan.method_checks import check_method
from workflow_scripts.plan.rows import metric_homes
from workflow_scripts.plan.submission_checks import check_submission


def check(configuration: Configuration) -> None:
    """Raises UserError for the first mistake in what is to be run: the comparisons, or the user's own recording."""
    if not (configuration.run or configuration.song):
        raise UserError("config: run is empty; name at least one of the comparisons in it.")
    for name, comparison in configuration.run.items():
        check_comparison(configuration, f"comparisons.{name}", comparison)
        if configuration.dataset(comparison.dataset).kind == "recording":
            raise UserError(
                f"config: comparisons.{name} cannot score {comparison.dataset!r}, a recording, which has no stems."
            )
    if configuration.song:
        check_comparison(configuration, "own_song", _song_as_comparison(configuration))


def _song_as_comparison(configuration: Configuration) -> Comparison:
    song = configuration.song
    assert song is not None
    stems = configuration.dataset(song.dataset).stems
    f0 = () if song.f0 == NO_F0 else (song.f0,)
    return Comparison(song.dataset, stems, tuple(song.methods), ("SI-SDR",), f0)


def check_comparison(configuration: Configuration, where: str, entry: Comparison) -> None:
    """Raises UserError for the first mistake.  where: key of the comparison, as the sentence names it; so too below."""
    known(entry.dataset, configuration.libraries["datasets"], f"{where}.dataset")
    dataset = configuration.dataset(entry.dataset)
    _check_dataset(configuration, entry.dataset, dataset)
    _check_models_from(configuration, entry.dataset, dataset)
    _check_sources(where, entry, dataset)
    for metric in entry.metrics:
        known(metric, metric_homes(), f"{where}.metrics")
    for name in entry.marks:
        known(name, configuration.libraries["marks"], f"{where}.marks")
    methods = configuration.libraries["methods"] | configuration.submissions
    for name in entry.methods:
        known(name, methods, f"{where}.methods")
        if name in configuration.submissions:
            check_submission(configuration, where, name, entry)
            continue
        method = check_method(configuration, where, name, entry, dataset)
        if "marks" in method.needs and method.marks:
            _check_marks_source(configuration, f"methods.{name}.marks", method.marks, dataset)
        if "f0" in method.needs and method.training_f0:
            _check_f0_source(configuration, f"methods.{name}.training_f0", method.training_f0, ())
    for name in configuration.f0_names(entry):
        kinds = _check_f0_source(configuration, f"{where}.f0", name, dataset.voices)
        if dataset.kind == "recording" and kinds & {"exact", "stems"}:
            raise UserError(
                f"config: {where}.f0 has {name!r}, found from stems, but a recording has none; take 'mixture' or a "
                "table of your own."
            )
    for voice in (voice for voices in entry.degrade.left_out for voice in voices):
        known(voice, dict.fromkeys(dataset.voices), f"{where}.degrade.left_out")
    for name in (name for pair in entry.contrasts for name in pair):
        known(name, methods, f"{where}.contrasts")


def _check_dataset(configuration: Configuration, name: str, dataset: Dataset, before: tuple[str, ...] = ()) -> None:
    """before: the data sets that are made from it."""
    _check_settings(DATASETS, f"datasets.{name}", dataset)
    if "layout" in dataset.settings:
        layout = value_of(LAYOUTS.module(dataset.settings["layout"]), "Settings")
        where = f"config: datasets.{name}.settings.layout_settings"
        checked(layout, dataset.settings.get("layout_settings", {}), where)
    check_definition(name, dataset)
    with configuration.presence():
        check_presence(name, dataset)
    _check_base(configuration, name, dataset, before)


def _check_base(configuration: Configuration, name: str, dataset: Dataset, before: tuple[str, ...]) -> None:
    """Refuse a data set that cannot be made from the one that it names in `of`."""
    module = DATASETS.module(dataset.kind)
    of = _of("datasets", "a data set", name, dataset, has(module, "OF"), before)
    if of is None:
        return
    known(of, configuration.libraries["datasets"], f"datasets.{name}.of")
    base = configuration.dataset(of)
    fewer = value_of(module, "OF") == "fewer"
    if not (len(dataset.stems) < len(base.stems) if fewer else dataset.stems == base.stems):
        raise UserError(
            f"config: datasets.{name}.stems is {list(dataset.stems)}, but a data set of the kind {dataset.kind!r} has "
            f"{'fewer stems than' if fewer else 'the stems of'} {of!r}, {list(base.stems)}; change it."
        )
    _check_dataset(configuration, of, base, (*before, name))


def _check_models_from(configuration: Configuration, name: str, dataset: Dataset) -> None:
    if dataset.models_from is None:
        return
    where = f"datasets.{name}.models_from"
    known(dataset.models_from, configuration.libraries["datasets"], where)
    other = configuration.dataset(dataset.models_from)
    _check_dataset(configuration, dataset.models_from, other)
    for key in ("rate", "channels", "stems"):
        mine, theirs = getattr(dataset, key), getattr(other, key)
        if None not in (mine, theirs) and mine != theirs:
            raise UserError(
                f"config: {where} is {dataset.models_from!r}, whose {key} is {_shown(theirs)}, but that of {name!r} is "
                f"{_shown(mine)}; make them equal."
            )


def _shown(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _check_sources(where: str, entry: Comparison, dataset: Dataset) -> None:
    for source in entry.sources:
        known(source, dict.fromkeys([*dataset.stems, ACCOMPANIMENT]), f"{where}.sources")
    if ACCOMPANIMENT in {*entry.sources} - {*dataset.stems} and set(dataset.stems) <= set(entry.sources):
        raise UserError(
            f"config: {where}.sources has {ACCOMPANIMENT!r}, the sum of the stems not named, but names every stem."
        )


def _check_settings(registry: Registry, where: str, entry: Any) -> None:
    """Refuse settings that the entry's kind does not have, or a kind that there is not."""
    known(entry.kind, dict.fromkeys(registry.names()), f"{where}.kind")
    checked(value_of(registry.module(entry.kind), "Settings"), entry.settings, f"config: {where}.settings")


def _check_f0_source(
    configuration: Configuration, where: str, name: str, voices: tuple[str, ...], before: tuple[str, ...] = ()
) -> set[str]:
    """The kinds of an F0 source and of those that it is made of."""
    known(name, configuration.libraries["f0"], where)
    entry = configuration.f0_source(name)
    _check_settings(F0_SOURCES, f"f0.{name}", entry)
    with configuration.presence():
        _check_root(f"f0.{name}", entry, f"your folder{' of <track>.csv files' if entry.kind == 'file' else ''}")
    of = _of("f0", "an F0 source", name, entry, entry.kind == "degraded", before)
    inner = _check_f0_source(configuration, f"f0.{name}.of", of, voices, (*before, name)) if of else set()
    return {entry.kind} | inner


def _check_marks_source(
    configuration: Configuration, where: str, name: str, dataset: Dataset, before: tuple[str, ...] = ()
) -> None:
    known(name, configuration.libraries["marks"], where)
    entry = configuration.marks_source(name)
    _check_settings(MARKS_SOURCES, f"marks.{name}", entry)
    with configuration.presence():
        _check_root(f"marks.{name}", entry, "your folder of <track>.txt label files")
    if entry.kind == "stems" and dataset.kind == "recording":
        raise UserError(
            f"config: {where} is {name!r}, found from stems, but a recording has none; name marks of your own."
        )
    of = _of("marks", "marks", name, entry, entry.kind == "degraded", before)
    if of:
        _check_marks_source(configuration, f"marks.{name}.of", of, dataset, (*before, name))


def _of(library: str, what: str, name: str, entry: Any, needed: bool, before: tuple[str, ...]) -> str | None:
    """What an entry is made of. Raises UserError where it must say so and does not, or goes round in a circle."""
    where = f"config: {library}.{name}"
    if needed and entry.of is None:
        raise UserError(
            f"{where} is of the kind {entry.kind!r}, but does not say of what; name {what} in {library}.{name}.of."
        )
    if not needed and entry.of is not None:
        raise UserError(f"{where}.of is given, but the kind {entry.kind!r} has none; leave it out.")
    if entry.of in (*before, name):
        raise UserError(
            f"{where}.of goes round in a circle, {' of '.join((*before, name, entry.of))}; let one of "
            "them be of another kind."
        )
    return entry.of


def _check_root(where: str, entry: Any, what: str) -> None:
    root = entry.settings.get("root")
    if "root" in entry.settings and not Path(root or "").expanduser().exists():
        raise Missing(f"config: {where}.settings.root is {root!r}, where there is nothing; set it to {what}.")
