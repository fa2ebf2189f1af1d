"""What a method of a comparison may not say: what it needs, learns from, starts from and is set to.

Imported by the Snakefile, in every cluster job too, so nothing heavy is imported here.
"""

from typing import Any

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.registry import METHODS, WEIGHTS
from workflow_scripts.lib.core.settings import checked
from workflow_scripts.lib.weights.published import Form, check_weights
from workflow_scripts.plan.configuration import Configuration, known
from workflow_scripts.plan.dataset_keys import Dataset
from workflow_scripts.plan.declared import has, value_of
from workflow_scripts.plan.job import text
from workflow_scripts.plan.keys import Comparison, Method, Weights

OF_TRAINING = ("training", "budget", "train_on", "training_f0")  # keys that only what is trained may give


def check_method(configuration: Configuration, where: str, name: str, entry: Comparison, dataset: Dataset) -> Method:
    """The method; raises UserError for the first mistake in it or in what it starts from.

    where: the key of the comparison.  dataset: that of the comparison.
    """
    method = configuration.method(name)
    chain = _chain(configuration, name)
    for each in chain:
        _check_settings(configuration, each, dataset)
    _check_adaptation(name, method)
    if ("marks" in method.needs) != (method.marks is not None):
        raise UserError(
            f"config: methods.{name} needs marks, but names none; name a source in methods.{name}.marks."
            if "marks" in method.needs
            else f"config: methods.{name}.marks is given, but `needs` has no 'marks'; add it there."
        )
    for each in chain:
        _check_training(configuration, each)
        _check_weights(configuration, f"methods.{each}", configuration.method(each), entry, dataset)
    learned = [configuration.method(each).train_on for each in chain if configuration.method(each).has_model]
    if entry.split == "train" and "train" in learned:
        raise UserError(
            f"config: {where} scores the split 'train', which its method {name!r} is trained on; score another "
            "split or leave the method out."
        )
    if "f0" in method.needs:
        _check_f0(where, name, entry, dataset)
    return method


def _check_settings(configuration: Configuration, name: str, dataset: Dataset) -> None:
    method = configuration.method(name)
    known(method.module, dict.fromkeys(METHODS.names()), f"methods.{name}.module")
    where = f"config: methods.{name}.settings"
    found = checked(value_of(METHODS.module(method.module), "Settings"), method.settings, where)
    suits = getattr(found, "check_data", None)
    said = suits(dataset.rate, dataset.channels) if suits and dataset.rate else None
    if said:
        raise UserError(f"{where}.{said}")


def _check_f0(where: str, method: str, entry: Comparison, dataset: Dataset) -> None:
    if not entry.f0:
        raise UserError(
            f"config: {where} has the method {method!r}, which needs F0, but no F0 source; name one in {where}.f0."
        )
    unvoiced = [source for source in entry.sources if source not in dataset.voices]
    if unvoiced:
        raise UserError(
            f"config: {where} has the method {method!r}, which needs F0, but the data set {entry.dataset!r} "
            f"gives {unvoiced[0]!r} no F0; list it in the data set's `voices` or leave the method out."
        )


def _check_adaptation(name: str, method: Method) -> None:
    if "adaptation" not in method.needs:
        return
    where = f"config: methods.{name}"
    if method.start is None:
        raise UserError(
            f"{where} needs adaptation, but names no model to adapt; name a method in methods.{name}.start."
        )
    if not has(METHODS.module(method.module), "adapt"):
        raise UserError(f"{where} needs adaptation, but its module {method.module!r} has none; take it out of `needs`.")
    if "f0" in method.needs:
        raise UserError(f"{where} needs adaptation and F0, which adaptation is not given; take one out of `needs`.")


