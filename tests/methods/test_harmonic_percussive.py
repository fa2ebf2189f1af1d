"""Harmonic-percussive separation: its parts add up, and tones and clicks fall into the parts they belong to."""

from dataclasses import replace

import pytest
import torch

from tests.methods import scenes
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.methods import harmonic_percussive as hpss

RATE = 22050


def tone(hz: float) -> torch.Tensor:
    return 0.1 * torch.sin(2 * torch.pi * hz / RATE * torch.arange(3 * RATE))[None]


def clicks() -> torch.Tensor:
    signal = torch.zeros(1, 3 * RATE)
    signal[0, RATE // 4 :: RATE // 2] = 1.0
    return signal


def share(part: torch.Tensor, source: torch.Tensor) -> float:
    """How much of a source's energy a part holds, by projection."""
    return ((part * source).sum() / source.square().sum()).item()


@pytest.mark.parametrize("length", [900, 20001])
def test_the_four_parts_add_up_to_the_mixture(length):
    mixture = scenes.scene(rate=16000, channels=2, length=length).mixture
    parts = hpss.split(mixture, 16000, hpss.Settings())
    assert tuple(parts) == hpss.PARTS
    torch.testing.assert_close(sum(parts.values()), mixture, rtol=0, atol=1e-5)


def test_clicks_are_percussive_and_steady_tones_are_not():
    low, high, hits = tone(100.0), tone(1000.0), clicks()
    parts = hpss.split(low + high + hits, RATE, hpss.Settings())
    assert share(parts["low"], low) > 0.9
    assert share(parts["sustained"], high) > 0.9
    assert share(parts["percussive"], hits) > 0.6


def test_a_melody_goes_to_the_voice_and_a_steady_tone_does_not():
    seconds = torch.arange(3 * RATE, dtype=torch.float64) / RATE
    semitones = torch.tensor([0, 4, 7, 5, 9, 2, 11, -3])[(seconds / 0.25).long() % 8]
    hz = 700 * 2 ** (semitones / 12) * (1 + 0.02 * torch.sin(2 * torch.pi * 5.5 * seconds))
    melody = 0.1 * torch.sin(2 * torch.pi * hz.cumsum(0) / RATE)[None].float()
    steady = tone(500.0)
    parts = hpss.split(melody + steady, RATE, hpss.Settings())
    assert share(parts["vocal"], melody) > 0.9
    assert share(parts["vocal"], steady) < 0.1


def test_estimates_are_the_parts_that_the_setting_names():
    whole = scenes.scene()
    swapped = {"vocals": ("percussive",), "accompaniment": ("low", "vocal")}
    estimates = hpss.separate(whole, hpss.Settings(parts=swapped), {})
    parts = hpss.split(whole.mixture, whole.rate, hpss.Settings())
    assert torch.equal(estimates[0], parts["percussive"])
    assert torch.equal(estimates[1], parts["low"] + parts["vocal"])


def test_a_source_that_the_method_does_not_know_is_refused_by_name():
    whole: Scene = replace(scenes.scene(), sources=("vocals", "flute"))
    with pytest.raises(UserError, match="flute"):
        hpss.separate(whole, hpss.Settings(), {})
