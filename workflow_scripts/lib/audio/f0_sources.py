"""Where the F0 of a track comes from, by the names that `config/f0/<name>.yaml` uses."""

import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from workflow_scripts.lib.audio import f0_degrade, f0_user, multipitch, pitch, voice_assignment
from workflow_scripts.lib.audio.contour import fit
from workflow_scripts.lib.audio.f0 import F0, HOP_SECONDS, frame_count
from workflow_scripts.lib.core.errors import UserError, nearest


@dataclass(frozen=True)
class ExactSettings:
    """The exact F0 comes with the data and has no settings."""


SETTINGS: dict[str, tuple[type, ...]] = {
    "exact": (ExactSettings,),
    "stems": (pitch.Settings,),
    "mixture": (multipitch.Settings, voice_assignment.Settings),
    "file": (f0_user.Settings,),
    "degraded": (f0_degrade.Settings,),
}


def check(kind: str, settings: dict[str, Any]) -> tuple[Any, ...]:
    """The settings objects of an F0 source; raises UserError for an unknown kind or setting, or a value not allowed."""
    if kind not in SETTINGS:
        raise UserError(f"There is no kind of F0 source {kind!r}; {nearest(kind, SETTINGS)}")
    known = {field.name: field for part in SETTINGS[kind] for field in fields(part)}
    for name, value in settings.items():
        if name not in known:
            raise UserError(f"The F0 kind {kind!r} has no setting {name!r}; {nearest(name, known)}")
        _check_type(kind, name, value, known[name].type)
    if kind == "file" and "root" not in settings:
        raise UserError("The F0 kind 'file' needs the setting 'root', a folder of <track>.csv or one such file.")
    return tuple(_build(part, settings) for part in SETTINGS[kind])


def estimate(
    kind: str,
    settings: dict[str, Any],
    *,
    mixture: np.ndarray,
    stems: dict[str, np.ndarray],
    rate: int,
    voices: tuple[str, ...],
    exact: F0 | None,
    track: str,
    seed: int,  # noqa: ARG001, every source so far decides without chance; the stage passes one all the same
) -> F0:
    """The F0 of `voices` by the source `kind`, on the frames that cover the mixture.

    mixture: [channel, time]; stems: each [channel, time], by name; both averaged over channels.
    voices: for the kind "mixture" in order from the highest to the lowest.
    exact: where the data come with it.
    Raises UserError for an unknown kind or setting, and where the kind lacks what it needs.
    """
    if kind == "degraded":
        raise UserError("The F0 kind 'degraded' starts from another F0 source; name that one in its key `of`.")
    parts = check(kind, settings)
    frames = frame_count(mixture.shape[-1] / rate)
    if kind == "exact":
        return _exact(exact, voices, track, frames)
    if kind == "stems":
        return _from_stems(stems, rate, voices, track, frames, *parts)
    if kind == "mixture":
        return _from_mixture(mixture, rate, voices, frames, *parts)
    root = Path(parts[0].root)
    return f0_user.read(root if root.is_file() else root / f"{track}.csv", voices, frames, parts[0])


def degrade(f0: F0, settings: dict[str, Any], *, seed: int, track: str) -> F0:
    """The F0 made worse as the kind "degraded" says. Raises UserError for an unknown setting."""
    return f0_degrade.degrade(f0, *check("degraded", settings), seed, track)


def _exact(exact: F0 | None, voices: tuple[str, ...], track: str, frames: int) -> F0:
    if exact is None:
        raise UserError(
            f"Track {track}: its data set has no exact F0; take the F0 source `stems`, `mixture` or a file."
        )
    for voice in voices:
        if voice not in exact.voices:
            raise UserError(f"Track {track}: its exact F0 has no voice {voice!r}; {nearest(voice, exact.voices)}")
    rows = [exact.voices.index(voice) for voice in voices]
    return F0(voices, fit(exact.hz[rows], frames), fit(exact.confidence[rows], frames))


def _from_stems(
    stems: dict[str, np.ndarray], rate: int, voices: tuple[str, ...], track: str, frames: int, settings: pitch.Settings
) -> F0:
    for voice in voices:
        if voice not in stems:
            raise UserError(f"Track {track}: has no stem {voice!r} to take the F0 from; {nearest(voice, stems)}")
    contours = [pitch.track(stems[voice].mean(axis=0), rate, settings) for voice in voices]
    hz, confidence = (np.stack([fit(values, frames) for values in each]) for each in zip(*contours, strict=True))
    return F0(voices, hz, confidence)


def _from_mixture(
    mixture: np.ndarray,
    rate: int,
    voices: tuple[str, ...],
    frames: int,
    pitches: multipitch.Settings,
    assignment: voice_assignment.Settings,
) -> F0:
    candidates = multipitch.estimate(mixture.mean(axis=0), rate, pitches)
    grid = np.arange(frames) * HOP_SECONDS
    return F0(voices, *voice_assignment.contours(candidates, len(voices), grid, assignment))


def _build(part: type, settings: dict[str, Any]) -> Any:
    known = {field.name for field in fields(part)}
    # A list is what YAML has for a tuple.
    return part(**{k: tuple(v) if isinstance(v, list) else v for k, v in settings.items() if k in known})


def _check_type(kind: str, name: str, value: Any, annotation: Any) -> None:
    if not _fits(value, annotation):
        wanted = {str: "text", int: "a whole number", tuple[str, ...]: "a list of names"}.get(annotation, "a number")
        raise UserError(f"The F0 kind {kind!r}: setting {name!r} is {value!r}; {wanted} belongs there.")


def _fits(value: Any, annotation: Any) -> bool:
    if annotation == tuple[str, ...]:
        return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
    if isinstance(value, bool) or (isinstance(value, float) and not math.isfinite(value)):
        return False
    return isinstance(value, annotation) or (isinstance(value, int) and isinstance(0.0, annotation))
