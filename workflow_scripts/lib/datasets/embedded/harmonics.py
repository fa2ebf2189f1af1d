"""The voiced part: a sum of harmonics with fixed phases and amplitudes that follow source, tract and singer."""

import numpy as np

from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.datasets.embedded.contour import Contour
from workflow_scripts.lib.datasets.embedded.control import Grid, band_noise
from workflow_scripts.lib.datasets.embedded.tract import personal_db, response
from workflow_scripts.lib.datasets.embedded.voice import Singer

HIGHEST = 0.475  # of the sampling rate
BLOCK = 100  # control intervals summed at a time, so that the work stays in the cache
FLUTTER_DB, LARGEST_FLUTTER_DB = 1.5, 4.0  # standard deviation at 1.3 kHz; limit at high frequencies
FLUTTER_BAND = (3.0, 40.0)  # Hz
BRIGHTNESS = 0.12  # dB an octave and dB: louder is brighter


def running_phase(f0: np.ndarray, grid: Grid) -> np.ndarray:
    """Phase in radians, [time]: the running sum of the very F0 [control] that is written down."""
    return 2 * np.pi * np.cumsum(grid.to_audio(f0)) / grid.rate


def amplitudes(contour: Contour, who: Singer, grid: Grid, generator: np.random.Generator) -> np.ndarray:
    """Amplitude of each harmonic, [control, harmonic], 0 above 0.475 of the sampling rate."""
    count = max(int(HIGHEST * grid.rate / contour.f0.min()), 1)
    frequencies = contour.f0[:, None] * np.arange(1, count + 1)
    table = np.linspace(0.0, grid.rate / 2, 1024)
    decibels = source_db(frequencies, contour.level, who) + np.interp(frequencies, table, personal_db(table, who))
    decibels += flutter(frequencies, grid, generator)
    gain = 10.0 ** (decibels / 20.0) * response(frequencies, contour.formants, who) * contour.voicing[:, None]
    return np.where(frequencies < HIGHEST * grid.rate, gain, 0.0)


def flutter(frequencies: np.ndarray, grid: Grid, generator: np.random.Generator) -> np.ndarray:
    """Irregular change of each harmonic on its own in dB, [control, harmonic]: more of it, the higher the harmonic."""
    noise = band_noise(generator, grid.count, grid.rate_hz, *FLUTTER_BAND, rows=frequencies.shape[1]).T
    return np.minimum(FLUTTER_DB * (0.35 + frequencies / 2000.0), LARGEST_FLUTTER_DB) * noise


def source_db(frequencies: np.ndarray, level: np.ndarray, who: Singer) -> np.ndarray:
    """Level in dB of the glottal source at its harmonics [control, harmonic]: flat, then falling above the corner."""
    octaves = 0.5 * np.log2(1.0 + (frequencies / who.corner) ** 2)
    return level[:, None] - (who.slope - BRIGHTNESS * level[:, None]) * octaves


def sum_harmonics(phase: np.ndarray, gains: np.ndarray, grid: Grid, who: Singer) -> np.ndarray:
    """Sum of gains [control, harmonic] times sines of the multiples of phase [time], [time].

    Each harmonic is the one before times one phasor; its amplitude is interpolated between control values.
    """
    offsets = np.exp(1j * stream("phases", who.name).uniform(0.0, 2 * np.pi, gains.shape[1]))
    phase = np.pad(phase, (0, (grid.count - 1) * grid.hop - len(phase)))
    out = np.zeros((grid.count - 1, grid.hop))
    for first in range(0, grid.count - 1, BLOCK):
        rows = slice(first, min(first + BLOCK, grid.count - 1))
        part = gains[first : rows.stop + 1]
        phasor = np.exp(1j * phase[first * grid.hop : rows.stop * grid.hop].reshape(-1, grid.hop))
        out[rows] = _sum_block(phasor, part, offsets)
    return out.ravel()[: grid.samples]


def _sum_block(phasor: np.ndarray, gains: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """phasor [interval, time], gains [interval + 1, harmonic] -> [interval, time]."""
    along = np.arange(phasor.shape[1]) / phasor.shape[1]
    steps = np.diff(gains, axis=0)
    total = np.zeros(phasor.shape)
    power = np.ones_like(phasor)
    sounding = np.flatnonzero(np.any(gains > 0, axis=0))
    for harmonic in range(sounding.max(initial=-1) + 1):
        power *= phasor
        wave = power.real * offsets[harmonic].real - power.imag * offsets[harmonic].imag
        total += wave * (gains[:-1, harmonic, None] + steps[:, harmonic, None] * along)
    return total
