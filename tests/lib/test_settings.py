"""Every class of settings of the project: choices or bounds on each field, and one sentence for each wrong value."""

import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated, Any

import pytest
import yaml
from pydantic import Field

import workflow_scripts.lib
import workflow_scripts.plan.keys
from tests.lib.annotations import hints, is_declared, items, options, parts, refused, required
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.registry import METHODS
from workflow_scripts.lib.core.settings import DECLARED, Count, Free, checked, settings
from workflow_scripts.lib.methods.contract import load
from workflow_scripts.plan.yaml_files import merge

CONFIG = Path(__file__).parents[2] / "config"
for _module in pkgutil.walk_packages(workflow_scripts.lib.__path__, "workflow_scripts.lib."):
    importlib.import_module(_module.name)
# Other tests declare classes too.
CLASSES = sorted((each for each in DECLARED if each.__module__.startswith("workflow_scripts.")), key=repr)


def name_of(of: type) -> str:
    return f"{of.__module__.removeprefix('workflow_scripts.lib.')}.{of.__qualname__}"


every_class = pytest.mark.parametrize("of", CLASSES, ids=name_of)
every_field = pytest.mark.parametrize(
    ("of", "name"),
    [pytest.param(of, field.name, id=f"{name_of(of)}.{field.name}") for of in CLASSES for field in fields(of)],
)


def undeclared(of: type) -> list[str]:
    return [name for name, annotation in hints(of).items() if not is_declared(annotation)]


def refusal(of: type, values: dict[str, Any], name: str) -> str:
    """The sentence about the field `name`, looked at as a user sees it."""
    with pytest.raises(UserError) as error:
        checked(of, values, "here")
    said = str(error.value)
    assert re.fullmatch(rf"here: the key '{name}(\.[^']+)?' is .+; (allowed is|allowed:|did you mean|give) .+", said)
    return said


# All classes


def test_there_are_classes_to_test():
    assert {"methods.unet.Settings", "audio.waveform.Assembly"} <= {name_of(of) for of in CLASSES}
    assert {f"methods.{name}.Settings" for name in METHODS.names()} <= {name_of(of) for of in CLASSES}


@every_class
def test_every_field_has_choices_or_bounds_or_a_reason_why_it_has_none(of):
    assert undeclared(of) == []


@every_field
def test_a_wrong_value_is_refused_with_its_key_and_what_is_allowed(of, name):
    annotation = hints(of)[name]
    values = refused(annotation)
    kind = parts(annotation)[0]
    kinds = (kind, *options(kind), *items(kind))
    # What fits a class of settings is tested with the fields of that class.
    nested = bool in kinds or any(kind in DECLARED for kind in kinds)
    assert any(words for _, words in values) or "Free" in repr(annotation) or nested
    for value, words in values:
        assert words in refusal(of, required(of) | {name: value}, name)


@every_class
def test_the_defaults_are_allowed(of):
    found = checked(of, required(of), "here")
    assert checked(of, asdict(found), "here") == found


@every_class
def test_an_unknown_key_is_refused(of):
    with pytest.raises(UserError, match="the key 'strangely' is unknown; "):
        checked(of, required(of) | {"strangely": 1}, "here")


def test_a_field_without_bounds_is_found_wherever_it_hides():
    class Bare:
        fine: Count = 1
        free: Annotated[str, Free("a path of the user's")] = ""
        number: float = 1.0
        maybe: float | None = None
        described: Annotated[float, Field(description="nothing")] = 1.0
        unexplained: Annotated[str, Free("")] = ""
        several: tuple[Count, int] = (1, 1)
        named: Mapping[str, tuple[float, ...]] = None

    found = settings(Bare)
    DECLARED.remove(found)
    assert undeclared(found) == ["number", "maybe", "described", "unexplained", "several", "named"]


# The methods of config/


def described(name: str) -> dict[str, Any]:
    """A method's file, over those that it is `like`."""
    found = yaml.safe_load((CONFIG / "methods" / f"{name}.yaml").read_text(encoding="utf-8"))
    return merge(described(found["like"]), found) if "like" in found else found


