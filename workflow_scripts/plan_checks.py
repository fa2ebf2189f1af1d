"""What a configuration may not say, beyond what the schema tells: each mistake is a UserError of one sentence.

Imported by the Snakefile, in every cluster job too, so nothing heavy is imported here.
"""

from pathlib import Path
from typing import Any

from workflow_scripts import declared
from workflow_scripts.configuration import Configuration, has_model, known
from workflow_scripts.jobs import text
from workflow_scripts.lib.core.config import NO_F0, checked
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.fingerprint import PACKAGE, ROOT
from workflow_scripts.lib.datasets.origin import check_dataset
from workflow_scripts.lib.weights.published import FORMS, check_weights

F0_MODULES = {
    "exact": [], "stems": ["pitch"], "mixture": ["multipitch", "voice_assignment"], "file": ["f0_user"],
    "degraded": ["f0_degrade"],
}  # fmt: skip
MARKS_MODULES = {"stems": ["activity"], "file": ["marks_user"], "degraded": ["marks_degrade"], "all_active": []}


def check(config: Configuration) -> None:
    """Raises UserError for the first mistake in what is to be run: the comparisons, or the user's own recording."""
    if not (config.run or config.song):
        raise UserError("config: run is empty; name at least one of the comparisons in it.")
    for name, comparison in config.run.items():
        _check_comparison(config, f"comparisons.{name}", comparison)
        if config.dataset(comparison["dataset"])["kind"] == "recording":
            raise UserError(
                f"config: comparisons.{name} cannot score {comparison['dataset']!r}, a recording, which has no stems."
            )
    if config.song:
        _check_comparison(config, "own_song", _song_as_comparison(config))


def _song_as_comparison(config: Configuration) -> dict[str, Any]:
    song, sources = config.song, config.dataset(config.song.dataset)["stems"]
    entry = {"dataset": song.dataset, "sources": sources, "methods": song.methods}
    entry |= {"metrics": ["SI-SDR"], "f0": [] if song.f0 == NO_F0 else [song.f0]}
    return checked(entry, config.part("comparison"), "config: own_song")


def _check_comparison(config: Configuration, where: str, entry: dict[str, Any]) -> None:
    """where: the key of the comparison, for the sentence that tells a mistake; so too below."""
    known(entry["dataset"], config.libraries["datasets"], f"{where}.dataset")
    dataset = config.dataset(entry["dataset"])
    check_dataset(entry["dataset"], dataset)
    _check_models_from(config, entry["dataset"], dataset)
    _check_sources(where, entry["sources"], dataset["stems"])
    for metric in entry["metrics"]:
        known(metric, dict.fromkeys(declared.metric_names()), f"{where}.metrics")
    for name in entry["marks"]:
        known(name, config.libraries["marks"], f"{where}.marks")
    for name in entry["methods"]:
        _check_method(config, where, name, entry, dataset)
    for name in entry["f0"]:
        _check_f0_source(config, f"{where}.f0", name)
        if dataset["kind"] == "recording" and _f0_kind(config, name) in ("exact", "stems"):
            raise UserError(
                f"config: {where}.f0 has {name!r}, found from stems, but a recording has none; take 'mixture' or a "
                "table of your own."
            )
    for voice in (voice for voices in entry["degrade"]["left_out"] for voice in voices):
        known(voice, dict.fromkeys(dataset["voices"]), f"{where}.degrade.left_out")
    for name in (name for pair in entry["contrasts"] for name in pair):
        known(name, config.libraries["methods"], f"{where}.contrasts")


def _check_models_from(config: Configuration, name: str, dataset: dict[str, Any]) -> None:
    other = dataset["models_from"]
    if other is None:
        return
    where = f"config: datasets.{name}.models_from"
    known(other, config.libraries["datasets"], f"datasets.{name}.models_from")
    school = config.dataset(other)
    check_dataset(other, school)
    for key in ("rate", "channels", "stems"):
        if None not in (dataset[key], school[key]) and dataset[key] != school[key]:
            raise UserError(
                f"{where} is {other!r}, whose {key} is {school[key]}, but that of {name!r} is {dataset[key]}; make "
                "them equal."
            )


def _check_sources(where: str, sources: list[str], stems: list[str]) -> None:
    for source in sources:
        known(source, dict.fromkeys([*stems, "accompaniment"]), f"{where}.sources")
    if "accompaniment" in sources and set(stems) <= set(sources):
        raise UserError(
            f"config: {where}.sources has 'accompaniment', the sum of the stems not named, but names every stem."
        )


