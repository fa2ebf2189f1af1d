"""The form that the files of a data set get, and what of it their headers tell before anything is decoded.

Used while the workflow is planned, so nothing heavier than soundfile is imported here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from workflow_scripts.lib.audio.header import Header, read_header
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.names import MIXTURE
from workflow_scripts.lib.datasets.raw import Clip, RawTrack

MOST_CHANNELS = 2  # that a data set may have


@dataclass(frozen=True)
class Form:
    """What the prepared files of a data set have in common.

    rate: in Hz. channels: count. mixture_is_sum: refuse a mixture that is not the sum of its stems.
    length_tolerance: largest difference of the lengths within a track, in s, that is mended by zeros.
    """

    rate: int
    channels: int
    mixture_is_sum: bool
    length_tolerance: float


Headers = dict[str, tuple[Clip, Header]]  # of the files of a track, by name


def headers_of(track: RawTrack) -> Headers:
    """Raises UserError as `read_header`."""
    return {name: (clip, read_header(clip.path, clip.shown)) for name, clip in clips_of(track).items()}


def form_of(
    headers: Sequence[Headers], rate: int | None, channels: int | None, mixture_is_sum: bool, length_tolerance: float
) -> Form:
    """The form of the tracks with these headers, which fit it.

    rate in Hz and channels: None takes those of the first track's first stem, and of the widest file of all.
    Raises UserError for a file that has too many channels, or a length that is too far from those of its track.
    """
    _, first = next(iter(headers[0].values()))
    widest = max(header.channels for track in headers for _, header in track.values())
    form = Form(rate or first.rate, channels or min(widest, MOST_CHANNELS), mixture_is_sum, length_tolerance)
    for track in headers:
        common_length(track, form)
        for clip, header in track.values():
            check_channels(clip.shown, header.channels, form.channels)
    return form


def clips_of(track: RawTrack) -> dict[str, Clip]:
    """All files of a track by name, the mixture, where there is one, last."""
    return track.stems | ({MIXTURE: track.mixture} if track.mixture else {})


def common_length(files: Headers, form: Form) -> int:
    """Samples at the data set's rate that the longest file of a track has.

    Raises UserError where the shortest is shorter by more than the tolerance.
    """
    seconds = {name: header.seconds for name, (_, header) in files.items()}
    longest, shortest = max(seconds, key=seconds.__getitem__), min(seconds, key=seconds.__getitem__)
    if seconds[longest] - seconds[shortest] > form.length_tolerance:
        raise UserError(
            f"{files[shortest][0].shown}: lasts {seconds[shortest]:.3f} s, but {files[longest][0].shown} lasts "
            f"{seconds[longest]:.3f} s; up to {form.length_tolerance:g} s is padded with zeros; cut the files to one "
            "length, or raise length_tolerance in the data set's settings."
        )
    lengths = [round(header.frames * form.rate / header.rate) for _, header in files.values()]
    return max(1, *lengths)


def check_channels(shown: str, channels: int, wanted: int) -> None:
    """Raises UserError where a file has several channels that are neither those of the data set nor averaged to one."""
    if channels not in (1, wanted) and wanted != 1:
        raise UserError(
            f"{shown}: has {channels} channels, but the data set has {wanted}; mix it down to {wanted} or 1."
        )
