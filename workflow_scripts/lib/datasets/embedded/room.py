"""A room: early taps for each voice and a late tail whose decay depends on frequency."""

from dataclasses import dataclass

import numpy as np
import scipy

from workflow_scripts.lib.datasets.embedded.shaping import shaped_noise

TAPS = 9
FIRST_TAP, LAST_TAP = 0.004, 0.055  # s after the direct sound
TAIL_RISE = 0.03  # s, the tail builds up between the taps
TAIL_FRAME = 0.016  # s
HIGH = 8000.0  # Hz


@dataclass(frozen=True)
class Room:
    """decay: reverberation time (60 dB) in s at low frequencies; high_decay: the same at 8 kHz;
    early, late: energy of the early taps and of the tail in dB re the direct sound."""

    decay: float = 1.3
    high_decay: float = 0.6
    early: float = -6.0
    late: float = -9.0


def reverberate(
    dry: np.ndarray, rate: int, room: Room, generator: np.random.Generator, channels: int = 1, pan: float = 0.0
) -> np.ndarray:
    """Dry voice [time] at `rate` Hz -> [channel, time] of the same length, the tail cut at the end.

    generator: draws the taps and the tail of this voice; channels: 1 or 2; pan: -1 (left) to 1 (right), constant power.
    """
    response = impulse_response(rate, room, generator, channels, pan)
    return scipy.signal.oaconvolve(dry[None, :], response, axes=-1)[:, : len(dry)]


def impulse_response(
    rate: int, room: Room, generator: np.random.Generator, channels: int = 1, pan: float = 0.0
) -> np.ndarray:
    """Direct sound, taps and tail, [channel, time]; each channel has a tail of its own."""
    out = np.stack([late_tail(rate, room, generator) for _ in range(channels)])
    out *= direct_gains(channels, 0.0)[:, None]
    out[:, 0] += direct_gains(channels, pan)
    delays = np.sort(generator.uniform(FIRST_TAP, LAST_TAP, TAPS))
    gains = generator.choice((-1.0, 1.0), TAPS) * generator.uniform(0.4, 1.0, TAPS) / (delays + 0.01)
    gains *= 10.0 ** (room.early / 20.0) / np.sqrt((gains**2).sum())
    for delay, gain, side in zip(delays, gains, generator.uniform(-1.0, 1.0, TAPS), strict=True):
        out[:, round(delay * rate)] += gain * direct_gains(channels, side)
    return out


def late_tail(rate: int, room: Room, generator: np.random.Generator) -> np.ndarray:
    """Diffuse tail [time] of energy `room.late`: noise whose every band decays at a speed of its own."""
    hop = round(TAIL_FRAME / 2 * rate)
    samples = round(room.decay * rate)
    times = (np.arange(-(-samples // hop) + 1) * hop / rate)[:, None]
    octaves = np.log2(1.0 + np.fft.rfftfreq(2 * hop, 1 / rate) / 500.0) / np.log2(1.0 + HIGH / 500.0)
    decay = room.decay * (room.high_decay / room.decay) ** octaves
    rise = np.minimum(times / TAIL_RISE, 1.0)
    tail = shaped_noise(rise * 10.0 ** (-3.0 * times / decay), samples, generator)
    return tail * 10.0 ** (room.late / 20.0) / np.sqrt((tail**2).sum())


def direct_gains(channels: int, pan: float) -> np.ndarray:
    """Constant-power gains of the direct sound, [channel]; one channel is never panned."""
    if channels == 1:
        return np.ones(1)
    angle = np.pi / 4 * (1 + pan)
    return np.array([np.cos(angle), np.sin(angle)])
