"""What files of the user's tell before any job: the header of a recording, marks, F0.

Imported by the Snakefile, so nothing heavy is imported here; what reads the files is imported where there are some.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from workflow_scripts.lib.core.names import ACCOMPANIMENT


def seconds_of(file: Path, channels: int | None) -> float:
    """Length of a recording in s. channels: of the data set that it becomes, None where it keeps its own.

    Raises UserError where it is no audio, or has more channels than can be used.
    """
    from workflow_scripts.lib.audio.header import read_header
    from workflow_scripts.lib.datasets.form import MOST_CHANNELS, check_channels

    header = read_header(file, str(file))
    check_channels(str(file), header.channels, channels or min(header.channels, MOST_CHANNELS))
    return header.seconds


def check_marks(root: Path, tracks: Mapping[str, float], stems: Sequence[str]) -> None:
    """Raises UserError for marks that are missing or wrong. tracks: name -> s; stems: of all tracks."""
    from workflow_scripts.lib.datasets.marks_sources import file as own_marks

    for track, seconds in tracks.items():
        own_marks.read(own_marks.Settings(str(root)), track, (*stems, ACCOMPANIMENT), seconds)


def check_f0(root: Path, tracks: Mapping[str, float], voices: Sequence[str]) -> None:
    """Raises UserError for F0 that is missing or wrong. tracks: name -> s; voices: of all tracks."""
    from workflow_scripts.lib.audio.f0_files import check_times, of_voices, path_of, read_contours

    for track, seconds in tracks.items():
        path = path_of(root.expanduser(), track, voices)
        contours = read_contours(path)
        of_voices(contours, voices, path)
        check_times(contours, seconds, path)


def voices_of(path: Path) -> list[str]:
    """The voices of a file of F0, or of a folder with a file a voice, in their order; one that has no name is called
    after the file. Raises UserError as `read_contours`."""
    from workflow_scripts.lib.audio.f0_files import read_contours

    return [name or path.stem for name in read_contours(path)]
