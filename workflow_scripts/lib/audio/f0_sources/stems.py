"""The F0 of each voice from its isolated stem, as good as a tracker of single voices gets."""

import numpy as np

from workflow_scripts.lib.audio import pitch
from workflow_scripts.lib.audio.contour import fit
from workflow_scripts.lib.audio.f0 import F0
from workflow_scripts.lib.audio.f0_sources.contract import Given
from workflow_scripts.lib.audio.pitch import Settings as TrackerSettings
from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.core.settings import settings


@settings
class Settings(TrackerSettings):
    """Those of the tracker, see `audio/pitch.py`."""


def find_f0(given: Given, settings: Settings) -> F0:
    """Each stem tracked, its channels averaged. Raises UserError where a voice has no stem."""
    audio = given.read_audio()
    for voice in given.voices:
        if voice not in audio.stems:
            raise UserError(
                f"Track {given.track}: has no stem {voice!r} to take the F0 from; {nearest(voice, audio.stems)}"
            )
    contours = [pitch.track(audio.stems[voice].mean(axis=0), audio.rate, settings) for voice in given.voices]
    hz, confidence = (np.stack([fit(values, audio.frames) for values in each]) for each in zip(*contours, strict=True))
    return F0(given.voices, hz, confidence)
