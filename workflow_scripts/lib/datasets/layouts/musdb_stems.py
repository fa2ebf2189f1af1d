"""MUSDB18 as it was published: `<root>/{train,test}/<Artist - Title>.stem.mp4`, five AAC streams, read by musdb."""

import shutil
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np

from workflow_scripts.lib.audio import io
from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.core.names import SPLITS, of_the_system
from workflow_scripts.lib.core.settings import Free, settings
from workflow_scripts.lib.datasets.layouts.contract import Origin
from workflow_scripts.lib.datasets.musdb import STREAMS, split_off_validation
from workflow_scripts.lib.datasets.raw import Clip, RawTrack, check_name, with_metadata
from workflow_scripts.lib.datasets.workers import map_processes

MIXTURE_IS_SUM = False  # every stream is encoded on its own
SUFFIX = ".stem.mp4"


@settings
class Settings:
    """valid: names of the tracks of `train` that validate; None takes musdb's own list."""

    valid: Annotated[tuple[str, ...] | None, Free("names of tracks")] = None


def require_ffmpeg() -> None:
    """Raises UserError where a program that musdb cannot do without is missing."""
    for program in ("ffmpeg", "ffprobe"):
        if shutil.which(program) is None:
            raise UserError(
                f"{program} was not found on the PATH, and musdb needs it to read {SUFFIX} files; get it with "
                "`apt-get install ffmpeg` or `conda install ffmpeg`, or use MUSDB18-HQ, which is WAV."
            )


def read(origin: Origin, settings: Settings) -> list[RawTrack]:
    """The tracks below the root, decoded to 16-bit WAV files below `scratch`, as musdb decodes them.

    Raises UserError where ffmpeg, a stem or a file is missing, or a file cannot be decoded.
    """
    root = origin.root
    for stem in origin.stems:
        if stem not in STREAMS:
            raise UserError(f"{root}: {stem!r} is no stem of MUSDB18; {nearest(stem, set(STREAMS) - {'mixture'})}")
    require_ffmpeg()
    decode = partial(_decode_track, stems=tuple(origin.stems), scratch=origin.scratch / "decoded")
    tracks = map_processes(decode, _files(root), origin.processes)
    return with_metadata([split_off_validation(track, settings.valid) for track in tracks], root / "metadata.csv")


def _files(root: Path) -> list[tuple[str, Path]]:
    """(split, file) of every track; all are `test` where there is no level of splits."""
    if not root.is_dir():
        raise UserError(f"{root}: is no folder; set the data set's 'root' to the folder of the {SUFFIX} files.")
    loose = _stem_files(root)
    if loose:
        return [("test", path) for path in loose]
    found = []
    for folder in sorted(path for path in root.iterdir() if path.is_dir() and not of_the_system(path.name)):
        if folder.name not in SPLITS:
            raise UserError(f"{folder}: is no split; {nearest(folder.name.lower(), SPLITS)}")
        found += [(folder.name, path) for path in _stem_files(folder)]
    if not found:
        raise UserError(f"{root}: holds no {SUFFIX} file; allowed is <root>/[<split>/]<Artist - Title>{SUFFIX}.")
    return found


def _stem_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIX) and not path.name.startswith("."))


def _decode_track(item: tuple[str, Path], stems: tuple[str, ...], scratch: Path) -> RawTrack:
    """One (split, file) as a track of WAV files."""
    split, file = item
    name = check_name(file.name.removesuffix(SUFFIX), file)
    clips = {
        stream: Clip(scratch / split / name / f"{stream}.wav", f"{file}, stream {stream!r}")
        for stream in ("mixture", *stems)
    }
    _decode_streams(file, split, {STREAMS[stream]: clip.path for stream, clip in clips.items()})
    mixture = clips.pop("mixture")
    return RawTrack(name, split, name, (), "", clips, mixture)


def _decode_streams(file: Path, split: str, targets: dict[int, Path]) -> None:
    """Write streams of a file, by number, as 16-bit WAV; one after the other, since a song is large in memory."""
    import ffmpeg  # musdb's own; both fail to import where the programs are missing
    import musdb

    try:
        track = musdb.MultiTrack(path=str(file), name=file.name.removesuffix(SUFFIX), subset=split, stem_id=0)
        if track.info.nb_audio_streams < len(STREAMS):
            raise UserError(
                f"{file}: has {track.info.nb_audio_streams} audio streams, but a MUSDB18 file has {len(STREAMS)}; "
                "get it again."
            )
        for stream, target in targets.items():
            samples = track.load_audio(track.path, stream)
            io.write(target, np.rint(samples.T * 2**15).astype(np.int16), int(track.rate), "PCM_16")
    except (ffmpeg.Error, Warning, ValueError, KeyError, IndexError, RuntimeError) as error:
        raise UserError(
            f"{file}: cannot be decoded by ffmpeg, so it is damaged or no {SUFFIX} file; get it again."
        ) from error
