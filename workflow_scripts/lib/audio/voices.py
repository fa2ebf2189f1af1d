"""F0 contours as the F0-informed factorisations use them: on the STFT's frames, on a grid of tenths of a semitone.

A pitch is a whole number of tenths of a semitone above or below 440 Hz.
"""

from collections.abc import Sequence

import numpy as np
import torch

from workflow_scripts.lib.audio.f0 import F0, HOP_SECONDS
from workflow_scripts.lib.core.errors import UserError

STEPS_PER_OCTAVE = 120  # tenths of a semitone


def contours(
    f0: F0 | None, sources: Sequence[str], rate: int, hop: int, frames: int, attack: float, release: float
) -> np.ndarray:
    """F0 of each source at the STFT's frames, [source, frame] in Hz, 0 where the voice is silent.

    A frame takes the nearest value of the table. F0 = 0 does not mean silence (a room holds the last note, a consonant
    comes before the next), so a voice keeps its last pitch for `release` s and takes its next one `attack` s ahead.
    f0: of the voices, None where there is none.  rate: of the audio, in Hz.  hop: of the STFT, in samples.
    Raises UserError where it has none of the sources.
    """
    table = _of_sources(f0, sources)
    nearest = np.round(np.arange(frames) * hop / rate / HOP_SECONDS).astype(int)
    inside = nearest < table.shape[1]
    sampled = np.zeros((len(table), frames))
    sampled[:, inside] = table[:, nearest[inside]]
    return _hold(sampled, round(attack * rate / hop), round(release * rate / hop))


def pitches(hz: np.ndarray) -> np.ndarray:
    """F0 in Hz -> nearest pitch in tenths of a semitone from 440 Hz, same shape; NaN where F0 is 0."""
    with np.errstate(divide="ignore"):
        steps = np.round(STEPS_PER_OCTAVE * np.log2(hz / 440.0))
    return np.where(np.isfinite(steps), steps, np.nan)


def neighbourhoods(pitch: np.ndarray, tolerance: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """The templates that each voice needs, and when: those within `tolerance` of its pitch in some frame.

    pitch: [voice, frame] in tenths of a semitone, NaN where silent.  tolerance: in tenths of a semitone.
    Returns a voice's (pitches [template], ascending, and whether a frame may use one, bool [template, frame]).
    """
    around = np.arange(-tolerance, tolerance + 1)
    grids = [np.unique(np.unique(row[np.isfinite(row)])[:, None] + around) for row in pitch]
    return [(grid, np.abs(grid[:, None] - row) <= tolerance) for grid, row in zip(grids, pitch, strict=True)]


def frequencies(pitch: torch.Tensor) -> torch.Tensor:
    """Pitch in tenths of a semitone from 440 Hz -> Hz, same shape."""
    return 440.0 * 2.0 ** (pitch / STEPS_PER_OCTAVE)


def partial_distance(bins: torch.Tensor, f0: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Frequencies of bins [bin] and F0 [...] in Hz -> (number of the nearest partial >= 1, distance from it in Hz).

    Both have the shape [..., bin].
    """
    partial = torch.round(bins / f0[..., None]).clamp_min(1)
    return partial, bins - partial * f0[..., None]


def hann_lobe(distance: torch.Tensor) -> torch.Tensor:
    """Magnitude of the Hann window's transform `distance` bins off its centre, 1 there, 0 beyond the main lobe of 2."""
    # The quotient sinc(x) / (1 - x^2) is undefined at |x| = 1, where it tends to 1/2.
    edge = (distance.abs() - 1).abs() < 1e-3
    inner = torch.where(edge, 0, distance)
    lobe = torch.where(edge, 0.5, torch.sinc(inner) / (1 - inner.square()))
    return torch.where(distance.abs() < 2, lobe, 0).clamp_min(0)


def bin_frequencies(window: int, rate: int, like: torch.Tensor) -> torch.Tensor:
    """Frequencies of the bins of an STFT in Hz, [bin], with the type and on the device of `like`."""
    return torch.arange(window // 2 + 1, dtype=like.dtype, device=like.device) * (rate / window)


def _of_sources(f0: F0 | None, sources: Sequence[str]) -> np.ndarray:
    f0 = f0 if f0 is not None else F0((), np.zeros((0, 0)), np.zeros((0, 0)))
    missing = [source for source in sources if source not in f0.voices]
    if missing:
        raise UserError(
            f"An F0-informed method needs the F0 of every source; {', '.join(missing)} not found among the voices "
            f"({', '.join(f0.voices) or 'none'}) of the F0 table."
        )
    return f0.hz[[f0.voices.index(source) for source in sources]]


def _hold(hz: np.ndarray, attack: int, release: int) -> np.ndarray:
    return _kept(_kept(hz, release)[:, ::-1], attack)[:, ::-1].copy()  # torch takes no negative strides


def _kept(hz: np.ndarray, frames: int) -> np.ndarray:
    """F0 [source, frame] in which each source keeps its last pitch for so many frames of silence."""
    now = np.arange(hz.shape[1])
    last = np.maximum.accumulate(np.where(hz > 0, now, -1), axis=1)
    held = np.take_along_axis(hz, last.clip(min=0), axis=1)
    return np.where((last >= 0) & (now - last <= frames), held, 0.0)
