"""The user's own F0: a file a track, or a file a voice, brought to the 16 ms grid."""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np

from workflow_scripts.lib.audio.contour import nearest_frame, resample
from workflow_scripts.lib.audio.f0 import F0, HOP_SECONDS
from workflow_scripts.lib.audio.f0_files import Contour, check_times, of_voices, path_of, read_contours
from workflow_scripts.lib.audio.f0_sources.contract import Given
from workflow_scripts.lib.core.settings import Free, Positive, settings


@settings
class Settings:
    """Where the files are and how they are read.

    root: folder with one `<track>.csv` a track, or a folder `<track>` with one `<voice>.csv` a voice; or one such file
        or folder that holds for every track. See `audio/f0_files.py` for what a file has.
    between: "nearest" takes the nearest row, "linear" interpolates between voiced neighbours, never across an onset;
        "across" interpolates everything, see `audio/contour.py`.
    reach: seconds for which a row holds to either side; None takes the voice's median step between rows.
    """

    root: Annotated[str, Free("a path of the user's")]
    between: Literal["nearest", "linear", "across"] = "nearest"
    reach: Positive | None = None


def find_f0(given: Given, settings: Settings) -> F0:
    """The file of the track, or the one of all. Raises UserError as `read`."""
    path = path_of(Path(settings.root).expanduser(), given.track, given.voices)
    return read(path, given.voices, given.read_audio().frames, settings)


def read(path: Path, voices: tuple[str, ...], frames: int, settings: Settings) -> F0:
    """The F0 of `voices` on `frames` frames of 16 ms.

    Raises UserError as `read_contours`, and for a voice that is not among `voices`, a voice without rows, no pitch at
    all, times in another unit than s.
    """
    contours = read_contours(path)
    asked = of_voices(contours, voices, path)
    check_times(contours, frames * HOP_SECONDS, path)
    hz, confidence = zip(*(_on_the_grid(each, frames, settings) for each in asked), strict=True)
    return F0(voices, np.stack(hz), np.stack(confidence))


def _on_the_grid(contour: Contour, frames: int, settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """(hz [frame], confidence [frame]) of one voice; confidence is 1, or the file's own where it has that column."""
    times, target = contour.times, np.arange(frames) * HOP_SECONDS
    step = np.median(np.diff(times)) if len(times) > 1 else HOP_SECONDS
    reach = max(step, HOP_SECONDS / 2) if settings.reach is None else settings.reach
    moved = resample(times, contour.hz, target, reach, settings.between)
    if contour.confidence is None:
        return moved, np.ones(frames)
    return moved, contour.confidence[nearest_frame(times, target)[0]]
