"""Bach Chorales and Barbershop Quartets in parts of 10 s, as in the public code of arXiv 2201.09592 (schufo/umss).

`<root>/{BC,BQ}/audio_16kHz/<i>_<BC|BQ><song>_part<k>_<s|a|t|b>_1ch.wav`. Chorales and quartets 8 and 9 validate, which
are the last 31 and 24 parts in the order of their names; part 11 of chorale 17, whose soprano is empty, is left out.
"""

import re
from pathlib import Path

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.settings import settings
from workflow_scripts.lib.datasets.layouts.contract import Origin
from workflow_scripts.lib.datasets.origin import visible_files
from workflow_scripts.lib.datasets.raw import Clip, RawTrack

MIXTURE_IS_SUM = True
OPENS_NOTHING = True
VOICES = {"s": "soprano", "a": "alto", "t": "tenor", "b": "bass"}
LEFT_OUT = {"17_BC021_part11"}
ONE_SONG = {"train": "1_BC001", "valid": "2_BC002"}
_NAME = re.compile(r"((\d+)_(?:BC|BQ)\d+)_part\d+_([satb])_1ch")


@settings
class Settings:
    """one_song: the small condition of the paper, chorale 1 to train and chorale 2 to validate."""

    one_song: bool = False


def read(origin: Origin, settings: Settings) -> list[RawTrack]:
    """The parts of 10 s. Raises UserError where a voice of one is missing."""
    found = _files(origin.root)
    return [
        RawTrack(part, split, song, (), "", _clips(origin, part, files), None)
        for part, (song, files) in found.items()
        if (split := _split(song, settings))
    ]


def _files(root: Path) -> dict[str, tuple[str, dict[str, Path]]]:
    """Part -> its song, and the file of each voice."""
    found: dict[str, tuple[str, dict[str, Path]]] = {}
    for path in visible_files(root):
        if (match := _NAME.fullmatch(path.stem)) and path.suffix.lower() == ".wav":
            part = path.stem.removesuffix(f"_{match[3]}_1ch")
            if part not in LEFT_OUT:
                found.setdefault(part, (match[1], {}))[1][VOICES[match[3]]] = path
    return found


def _split(song: str, settings: Settings) -> str | None:
    """None for a song that is not used."""
    if settings.one_song:
        return next((split for split, name in ONE_SONG.items() if name == song), None)
    return "valid" if song.split("_")[0] in ("8", "9") else "train"


def _clips(origin: Origin, part: str, files: dict[str, Path]) -> dict[str, Clip]:
    for stem in origin.stems:
        if stem not in files:
            raise UserError(f"{origin.root}: {part} has no file of {stem!r}; name it {part}_{stem[0]}_1ch.wav.")
    return {stem: Clip.of(files[stem]) for stem in origin.stems}
