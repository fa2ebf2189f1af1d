"""Tiny synthetic scenes: two harmonic tones with vibrato, noise-free, with the F0 that they were made of."""

from dataclasses import replace

import numpy as np
import torch

from workflow_scripts.lib.audio.f0 import F0, HOP_SECONDS, frame_count
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.datasets.scene import Scene

SOURCES = ("vocals", "accompaniment")
PITCHES = (311.1, 174.6)  # Hz, with no partial in common
ROLL_OFFS = (1.0, 1.6)
PANS = ((0.9, 0.4), (0.3, 0.8))  # gains left, right


def scene(rate: int = 8000, channels: int = 1, length: int | None = None, seed: int = 0) -> Scene:
    """One second, or `length` samples, of two tones; the first pauses from 0.6 s to 0.8 s (F0 = 0)."""
    length = rate if length is None else length
    times = np.arange(length) / rate
    grid = np.arange(frame_count(length / rate)) * HOP_SECONDS
    tones = [_tone(index, times, rate, seed) for index in range(len(SOURCES))]
    gains = np.array(PANS) if channels == 2 else np.ones((len(SOURCES), channels))
    references = torch.tensor(np.stack(tones)[:, None] * gains[..., None], dtype=torch.float32)
    hz = np.stack([_f0(index, grid) for index in range(len(SOURCES))])
    f0 = F0(SOURCES, hz, np.ones_like(hz))
    return Scene(references.sum(dim=0), rate, SOURCES, seed, f0, references, marks(times))


def marks(times: np.ndarray) -> torch.Tensor:
    """Exact marks [source, time] at these times in s."""
    return torch.tensor(np.stack([np.where(_sounds(index, times), 1.0, -1.0) for index in range(len(SOURCES))])).float()


def silence(like: Scene) -> Scene:
    """The same scene with nothing in it, its F0 and marks kept."""
    return replace(like, mixture=torch.zeros_like(like.mixture), references=torch.zeros_like(like.references))


def on(where: Scene, device: str) -> Scene:
    """The same scene on another device."""
    moved = {name: getattr(where, name).to(device) for name in ("mixture", "references", "marks")}
    return replace(where, **moved)


def si_sdr(references: torch.Tensor, estimates: torch.Tensor) -> torch.Tensor:
    """Scale-invariant SDR in dB of [source, channel, time], one value a source, channels pooled."""
    s, e = references.double().flatten(1), estimates.double().flatten(1)
    target = (s * e).sum(1, keepdim=True) / s.square().sum(1, keepdim=True) * s
    return 10 * torch.log10(target.square().sum(1) / (target - e).square().sum(1))


def _sounds(index: int, times: np.ndarray) -> np.ndarray:
    return (times < 0.6) | (times >= 0.8) if index == 0 else np.ones(len(times), bool)


def _vibrato(index: int, times: np.ndarray) -> np.ndarray:
    return PITCHES[index] * 2 ** (0.3 / 12 * np.sin(2 * np.pi * 5 * times + index))


def _f0(index: int, times: np.ndarray) -> np.ndarray:
    return np.where(_sounds(index, times), _vibrato(index, times), 0.0)


def _tone(index: int, times: np.ndarray, rate: int, seed: int) -> np.ndarray:
    phase = 2 * np.pi * np.cumsum(_vibrato(index, times)) / rate
    partials = np.arange(1, int(0.45 * rate / PITCHES[index]))
    offsets = stream(seed, index, "phases").uniform(0, 2 * np.pi, len(partials))
    waves = np.sin(partials[:, None] * phase + offsets[:, None]) * (partials ** -ROLL_OFFS[index])[:, None]
    return 0.1 * waves.sum(axis=0) * _sounds(index, times)
