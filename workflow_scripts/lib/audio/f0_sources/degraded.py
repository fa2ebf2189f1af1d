"""F0 made worse on purpose and repeatably, to see how much a method depends on it.

The robustness tests of arXiv 2201.09592: offsets, octave errors, muted frames, absent
voices. Its code also adds the offset to unvoiced frames, contrary to its own comment; that is the setting
`offset_on: all` here and not the default.
"""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from workflow_scripts.lib.audio.f0 import F0
from workflow_scripts.lib.audio.f0_sources.contract import Given
from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.core.settings import Free, Share, settings

LOWEST = 20.0  # Hz; what falls below is no pitch any more


@settings
class Settings:
    """What is done to an F0, in this order.

    offset_hz: added to every voiced frame; "all" in offset_on adds it to unvoiced frames too, as published.
    octaves: whole octaves up (positive) or down, for a random share `octave_share` of each voice's frames (1 = all).
    muted: probability that a frame is unvoiced in all voices at once.
    left_out: voices that are unvoiced throughout.
    """

    offset_hz: Annotated[float, Free("what it moves below 20 Hz is unvoiced")] = 0.0
    offset_on: Literal["voiced", "all"] = "voiced"
    octaves: Annotated[int, Field(ge=-8, le=8)] = 0
    octave_share: Share = 1.0
    muted: Share = 0.0
    left_out: Annotated[tuple[str, ...], Free("voices of the data set")] = ()


def find_f0(given: Given, settings: Settings) -> F0:
    """The F0 of another source made worse, the same on every run. Raises UserError where there is none."""
    if given.before is None:
        raise UserError("The F0 kind 'degraded' starts from another F0 source; name that one in its key `of`.")
    return degrade(given.before, settings, 0, given.track)


def degrade(f0: F0, settings: Settings, seed: int, track: str) -> F0:
    """The F0 made worse; the same seed and track give the same errors. Frames that lose their pitch lose confidence.

    Random choices are nested: the frames muted with probability 0.1 are among those muted with 0.2.
    Raises UserError where `left_out` names a voice that the F0 has not.
    """
    hz = _add_offset(f0.hz, settings)
    hz = _move_by_octaves(hz, settings, stream(seed, track, "F0 octave errors"))
    hz = np.where(stream(seed, track, "F0 muted frames").random(hz.shape[1]) < settings.muted, 0.0, hz)
    hz[[_row(f0.voices, voice) for voice in settings.left_out]] = 0.0
    hz = np.where(hz < LOWEST, 0.0, hz)
    return F0(f0.voices, hz, np.where((hz > 0) | (f0.hz == 0), f0.confidence, 0.0))


def _add_offset(hz: np.ndarray, settings: Settings) -> np.ndarray:
    """F0 [voice, frame] in Hz."""
    moved = (hz > 0) | (settings.offset_on == "all")
    return np.where(moved, hz + settings.offset_hz, hz)


def _move_by_octaves(hz: np.ndarray, settings: Settings, generator: np.random.Generator) -> np.ndarray:
    wrong = generator.random(hz.shape) < settings.octave_share
    return np.where(wrong, hz * 2.0**settings.octaves, hz)


def _row(voices: tuple[str, ...], voice: str) -> int:
    if voice not in voices:
        raise UserError(f"F0 setting left_out names a voice {voice!r} that the track has not; {nearest(voice, voices)}")
    return voices.index(voice)
