"""Windows and hops of short-time Fourier transforms: what settings may say of them, and their lengths in samples.

Classes of settings use this, so nothing heavy is imported here.
"""

import math
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from workflow_scripts.lib.core.settings import settings

WINDOW_SECONDS = 0.128  # 2048 samples at 16 kHz, the separation window of arXiv 2201.09592


def even(value: int) -> int:
    if value % 2:
        raise ValueError("give an even number.")
    return value


def odd(value: int) -> int:
    if not value % 2:
        raise ValueError("give an odd number.")
    return value


Window = Annotated[int, Field(ge=8), AfterValidator(even)]  # in samples
Coverage = Annotated[int, Field(ge=2)]  # windows over each sample: the hop is the window divided by it
Precision = Literal["float32", "float64"]


def window_length(rate: int, window: int | None) -> int:
    """Window in samples: `window` where it is given, else the power of two nearest to 0.128 s at `rate` in Hz.

    Nearest on a logarithmic scale: 1024 samples at 8 kHz, 2048 at 16 and 22.05 kHz, 4096 at 44.1 kHz.
    """
    return power_of_two(WINDOW_SECONDS * rate) if window is None else window


def power_of_two(samples: float) -> int:
    """The power of two nearest to `samples` on a logarithmic scale, 8 or more."""
    return 2 ** max(3, round(math.log2(samples)))


def hop_length(window: int, overlap: int) -> int:
    """Hop in samples where `overlap` windows cover each sample: 8 gives 256 for a window of 2048."""
    return window // overlap


@settings
class Analysis:
    """The STFT that masks are made on.

    window: in samples, null for the power of two nearest to 0.128 s.  overlap: windows over each sample.
    precision: of the numbers that the masks are computed with.
    """

    window: Window | None = None
    overlap: Coverage = 4
    precision: Precision = "float32"

    def check(self) -> str | None:
        return overlap_error("overlap", self.overlap, self.window) if self.window else None

    def check_data(self, rate: int, channels: int | None) -> str | None:  # noqa: ARG002 of all settings
        return overlap_error("overlap", self.overlap, window_length(rate, self.window))


# What is wrong with settings, as a sentence that begins with the name of one of them; None where nothing is


def overlap_error(name: str, overlap: int, window: int) -> str | None:
    """overlap: windows over each sample, the setting `name`; the hop is one sample or more."""
    if overlap <= window:
        return None
    return f"{name} is {overlap}, but a window has {window} samples; take at most {window}."


def hop_error(window: int, hop: int) -> str | None:
    """Windows that overlap by less than half, whose signal cannot be made again from the spectrogram."""
    if 2 * hop <= window:
        return None
    return f"hop is {hop}, but windows of {window} samples overlap by half or more; take at most {window // 2}."


def length_error(name: str, seconds: float, rate: int, samples: int, what: str) -> str | None:
    """seconds: the setting `name`, a time that must hold `samples` samples.  what: lasts as many, for the sentence."""
    if round(seconds * rate) >= samples:
        return None
    return f"{name} is {seconds}, but {what} lasts {samples / rate:.4g} s at {rate} Hz; take at least that."
