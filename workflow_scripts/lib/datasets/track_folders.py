"""A folder a track: `<root>/[<split>/]<track>/<source>.wav` or `.flac`, with or without `mixture`."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.core.names import MIXTURE, SPLITS, composed, of_the_system
from workflow_scripts.lib.datasets.origin import OTHER_AUDIO, READABLE
from workflow_scripts.lib.datasets.raw import Clip, RawTrack, check_name, with_metadata


def read_track_folders(root: Path, stems: Sequence[str], ignore: Iterable[str] = ()) -> list[RawTrack]:
    """The tracks below `root`, found, not yet opened.

    Without a level of splits all tracks are `test`. An optional `<root>/metadata.csv` with the columns track, song,
    singers (joined by ";") and family says what is known of them; otherwise each track is a song of its own.
    stems: names that every track must have. ignore: names of further audio files that are passed over.
    Hidden files, what operating systems and network drives leave, and files that are no audio are passed over too; a
    link to a folder below `root` is no second track.
    Raises UserError for a missing stem, a file or folder of unknown name, two files of one stem.
    """
    root = Path(root)
    _refuse_loose_audio(root, "the audio of a track stands in a folder of its own, so move it there.")
    tracks = [
        _track(folder, split, stems, frozenset(ignore))
        for split, parent in split_folders(root).items()
        for folder in _folders(parent)
        if not _is_second_name(folder, root)
    ]
    return with_metadata(tracks, root / "metadata.csv")


def split_folders(root: Path, suffixes: frozenset[str] = READABLE | OTHER_AUDIO) -> dict[str, Path]:
    """Split -> folder that holds its tracks; {"test": root} where there is no level of splits.

    suffixes: what a track folder is known by, since it holds such files directly.
    Raises UserError for a folder that is neither a split nor a track.
    """
    folders = _folders(root)
    splits = {folder.name: folder for folder in folders if folder.name in SPLITS}
    others = [folder for folder in folders if folder.name not in SPLITS]
    if not splits and all(_holds(folder, suffixes) or not _folders(folder) for folder in others):
        return {"test": root}
    for folder in others:
        if _holds(folder, suffixes) and splits:
            raise UserError(
                f"{folder}: is a track beside the folders of splits; move it into one of {', '.join(SPLITS)}."
            )
        raise UserError(f"{folder}: is no split and holds no audio; {nearest(folder.name.lower(), SPLITS)}")
    return splits


def _track(folder: Path, split: str, stems: Sequence[str], ignore: frozenset[str]) -> RawTrack:
    name = check_name(folder.name, folder)
    files = _audio_files(folder, ignore)
    for found in files:
        if found != MIXTURE and found not in stems:
            raise UserError(
                f"{files[found]}: {found!r} is neither {MIXTURE!r} nor a stem of the data set; "
                f"{nearest(found, stems)} Or list it in the data set's settings under 'ignore'."
            )
    for stem in stems:
        if stem not in files:
            raise UserError(
                f"{folder}: the stem {stem!r} is missing, found are {', '.join(files) or 'no audio files'}; add "
                f"{stem}.wav (zeros where the source does not play), or list in 'stems' only what every track has."
            )
    clips = {stem: Clip.of(files[stem]) for stem in stems}
    return RawTrack(name, split, name, (), "", clips, Clip.of(files[MIXTURE]) if MIXTURE in files else None)


def _audio_files(folder: Path, ignore: frozenset[str]) -> dict[str, Path]:
    """Name without suffix -> audio file of a track folder."""
    files: dict[str, Path] = {}
    for path in _visible(folder):
        name, suffix = composed(path.stem), path.suffix.lower()
        if path.is_dir() or name in ignore or suffix not in READABLE | OTHER_AUDIO:
            continue
        if suffix in OTHER_AUDIO:
            raise UserError(f"{path}: {suffix} files are not read; convert it to WAV or FLAC.")
        if name in files:
            raise UserError(f"{path}: is there twice, {files[name].name} has the same name; keep one of the two.")
        files[name] = path
    return files


def _refuse_loose_audio(folder: Path, way_out: str) -> None:
    for path in _visible(folder):
        if not path.is_dir() and path.suffix.lower() in READABLE:
            raise UserError(f"{path}: is in no track's folder; {way_out}")


def _is_second_name(folder: Path, root: Path) -> bool:
    return folder.is_symlink() and folder.resolve().is_relative_to(root.resolve())


def _holds(folder: Path, suffixes: frozenset[str]) -> bool:
    return any(not path.is_dir() and path.suffix.lower() in suffixes for path in _visible(folder))


def _folders(folder: Path) -> list[Path]:
    return [path for path in _visible(folder) if path.is_dir()]


def _visible(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise UserError(f"{folder}: is no folder; set the data set's 'root' to the folder of the recordings.")
    try:
        return sorted(path for path in folder.iterdir() if not of_the_system(path.name))
    except OSError as error:
        raise UserError(
            f"{folder}: cannot be read ({error.strerror}); mend it or take it out of the folder."
        ) from error
