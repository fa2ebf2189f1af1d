"""Pitch candidates of a mixture -> one contour a voice.

Both ways assume that the number of voices is known and that voices do not cross; neither has learned anything.
Measured on real quartets with the pitches of either estimator, the beam search gets more frames right than the
published assignment, so it is the default.
"""

from functools import cache
from itertools import combinations, permutations
from typing import Literal

import numpy as np

from workflow_scripts.lib.audio.contour import nearest_frame, resample
from workflow_scripts.lib.audio.f0 import HOP_SECONDS
from workflow_scripts.lib.audio.multipitch import Candidates
from workflow_scripts.lib.core.settings import Count, NotNegative, settings


@settings
class Settings:
    """How to give pitches to voices.

    assignment: "beam", the order-preserving beam search, or "published", that of arXiv 2201.09592's code.
    width: hypotheses that the beam search keeps.
    jump: its cost of a leap, a semitone up to `leap` semitones; a pitch left out costs its salience.
    register: its cost of a pitch away from the voice's usual one, an octave.
    between: how a contour is brought to 16 ms, as in `audio/contour.py`: "linear" within voiced runs, "nearest", or
        "across", which is published and glides from 0 Hz at every onset.
    """

    assignment: Literal["beam", "published"] = "beam"
    width: Count = 32
    jump: NotNegative = 0.03
    leap: NotNegative = 7.0
    register: NotNegative = 0.2
    between: Literal["nearest", "linear", "across"] = "linear"


def contours(
    candidates: Candidates, voices: int, target: np.ndarray, settings: Settings
) -> tuple[np.ndarray, np.ndarray]:
    """Candidates -> (hz, salience), each [voice, new frame], at `target` [new frame] in s, highest voice first."""
    hz, salience = assign(candidates, voices, settings)
    reach = np.median(np.diff(candidates.times)) if len(candidates.times) > 1 else HOP_SECONDS
    index, _ = nearest_frame(candidates.times, target)
    moved = np.array([resample(candidates.times, voice, target, reach, settings.between) for voice in hz])
    return moved, np.where(moved > 0, salience[:, index], 0.0)


def assign(candidates: Candidates, voices: int, settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """Candidates -> (hz [voice, frame], salience [voice, frame]) on the candidates' grid, highest voice first."""
    chosen = (
        beam_search(candidates, voices, settings)
        if settings.assignment == "beam"
        else published_assignment(candidates.hz, voices)
    )
    frames = np.arange(len(candidates.hz))
    hz, salience = (
        np.where(chosen >= 0, values[frames, chosen], 0.0) for values in (candidates.hz, candidates.salience)
    )
    return hz[::-1], salience[::-1]


# --- beam search -----------------------------------------------------------------------------------------------------


def beam_search(candidates: Candidates, voices: int, settings: Settings) -> np.ndarray:
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
    notes: np.ndarray,
    salience: np.ndarray,
    last: np.ndarray,
    usual: np.ndarray,
    options: np.ndarray,
    settings: Settings,
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


# --- as published ----------------------------------------------------------------------------------------------------


def published_assignment(hz: np.ndarray, voices: int) -> np.ndarray:
    """Candidate index [voice, frame] of each voice, lowest voice first, -1 where the voice has none.

    The heuristic of arXiv 2201.09592's code: frames with no pitch or with exactly one a voice are taken in sorted
    order; each run of other frames is resolved from its complete neighbours, frame by frame, by the permutation of the
    frame's pitches that moves least in Hz. Choices where the source says nothing: the ends of a track count as silent;
    a run between silences is resolved from the nearest complete frames on both sides, on one where the other has none,
    and stays in sorted order, silent voices lowest, where the track has no complete frame.
    """
    lists = [_sorted_indices(row, voices) for row in hz]
    counts = (hz > 0).sum(axis=1)
    path = np.array([indices[:voices] for indices in lists], dtype=int).reshape(-1, voices)
    complete = np.flatnonzero(counts == voices)
    for first, last in _runs((counts > 0) & (counts != voices)):
        before, after = _borders(first, last, counts, complete)
        frames = np.arange(first, last + 1)
        if before is not None or after is not None:
            path[frames] = _resolve(frames, before, after, hz, path, lists)
    return path.T


def _sorted_indices(row: np.ndarray, voices: int) -> np.ndarray:
    """Indices of the frame's pitches by ascending Hz, behind as many -1 as make it one a voice."""
    present = np.flatnonzero(row > 0)
    present = present[np.argsort(row[present], kind="stable")]
    return np.concatenate([np.full(max(0, voices - len(present)), -1), present])


def _runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """First and last index of each stretch of true flags."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return [(int(start), int(end) - 1) for start, end in edges.reshape(-1, 2)]


def _borders(first: int, last: int, counts: np.ndarray, complete: np.ndarray) -> tuple[int | None, int | None]:
    """The complete frames from which the run first..last is resolved, before and after it."""
    index = np.searchsorted(complete, first)
    before = int(complete[index - 1]) if index > 0 else None
    after = int(complete[index]) if index < len(complete) else None
    left_silent = first == 0 or counts[first - 1] == 0
    right_silent = last == len(counts) - 1 or counts[last + 1] == 0
    if left_silent == right_silent:
        return before, after
    return (None, after) if left_silent else (before, None)


def _resolve(
    frames: np.ndarray, before: int | None, after: int | None, hz: np.ndarray, path: np.ndarray, lists: list[np.ndarray]
) -> np.ndarray:
    """Assignment [frame, voice] of a run by a forward pass, a backward one, or the cheaper of both, ties forward."""
    if after is None:
        return _pass(frames, hz[before, path[before]], None, hz, lists)[0]
    if before is None:
        return _pass(frames[::-1], hz[after, path[after]], None, hz, lists)[0][::-1]
    start, end = hz[before, path[before]], hz[after, path[after]]
    forward, forward_cost = _pass(frames, start, end, hz, lists)
    backward, backward_cost = _pass(frames[::-1], end, start, hz, lists)
    return forward if forward_cost <= backward_cost + 1e-6 else backward[::-1]


def _pass(
    frames: np.ndarray, start: np.ndarray, end: np.ndarray | None, hz: np.ndarray, lists: list[np.ndarray]
) -> tuple[np.ndarray, float]:
    """Assign frame by frame, each against the last pitch in Hz of every voice: (assignment [frame, voice], cost in Hz).

    The cost includes the way from the last frame to the pitches `end` [voice] of the far border, where there is one.
    """
    last, total, rows = start, 0.0, []
    for frame in frames:
        ways = lists[frame][_permutations(len(lists[frame]), len(start))]
        pitches = np.where(ways >= 0, hz[frame, ways], 0.0)
        costs = np.where(ways >= 0, np.abs(pitches - last), 0.0).sum(axis=1)
        # Rounded, so that the first of equal permutations wins and not the one with the luckier last bit.
        best = costs.round(6).argmin()
        rows.append(ways[best])
        last = np.where(ways[best] >= 0, pitches[best], last)
        total += costs[best]
    return np.array(rows), total + (0.0 if end is None else np.abs(end - last).sum())


@cache
def _permutations(length: int, taken: int) -> np.ndarray:
    """Ordered choices [way, taken] out of `length` indices, in the order of the list."""
    return np.array(list(permutations(range(length), taken)))
