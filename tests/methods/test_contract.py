"""What every method must do, for each file in config/methods, found by looking."""

import json
import os
import subprocess
import sys
from dataclasses import fields, replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import pytest
import safetensors.torch
import torch
import yaml
from accelerate import Accelerator

from tests.methods import scenes
from tests.methods.given import Given, unpaired
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.datasets.training_data import TrainingData
from workflow_scripts.lib.methods.contract import load
from workflow_scripts.lib.networks.tensors import Tensors

FOLDER = Path(__file__).parents[2] / "config" / "methods"
# A file with `like` is a method of another file with other marks or the like.
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml") if "like" not in yaml.safe_load(path.read_text("utf-8")))

# The published sizes are the same code with larger numbers; their parameter counts are tested where they are defined.
LARGE = ("_published", "_imported")
every_method = pytest.mark.parametrize("name", [name for name in NAMES if not name.endswith(LARGE)])


def description(name: str) -> dict[str, Any]:
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))


def method(name: str) -> tuple[ModuleType, Any]:
    return load(description(name)["module"], description(name).get("settings", {}))


@lru_cache
def model(name: str, channels: int) -> Tensors:
    """Weights from two training scenes; none for a method that does not learn."""
    return learnt(name, [scenes.scene(channels=channels, seed=seed, length=10000) for seed in (1, 2)])


def learnt(name: str, examples: list[Scene]) -> Tensors:
    """What the method learns from the examples, in one step where it learns step by step."""
    needs, start = description(name).get("needs", []), description(name).get("start")
    if "training" not in needs:
        return learnt(start, examples) if start else {}
    module, settings = method(name)
    if hasattr(module, "train"):
        return module.train(examples, settings)
    data = TrainingData(
        Given(examples),
        Given(examples),
        unpaired(examples) if "unpaired" in needs else None,
        learnt(start, examples) if start else {},
    )
    trainee = module.trainee(data, settings, 0, torch.device("cpu"), Accelerator(cpu=True))
    torch.manual_seed(0)  # as the training loop does before each step
    trainee.step(0)
    return trainee.weights()


def given(name: str, whole: Scene) -> Scene:
    """The scene with no more than what the method's file asks for."""
    needs = description(name).get("needs", [])
    kept = {name: getattr(whole, name) if name in needs else None for name in ("f0", "references", "marks")}
    return replace(whole, **kept)


def separate(name: str, whole: Scene, weights: Tensors | None = None) -> torch.Tensor:
    module, settings = method(name)
    weights = model(name, len(whole.mixture)) if weights is None else weights
    if "adaptation" in description(name).get("needs", []):
        weights = adapted(name, whole, weights)
    return module.separate(given(name, whole), settings, weights)


def adapted(name: str, whole: Scene, weights: Tensors) -> Tensors:
    """The weights after one epoch on this scene."""
    module, settings = method(name)
    with TemporaryDirectory() as folder:
        state = Path(folder) / "state.pt"
        return module.adapt(given(name, whole), replace(settings, epochs=1), weights, state, "contract")[0]


def assert_estimates(estimates: torch.Tensor, whole: Scene) -> None:
    assert estimates.shape == (len(whole.sources), *whole.mixture.shape)
    assert estimates.dtype == torch.float32
    assert estimates.device == whole.mixture.device
    assert torch.isfinite(estimates).all()


def test_there_are_methods_to_test():
    assert {"mixture", "irm", "ibm", "mwf", "nmf1", "nmf2", "nmf_supervised", "hpss"} <= set(NAMES)


@every_method
def test_a_method_learns_exactly_where_its_file_says_so(name):
    module, _ = method(name)
    assert (hasattr(module, "train") or hasattr(module, "trainee")) == (
        "training" in description(name).get("needs", [])
    )


@every_method
def test_a_method_adapts_exactly_where_its_file_says_so(name):
    module, _ = method(name)
    adapts = "adaptation" in description(name).get("needs", [])
    assert hasattr(module, "adapt") == hasattr(module, "trained_parameters") == adapts


@every_method
def test_a_misspelt_setting_is_refused_by_name(name):
    with pytest.raises(UserError, match="itterations"):
        load(description(name)["module"], {"itterations": 3})


@every_method
@pytest.mark.parametrize("channels", [1, 2], ids=["mono", "stereo"])
def test_estimates_have_the_shape_of_the_mixture_in_mono_and_stereo(name, channels):
    whole = scenes.scene(channels=channels)
    estimates = separate(name, whole)
    assert_estimates(estimates, whole)
    assert estimates.abs().max() > 1e-3


