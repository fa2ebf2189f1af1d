"""F0 made worse on purpose and repeatably, to see how much a method depends on it.

The robustness tests of arXiv 2201.09592: offsets, octave errors, muted frames, absent
voices. Its code also adds the offset to unvoiced frames, contrary to its own comment; that is the setting
`offset_on: all` here and not the default.
"""

from dataclasses import dataclass

import numpy as np

from workflow_scripts.lib.audio.f0 import F0
from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.core.seeds import stream

LOWEST = 20.0  # Hz; what falls below is no pitch any more


@dataclass(frozen=True)
class Settings:
    """What is done to an F0, in this order.

    offset_hz: added to every voiced frame; "all" in offset_on adds it to unvoiced frames too, as published.
    octaves: whole octaves up (positive) or down, for a random share `octave_share` of each voice's frames (1 = all).
    muted: probability that a frame is unvoiced in all voices at once.
    left_out: voices that are unvoiced throughout.
    """

    offset_hz: float = 0.0
    offset_on: str = "voiced"
    octaves: int = 0
    octave_share: float = 1.0
    muted: float = 0.0
    left_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.offset_on not in ("voiced", "all"):
            raise UserError(
                f"F0 setting offset_on cannot be {self.offset_on!r}; {nearest(self.offset_on, ('voiced', 'all'))}"
            )
        if self.octaves != int(self.octaves):
            raise UserError(f"F0 setting octaves is {self.octaves}; allowed are whole numbers, negative for down.")
        for name in ("octave_share", "muted"):
            if not 0 <= getattr(self, name) <= 1:
                raise UserError(f"F0 setting {name} is {getattr(self, name)}; allowed are values from 0 to 1.")


def degrade(f0: F0, settings: Settings, seed: int, track: str) -> F0:
    """The F0 made worse; the same seed and track give the same errors. Frames that lose their pitch lose confidence.

    Random choices are nested: the frames muted with probability 0.1 are among those muted with 0.2.
    Raises UserError where `left_out` names a voice that the F0 has not.
    """
    hz = _offset(f0.hz, settings)
    hz = _octaves(hz, settings, stream(seed, track, "F0 octave errors"))
    hz = np.where(stream(seed, track, "F0 muted frames").random(hz.shape[1]) < settings.muted, 0.0, hz)
    hz[[_row(f0.voices, voice) for voice in settings.left_out]] = 0.0
    hz = np.where(hz < LOWEST, 0.0, hz)
    return F0(f0.voices, hz, np.where((hz > 0) | (f0.hz == 0), f0.confidence, 0.0))


def _offset(hz: np.ndarray, settings: Settings) -> np.ndarray:
    moved = (hz > 0) | (settings.offset_on == "all")
    return np.where(moved, hz + settings.offset_hz, hz)


def _octaves(hz: np.ndarray, settings: Settings, generator: np.random.Generator) -> np.ndarray:
    wrong = generator.random(hz.shape) < settings.octave_share
    return np.where(wrong, hz * 2.0**settings.octaves, hz)


def _row(voices: tuple[str, ...], voice: str) -> int:
    if voice not in voices:
        raise UserError(f"F0 setting left_out names a voice {voice!r} that the track has not; {nearest(voice, voices)}")
    return voices.index(voice)
