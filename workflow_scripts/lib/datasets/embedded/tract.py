"""The vocal tract as parallel resonators, and what no resonator describes: a singer's ripple and notches."""

from functools import lru_cache

import numpy as np

from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.datasets.embedded.phonemes import BANDWIDTHS
from workflow_scripts.lib.datasets.embedded.voice import Singer

RIPPLE_DB = 2.5  # rms
RIPPLE_TERMS = 24
NOTCHES = ((1450.0, 0, 70.0, 7.0), (4300.0, 1, 300.0, 12.0))  # centre in Hz, power of the tract scale, width in Hz, dB


def response(frequencies: np.ndarray, formants: np.ndarray, who: Singer) -> np.ndarray:
    """Magnitude [control, bin] of resonators of alternating sign in parallel, at frequencies [control or 1, bin] in Hz.

    formants: Hz, [control, formant]. The peaks have the levels of a cascade of the same resonances; between them the
    signs make zeros, which an all-pole filter does not have.
    """
    gains = np.array(who.signs) * 10.0 ** (np.array(who.formant_gain) / 20.0) * cascade_peaks(formants)
    total = np.zeros(np.broadcast_shapes(frequencies.shape, (len(formants), 1)), dtype=complex)
    for index, bandwidth in enumerate(_bandwidths(who)):
        centre = formants[:, index, None]
        damping = 1j * bandwidth * frequencies
        total += gains[:, index, None] * damping / (centre**2 - frequencies**2 + damping)
    return np.abs(total)


def cascade_peaks(formants: np.ndarray) -> np.ndarray:
    """Magnitude of a cascade of all resonances at each of them, [control, formant]."""
    peaks = np.ones(formants.shape)
    for index, bandwidth in enumerate(BANDWIDTHS):
        centre = formants[:, index, None]
        peaks *= centre**2 / np.abs(centre**2 - formants**2 + 1j * bandwidth * formants)
    return peaks


def _bandwidths(who: Singer) -> np.ndarray:
    return np.array(BANDWIDTHS) * who.tract


@lru_cache(maxsize=64)
def _ripple_terms(name: str) -> tuple[np.ndarray, np.ndarray]:
    draw = stream("ripple", name)
    return draw.standard_normal(RIPPLE_TERMS), draw.uniform(0.0, 2 * np.pi, RIPPLE_TERMS)


def personal_db(frequencies: np.ndarray, who: Singer) -> np.ndarray:
    """The singer's own envelope in dB at frequencies in Hz [...]: ripple over the mel scale and two notches."""
    weights, phases = _ripple_terms(who.name)
    mel = np.log1p(frequencies / 700.0) / np.log1p(8000.0 / 700.0)
    ripple = np.zeros(np.shape(frequencies))
    for order, (weight, phase) in enumerate(zip(weights, phases, strict=True), start=1):
        ripple += weight * np.cos(np.pi * order * mel + phase)
    ripple *= RIPPLE_DB * np.sqrt(2.0 / (weights**2).sum())
    for centre, power, width, depth in NOTCHES:
        ripple -= depth * np.exp(-0.5 * ((frequencies - centre * who.tract**power) / width) ** 2)
    return ripple
