"""The kinds of data set: whatever the origin, `prepare` makes the same prepared root and track table of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.datasets.csd import read_csd
from workflow_scripts.lib.datasets.embedded_kind import render_corpus
from workflow_scripts.lib.datasets.fetched import fetch_and_unpack
from workflow_scripts.lib.datasets.folder import read_folder
from workflow_scripts.lib.datasets.musdb_hq import read_musdb_hq
from workflow_scripts.lib.datasets.musdb_stems import read_musdb_stems
from workflow_scripts.lib.datasets.muting import mute_tracks
from workflow_scripts.lib.datasets.origin import check_licence, check_settings, origin_hash, root_of
from workflow_scripts.lib.datasets.prepare import link_to, prepare_tracks, take_over, whole_folder
from workflow_scripts.lib.datasets.published_split import as_published
from workflow_scripts.lib.datasets.raw import RawTrack, kept
from workflow_scripts.lib.datasets.recording import prepare_recording

__all__ = ["origin_hash", "prepare"]

LENGTH_TOLERANCE = 0.1  # s


@dataclass(frozen=True)
class Origin:
    """What a layout's reader is given: the folder to read, the stems to find, a folder for files that it makes."""

    root: Path
    stems: Sequence[str]
    settings: Mapping[str, Any]
    scratch: Path
    processes: int


def _folder(origin: Origin) -> list[RawTrack]:
    tracks = read_folder(origin.root, origin.stems, origin.settings.get("ignore") or ())
    return as_published(tracks, origin.root) if origin.settings.get("split") == "published" else tracks


def _musdb_hq(origin: Origin) -> list[RawTrack]:
    settings = origin.settings
    return read_musdb_hq(origin.root, origin.stems, settings.get("valid"), settings.get("ignore") or ())


def _musdb_stems(origin: Origin) -> list[RawTrack]:
    return read_musdb_stems(
        origin.root, origin.stems, origin.scratch / "decoded", origin.settings.get("valid"), origin.processes
    )


def _csd(origin: Origin) -> list[RawTrack]:
    return read_csd(origin.root, origin.stems, origin.settings.get("quartets"))


LAYOUTS: dict[str, Callable[[Origin], list[RawTrack]]] = {
    "folder": _folder,
    "musdb_hq": _musdb_hq,
    "musdb_stems": _musdb_stems,
    "csd": _csd,
}


def prepare(
    kind: str,
    settings: dict[str, Any],
    out: Path,
    *,
    stems: Sequence[str],
    voices: Sequence[str],
    rate: int | None,
    channels: int | None,
    processes: int,
    cache: Path,
    accept_licence: bool = False,
    terms: str = "",
    muted: Mapping[str, Any] | None = None,
) -> None:
    """Write the complete prepared root `out`, its `tracks.csv` last; nothing of it where anything is wrong.

    kind: embedded, folder, musdb_hq, musdb_stems, fetched or recording. settings: of that kind, see `origin.SETTINGS`.
    stems: names of the sources of every track; voices: those with an F0.
    rate in Hz, channels: of the prepared files, None for those of the first track. processes: tracks done at a time.
    cache: folder of downloaded archives. accept_licence: whether the user accepts the terms at the address `terms`,
    which fetched data needs. muted: with the key `seed`, silences one source after the other, see `muting`.
    Raises UserError in one sentence that names the file.
    """
    check_settings(kind, settings, "The data set's settings")
    if kind == "fetched" and not settings.get("root"):
        check_licence("The data set", accept_licence, terms)
    with whole_folder(out) as work:
        if kind == "recording":
            prepare_recording(root_of(settings), work / "root", rate, channels)
        elif kind == "embedded":
            render_corpus(settings, work / "root", stems, voices, rate, channels, processes)
        else:
            _prepare_found(kind, settings, work, stems, rate, channels, processes, cache)
        if muted:
            mute_tracks(work / "root", muted["seed"])


def _prepare_found(
    kind: str, settings: dict[str, Any], work: Path, stems: Sequence[str], rate: int | None, channels: int | None,
    processes: int, cache: Path,
) -> None:  # fmt: skip
    """Prepare the tracks that a folder or an archive holds in `work / "root"`."""
    is_own = kind != "fetched" or bool(settings.get("root"))
    scratch = work / "scratch"
    layout = settings["layout"] if kind == "fetched" else kind
    root = root_of(settings) if is_own else fetch_and_unpack(settings["archives"], cache, scratch / "unpacked")
    tracks = kept(LAYOUTS[layout](Origin(root, stems, settings, scratch, processes)), settings.get("keep") or {}, root)
    prepare_tracks(
        tracks,
        work / "root",
        name=root,
        rate=rate,
        channels=channels,
        mixture_is_sum=_mixture_is_sum(settings, layout),
        length_tolerance=_length_tolerance(settings),
        processes=processes,
        place=link_to if is_own and layout != "musdb_stems" else take_over,
    )


def _mixture_is_sum(settings: Mapping[str, Any], layout: str) -> bool:
    """The setting; by default true but for MUSDB18's compressed files, whose mixture is encoded on its own."""
    return bool(settings.get("mixture_is_sum", layout != "musdb_stems"))


def _length_tolerance(settings: Mapping[str, Any]) -> float:
    value = settings.get("length_tolerance", LENGTH_TOLERANCE)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise UserError(
            f"The data set's settings.length_tolerance is {value!r}; allowed is a number of seconds from 0 up."
        )
    return float(value)
