"""Pitch candidates of a mixture -> one contour a voice.

Both ways assume that the number of voices is known and that voices do not cross; neither has learned anything.
Measured on real quartets with the pitches of either estimator, the beam search gets more frames right than the
published assignment, so it is the default.
"""

from dataclasses import dataclass
from functools import cache
from itertools import combinations, permutations

import numpy as np

from workflow_scripts.lib.audio.multipitch import Candidates
from workflow_scripts.lib.core.errors import UserError, nearest


@dataclass(frozen=True)
class Settings:
    """How to give pitches to voices.

    assignment: "beam", the order-preserving beam search, or "published", that of arXiv 2201.09592's code.
    width: hypotheses that the beam search keeps.
    jump: its cost of a leap, a semitone up to `leap` semitones; a pitch left out costs its salience.
    register: its cost of a pitch away from the voice's usual one, an octave.
    """

    assignment: str = "beam"
    width: int = 32
    jump: float = 0.05
    leap: float = 7.0
    register: float = 0.2

    def __post_init__(self) -> None:
        if self.assignment not in ("beam", "published"):
            hint = nearest(self.assignment, ("beam", "published"))
            raise UserError(f"There is no voice assignment {self.assignment!r}; {hint}")
        if self.width < 1 or min(self.jump, self.leap, self.register) < 0:
            raise UserError("Voice assignment: width must be 1 or more, and jump, leap and register not negative.")


def assign(candidates: Candidates, voices: int, settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """Candidates -> (hz [voice, frame], salience [voice, frame]) on the candidates' grid, highest voice first."""
    chosen = beam(candidates, voices, settings) if settings.assignment == "beam" else published(candidates.hz, voices)
    frames = np.arange(len(candidates.hz))
    found = chosen >= 0
    hz = np.where(found, candidates.hz[frames, chosen], 0.0) if candidates.hz.size else np.zeros(chosen.shape)
    salience = np.where(found, candidates.salience[frames, chosen], 0.0) if candidates.hz.size else np.zeros(chosen.shape)
    return hz[::-1], salience[::-1]


# --- beam search -----------------------------------------------------------------------------------------------------


def beam(candidates: Candidates, voices: int, settings: Settings) -> np.ndarray:
    """Candidate index [voice, frame] of each voice, lowest voice first, -1 where the voice has none.

    Voices take candidates in ascending order, any of them may stay silent, any candidate may be left out. A hypothesis
    remembers each voice's last pitch, so that a voice comes back where it stopped.
    """
    pitch = _semitones(candidates.hz)
    usual = _registers(pitch, voices)
    last, cost, steps = usual[None], np.zeros(1), []
    for notes, salience in zip(pitch, candidates.salience, strict=True):
        present = np.flatnonzero(~np.isnan(notes))
        present = present[np.argsort(notes[present], kind="stable")]
        options = _order_preserving(len(present), voices)
        total = cost[:, None] + _costs(notes[present], salience[present], last, usual, options, settings)
        best = np.argsort(total.ravel().round(9), kind="stable")[: settings.width]
        parent, option = np.divmod(best, len(options))
        picked = options[option]  # [hypothesis, voice], -1 = silent
        taken = np.append(notes[present], np.nan)[picked]
        last = np.where(picked >= 0, taken, last[parent])
        cost = total.ravel()[best] - total.ravel()[best[0]]
        steps.append((parent, np.append(present, -1)[picked]))
    return _trace(steps, voices)


def _costs(
    notes: np.ndarray, salience: np.ndarray, last: np.ndarray, usual: np.ndarray, options: np.ndarray, settings: Settings
) -> np.ndarray:
    """Cost [hypothesis, option] of one frame: leaps, distance to the register, less the salience that is explained."""
    leap = np.minimum(np.abs(notes - last[..., None]), settings.leap) * settings.jump
    away = np.abs(notes - usual[:, None]) / 12 * settings.register
    single = np.concatenate([leap + away - salience, np.zeros((*last.shape, 1))], axis=-1)
    return single[:, np.arange(len(usual)), options].sum(axis=-1)


@cache
def _order_preserving(notes: int, voices: int) -> np.ndarray:
    """All ways [option, voice] to give `notes` ascending notes to `voices` voices in order; -1 = silent."""
    rows = []
    for used in range(min(notes, voices) + 1):
        for which in combinations(range(voices), used):
            for picked in combinations(range(notes), used):
                row = np.full(voices, -1)
                row[list(which)] = picked
                rows.append(row)
    return np.array(rows)


def _semitones(hz: np.ndarray) -> np.ndarray:
    """Hz -> semitones on the MIDI scale, NaN for 0 Hz."""
    return 69 + 12 * np.log2(np.where(hz > 0, hz, np.nan) / 440)


def _registers(pitch: np.ndarray, voices: int) -> np.ndarray:
    """The usual pitch [voice] of each voice, ascending: medians over frames that show as many pitches as voices."""
    strongest = np.sort(pitch[:, :voices], axis=1)
    full = strongest[~np.isnan(strongest).any(axis=1)] if pitch.shape[1] >= voices else strongest[:0]
    if len(full):
        return np.median(full, axis=0)
    heard = pitch[~np.isnan(pitch)]
    return np.quantile(heard, (np.arange(voices) + 0.5) / voices) if len(heard) else np.full(voices, 60.0)


def _trace(steps: list[tuple[np.ndarray, np.ndarray]], voices: int) -> np.ndarray:
    """Follow the best hypothesis back to the first frame."""
    path, hypothesis = np.full((voices, len(steps)), -1), 0
    for frame in range(len(steps) - 1, -1, -1):
        parent, picked = steps[frame]
        path[:, frame] = picked[hypothesis]
        hypothesis = parent[hypothesis]
    return path
