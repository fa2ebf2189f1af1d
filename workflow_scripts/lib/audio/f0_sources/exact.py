"""The exact F0 that comes with the data."""

from workflow_scripts.lib.audio.contour import fit
from workflow_scripts.lib.audio.f0 import F0
from workflow_scripts.lib.audio.f0_sources.contract import Given
from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.core.settings import settings


@settings
class Settings:
    """The exact F0 has none."""


def find_f0(given: Given, settings: Settings) -> F0:  # noqa: ARG001 the contract
    """The F0 of the voices, fitted to the mixture. Raises UserError where the data have none of a voice."""
    exact, frames = given.exact, given.read_audio().frames
    if exact is None:
        raise UserError(
            f"Track {given.track}: its data set has no exact F0; take the F0 source `stems`, `mixture` or a file."
        )
    for voice in given.voices:
        if voice not in exact.voices:
            raise UserError(f"Track {given.track}: its exact F0 has no voice {voice!r}; {nearest(voice, exact.voices)}")
    rows = [exact.voices.index(voice) for voice in given.voices]
    return F0(given.voices, fit(exact.hz[rows], frames), fit(exact.confidence[rows], frames))
