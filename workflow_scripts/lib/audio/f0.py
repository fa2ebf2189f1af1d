"""The F0 table of a track: one contour a voice on a 16 ms grid, 0 Hz where unvoiced."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workflow_scripts.lib.core.csv_text import csv_text, read_rows
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.files import write_text

HOP_SECONDS = 0.016  # 256 samples at 16 kHz, the grid of arXiv 2201.09592


@dataclass(frozen=True)
class F0:
    """Fundamental frequencies of the voices of one track.

    voices: names of the sources, in the order of the rows.
    hz: [voice, frame] float64, frame m stands at m * 0.016 s, 0 where unvoiced, never NaN, never negative.
    confidence: [voice, frame] float64 in [0, 1]; 1 where the estimator gives none.
    """

    voices: tuple[str, ...]
    hz: np.ndarray
    confidence: np.ndarray

    def __post_init__(self) -> None:
        if self.hz.shape != self.confidence.shape or self.hz.shape[0] != len(self.voices):
            raise ValueError(f"F0 of {len(self.voices)} voices with shapes {self.hz.shape}, {self.confidence.shape}")
        if not np.isfinite(self.hz).all() or (self.hz < 0).any():
            raise ValueError("F0 must be finite and not negative; 0 Hz means unvoiced")

    @property
    def times(self) -> np.ndarray:
        """Time of each frame in s, [frame]."""
        return np.arange(self.hz.shape[1]) * HOP_SECONDS


def frame_count(seconds: float) -> int:
    """Number of frames that cover `seconds`: one at 0 s and one every 16 ms up to the end."""
    return int(np.floor(seconds / HOP_SECONDS + 1e-9)) + 1


def write_f0(path: Path, f0: F0) -> None:
    """Write the table as CSV: time in s, voice, f0 in Hz, confidence."""
    frames = f0.hz.shape[1]
    columns = {
        "time": np.tile(f0.times, len(f0.voices)).round(3).tolist(),
        "voice": np.repeat(f0.voices, frames).tolist(),
        "f0": f0.hz.ravel().round(4).tolist(),
        "confidence": f0.confidence.ravel().round(4).tolist(),
    }
    write_text(path, csv_text(dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)))


def read_f0(path: Path) -> F0:
    """Read a table that `write_f0` wrote. Raises UserError where it is none."""
    try:
        rows = read_rows(path)
        voices = tuple(dict.fromkeys(row["voice"] for row in rows))
        columns = ([row[name] for row in rows] for name in ("f0", "confidence"))
        hz, confidence = (np.array(column, float).reshape(len(voices), -1) for column in columns)
        return F0(voices, hz, confidence)
    except (OSError, KeyError, ValueError) as error:
        raise UserError(f"{path}: is no F0 table with columns time, voice, f0, confidence ({error}).") from error
