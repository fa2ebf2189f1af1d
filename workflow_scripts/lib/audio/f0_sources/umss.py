"""The F0 that was published with arXiv 2201.09592: of the quartets and pairs of the Choral Singing Dataset.

Estimated from each mixture by the multi-F0 network of Cuesta et al. (2020), assigned to voices by the heuristic of that
paper, on its grid of 16 ms; where a voice comes in, it glides there from 0 Hz. One tensor [frame, voice] a mixture, the
highest voice first, in `<song>/mixtures_<voices>_sources/mf0_cuesta_processed/` of the folder
`Datasets/ChoralSingingDataset` of the public code (schufo/umss).
"""

import re
from pathlib import Path
from typing import Annotated

import numpy as np

from workflow_scripts.lib.audio.f0 import F0, HOP_SECONDS
from workflow_scripts.lib.audio.f0_sources.contract import Given
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.settings import Free, settings

PARTS = ("soprano", "alto", "tenor", "bass")
# How files call the singers of each part, by song.
NAMES = {
    "El Rossinyol": ("Sno_{}08", "At_{}-06", "Tor{}-09", "Bos_{}07"),
    "Locus Iste": ("Sno_{}10", "Alt_{}01", "t{}-01-2", "Bs_{}-02"),
    "Nino Dios": ("Sno_{}05", "Alt_{}07", "t{}-06-2", "Bos_{}04"),
}
# A track of the data sets csd, subsets of it and excerpts of both: song, singers, voices, and start in s.
_TRACK = re.compile(
    rf"({'|'.join(NAMES)}) ([1-4](?:-[1-4]){{3}}|[1-4])(?: ((?:soprano|alto|tenor|bass)(?:-\w+)+))?(?: at ([\d.]+) s)?"
)


@settings
class Settings:
    """root: the folder ChoralSingingDataset of the public code."""

    root: Annotated[str, Free("a path of the user's")]


def find_f0(given: Given, settings: Settings) -> F0:
    """The published F0. Raises UserError for a track that has none, and a file that is missing or holds no table."""
    path, start = _file(Path(settings.root).expanduser(), given)
    table = _read(path, len(given.voices))
    frames = round(start / HOP_SECONDS) + np.arange(given.read_audio().frames)
    hz = np.where(frames < len(table), table[np.minimum(frames, len(table) - 1)].T, 0.0)
    return F0(given.voices, hz, np.ones_like(hz))


def _file(root: Path, given: Given) -> tuple[Path, float]:
    """The file of a track's whole mixture, and where in it the track starts, in s."""
    found = _TRACK.fullmatch(given.track)
    if found is None:
        raise UserError(
            f"{root}: the published F0 is of the Choral Singing Dataset alone, but the track is {given.track!r}; take "
            "another F0 source for it."
        )
    song, singers, voices, start = found.groups()
    numbers = dict(zip(PARTS, singers.split("-") if "-" in singers else singers * len(PARTS), strict=True))
    chosen = voices.split("-") if voices else PARTS
    called = dict(zip(PARTS, NAMES[song], strict=True))
    folder, stem = song.replace(" ", "_"), song.replace(" ", "_").lower()
    name = "_".join([stem, *(called[part].format(numbers[part]) for part in chosen)])
    return root / folder / f"mixtures_{len(chosen)}_sources/mf0_cuesta_processed/{name}.pt", float(start or 0)


def _read(path: Path, voices: int) -> np.ndarray:
    """[frame, voice] in Hz, 0 where unvoiced."""
    from workflow_scripts.lib.core.tensor_files import read_torch  # deferred: torch starts slowly

    advice = "get it anew from Datasets/ChoralSingingDataset of github.com/schufo/umss."
    content = read_torch(path, advice)
    try:
        table = np.asarray(content, float)
    except (TypeError, ValueError, RuntimeError) as error:
        raise UserError(f"{path}: holds no tensor of numbers; {advice}") from error
    if table.ndim != 2 or table.shape[1] != voices or not len(table):
        raise UserError(f"{path}: has the shape {list(table.shape)}, needed is [frame, {voices}]; {advice}")
    return np.where(np.isfinite(table), table, 0.0).clip(min=0.0)
