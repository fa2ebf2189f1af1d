"""What the header of a recording says, as far as it can be believed; nothing is decoded.

Used while the workflow is planned, so nothing heavier than soundfile is imported here.
"""

import math
import re
from pathlib import Path
from typing import NamedTuple

import soundfile

from workflow_scripts.lib.audio import ffmpeg
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.names import RATES

OWN_FORMATS = frozenset({".wav", ".flac"})  # where libsndfile does not read these, nothing does
KEPT = frozenset({"PCM_16", "PCM_24", "FLOAT"})  # encodings that a prepared file may have
LONGEST = 24 * 3600  # s; what promises more is damaged
STREAMED = 2**31 - 2**16  # bytes; from here on a WAV says that its length was not known when it was begun
UNREADABLE = (soundfile.SoundFileError, OSError, TypeError, ValueError)  # TypeError: a name that ends in .raw

_SHORTENED = re.compile(r"^\s*data *: (\d+) \(should be (\d+)\)", re.MULTILINE)


class Header(NamedTuple):
    """What the header of an audio file says. rate in Hz.

    is_kept: a WAV in an encoding of prepared files.  is_exact: whether `frames` is the very number of samples.
    """

    frames: int
    rate: int
    channels: int
    is_kept: bool
    is_exact: bool

    @property
    def seconds(self) -> float:
        return self.frames / self.rate


def read_header(path: Path, shown: str) -> Header:
    """Header of a file. shown: what messages call it.

    Raises UserError where it is no audio, has no samples, is cut short as far as its header tells, or says what no
    recording has.
    """
    header = _header(path, shown)
    if header.frames == 0:
        raise UserError(f"{shown}: holds no samples; give the recording, or zeros where the source is silent.")
    if not RATES[0] <= header.rate <= RATES[1]:
        raise UserError(
            f"{shown}: has {header.rate} samples a second; allowed are {RATES[0]} to {RATES[1]} Hz, so write it anew "
            "with the right rate."
        )
    if header.seconds > LONGEST:
        raise UserError(
            f"{shown}: its header does not say how long it is, or promises more than a day; write it anew as WAV or "
            "FLAC."
        )
    return header


def _header(path: Path, shown: str) -> Header:
    try:
        info = soundfile.info(str(path), verbose=True)
    except UNREADABLE as error:
        if path.suffix.lower() in OWN_FORMATS or not path.is_file():
            raise UserError(f"{shown}: cannot be read as audio; convert it to WAV or FLAC, or take it away.") from error
        seconds, rate, channels = ffmpeg.probe(path, shown)
        frames = round(seconds * rate) if math.isfinite(seconds) else (LONGEST + 1) * rate
        return Header(frames, rate, channels, is_kept=False, is_exact=False)
    if (found := _SHORTENED.search(info.extra_info)) and int(found[2]) < int(found[1]) < STREAMED:
        raise UserError(
            f"{shown}: is cut short, only {found[2]} of its {found[1]} bytes of audio are there; get it again."
        )
    is_kept = info.format in ("WAV", "WAVEX") and info.subtype in KEPT
    return Header(info.frames, info.samplerate, info.channels, is_kept, is_exact=True)
