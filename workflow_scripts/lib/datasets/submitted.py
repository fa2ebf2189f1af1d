"""Estimates that others made: `<root>/[<split>/]<track>/<source>.wav` or `.flac`, found and held against the tracks.

Lengths must be those of the mixtures to the sample: a shift or another cut moves every score, and nobody would see it.
Used while the workflow is planned too, where there is a submission.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from workflow_scripts.lib.audio.header import read_header
from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.core.names import composed, of_the_system
from workflow_scripts.lib.datasets.origin import OTHER_AUDIO, READABLE, visible_files
from workflow_scripts.lib.datasets.table import Track

Files = dict[str, dict[str, Path]]  # track -> source -> file


class Expected(NamedTuple):
    """A track that estimates are of.  samples: of each channel.  rate: in Hz."""

    track: str
    samples: int
    rate: int
    channels: int

    @classmethod
    def of(cls, track: Track) -> "Expected":
        return cls(track.track, round(track.seconds * track.rate), track.rate, track.channels)


def find_estimates(root: Path, split: str, tracks: Iterable[str], sources: Sequence[str]) -> Files:
    """The file of each source of each track.

    There may be a level of splits, as musdb writes them. Raises UserError where a track or source has no file, two
    files, or one that is neither WAV nor FLAC.
    """
    folders = _track_folders(root, split)
    tracks = list(tracks)
    missing = [track for track in tracks if track not in folders]
    if missing:
        others = sorted(folders.keys() - tracks)
        raise UserError(
            f"{root}: lacks the track {missing[0]!r} ({len(missing)} of {len(tracks)} tracks are missing); "
            f"{_perhaps(missing[0], others)}put its estimates into {root / missing[0]}/<source>.wav."
        )
    return {track: {source: _file(folders[track], source) for source in sources} for track in tracks}


def check_form(files: Mapping[str, Path], expected: Expected) -> None:
    """Raises UserError where the header of an estimate tells another rate, count of channels or length.

    files: by source.
    """
    for path in files.values():
        header = read_header(path, str(path))
        mixture = f"the mixture of {expected.track!r} has"
        if header.rate != expected.rate:
            raise UserError(
                f"{path}: has {header.rate} samples a second, but {mixture} {expected.rate}; resample it to "
                f"{expected.rate} Hz."
            )
        if header.channels != expected.channels:
            raise UserError(
                f"{path}: has {header.channels} {_channels(header.channels)}, but {mixture} {expected.channels}; write "
                f"it with {expected.channels} {_channels(expected.channels)}."
            )
        if header.frames != expected.samples:
            way_out = "pad it with zeros at its end" if header.frames < expected.samples else "cut its end"
            raise UserError(
                f"{path}: has {header.frames} samples, but {mixture} {expected.samples}, and it must be as long to the "
                f"sample; {way_out}, where it is not shifted."
            )


def passed_over(root: Path, found: Files) -> list[str]:
    """The audio files below the root that no track and source is taken from."""
    used = {path for files in found.values() for path in files.values()}
    audio = (path for path in visible_files(root) if path.suffix.lower() in READABLE | OTHER_AUDIO)
    return [str(path.relative_to(root)) for path in audio if path not in used]


def _track_folders(root: Path, split: str) -> dict[str, Path]:
    home = root / split if (root / split).is_dir() else root
    if not home.is_dir():
        raise UserError(f"{home}: is no folder; it should hold a folder a track, with a file a source.")
    return {composed(path.name): path for path in sorted(home.iterdir()) if path.is_dir()}


def _file(folder: Path, source: str) -> Path:
    audio = {path for path in sorted(folder.iterdir()) if path.suffix.lower() in READABLE | OTHER_AUDIO}
    audio = {path for path in audio if not of_the_system(path.name)}
    found = sorted(path for path in audio if composed(path.stem) == source)
    if not found:
        names = sorted({composed(path.stem) for path in audio})
        raise UserError(
            f"{folder}: lacks the source {source!r}, found are {', '.join(names) or 'no audio files'}; "
            f"{_perhaps(source, names)}add {source}.wav."
        )
    if len(found) > 1:
        raise UserError(f"{found[1]}: is there twice, {found[0].name} has the same name; keep one of the two.")
    if found[0].suffix.lower() not in READABLE:
        raise UserError(f"{found[0]}: {found[0].suffix} files are not read; convert it to WAV or FLAC.")
    return found[0]


def _perhaps(name: str, others: Sequence[str]) -> str:
    """What to do where something is called almost so."""
    close = nearest(name, others)
    return f"if it is {close.split('mean ')[1].rstrip('?')}, rename that, or " if close.startswith("did") else ""


def _channels(count: int) -> str:
    return "channel" if count == 1 else "channels"
