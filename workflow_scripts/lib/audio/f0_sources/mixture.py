"""The F0 of the voices from the mixture alone: several pitches a frame, then given to the voices from high to low."""

import numpy as np

from workflow_scripts.lib.audio import multipitch, voice_assignment
from workflow_scripts.lib.audio.f0 import F0, HOP_SECONDS
from workflow_scripts.lib.audio.f0_sources.contract import Given
from workflow_scripts.lib.audio.multipitch import Settings as PitchSettings
from workflow_scripts.lib.audio.voice_assignment import Settings as AssignmentSettings
from workflow_scripts.lib.core.settings import settings


@settings
class Settings(PitchSettings, AssignmentSettings):
    """Those of `audio/multipitch.py` and of `audio/voice_assignment.py`."""


def find_f0(given: Given, settings: Settings) -> F0:
    """`given.voices` are taken as from the highest to the lowest; the channels of the mixture are averaged."""
    audio = given.read_audio()
    candidates = multipitch.estimate(audio.mixture.mean(axis=0), audio.rate, settings)
    grid = np.arange(audio.frames) * HOP_SECONDS
    return F0(given.voices, *voice_assignment.contours(candidates, len(given.voices), grid, settings))