def in_config() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(where, module, settings) of every method in config/methods, and of every one that another file changes."""
    names = sorted(path.stem for path in (CONFIG / "methods").glob("*.yaml"))
    yield from ((name, described(name)["module"], described(name).get("settings", {})) for name in names)
    for path in sorted([*CONFIG.glob("*.yaml"), *CONFIG.glob("papers/*.yaml")]):
        for name, over in (yaml.safe_load(path.read_text(encoding="utf-8")).get("methods") or {}).items():
            if name in names and isinstance(over, dict) and "settings" in over:
                found = merge(described(name), over)
                yield f"{path.stem}:{name}", found["module"], found["settings"]


every_method = pytest.mark.parametrize(("module", "given"), [pytest.param(*rest, id=id) for id, *rest in in_config()])


@every_method
def test_the_settings_of_a_method_in_the_config_are_allowed_at_every_usual_rate(module, given):
    _, found = load(module, given)
    for rate in (4096, 8000, 16000, 44100):
        assert not hasattr(found, "check_data") or found.check_data(rate, 1) is None


@every_method
def test_each_setting_of_a_method_in_the_config_can_be_wrong(module, given):
    of = METHODS.load(module).Settings
    for name in given:
        for value, words in refused(hints(of)[name]):
            assert words in refusal(of, given | {name: value}, name)


# What several settings, or settings and data, must fulfil together


@pytest.mark.parametrize(
    ("module", "given", "said"),
    [
        ("unet", {"hop": 513}, "hop is 513, but windows of 1024 samples overlap by half or more; take at most 512."),
        ("unpadded_unet", {"hop": 129}, "hop is 129, but windows of 256 samples"),
        ("adversarial", {"window": 64}, "hop is 128, but windows of 64 samples"),
        ("unpadded_unet", {"gain_low": 1.5}, "gain_low is 1.5, but gain_high is 1.2; take at most that."),
        ("adversarial", {"gain_high": 0.5}, "gain_low is 1.0, but gain_high is 0.5; take at most that."),
        ("oracle", {"window": 64, "overlap": 65}, "overlap is 65, but a window has 64 samples; take at most 64."),
        ("nmf_harmonic", {"window": 64, "overlap": 65}, "overlap is 65, but a window has 64 samples"),
        ("parametric", {"window": 8, "mask_overlap": 9}, "mask_overlap is 9, but a window has 8 samples"),
        ("harmonic_percussive", {"short_window": 0.5}, "short_window is 0.5, but long_window is 0.3715; take less"),
    ],
)
def test_settings_that_do_not_fit_each_other_are_refused(module, given, said):
    with pytest.raises(UserError) as error:
        load(module, given, "here")
    assert str(error.value).startswith(f"here.{said}")


@pytest.mark.parametrize(
    ("module", "given", "rate", "channels", "said"),
    [
        ("oracle", {"overlap": 1025}, 8000, 1, "overlap is 1025, but a window has 1024 samples; take at most 1024."),
        ("nmf_supervised", {"overlap": 2000}, 8000, 2, "overlap is 2000, but a window has 1024 samples"),
        ("parametric", {"mask_overlap": 1025}, 8000, 1, "mask_overlap is 1025, but a window has 1024 samples"),
        (
            "unet",
            {"chunk_seconds": 0.1},
            8000,
            1,
            "chunk_seconds is 0.1, but a window of 1024 samples lasts 0.128 s at",
        ),
        ("conv_tasnet", {"chunk_seconds": 0.002}, 8000, 2, "chunk_seconds is 0.002, but a filter of 20 samples lasts"),
        ("conv_tasnet", {"network": "torchaudio"}, 8000, 2, "network is torchaudio, which separates mono audio, but"),
        ("muted", {"chunk_seconds": 1e-5}, 8000, 2, "chunk_seconds is 1e-05, but a sample lasts 0.000125 s at 8000 Hz"),
        ("one_shot", {"chunk_seconds": 1e-5}, 8000, 2, "chunk_seconds is 1e-05, but a sample lasts"),
        ("one_shot", {"window_seconds": 1e-5}, 8000, 2, "window_seconds is 1e-05, but a sample lasts"),
        (
            "harmonic_percussive",
            {"crossover": 4000.0},
            8000,
            1,
            "crossover is 4000.0, but audio of 8000 Hz ends at 4000",
        ),
        ("harmonic_percussive", {"overlap": 513}, 8000, 1, "overlap is 513, but a window has 512 samples"),
    ],
)
def test_settings_that_do_not_fit_the_data_are_refused(module, given, rate, channels, said):
    _, found = load(module, given)
    assert found.check_data(rate, channels).startswith(said)


def test_what_is_not_known_of_the_data_is_not_refused():
    _, found = load("conv_tasnet", {"network": "torchaudio"})
    assert found.check_data(8000, None) is None


@pytest.mark.parametrize(
    ("module", "name", "value", "said"),
    [
        ("oracle", "window", 333, "give an even number."),
        ("unet", "window", 1023, "give an even number."),
        ("conv_tasnet", "length", 21, "give an even number."),
        ("conv_tasnet", "kernel", 4, "give an odd number."),
        ("harmonic_percussive", "kernel", 30, "give an odd number."),
    ],
)
def test_a_number_must_be_even_or_odd_where_the_method_halves_it(module, name, value, said):
    assert refusal(METHODS.load(module).Settings, {name: value}, name).endswith(said)
