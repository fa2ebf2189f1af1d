"""The files `..._published.yaml` have the published numbers, and the list of departures names switches that exist."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from workflow_scripts.lib.methods.contract import load
from workflow_scripts.plan.configuration import Configuration
from workflow_scripts.plan.yaml_files import read_yaml

ROOT = Path(__file__).parents[2]
LIST = ROOT / "docs" / "departures.md"

# The numbers of the papers and of the authors' code, by hand.
PARAMETRIC = {
    "settings": {
        "encoder_width": 256,
        "code_width": 128,
        "decoder_width": 512,
        "mask_exponent": 1.0,
        "learning_rate": 1e-4,
        "weight_decay": 1e-5,
        "decay": 0.98,
        "window": None,
        "mask_overlap": 8,
        "synthesis": "as published",
        "edges": "reflection",
        "attack": 0.0,
        "release": 0.0,
        "chunk_seconds": 4.0,
        "overlap": 0.0,
        "output": "masked",
    },
    "training": {"batch": 15, "seconds": 4.0, "patience": 200},
}
LEARNING = ("learning_rate", "weight_decay", "decay")  # what matters to a training alone
EPOCHS = 8000
UNET = {
    "settings": {
        "condition": "pitch",
        "width": 16,
        "leak": 1.0,
        "edges": "reflection",
        "window": 1024,
        "hop": 256,
        "learning_rate": 1e-3,
        "weight_decay": 1e-5,
        "decay": 0.98,
        "mask_exponent": 1.0,
        "chunk_seconds": 4.0,
        "overlap": 0.0,
    },
    "training": {"batch": 16, "seconds": 4.0, "patience": 200, "steps": EPOCHS * 136, "validate_every": 136},
}
SEPARATOR = {
    "window": 512,
    "hop": 256,
    "frames": 64,
    "levels": 4,
    "width": 16,
    "head": "relu",
    "scale": "own",
    "edges": "reflection",
    "learning_rate": 5e-5,
    "epsilon": "tensorflow",
    "average": 0.0,
    "reconstruction": "magnitude",
}
ADVERSARIAL_TRAINING = {
    "batch": 64,
    "validate_every": 1001,
    "patience": 1,
    "seconds": 66 * 256 / 8192 + 2 * 1.4375,
    "overhang_seconds": 1.4375,
    "draw_from": "songs",
}
CRITICS = {
    "alpha": 0.001,
    "beta": 0.001,
    "critic_width": 32,
    "critic_rate": 5e-5,
    "critic_betas": (0.9, 0.999),
    "rounds": 5,
    "mixtures": "new",
    "constraint": "one-sided",
    "penalty_weight": 10.0,
    "gain_low": 0.2,
    "gain_high": 1.2,
    "warmup": 0,
}
ONE_SHOT = {
    "loss": "published",
    "gamma": 1.0,
    "learning_rate": 1e-5,
    "epochs": 10,
    "window_seconds": 10.0,
    "hop_seconds": 1.0,
    "pitch_copies": 2,
    "stems": 0.0,
    "remix": 0.0,
    "output": "plain",
    "assembly": "shifted",
    "chunk_seconds": 10.0,
    "shifts": 10,
    "shift_seconds": 0.5,
}


SHARED = {"unpaired": {"family": None, "songs": "shared"}}
CRITICAL = {"settings": SEPARATOR | CRITICS, **SHARED}
STARTED = {"start": "adversarial_supervised_published"}
VARIANTS: dict[str, dict[str, Any]] = {
    "alpha": CRITICAL | {"settings": SEPARATOR | CRITICS | {"beta": 0.0}},
    "beta": CRITICAL | {"settings": SEPARATOR | CRITICS | {"alpha": 0.0}},
    "mask": CRITICAL | {"settings": SEPARATOR | CRITICS | {"head": "mask"}},
    "started": CRITICAL | STARTED,
    "control": STARTED,
    "remix": {"settings": SEPARATOR | {"extra": "remix", "gain_low": 0.2, "gain_high": 1.2}, **SHARED, **STARTED},
    "self_training": {"settings": SEPARATOR | {"extra": "self_training"}, **SHARED, **STARTED},
    "supervised_all": {"budget": {"family": None}},
}
EQUAL_STEPS = {"steps": 20 * 1001, "patience": None}  # of all that start from the supervised weights


def of_separator(changes: dict[str, Any]) -> dict[str, Any]:
    """A variant of the separator: what it changes, and all else as published."""
    training = ADVERSARIAL_TRAINING | (EQUAL_STEPS if "start" in changes else {})
    base = {"settings": SEPARATOR, "training": training, "start": None, "budget": {"family": "DSD100"}}
    return base | changes


def one_shot(strategy: str, **changes: str) -> dict[str, Any]:
    return {"settings": ONE_SHOT | {"strategy": strategy, "decoder": "trained"} | changes, "marks": "envelope"}


def of_epochs(steps_an_epoch: int, changed: dict[str, Any]) -> dict[str, Any]:
    """A parametric training: rate times 0.98 every 200 epochs, a validation each, 8000 at most."""
    settings = PARAMETRIC["settings"] | {"decay_steps": 200 * steps_an_epoch} | changed
    training = {"steps": EPOCHS * steps_an_epoch, "validate_every": steps_an_epoch}
    return {"settings": settings, "training": PARAMETRIC["training"] | training}


PUBLISHED = {
    "parametric_published": of_epochs(145, {"supervision": "mixture"}),
    "parametric_supervised_published": of_epochs(145, {"supervision": "voices"}),
    "parametric_one_published": of_epochs(12, {"supervision": "mixture"}) | {"budget": {"songs": 1}},
    "unet_f0_published": UNET,
    "adversarial_supervised_published": {
        "settings": SEPARATOR,
        "training": ADVERSARIAL_TRAINING,
        "start": None,
        "budget": {"family": "DSD100"},
    },
    "adversarial_published": {
        "settings": SEPARATOR | CRITICS,
        "training": ADVERSARIAL_TRAINING,
        "start": None,
        "budget": {"family": "DSD100"},
        "unpaired": {"family": None, "songs": "shared"},
    },
    # Variants that no paper has, at the published size: what they share with it.
    **{f"adversarial_{name}_published": of_separator(changes) for name, changes in VARIANTS.items()},
    "conv_tasnet_published": {
        "settings": {
            "filters": 256,
            "length": 20,
            "bottleneck": 256,
            "hidden": 512,
            "kernel": 3,
            "blocks": 10,
            "repeats": 4,
            "learning_rate": 3e-4,
            "weight_decay": 0.0,
            "decay": 1.0,
            "remix_group": 4,
            "offset_seconds": 1.0,
            "assembly": "shifted",
            "chunk_seconds": 10.0,
            "shifts": 10,
            "shift_seconds": 0.5,
        },
        "training": {"batch": 64, "patience": None, "seconds": pytest.approx(80000 / 44100 + 1), "steps": 180 * 640},
    },
    "guided_published": one_shot("l1"),
    **{f"guided_l{k}_published": one_shot(f"l{k}") for k in (2, 3, 4, 5)},
    "guided_reconstruction_published": one_shot("l1", loss="reconstruction"),
    "guided_script_published": one_shot("l3", decoder="frozen"),
}
SECTIONS = {
    "Parametric": ("parametric_published", "parametric_supervised_published", "parametric_one_published"),
    "U-Net": ("unet_f0_published",),
    "Adversarial": ("adversarial_published",),
    "Conv-TasNet": ("conv_tasnet_published",),
    "User-guided": ("guided_published", *(f"guided_l{k}_published" for k in (2, 3, 4, 5))),
}


@pytest.fixture(scope="module")
def configuration() -> Configuration:
    return Configuration(read_yaml(ROOT / "config" / "config.yaml"))


def value_of(configuration: Configuration, name: str, path: list[str]) -> Any:
    """What a method's file says of a key, the default of its module or of the key where it says nothing."""
    entry = configuration.method(name)
    if path[0] == "settings":
        return getattr(load(entry.module, entry.settings)[1], path[1])
    found = entry
    for key in path:
        found = getattr(found, key)
    return found


