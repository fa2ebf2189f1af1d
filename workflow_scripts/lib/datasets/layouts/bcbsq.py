"""Bach Chorales and Barbershop Quartets in parts of 10 s, as in the public code of arXiv 2201.09592 (schufo/umss).

`<root>/{BC,BQ}/audio_16kHz/<i>_<BC|BQ><song>_part<k>_<s|a|t|b>_1ch.wav`. Chorales and quartets 8 and 9 validate, which
are the last 31 and 24 parts in the order of the files' names; part 11 of chorale 17, whose soprano is empty, is left
out. A budget of one song of the family BC is chorale 1, which the small condition of the paper trains on.
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
VALIDATION = ("8", "9")
LEFT_OUT = ("17", "11")  # song and part
_NAME = re.compile(r"(?P<number>\d+)_(?P<song>(?P<family>BC|BQ)\d+)_part(?P<part>\d+)_(?P<voice>[satb])_1ch")


@settings
class Settings:
    """None: the data is what it is."""


def read(origin: Origin, settings: Settings) -> list[RawTrack]:  # noqa: ARG001 the contract
    """The parts of 10 s, in the order of songs and parts. Raises UserError where a voice of one is missing."""
    parts: dict[str, tuple[re.Match[str], dict[str, Clip]]] = {}
    for path in visible_files(origin.root):
        match = _NAME.fullmatch(path.stem) if path.suffix.lower() == ".wav" else None
        if match and not (match["family"] == "BC" and (match["number"], match["part"]) == LEFT_OUT):
            name = f"{match['song']} part {int(match['part']):02d}"
            parts.setdefault(name, (match, {}))[1][VOICES[match["voice"]]] = Clip.of(path)
    return [_track(origin, name, *parts[name]) for name in sorted(parts)]


def _track(origin: Origin, name: str, match: re.Match[str], clips: dict[str, Clip]) -> RawTrack:
    for stem in origin.stems:
        if stem not in clips:
            file = Path(match.string).name.replace(f"_{match['voice']}_1ch", f"_{stem[0]}_1ch")
            raise UserError(
                f"{origin.root}: {name!r} lacks the file of {stem!r}, {file}.wav; get it or take the part out."
            )
    split = "valid" if match["number"] in VALIDATION else "train"
    return RawTrack(name, split, match["song"], (), match["family"], {stem: clips[stem] for stem in origin.stems}, None)
