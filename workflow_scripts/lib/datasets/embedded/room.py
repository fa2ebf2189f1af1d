"""A room: early taps for each voice and a late tail whose decay depends on frequency."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import oaconvolve


@dataclass(frozen=True)
class Room:
    """decay: reverberation time (60 dB) in s at low frequencies; high_decay: the same at 8 kHz;
    early, late: level of the early taps and of the tail in dB re the direct sound."""

    decay: float = 1.3
    high_decay: float = 0.6
    early: float = -8.0
    late: float = -10.0


def reverberate(
    dry: np.ndarray, rate: int, room: Room, generator: np.random.Generator, channels: int = 1, pan: float = 0.0
) -> np.ndarray:
    """Dry voice [time] at `rate` Hz -> [channel, time] of the same length, the tail cut at the end.

    generator: draws the taps and the tail of this voice; channels: 1 or 2; pan: -1 (left) to 1 (right), constant power.
    """
    response = impulse_response(rate, room, generator, channels, pan)
    return oaconvolve(dry[None, :], response, axes=-1)[:, : len(dry)]


def impulse_response(
    rate: int, room: Room, generator: np.random.Generator, channels: int = 1, pan: float = 0.0
) -> np.ndarray:
    """Direct sound, taps and tail, [channel, time]."""
    time = np.arange(int(room.decay * rate)) / rate
    tail = generator.standard_normal((channels, len(time))) * 10 ** (-3 * time / room.decay)
    tail *= 10 ** (room.late / 20) / np.sqrt((tail**2).sum(axis=1, keepdims=True))
    gains = direct_gains(channels, pan)
    tail[:, 0] += gains
    return tail


def direct_gains(channels: int, pan: float) -> np.ndarray:
    """Constant-power gains of the direct sound, [channel]; one channel is never panned."""
    if channels == 1:
        return np.ones(1)
    angle = np.pi / 4 * (1 + pan)
    return np.array([np.cos(angle), np.sin(angle)])
