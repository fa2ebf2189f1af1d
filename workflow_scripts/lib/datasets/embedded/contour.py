"""The control curves of a sung line: pitch, voicing, loudness and formants, all on the control grid."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy

from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.datasets.embedded.control import Grid, band_noise, plateau, ramp
from workflow_scripts.lib.datasets.embedded.performance import Event
from workflow_scripts.lib.datasets.embedded.phonemes import HIGH_FORMANTS, VOWEL_FORMANTS
from workflow_scripts.lib.datasets.embedded.voice import FORMANTS, Singer

UNVOICED_BELOW = 0.3  # of the voicing curve
OVERSHOOT, LARGEST_OVERSHOOT = 0.06, 0.3  # of the interval; semitones
LEVEL_NOISE = ((1.0, (0.05, 1.5)), (0.9, (3.0, 9.0)), (0.6, (9.0, 40.0)))  # dB rms, Hz: drift, unsteadiness, shimmer
DRIFT_CENTS, JITTER_CENTS = 6.0, 3.0
ATTACK_DIP = 4.0  # dB, between two notes of one breath
VIBRATO_DRIFT = 0.06  # of the vibrato rate
COARTICULATION = 0.07  # s


@dataclass(frozen=True)
class Contour:
    """f0: Hz, [control]; voicing: 0 to 1, [control]; level: dB of the whole voice, [control];
    formants: Hz, [control, formant]."""

    f0: np.ndarray
    voicing: np.ndarray
    level: np.ndarray
    formants: np.ndarray


def contour(events: Sequence[Event], who: Singer, grid: Grid, key: tuple[object, ...]) -> Contour:
    """All control curves of one performance; each draws from a stream of its own under `key`."""
    midi = pitch(events, grid, stream(*key, "pitch")) + modulation(events, who, grid, stream(*key, "modulation")) / 100
    f0 = 440.0 * 2.0 ** ((midi - 69.0) / 12.0)
    return Contour(
        f0=f0,
        voicing=voicing(events, grid),
        level=loudness(events, midi, grid, stream(*key, "level")),
        formants=formants(events, f0, who, grid, stream(*key, "formants")),
    )


def pitch(events: Sequence[Event], grid: Grid, generator: np.random.Generator) -> np.ndarray:
    """MIDI number [control]: S-shaped glides, 60 % of each before the beat, overshoot, and scoops into phrases."""
    time = grid.times
    curve = np.full(grid.count, events[0].midi if events else 69.0)
    for before, event in zip([None, *events], events, strict=False):
        length = generator.uniform(0.055, 0.130)
        scoop, settle = generator.uniform(0.3, 1.2), generator.uniform(0.03, 0.06)
        interval = event.midi - before.midi if before else 0.0
        begin = event.start - 0.6 * length
        curve += interval * ramp(time, begin, length)
        bump = np.clip((time - begin - length) / 0.12, 0.0, 1.0)
        curve += np.clip(OVERSHOOT * interval, -LARGEST_OVERSHOOT, LARGEST_OVERSHOOT) * np.sin(np.pi * bump) ** 2
        if not event.legato:
            late = np.maximum(time - event.start, 0.0)
            curve -= scoop * np.exp(-late / settle) * (time >= (before.end if before else 0.0))
    return curve


def modulation(events: Sequence[Event], who: Singer, grid: Grid, generator: np.random.Generator) -> np.ndarray:
    """Vibrato, slow drift and jitter in cents, [control]."""
    count, rate = grid.count, grid.rate_hz
    speed = who.vibrato_rate * (1 + VIBRATO_DRIFT * band_noise(generator, count, rate, 0.1, 1.0))
    depth = who.vibrato_depth * (1 + 0.2 * band_noise(generator, count, rate, 0.1, 1.0))
    swing = np.sin(2 * np.pi * (np.cumsum(speed) / rate + generator.uniform()))
    drift = DRIFT_CENTS * band_noise(generator, count, rate, 0.05, 0.8)
    jitter = JITTER_CENTS * band_noise(generator, count, rate, 6.0, 30.0)
    return vibrato_onset(events, who, grid) * depth * swing + drift + jitter


def vibrato_onset(events: Sequence[Event], who: Singer, grid: Grid) -> np.ndarray:
    """0 to 1, [control]: the vibrato of each note sets in late and leaves before the next glide."""
    curve = np.zeros(grid.count)
    for event in events:
        begin, end = event.start + who.vibrato_delay, event.end - 0.09
        if end > begin:
            curve = np.maximum(curve, plateau(grid.times, begin, end, 0.16, 0.06))
    return curve


def voicing(events: Sequence[Event], grid: Grid) -> np.ndarray:
    """0 to 1, [control]: 1 while the cords swing; off in rests and in unvoiced consonants."""
    curve = np.zeros(grid.count)
    for begin, end in voiced_stretches(events):
        curve = np.maximum(curve, plateau(grid.times, begin, end, 0.035, 0.05))
    return curve


def voiced_stretches(events: Sequence[Event]) -> list[tuple[float, float]]:
    """Where the voice sounds without a break, as (begin, end) in s."""
    stretches: list[tuple[float, float]] = []
    for event in events:
        silent = event.consonant is not None and event.consonant.voiced is None
        begin = event.start if silent else event.start - event.consonant_seconds
        if stretches and event.legato and not silent:
            stretches[-1] = (stretches[-1][0], event.end)
            continue
        if stretches and event.legato:
            # The fall of the voicing takes 50 ms, most of it inside the closure.
            stretches[-1] = (stretches[-1][0], event.start - event.consonant_seconds - 0.02)
        stretches.append((begin, event.end))
    return stretches


def loudness(events: Sequence[Event], midi: np.ndarray, grid: Grid, generator: np.random.Generator) -> np.ndarray:
    """Level in dB, [control]: notes, attacks, voiced consonants, phrases that swell, slow drift and shimmer."""
    noises = (sd * band_noise(generator, grid.count, grid.rate_hz, *band) for sd, band in LEVEL_NOISE)
    curve = sum(noises, np.zeros(grid.count))
    if not events:
        return curve
    curve += 0.25 * (midi - np.mean([event.midi for event in events]))
    levels = np.interp(grid.times, [event.start + 0.1 for event in events], [event.level for event in events])
    curve += levels + swell(events, grid)
    for event in events:
        curve -= ATTACK_DIP * np.exp(-(((grid.times - event.start) / 0.045) ** 2))
        if event.consonant is not None and event.consonant.voiced is not None:
            begin = event.start - event.consonant_seconds
            curve += event.consonant.voiced * plateau(grid.times, begin - 0.015, event.start - 0.01, 0.03, 0.03)
    return curve


def swell(events: Sequence[Event], grid: Grid) -> np.ndarray:
    """3 dB up and down again over each phrase, [control]."""
    starts = [event.start for event in events if not event.legato]
    ends = [before.end for before, event in pairwise(events) if not event.legato] + [events[-1].end]
    curve = np.zeros(grid.count)
    for start, end in zip(starts, ends, strict=True):
        curve += 3.0 * np.sin(np.pi * np.clip((grid.times - start) / (end - start), 0.0, 1.0))
    return curve


def formants(
    events: Sequence[Event], f0: np.ndarray, who: Singer, grid: Grid, generator: np.random.Generator
) -> np.ndarray:
    """Formant frequencies in Hz, [control, formant]: targets joined over 70 ms, never quite at rest.

    The first formant stays above the F0, as trained high voices keep it.
    """
    targets = np.tile(np.array([*VOWEL_FORMANTS["a"], *HIGH_FORMANTS]), (grid.count, 1))
    for event in events:
        targets[grid.times >= event.start, :3] = VOWEL_FORMANTS[event.vowel]
        if event.consonant is not None:
            inside = (grid.times >= event.start - event.consonant_seconds) & (grid.times < event.start)
            targets[inside, :3] = event.consonant.locus
    width = round(COARTICULATION * grid.rate_hz) | 1
    shape = np.hanning(width + 2)[1:-1]
    smooth = scipy.ndimage.convolve1d(targets, shape / shape.sum(), axis=0, mode="nearest")
    wander = np.stack([band_noise(generator, grid.count, grid.rate_hz, 0.3, 6.0) for _ in range(FORMANTS)], axis=1)
    tracks = smooth * (1 + 0.02 * wander) * who.tract * np.array(who.formant_scale)
    tracks[:, 0] = np.maximum(tracks[:, 0], 1.05 * f0)
    tracks[:, 1] = np.maximum(tracks[:, 1], tracks[:, 0] + 150.0)
    return tracks