@every_method
@pytest.mark.parametrize("length", [1, 7, 900, 8001])
def test_any_length_is_separated_even_one_below_the_window_or_the_hop(name, length):
    whole = scenes.scene(length=length)
    assert_estimates(separate(name, whole), whole)


@every_method
def test_another_sampling_rate_is_separated(name):
    whole = scenes.scene(rate=11025, channels=1)
    assert_estimates(separate(name, whole, learnt(name, [whole])), whole)


@every_method
def test_the_same_seed_gives_the_same_bits(name):
    whole = scenes.scene()
    first, second = separate(name, whole), separate(name, whole)
    assert first.numel() > 0
    assert torch.equal(first, second)


@every_method
def test_training_twice_gives_the_same_bits(name):
    first = model(name, 1)
    model.cache_clear()
    second = model(name, 1)
    assert first.keys() == second.keys()
    assert bool(first) == ("start" in description(name) or "training" in description(name).get("needs", []))
    assert all(torch.equal(first[key], second[key]) for key in first)


@every_method
def test_a_model_saved_and_loaded_gives_the_same_estimates(name, tmp_path):
    whole = scenes.scene()
    path = tmp_path / "model.safetensors"
    safetensors.torch.save_file(model(name, 1), path)
    before, after = separate(name, whole), separate(name, whole, safetensors.torch.load_file(path))
    assert before.numel() > 0
    assert torch.equal(before, after)


@every_method
@pytest.mark.parametrize("channels", [1, 2], ids=["mono", "stereo"])
def test_silence_in_gives_silence_out(name, channels):
    whole = scenes.silence(scenes.scene(channels=channels))
    estimates = separate(name, whole)
    assert_estimates(estimates, whole)
    assert not estimates.any()


@every_method
def test_a_scene_that_falls_silent_half_way_stays_finite(name):
    whole = scenes.scene()
    half = torch.arange(whole.mixture.shape[-1]) < whole.mixture.shape[-1] // 2
    marks = torch.where(half, whole.marks, -torch.ones(()))
    cut = replace(whole, mixture=whole.mixture * half, references=whole.references * half, marks=marks)
    assert_estimates(separate(name, cut), cut)


@every_method
def test_a_mixture_a_thousand_times_quieter_gives_estimates_a_thousand_times_quieter(name):
    whole = scenes.scene()
    quiet = replace(whole, mixture=whole.mixture / 1024, references=whole.references / 1024)
    loud, low = separate(name, whole), separate(name, quiet) * 1024
    assert (loud - low).square().mean() < 1e-6 * loud.square().mean()


@every_method
def test_the_mixture_and_the_references_are_left_as_they_were(name):
    whole, untouched = scenes.scene(), scenes.scene()
    separate(name, whole)
    assert torch.equal(whole.mixture, untouched.mixture)
    assert torch.equal(whole.references, untouched.references)


@every_method
@pytest.mark.gpu
def test_cpu_and_gpu_agree(name):
    module, settings = method(name)
    # float64, so that an iterative method has the same path on both.
    if "precision" in {field.name for field in fields(settings)}:
        settings = replace(settings, precision="float64")
    whole = scenes.scene(channels=2)
    there = scenes.on(whole, "cuda")
    weights = {key: each.cuda() for key, each in model(name, 2).items()}
    here = module.separate(given(name, whole), settings, model(name, 2))
    remote = module.separate(given(name, there), settings, weights)
    assert_estimates(remote, there)
    torch.testing.assert_close(remote.cpu(), here, rtol=0, atol=1e-4 * here.abs().max().item())


GROWTH = 4 * (2 + 8)  # bytes a sample in mono: two estimates, and eight signals as long as the mixture
one_of_each_module = {description(name)["module"]: name for name in NAMES if not name.endswith(LARGE)}


@pytest.fixture(scope="module")
def bytes_needed() -> dict[str, list[int]]:
    """For each method, bytes needed to separate 70 and 140 s of 8 kHz: a block of frames lasts up to 65 s.

    In a process of its own, in which what is freed goes back at once: of what earlier tests left, nothing is used.
    """
    command = [sys.executable, "-m", "tests.methods.peak_memory", "70", "140", *one_of_each_module.values()]
    environment = os.environ | {"MALLOC_MMAP_THRESHOLD_": str(2**20)}
    return json.loads(subprocess.run(command, env=environment, check=True, capture_output=True).stdout)


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="this system does not forget a peak of memory")
@pytest.mark.parametrize("name", sorted(one_of_each_module.values()))
def test_memory_does_not_grow_with_the_length_beyond_mixture_and_estimates(name, bytes_needed):
    short, long = bytes_needed[name]
    assert (long - short) / (140 - 70) / 8000 < GROWTH