def _check_method(config: Configuration, where: str, name: str, entry: dict[str, Any], dataset: dict[str, Any]) -> None:
    """entry: the comparison, whose method it is. dataset: that of the comparison."""
    known(name, config.libraries["methods"], f"{where}.methods")
    method = config.method(name)
    _check_adaptation(name, method)
    _check_marks(config, name, dataset)
    chain = _chain(config, name)
    for each in chain:
        _check_settings(f"methods.{each}", config.method(each)["module"], config.method(each)["settings"])
        _check_training(config, each, config.method(each))
        _check_weights(f"methods.{each}", config.method(each), entry, dataset)
    trained = [has_model(config.method(each)) and config.method(each)["train_on"] for each in chain]
    if entry["split"] == "train" and "train" in trained:
        raise UserError(
            f"config: {where} scores the split 'train', which its method {name!r} is trained on; score another "
            "split or leave the method out."
        )
    if "f0" in method["needs"]:
        _check_f0(where, name, entry, dataset)
        if method["training_f0"]:
            _check_f0_source(config, f"methods.{name}.training_f0", method["training_f0"])


def _check_f0(where: str, method: str, entry: dict[str, Any], dataset: dict[str, Any]) -> None:
    if not entry["f0"]:
        raise UserError(
            f"config: {where} has the method {method!r}, which needs F0, but no F0 source; name one in {where}.f0."
        )
    unvoiced = [source for source in entry["sources"] if source not in dataset["voices"]]
    if unvoiced:
        raise UserError(
            f"config: {where} has the method {method!r}, which needs F0, but the data set {entry['dataset']!r} "
            f"gives {unvoiced[0]!r} no F0; list it in the data set's `voices` or leave the method out."
        )


def _f0_kind(config: Configuration, name: str) -> str:
    entry = config.f0_source(name)
    return _f0_kind(config, entry["of"]) if entry["kind"] == "degraded" else entry["kind"]


def _check_f0_source(config: Configuration, where: str, name: str) -> None:
    known(name, config.libraries["f0"], where)
    entry = config.f0_source(name)
    modules = [ROOT / PACKAGE / "lib/audio" / f"{module}.py" for module in F0_MODULES[entry["kind"]]]
    checked(entry["settings"], declared.settings_schema(modules), f"config: f0.{name}.settings")
    if entry["kind"] == "file" and "root" not in entry["settings"]:
        raise UserError(f"config: f0.{name}.settings lacks 'root', the folder of your own <track>.csv files.")
    if entry["kind"] == "file" and not Path(entry["settings"]["root"]).expanduser().exists():
        raise UserError(
            f"config: f0.{name}.settings.root is {entry['settings']['root']!r}, where there is nothing; set it to your "
            "folder of <track>.csv files."
        )
    if entry["kind"] == "degraded":
        if "of" not in entry:
            raise UserError(
                f"config: f0.{name} is degraded, but does not say of what; name an F0 source in f0.{name}.of."
            )
        _check_f0_source(config, f"f0.{name}.of", entry["of"])


def _check_adaptation(name: str, method: dict[str, Any]) -> None:
    where = f"config: methods.{name}"
    if "adaptation" in method["needs"] and method["start"] is None:
        raise UserError(
            f"{where} needs adaptation, but names no model to adapt; name a method in methods.{name}.start."
        )
    if "adaptation" in method["needs"] and not declared.has(method["module"], "adapt"):
        raise UserError(
            f"{where} needs adaptation, but its module {method['module']!r} has none; take it out of `needs`."
        )
    if {"adaptation", "f0"} <= set(method["needs"]):
        raise UserError(f"{where} needs adaptation and F0, which adaptation is not given; take one out of `needs`.")


def _check_marks(config: Configuration, name: str, dataset: dict[str, Any]) -> None:
    method = config.method(name)
    if "marks" not in method["needs"]:
        if method["marks"] is not None:
            raise UserError(f"config: methods.{name}.marks is given, but `needs` has no 'marks'; add it there.")
        return
    if method["marks"] is None:
        raise UserError(f"config: methods.{name} needs marks, but names none; name a source in methods.{name}.marks.")
    _check_marks_source(config, f"methods.{name}.marks", method["marks"], dataset)


def _check_marks_source(config: Configuration, where: str, name: str, dataset: dict[str, Any]) -> None:
    known(name, config.libraries["marks"], where)
    entry = config.marks_source(name)
    modules = [ROOT / PACKAGE / "lib/datasets" / f"{module}.py" for module in MARKS_MODULES[entry["kind"]]]
    checked(entry["settings"], declared.settings_schema(modules), f"config: marks.{name}.settings")
    if entry["kind"] == "file" and not Path(entry["settings"].get("root", "")).expanduser().exists():
        raise UserError(
            f"config: marks.{name}.settings.root is {entry['settings'].get('root')!r}, where there is nothing; set "
            "it to your folder of <track>.txt label files."
        )
    if entry["kind"] == "stems" and dataset["kind"] == "recording":
        raise UserError(
            f"config: {where} is {name!r}, found from stems, but a recording has none; name marks of your own."
        )
    if entry["kind"] == "degraded":
        if "of" not in entry:
            raise UserError(
                f"config: marks.{name} is degraded, but does not say of what; name marks in marks.{name}.of."
            )
        _check_marks_source(config, f"marks.{name}.of", entry["of"], dataset)


