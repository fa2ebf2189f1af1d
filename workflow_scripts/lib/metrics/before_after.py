"""What is known of the estimates of a song without true stems: levels, shares, what they leave out, and their F0.

All of it rests on sums of squares, which are taken block by block, so that a song of any length can be measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

SILENCE_DB = -120.0  # of exact silence


@dataclass
class Energy:
    """Sum of the squares of the values seen so far, and how many they are."""

    total: float = 0.0
    count: int = 0

    def add(self, signal: np.ndarray) -> None:
        self.total += float(np.sum(np.square(signal)))
        self.count += signal.size

    @property
    def level(self) -> float:
        """Rms in dB re full scale, -120 at least; NaN where nothing was seen."""
        if self.count == 0:
            return float("nan")
        return max(SILENCE_DB, float(10 * np.log10(self.total / self.count + 1e-30)))


@dataclass
class Stage:
    """The estimates of one stage: of the mixture, of what they leave out of it, and of each source.

    silent: of each source where it is marked silent.
    """

    mixture: Energy = field(default_factory=Energy)
    missing: Energy = field(default_factory=Energy)
    sources: dict[str, Energy] = field(default_factory=dict)
    silent: dict[str, Energy] = field(default_factory=dict)

    def add(self, mixture: np.ndarray, estimates: dict[str, np.ndarray], silent: dict[str, np.ndarray]) -> None:
        """Count a block: mixture and estimates [channel, time], and where each is marked silent, bool [time]."""
        self.mixture.add(mixture)
        self.missing.add(mixture - sum(estimates.values()))
        for name, estimate in estimates.items():
            self.sources.setdefault(name, Energy()).add(estimate)
            if name in silent:
                self.silent.setdefault(name, Energy()).add(estimate[:, silent[name]])

    def share(self, source: str) -> float:
        """Energy of a source over that of the mixture, in percent."""
        return 100 * self.sources[source].total / max(self.mixture.total, 1e-30)

    @property
    def consistency(self) -> float:
        """Energy of the mixture over what the estimates leave out of it, in dB, 120 at most."""
        ratio = self.mixture.total / max(self.missing.total, 1e-30)
        return min(-SILENCE_DB, float(10 * np.log10(max(ratio, 1e-30))))


def table(
    stages: dict[str, Stage], sources: Sequence[str], hz: np.ndarray | None = None
) -> list[dict[str, float | str]]:
    """One row a source and stage.

    hz: the F0 that was used, [source, frame], 0 = unvoiced, or None.
    Columns: source, stage, level and silent (level where marked silent, NaN where nowhere), in dB re full scale; share
    of the mixture's energy in percent; voiced, frames with an F0 in percent, and f0, its median in Hz, or NaN.
    """
    return [
        {
            "source": source,
            "stage": name,
            "level": stage.sources[source].level,
            "silent": stage.silent.get(source, Energy()).level,
            "share": stage.share(source),
            "voiced": float("nan") if hz is None else float(100 * np.mean(hz[index] > 0)),
            "f0": float("nan") if hz is None or not hz[index].any() else float(np.median(hz[index][hz[index] > 0])),
        }
        for index, source in enumerate(sources)
        for name, stage in stages.items()
    ]
