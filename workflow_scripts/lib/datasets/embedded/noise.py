"""The unvoiced part: breath that pulses with the cords, consonants, and the air drawn in between phrases."""

from collections.abc import Sequence

import numpy as np

from workflow_scripts.lib.datasets.embedded.contour import Contour
from workflow_scripts.lib.datasets.embedded.control import Grid, plateau
from workflow_scripts.lib.datasets.embedded.performance import Event
from workflow_scripts.lib.datasets.embedded.shaping import shaped_noise
from workflow_scripts.lib.datasets.embedded.tract import personal_db, response
from workflow_scripts.lib.datasets.embedded.voice import Singer

FRAME_SECONDS = 0.016
PULSATION = 0.7  # depth of the glottal modulation of the breath
INHALATION_DB = -34.0


def frame_grid(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Times of the noise frames in s [frame] and frequencies of their bins in Hz [bin]."""
    hop = round(FRAME_SECONDS / 2 * grid.rate)
    return np.arange(-(-grid.samples // hop) + 1) * hop / grid.rate, np.fft.rfftfreq(2 * hop, 1 / grid.rate)


def low_cut_db(frequencies: np.ndarray) -> np.ndarray:
    """Turbulent air has little below 400 Hz: -18 dB an octave there."""
    return -18.0 * np.log2(np.maximum(400.0 / np.maximum(frequencies, 20.0), 1.0))


def breath(contour: Contour, phase: np.ndarray, who: Singer, grid: Grid, generator: np.random.Generator) -> np.ndarray:
    """Aspiration [time]: flatter than the harmonics, coloured by a blurred tract, pulsing once a period."""
    times, frequencies = frame_grid(grid)
    index = np.minimum(np.round(times * grid.rate_hz).astype(int), grid.count - 1)
    tract = np.sqrt(response(np.maximum(frequencies, 50.0)[None, :], contour.formants[index], who))
    tilt = -5.0 * np.log2(1.0 + frequencies / 1500.0) + 0.5 * personal_db(frequencies, who) + low_cut_db(frequencies)
    amount = 10.0 ** ((who.breath + 0.6 * contour.level[index]) / 20.0) * contour.voicing[index]
    noise = shaped_noise(amount[:, None] * tract * 10.0 ** (tilt / 20.0), grid.samples, generator)
    return noise * (1.0 + PULSATION * np.cos(phase - 1.0))


def consonants(events: Sequence[Event], grid: Grid, generator: np.random.Generator) -> np.ndarray:
    """Bursts and fricatives [time], each ending with its consonant."""
    times, frequencies = frame_grid(grid)
    levels = np.zeros((len(times), len(frequencies)))
    for event in events:
        sound = event.consonant
        if sound is not None and sound.noise is not None:
            length = min(sound.burst or event.consonant_seconds, event.consonant_seconds)
            inside = plateau(
                times, event.start - length - 0.004, event.start - 0.008, 0.004 if sound.burst else 0.03, 0.02
            )
            shape = np.exp(-0.5 * ((frequencies - sound.centre) / sound.width) ** 2) + 0.03
            levels += 10.0 ** (sound.noise / 20.0) * inside[:, None] * shape
    return shaped_noise(levels * 10.0 ** (low_cut_db(frequencies) / 20.0), grid.samples, generator)


def inhalations(events: Sequence[Event], grid: Grid, generator: np.random.Generator) -> np.ndarray:
    """The breath drawn before each phrase, [time]."""
    times, frequencies = frame_grid(grid)
    shape = np.exp(-0.5 * (np.log2(np.maximum(frequencies, 20.0) / 1700.0) / 0.8) ** 2)
    levels = np.zeros((len(times), len(frequencies)))
    for event in (event for event in events if not event.legato):
        end = event.start - event.consonant_seconds - 0.05
        levels += 10.0 ** (INHALATION_DB / 20.0) * plateau(times, end - 0.28, end - 0.08, 0.12, 0.08)[:, None] * shape
    return shaped_noise(levels, grid.samples, generator)