def test_every_published_file_is_compared():
    files = {path.stem for path in (ROOT / "config" / "methods").glob("*_published.yaml")}
    assert files == PUBLISHED.keys()


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_file_has_the_published_numbers(configuration, name):
    for key, expected in PUBLISHED[name].items():
        for part, value in expected.items() if isinstance(expected, dict) else [(None, expected)]:
            assert value_of(configuration, name, [key] + [part] * (part is not None)) == value, (key, part)


def rows() -> list[tuple[str, str]]:
    """Section and last cell of each row of the list."""
    found, section = [], ""
    for line in LIST.read_text(encoding="utf-8").splitlines():
        section = line.removeprefix("## ") if line.startswith("## ") else section
        if line.startswith("| ") and not line.startswith("| published"):
            found.append((section, line.strip("|").split("|")[-1].strip()))
    return found


def test_every_departure_has_a_reason_or_a_switch_that_the_published_files_have(configuration):
    switches = 0
    for section, last in rows():
        if last.startswith("none: "):
            assert len(last) > 20
            continue
        path, value = re.fullmatch(r"`([a-z0-9_.]+): (.+)`", last).groups()
        for name in next(names for start, names in SECTIONS.items() if section.startswith(start)):
            found = value_of(configuration, name, path.split("."))
            assert found == pytest.approx(yaml.safe_load(value)), (name, path)
            switches += 1
    assert switches > 40


def test_released_parametric_weights_separate_as_published(configuration):
    for name, value in PARAMETRIC["settings"].items():
        if name not in LEARNING:
            assert value_of(configuration, "parametric_imported", ["settings", name]) == value, name
