"""Audio files in and out, through soundfile, and in through ffmpeg; resampling through soxr."""

from pathlib import Path

import numpy as np
import soundfile
import soxr
from scipy.io import wavfile

from workflow_scripts.lib.audio import ffmpeg
from workflow_scripts.lib.audio.header import OWN_FORMATS, UNREADABLE
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.files import atomic

BELIEVED = 100  # samples a byte of a file; where a header promises more, it is read block by block
BLOCK = 2**18  # samples


def read(path: Path) -> tuple[np.ndarray, int]:
    """Audio file -> (samples [channel, time] float64 in [-1, 1], sampling rate in Hz).

    What libsndfile does not read is read through ffmpeg. Raises UserError where the file is missing, damaged or no
    audio.
    """
    path = Path(path)
    try:
        samples, rate = _read(path)
    except UNREADABLE as error:
        if path.suffix.lower() in OWN_FORMATS or not path.is_file():
            raise UserError(
                f"{path}: cannot be read as audio, or is damaged ({error}); allowed are WAV, FLAC and what else "
                "libsndfile or ffmpeg reads."
            ) from error
        _, rate, channels = ffmpeg.probe(path, str(path))
        decoded = np.frombuffer(ffmpeg.decode(path, str(path)), "<f4")
        samples = decoded[: len(decoded) // channels * channels].reshape(-1, channels).astype(float)
    return np.ascontiguousarray(samples.T), rate


def _read(path: Path) -> tuple[np.ndarray, int]:
    """(samples [time, channel], rate in Hz) through libsndfile, with no more memory than the samples that are there."""
    with soundfile.SoundFile(path) as file:
        if file.frames * file.channels <= BELIEVED * path.stat().st_size:
            return file.read(dtype="float64", always_2d=True), file.samplerate
        blocks = [np.zeros((0, file.channels))]
        while len(block := file.read(BLOCK, dtype="float64", always_2d=True)):
            blocks.append(block)
        return np.concatenate(blocks), file.samplerate


def write(path: Path, samples: np.ndarray, rate: int, subtype: str = "FLOAT") -> None:
    """Write samples [channel, time] under a temporary name and rename; `subtype` as in soundfile."""
    with atomic(path) as temporary:
        if subtype == "FLOAT" and Path(path).suffix == ".wav":
            # libsndfile stamps the time into a float WAV, and the same samples must give the same file.
            wavfile.write(temporary, rate, np.asarray(samples, dtype=np.float32).T)
        else:
            soundfile.write(temporary, np.asarray(samples).T, rate, subtype=subtype)


def resample(samples: np.ndarray, rate: int, to: int) -> np.ndarray:
    """Samples [channel, time] at `rate` Hz -> the same at `to` Hz (soxr, very high quality)."""
    if rate == to:
        return samples
    return np.ascontiguousarray(soxr.resample(samples.T, rate, to, quality="VHQ").T)
