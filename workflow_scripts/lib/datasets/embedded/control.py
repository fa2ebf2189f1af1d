"""The control grid of the synthesiser, about 200 values a second, and the curves that are drawn on it."""

from dataclasses import dataclass

import numpy as np

CONTROLS_PER_SECOND = 200


@dataclass(frozen=True)
class Grid:
    """Audio of `samples` at `rate` Hz with a control value every `hop` samples, the last at or behind the end."""

    rate: int
    samples: int

    @property
    def hop(self) -> int:
        return round(self.rate / CONTROLS_PER_SECOND)

    @property
    def count(self) -> int:
        return -(-self.samples // self.hop) + 1

    @property
    def rate_hz(self) -> float:
        """Control values a second."""
        return self.rate / self.hop

    @property
    def times(self) -> np.ndarray:
        """Time of each control value in s, [control]."""
        return np.arange(self.count) * (self.hop / self.rate)

    def to_audio(self, track: np.ndarray) -> np.ndarray:
        """A control track [control] -> its straight-line interpolation [time]."""
        ramp = np.arange(self.hop) / self.hop
        return (track[:-1, None] + np.diff(track)[:, None] * ramp).ravel()[: self.samples]


def ramp(time: np.ndarray, start: float, length: float) -> np.ndarray:
    """S-shaped step from 0 at `start` to 1 at `start + length` (s), the cubic 3u^2 - 2u^3."""
    u = np.clip((time - start) / length, 0.0, 1.0)
    return u * u * (3.0 - 2.0 * u)


def plateau(time: np.ndarray, start: float, end: float, rise: float, fall: float) -> np.ndarray:
    """1 from `start` to `end` with S-shaped edges that begin at `start` and end at `end + fall` (s)."""
    return ramp(time, start, rise) * (1.0 - ramp(time, end, fall))


def band_noise(
    generator: np.random.Generator, count: int, rate: float, low: float, high: float, rows: int | None = None
) -> np.ndarray:
    """Gaussian noise [count], or [rows, count], at `rate` values a second, limited to `low`..`high` Hz, standard
    deviation near 1."""
    size = max(count, int(2 * rate / max(low, 0.1)))
    frequencies = np.fft.rfftfreq(size, 1.0 / rate)
    inside = (frequencies >= low) & (frequencies <= high)
    spectrum = np.fft.rfft(generator.standard_normal(size if rows is None else (rows, size))) * inside
    return np.fft.irfft(spectrum, size)[..., :count] * np.sqrt(size / (2.0 * max(inside.sum(), 1)))
