"""Oscillators of the instruments and the kit: decaying partials, wavetables, phase modulation, envelopes.

Everything is element-wise arithmetic on float64, no linear algebra library, so that samples do not depend on the
number of threads.
"""

from collections.abc import Sequence

import numpy as np

_BLOCK = 512


def hertz(pitch: float) -> float:
    """Frequency in Hz of a MIDI pitch, 69 being 440 Hz."""
    return 440.0 * 2 ** ((pitch - 69) / 12)


def modal(
    hz: np.ndarray, decay: np.ndarray, amplitude: np.ndarray, phase: np.ndarray, samples: int, rate: int
) -> np.ndarray:
    """Sum of decaying sines [samples]; arguments [mode]: frequency in Hz, time to -60 dB in s, amplitude, phase.

    Modes above 0.475 of the sampling rate are left out. Powers of one phasor a mode, in blocks: two short tables and
    one product instead of a sine a sample.
    """
    blocks = -(-samples // _BLOCK)
    sound = np.zeros((blocks, _BLOCK))
    for mode in np.flatnonzero(hz < 0.475 * rate):
        step = -6.9078 / (decay[mode] * rate) + 2j * np.pi * hz[mode] / rate
        coarse = amplitude[mode] * np.exp(1j * phase[mode] + step * _BLOCK * np.arange(blocks))
        fine = np.exp(step * np.arange(_BLOCK))
        sound += coarse.imag[:, None] * fine.real + coarse.real[:, None] * fine.imag
    return sound.ravel()[:samples]


def wavetable(amplitudes: np.ndarray, phases: np.ndarray, size: int = 2048) -> np.ndarray:
    """One period [size + 1], its last point the first, of harmonics 1, 2, ... with amplitudes and phases [harmonic]."""
    spectrum = np.zeros(size // 2 + 1, dtype=complex)
    spectrum[1 : len(amplitudes) + 1] = amplitudes * np.exp(1j * phases) * size / 2
    period = np.fft.irfft(spectrum, size)
    return np.append(period, period[0])


def read_table(table: np.ndarray, phase: np.ndarray) -> np.ndarray:
    """The table at phases [time] in periods, linearly interpolated."""
    return np.interp((phase % 1.0) * (len(table) - 1), np.arange(len(table)), table)


def harmonics_below(hz: float, rate: int, most: int) -> np.ndarray:
    """Numbers 1, 2, ... of the harmonics of `hz` under 0.475 of the sampling rate, `most` at most."""
    return np.arange(1, max(1, min(most, int(0.475 * rate / hz))) + 1)


def fade(samples: int, rate: int, attack: float, release: float) -> np.ndarray:
    """Envelope [samples]: raised-cosine rise over `attack` s and fall over the last `release` s."""
    time = np.arange(samples) / rate
    rise = np.clip(time / attack, 0, 1)
    fall = np.clip((samples / rate - time) / release, 0, 1)
    return 0.25 * (1 - np.cos(np.pi * rise)) * (1 - np.cos(np.pi * fall))


def add(out: np.ndarray, sound: np.ndarray, start: int, gains: Sequence[float] | np.ndarray) -> None:
    """Add a sound [time] or [channel, time] into out [channel, time] from sample `start`, cut at the end."""
    length = min(sound.shape[-1], out.shape[1] - start)
    if length > 0:
        out[:, start : start + length] += np.asarray(gains)[:, None] * sound[..., :length]
