"""The drum kits: each drum a small synthesiser with parameters drawn a song, each stroke one of its variants."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.datasets.embedded.room import direct_gains
from workflow_scripts.lib.datasets.embedded.score import Hit
from workflow_scripts.lib.datasets.embedded.tones import add, fade, modal

VARIANTS = 3  # of each drum, so that no two strokes in a row need be the same samples
HATS = ("hat", "open hat")
POSITIONS = {"hat": 0.35, "open hat": 0.35, "crash": -0.5, "tom 1": -0.4, "tom 2": 0.3}  # left to right, others centre

# Frequencies of the six squares of a hat, as ratios; a family's kit sets the lowest one.
_HAT_RATIOS = np.array([1.0, 1.342, 1.2312, 1.6532, 1.9523, 2.1523])


@dataclass(frozen=True)
class Kit:
    """Ranges from which a song's kit is drawn.

    kick: end of the sweep in Hz; kick_sweep: start over end; kick_decay: to -60 dB in s; click: its level.
    snare: lowest of the four modes in Hz; snare_decay: of the modes in s; rattle: decay of the noise in s;
    noise: level of the noise re the modes; band: of that noise in Hz.
    hat: lowest square in Hz; metal: level of the squares re the noise; hat_decay, open_decay: in s.
    tom: higher tom in Hz; levels: gain in dB of kick, snare, hats, crash and toms.
    """

    kick: tuple[float, float]
    kick_sweep: tuple[float, float]
    kick_decay: tuple[float, float]
    click: tuple[float, float]
    snare: tuple[float, float]
    snare_decay: tuple[float, float]
    rattle: tuple[float, float]
    noise: tuple[float, float]
    band: tuple[float, float]
    hat: tuple[float, float]
    metal: tuple[float, float]
    hat_decay: tuple[float, float]
    open_decay: tuple[float, float]
    tom: tuple[float, float]
    levels: tuple[float, float, float, float, float]


KITS = {
    # Skins and shells: a short dull kick, a ringing snare with a long rattle, dark soft hats.
    "studio": Kit(
        kick=(52, 66), kick_sweep=(1.8, 2.6), kick_decay=(0.22, 0.35), click=(0.15, 0.35),
        snare=(170, 215), snare_decay=(0.25, 0.45), rattle=(0.2, 0.35), noise=(0.5, 0.8), band=(1200, 7000),
        hat=(380, 520), metal=(0.15, 0.35), hat_decay=(0.06, 0.12), open_decay=(0.5, 0.8),
        tom=(120, 160), levels=(0, -2, -16, -12, -3),
    ),
    # A drum machine: a long deep kick with a wide sweep, a snare of noise, bright metallic hats.
    "club": Kit(
        kick=(42, 50), kick_sweep=(4.0, 6.5), kick_decay=(0.45, 0.7), click=(0.4, 0.7),
        snare=(215, 280), snare_decay=(0.12, 0.22), rattle=(0.15, 0.25), noise=(1.2, 2.0), band=(2000, 9500),
        hat=(560, 760), metal=(0.6, 1.2), hat_decay=(0.03, 0.06), open_decay=(0.25, 0.4),
        tom=(90, 120), levels=(1, -2, -11, -10, -4),
    ),
}  # fmt: skip


def play_drums(
    hits: Sequence[Hit],
    seconds_of: Callable[[float], float],
    family: str,
    piece: str,
    shape: tuple[int, int],
    rate: int,
) -> np.ndarray:
    """Strokes on the family's kit -> [channel = 2, time] of `shape`; `seconds_of` turns a beat into its time in s.

    A closed hat chokes an open one. Each stroke is off the grid by 3 ms (standard deviation).
    """
    kit, rng = build(family, piece, rate), stream("songs", piece, "strokes")
    out = np.zeros(shape)
    hat_starts = [seconds_of(hit.beat) for hit in hits if hit.drum in HATS]
    for hit in hits:
        start = max(0.0, seconds_of(hit.beat) + 0.003 * rng.standard_normal())
        sound = kit[hit.drum][rng.integers(VARIANTS)]
        if hit.drum == "open hat":
            sound = _choke(sound, start, hat_starts, rate)
        add(out, sound, round(start * rate), hit.level**1.5 * direct_gains(2, POSITIONS.get(hit.drum, 0.0)))
    return out


def _choke(sound: np.ndarray, start: float, hat_starts: Sequence[float], rate: int) -> np.ndarray:
    following = min((other for other in hat_starts if other > start + 0.05), default=start + 60)
    samples = min(len(sound), round((following - start) * rate))
    return sound[:samples] * fade(samples, rate, 1e-4, 0.02)


def build(family: str, piece: str, rate: int) -> dict[str, list[np.ndarray]]:
    """Drum -> its variants, each [time]; parameters drawn once a piece and shared by the variants."""
    ranges, rng = KITS[family], stream("songs", piece, "kit")
    drawn = {name: value if name in ("band", "levels") else rng.uniform(*value) for name, value in vars(ranges).items()}
    kick, snare, hat, crash, tom = (10 ** (level / 20) for level in drawn["levels"])
    makers: dict[str, Callable[[], np.ndarray]] = {
        "kick": lambda: kick * _kick(drawn, rate, rng),
        "snare": lambda: snare * _snare(drawn, rate, rng),
        "hat": lambda: hat * _hat(drawn, drawn["hat_decay"], rate, rng),
        "open hat": lambda: hat * _hat(drawn, drawn["open_decay"], rate, rng),
        "crash": lambda: crash * _crash(drawn, rate, rng),
        "tom 1": lambda: tom * _tom(drawn["tom"], rate, rng),
        "tom 2": lambda: tom * _tom(drawn["tom"] * 0.72, rate, rng),
    }
    return {name: [make() for _ in range(VARIANTS)] for name, make in makers.items()}


def _kick(drawn: dict[str, Any], rate: int, rng: np.random.Generator) -> np.ndarray:
    """A sine that sweeps down to its pitch, and a click of noise."""
    time = _time(drawn["kick_decay"] * 1.1, rate)
    sweep = 1 + (drawn["kick_sweep"] - 1) * np.exp(-time / 0.018)
    phase = np.cumsum(drawn["kick"] * sweep) / rate
    click = _decay(time, 0.02) * _noise(len(time), rate, (1500, 6000), rng)
    return np.sin(2 * np.pi * phase) * _decay(time, drawn["kick_decay"]) + drawn["click"] * click


def _snare(drawn: dict[str, Any], rate: int, rng: np.random.Generator) -> np.ndarray:
    """Four modes of head and shell, and the rattle of the wires as band-passed noise."""
    time = _time(max(drawn["snare_decay"], drawn["rattle"]) * 1.1, rate)
    hz = drawn["snare"] * np.array([1.0, 1.59, 2.14, 2.65]) * rng.uniform(0.99, 1.01, 4)
    decay = drawn["snare_decay"] * np.array([1.0, 0.8, 0.6, 0.5])
    amplitude = np.array([1.0, 0.6, 0.35, 0.3]) * rng.uniform(0.8, 1.2, 4)
    head = modal(hz, decay, amplitude, np.zeros(4), len(time), rate)
    wires = _decay(time, drawn["rattle"]) * _noise(len(time), rate, drawn["band"], rng)
    return 0.6 * head + drawn["noise"] * 0.6 * wires


def _hat(drawn: dict[str, Any], decay: float, rate: int, rng: np.random.Generator) -> np.ndarray:
    """Six square waves at ratios that make no harmonic series, and noise, both above 5 kHz."""
    time = _time(decay * 1.1, rate)
    phases = drawn["hat"] * _HAT_RATIOS[:, None] * time + rng.random(6)[:, None]
    squares = np.where(phases % 1.0 < 0.5, 1.0, -1.0).sum(axis=0)
    metal = _high_pass(squares, rate, 5000)
    return _decay(time, decay) * (drawn["metal"] * metal + 2 * _noise(len(time), rate, (5000, 10000), rng))


def _crash(drawn: dict[str, Any], rate: int, rng: np.random.Generator) -> np.ndarray:
    """Forty modes and noise; the low part rings longest."""
    time = _time(1.8, rate)
    hz = np.exp(rng.uniform(np.log(300), np.log(9000), 40))
    ring = modal(hz, 1.8 * (600 / hz) ** 0.3, rng.uniform(0.05, 0.2, 40), rng.uniform(0, 6.28, 40), len(time), rate)
    hiss = _noise(len(time), rate, (3000, 9500), rng) * _decay(time, 1.2)
    return fade(len(time), rate, 0.002, 0.1) * (ring * drawn["metal"] + hiss)


def _tom(hz: float, rate: int, rng: np.random.Generator) -> np.ndarray:
    """Two modes of a head whose tension falls after the stroke, and a short thud of noise."""
    time = _time(0.5, rate)
    phase = 2 * np.pi * np.cumsum(hz * (1 + 0.25 * np.exp(-time / 0.06))) / rate
    head = np.sin(phase) * _decay(time, 0.45) + 0.35 * np.sin(1.59 * phase) * _decay(time, 0.25)
    return head + 0.3 * _decay(time, 0.04) * _noise(len(time), rate, (300, 3000), rng)


def _time(seconds: float, rate: int) -> np.ndarray:
    return np.arange(int(seconds * rate)) / rate


def _decay(time: np.ndarray, to_60_db: float) -> np.ndarray:
    return np.exp(-6.9078 * time / to_60_db)


def _noise(samples: int, rate: int, band: tuple[float, float], rng: np.random.Generator) -> np.ndarray:
    """Noise of unit variance in a band in Hz, whose upper edge is held under the Nyquist frequency."""
    edges = [band[0], min(band[1], 0.47 * rate)]
    sections = scipy.signal.butter(2, edges, "bandpass", fs=rate, output="sos")
    noise = scipy.signal.sosfilt(sections, rng.standard_normal(samples))
    return noise / np.sqrt((edges[1] - edges[0]) / (rate / 2))


def _high_pass(signal: np.ndarray, rate: int, hz: float) -> np.ndarray:
    numerator, denominator = scipy.signal.butter(2, hz, "highpass", fs=rate)
    return scipy.signal.lfilter(numerator, denominator, signal)