def _check_settings(where: str, module: str, settings: dict[str, Any]) -> None:
    folder = ROOT / PACKAGE / "lib/methods"
    modules = {path.stem for path in folder.glob("*.py") if "class Settings" in path.read_text()} - {"contract"}
    known(module, dict.fromkeys(modules), f"{where}.module")
    checked(settings, declared.settings_schema([folder / f"{module}.py"]), f"config: {where}.settings")


def _check_training(config: Configuration, name: str, method: dict[str, Any]) -> None:
    given = config.libraries["methods"][name]
    if "training" in given and not declared.learns_by_steps(method["module"]):
        raise UserError(
            f"config: methods.{name}.training is given, but the module {method['module']!r} does not learn step by "
            "step; leave it out."
        )
    for key in ("training", "budget", "train_on", "training_f0", "unpaired"):
        need = "unpaired" if key == "unpaired" else "training"
        if key in given and need not in method["needs"]:
            raise UserError(f"config: methods.{name}.{key} is given, but `needs` has no {need!r}; add it there.")
    if "unpaired" in method["needs"] and "training" not in method["needs"]:
        raise UserError(f"config: methods.{name} needs 'unpaired' without 'training', which uses it; add it there.")
    starts = method["start"] is not None
    uses = {"unpaired": "unpaired" in method["needs"], "start": starts and "training" in method["needs"]}
    for what in uses:
        if uses[what] and not declared.learns_by_steps(method["module"]):
            raise UserError(
                f"config: methods.{name} uses {what!r}, but the module {method['module']!r} does not learn step by "
                "step; leave it out."
            )
    if starts:
        _check_start(config, name, method)
    if method["train_on"] == "test" and method["settings"].get("supervision") != "mixture":
        raise UserError(
            f"config: methods.{name}.train_on is 'test', which would show the method the stems that it is scored "
            "against; that is allowed only with settings.supervision: mixture, which reads no stem."
        )


def _check_weights(where: str, method: dict[str, Any], entry: dict[str, Any], dataset: dict[str, Any]) -> None:
    """Refuse published weights that are not there or do not fit the method, the data set, or the sources."""
    weights = method["weights"]
    if "weights" not in method["needs"]:
        if weights is not None:
            raise UserError(f"config: {where}.weights is given, but `needs` has no 'weights'; add it there.")
        return
    if weights is None:
        raise UserError(f"config: {where} needs weights, but names none; name a file in {where}.weights.")
    if "training" in method["needs"] or method["start"] is not None:
        raise UserError(
            f"config: {where} needs weights, which are its model, and so neither 'training' nor a start; train a "
            "method of its own that starts from this one."
        )
    check_weights(f"config: {where}.weights", weights)
    form = FORMS[weights["format"]]
    needed = {"module": (form.module, method["module"])}
    needed |= {key: (getattr(form, key), dataset[key]) for key in ("rate", "channels")}
    if form.sources:
        needed["sources"] = (sorted(form.sources), sorted(entry["sources"]))
    for key, (right, found) in needed.items():
        if found not in (right, None):
            raise UserError(
                f"config: {where}.weights, of the format {weights['format']!r}, fit the {key} {right}, but it is "
                f"{found} in {entry['dataset']!r}; name other weights or other data."
            )


def _chain(config: Configuration, name: str) -> list[str]:
    """The method, the one whose model it starts from, the one before that, and so on."""
    chain = [name]
    while (start := config.method(chain[-1])["start"]) is not None:
        known(start, config.libraries["methods"], f"methods.{chain[-1]}.start")
        chain.append(start)
        if start in chain[:-1]:
            raise UserError(
                f"config: methods.{chain[-2]}.start goes round in a circle, {' from '.join(chain)}; let one of "
                "them start from null."
            )
    return chain


def _check_start(config: Configuration, name: str, method: dict[str, Any]) -> None:
    where, start = f"config: methods.{name}.start names {method['start']!r}", config.method(method["start"])
    if not has_model(start):
        raise UserError(f"{where}, which is not trained, so it has no model to start from; name one that is.")
    if "f0" in start["needs"] and "f0" not in method["needs"]:
        raise UserError(f"{where}, which needs F0, but {name!r} does not; add 'f0' to its needs or name another.")
    shared = ["budget", "train_on"] if "unpaired" in method["needs"] else []
    shared += ["unpaired"] if shared and "unpaired" in start["needs"] else []
    for key in shared:
        if start[key] != method[key]:
            raise UserError(
                f"{where}, whose {key} is {text(start[key])}, but that of {name!r} is {text(method[key])}, so that "
                "a song could serve both in pairs and without; make them alike."
            )