def _check_training(configuration: Configuration, name: str) -> None:
    method, given = configuration.method(name), configuration.libraries["methods"][name]
    steps, where = has(METHODS.module(method.module), "trainee"), f"config: methods.{name}"
    for key, need in [*((key, "training") for key in OF_TRAINING), ("unpaired", "unpaired")]:
        if key in given and need not in method.needs:
            raise UserError(f"{where}.{key} is given, but `needs` has no {need!r}; add it there.")
    if "unpaired" in method.needs and "training" not in method.needs:
        raise UserError(f"{where} needs 'unpaired' without 'training', which uses it; add it there.")
    by_steps = {
        "training": "training" in given,
        "unpaired": "unpaired" in method.needs,
        "start": method.start is not None and "training" in method.needs,
    }
    for key, used in by_steps.items():
        if used and not steps:
            raise UserError(
                f"{where} has {key!r}, but the module {method.module!r} does not learn step by step; leave it out."
            )
    if method.start is not None:
        _check_start(configuration, name, method)
    if method.train_on == "test" and method.settings.get("supervision") != "mixture":
        raise UserError(
            f"{where}.train_on is 'test', which would show the method the stems that it is scored against; that is "
            "allowed only with settings.supervision: mixture, which reads no stem."
        )


def _check_weights(
    configuration: Configuration, where: str, method: Method, entry: Comparison, dataset: Dataset
) -> None:
    """Refuse published weights that are not there or do not fit the method, the data set, or the sources."""
    if ("weights" in method.needs) != (method.weights is not None):
        raise UserError(
            f"config: {where} needs weights, but names none; name a file in {where}.weights."
            if method.weights is None
            else f"config: {where}.weights is given, but `needs` has no 'weights'; add it there."
        )
    if method.weights is None:
        return
    if "training" in method.needs or method.start is not None:
        raise UserError(
            f"config: {where} needs weights, which are its model, and so neither 'training' nor a start; train a "
            "method of its own that starts from this one."
        )
    form = _check_file(configuration, f"{where}.weights", method.weights)
    needed: dict[str, tuple[Any, Any]] = {"module": (form.module, method.module)}
    needed |= {key: (getattr(form, key), getattr(dataset, key)) for key in ("rate", "channels")}
    if form.sources:
        needed["sources"] = (sorted(form.sources), sorted(entry.sources))
    for key, (right, found) in needed.items():
        if found not in (right, None):
            raise UserError(
                f"config: {where}.weights, of the format {method.weights.format!r}, fit the {key} {right}, but it is "
                f"{found} in {entry.dataset!r}; name other weights or other data."
            )


def _check_file(configuration: Configuration, where: str, weights: Weights) -> Form:
    """What the weights fit. Raises Missing where the file cannot be had."""
    known(weights.format, dict.fromkeys(WEIGHTS.names()), f"{where}.format")
    module = WEIGHTS.module(weights.format)
    form: Form = value_of(module, "FORM")
    published = value_of(module, "PUBLISHED") if has(module, "PUBLISHED") else {}
    with configuration.presence():
        check_weights(f"config: {where}", weights, published, form.origin)
    return form


def _chain(configuration: Configuration, name: str) -> list[str]:
    """The method, the one whose model it starts from, the one before that, and so on."""
    chain = [name]
    while (start := configuration.method(chain[-1]).start) is not None:
        known(start, configuration.libraries["methods"], f"methods.{chain[-1]}.start")
        chain.append(start)
        if start in chain[:-1]:
            raise UserError(
                f"config: methods.{chain[-2]}.start goes round in a circle, {' from '.join(chain)}; let one of "
                "them start from null."
            )
    return chain


def _check_start(configuration: Configuration, name: str, method: Method) -> None:
    where, start = f"config: methods.{name}.start names {method.start!r}", configuration.method(method.start or "")
    if not start.has_model:
        raise UserError(f"{where}, which is not trained, so it has no model to start from; name one that is.")
    if "f0" in start.needs and "f0" not in method.needs:
        raise UserError(f"{where}, which needs F0, but {name!r} does not; add 'f0' to its needs or name another.")
    shared = ["budget", "train_on"] if "unpaired" in method.needs else []
    shared += ["unpaired"] if shared and "unpaired" in start.needs else []
    for key in shared:
        if getattr(start, key) != getattr(method, key):
            raise UserError(
                f"{where}, whose {key} is {_shown(start, key)}, but that of {name!r} is {_shown(method, key)}, so that "
                "a song could serve both in pairs and without; make them equal."
            )


def _shown(method: Method, key: str) -> str:
    value = getattr(method, key)
    return text(value if isinstance(value, str) else vars(value))
