"""Audio files in and out, through soundfile; resampling through soxr."""

from pathlib import Path

import numpy as np
import soundfile
import soxr
from scipy.io import wavfile

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.files import atomic


def read(path: Path) -> tuple[np.ndarray, int]:
    """Audio file -> (samples [channel, time] float64 in [-1, 1], sampling rate in Hz).

    Raises UserError where the file is missing or is no audio that libsndfile reads.
    """
    try:
        samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    except (soundfile.SoundFileError, OSError) as error:
        raise UserError(
            f"{path}: cannot be read as audio ({error}); allowed are WAV, FLAC and what else libsndfile reads."
        ) from error
    return np.ascontiguousarray(samples.T), rate


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
