"""Audio files in and out, through soundfile, and in through ffmpeg; resampling through soxr."""

from pathlib import Path

import numpy as np
import soundfile
import soxr

from workflow_scripts.lib.audio import ffmpeg
from workflow_scripts.lib.audio.float_wav import float_wav
from workflow_scripts.lib.audio.header import OWN_FORMATS, UNREADABLE
from workflow_scripts.lib.audio.windows import Precision
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.files import atomic

BELIEVED = 100  # samples a byte of a file; where a header promises more, it is read block by block
BLOCK = 2**18  # samples


def read(path: Path, dtype: Precision = "float64") -> tuple[np.ndarray, int]:
    """Audio file -> (samples [channel, time] in [-1, 1], sampling rate in Hz).

    What libsndfile does not read is read through ffmpeg. Raises UserError where the file is missing, damaged or no
    audio.
    """
    path = Path(path)
    try:
        samples, rate = _read(path, dtype)
    except UNREADABLE as error:
        if path.suffix.lower() in OWN_FORMATS or not path.is_file():
            raise cannot_be_read(path, error) from error
        _, rate, channels = ffmpeg.probe(path, str(path))
        decoded = np.frombuffer(ffmpeg.decode(path, str(path)), "<f4")
        samples = decoded[: len(decoded) // channels * channels].reshape(-1, channels).astype(dtype)
    return np.ascontiguousarray(samples.T), rate


def _read(path: Path, dtype: Precision) -> tuple[np.ndarray, int]:
    """(samples [time, channel], rate in Hz) through libsndfile, with no more memory than the samples that are there."""
    with soundfile.SoundFile(path) as file:
        if file.frames * file.channels <= BELIEVED * path.stat().st_size:
            return file.read(dtype=dtype, always_2d=True), file.samplerate
        blocks = [np.zeros((0, file.channels), dtype)]
        while len(block := file.read(BLOCK, dtype=dtype, always_2d=True)):
            blocks.append(block)
        return np.concatenate(blocks), file.samplerate


def cannot_be_read(path: Path, error: Exception) -> UserError:
    """What is said of a file that is no audio, or not there."""
    return UserError(
        f"{path}: cannot be read as audio, or is damaged ({error}); allowed are WAV, FLAC and what else libsndfile or "
        "ffmpeg reads."
    )


def write(path: Path, samples: np.ndarray, rate: int, subtype: str = "FLOAT") -> None:
    """Write samples [channel, time] under a temporary name and rename; `subtype` as in soundfile."""
    if subtype == "FLOAT" and Path(path).suffix == ".wav":  # the same samples must give the same file
        with float_wav(path, rate, *samples.shape) as write_block:
            write_block(samples)
    else:
        with atomic(path) as temporary:
            soundfile.write(temporary, np.asarray(samples).T, rate, subtype=subtype)


def with_channels(samples: np.ndarray, channels: int) -> np.ndarray:
    """Samples [channel, time] with as many channels: where that is another number, each is the mean of them."""
    if len(samples) == channels:
        return samples
    return np.repeat(samples.mean(axis=0, keepdims=True), channels, axis=0)


def resample(samples: np.ndarray, rate: int, to: int) -> np.ndarray:
    """Samples [channel, time] at `rate` Hz -> the same at `to` Hz (soxr, very high quality)."""
    if rate == to:
        return samples
    return np.ascontiguousarray(soxr.resample(samples.T, rate, to, quality="VHQ").T)
