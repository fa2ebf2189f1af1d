"""When each source plays, found from its true stem: what a user with perfect ears would mark.

Two rules: `envelope`, the one that the WASPAA 2021 system derived from MedleyDB's activation confidence, and `silence`,
which looks for stretches without sound.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
import scipy
import soxr
from pydantic import Field

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.settings import NotNegative, settings
from workflow_scripts.lib.datasets.marks import PLAYS, SILENT

FRAME, HOP = 4096, 2048  # samples at 44.1 kHz, as published; at other rates they last as long
PUBLISHED_RATE = 44100  # Hz
QUIET_SUM = 0.01  # of the sum of all envelopes; nothing plays under it
CUT_OFF, ORDER = 0.075, 2  # of the low-pass: share of half the rate, and order


@settings
class Settings:
    """How activity is found.

    rule: "silence": a source is silent where it stays under the floor for `minimum` s at least. "envelope": where its
        share of the envelopes lies under theta, as published with the WASPAA 2021 system.
    floor_db: rule silence: level of a sample re full scale that counts as no sound; None is exactly zero.
    minimum: rule silence: shortest silence, in s.
    theta: rule envelope: threshold, a number or one for each source by name; as published 0.01, MedleyDB has 0.15.
    channels: "any": a source plays where one of its channels does; "mean": the rule is applied to their mean. (The
        published code keeps the channels apart, which no user's mark does.)
    """

    rule: Literal["silence", "envelope"] = "silence"
    floor_db: Annotated[float, Field(le=0)] | None = None
    minimum: NotNegative = 0.5
    theta: NotNegative | dict[str, NotNegative] = 0.01
    channels: Literal["any", "mean"] = "any"


def activity(stems: np.ndarray, sources: Sequence[str], rate: int, settings: Settings) -> np.ndarray:
    """True stems [source, channel, time] at `rate` Hz -> [source, time] int8, 1 plays and -1 silent.

    Raises UserError where `theta` lacks a source.
    """
    if settings.channels == "mean":
        stems = stems.mean(axis=1, keepdims=True)
    if settings.rule == "envelope":
        plays = envelope_rule(stems, thresholds(sources, settings.theta), rate).any(axis=1)
    else:
        floor = 0.0 if settings.floor_db is None else 10 ** (settings.floor_db / 20)
        plays = ~np.stack([silent_runs(stem, floor, round(settings.minimum * rate)) for stem in stems])
    return np.where(plays, PLAYS, SILENT).astype(np.int8)


def thresholds(sources: Sequence[str], theta: float | Mapping[str, float]) -> np.ndarray:
    """theta of each source, [source]."""
    if not isinstance(theta, Mapping):
        return np.full(len(sources), float(theta))
    for source in sources:
        if source not in theta:
            raise UserError(f"Marks setting theta has no value for {source!r}; it has {', '.join(theta) or 'none'}.")
    return np.array([float(theta[source]) for source in sources])


def envelope_rule(stems: np.ndarray, theta: np.ndarray, rate: int) -> np.ndarray:
    """The published rule: stems [source, channel, time], theta [source] -> where each plays, the same shape, bool.

    Each channel by itself: envelopes H of the sources, relative to the largest sum of all of them over time and times
    the number of sources, zero where the sum is under 0.01, low-passed at 0.075 of half the rate; a source plays where
    H >= theta. (The published logistic confidence with slope 20 and threshold 0.5 is the same test.) The window is
    4,096 samples at 44.1 kHz; here it lasts as long at any rate.
    """
    hop = max(1, round(HOP * rate / PUBLISHED_RATE))
    length = stems.shape[-1]
    envelopes = np.apply_along_axis(lambda signal: _interpolate(envelope(signal, hop), length), -1, stems)
    total = envelopes.sum(axis=0)
    largest = total.max(axis=-1, keepdims=True)
    share = len(stems) * envelopes / np.where(largest > 0, largest, 1.0)
    share = np.where(total < QUIET_SUM, 0.0, share)
    return scipy.signal.filtfilt(*scipy.signal.butter(ORDER, CUT_OFF), share, axis=-1) >= theta[:, None, None]


def envelope(signal: np.ndarray, hop: int = HOP) -> np.ndarray:
    """Signal [time] -> [frame], one every `hop` samples: Hann-weighted means of the square root of its positive half.

    Frames of two hops; a hop of silence stands before the signal, and silence after it to a whole number of frames.
    """
    size = 2 * hop
    padded = np.concatenate([np.zeros(hop), signal])
    padded = np.pad(padded, (0, -len(padded) % size))
    frames = np.lib.stride_tricks.sliding_window_view(np.sqrt(np.maximum(padded, 0)), size)[::hop]
    return frames @ scipy.signal.windows.hann(size + 2)[1:-1] / size


def _interpolate(frames: np.ndarray, length: int) -> np.ndarray:
    """Band-limited interpolation of [frame] to [time] of `length` samples, as published over the whole song at once."""
    found = soxr.resample(frames, len(frames), length, quality="HQ")[:length]
    return np.pad(found, (0, length - len(found)), mode="edge")


def silent_runs(stem: np.ndarray, floor: float, minimum: int) -> np.ndarray:
    """Stem [channel, time] -> where it lies in a run of `minimum` samples or more, all at most `floor`; [time] bool."""
    quiet = np.abs(stem).max(axis=0) <= floor
    edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]])))
    found = np.zeros(len(quiet), bool)
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        found[start:end] = end - start >= minimum
    return found
