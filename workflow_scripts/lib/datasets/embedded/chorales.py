"""The embedded chorales: 28 four-part Bach excerpts, sung by synthetic voices in one room.

They test the workflow and claim nothing about real choirs.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np

from workflow_scripts.lib.audio.f0 import F0
from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.datasets.embedded.corpus import Rendered, quantise
from workflow_scripts.lib.datasets.embedded.notes import Note, text
from workflow_scripts.lib.datasets.embedded.room import Room, reverberate
from workflow_scripts.lib.datasets.embedded.singer import Sung, sing
from workflow_scripts.lib.datasets.embedded.voice import PARTS, Singer, singer

NAME = "chorales"
PIECES = tuple(f"bwv{number}" for number in (*range(253, 277), 278, 279, 280, 282))
# In the order of the BWV, because the chorales on one tune stand next to each other: no tune is in two splits.
SPLITS = dict(zip(PIECES, ["train"] * 16 + ["valid"] * 4 + ["test"] * 8, strict=True))
TYPICAL_SECONDS = 19.0
RATE = 16000
PEAK = 0.7  # of full scale
LEAD_IN, LEAD_OUT = 0.4, 1.2  # s
FERMATA_HOLD = 0.35  # quarters that a fermata adds
SHORTEST = 0.3  # s, no note begins later than this before the end
EARLY = -4.5  # dB
BALANCE = {"soprano": 0.0, "alto": -1.0, "tenor": 0.0, "bass": 0.0}  # dB
SINGERS = {"train": (0, 1, 2), "valid": (4,), "test": (3,)}  # no singer serves in two splits


@lru_cache(maxsize=1)
def _scores() -> dict[str, dict[str, list[list[float]]]]:
    table = files("workflow_scripts.lib.datasets.embedded").joinpath("chorale_notes.json")
    return json.loads(table.read_text(encoding="utf-8"))["pieces"]


def render(piece: str, rate: int = RATE, seconds: float | None = None) -> Rendered:
    """Sing one of `PIECES`; a pure function of its arguments.

    Stems are soprano, alto, tenor and bass, [1, time] int16, in the room; the F0 is that of the dry voices.
    seconds: cut the piece short. Raises UserError where `piece` is none of `PIECES`.
    """
    if piece not in SPLITS:
        raise UserError(f"The chorale {piece!r} is not in the embedded data; {nearest(piece, PIECES)}.")
    split = SPLITS[piece]
    clock = clock_of(piece)
    length = min(seconds or np.inf, clock.seconds)
    words = text([clock.at(beat) for beat in clock.beats], (NAME, piece))
    singers = cast(piece, split)
    sung = {
        who.part: sing(notes(piece, who.part, clock, length), who, length, rate, (NAME, piece, who.part), words)
        for who in singers
    }
    stems = {part: in_room(voice.dry, rate, piece, part) for part, voice in sung.items()}
    return Rendered(
        track=piece,
        split=split,
        song=piece,
        singers=tuple(who.name for who in singers),
        family="",
        rate=rate,
        stems=quantise(stems, PEAK),
        f0=_exact(sung),
    )


def cast(piece: str, split: str) -> tuple[Singer, ...]:
    """One singer of each part, drawn from those of the split."""
    draw = stream(NAME, piece, "cast")
    return tuple(singer(part, int(draw.choice(SINGERS[split]))) for part in PARTS)


@dataclass(frozen=True)
class Clock:
    """The time map that all voices share: seconds a quarter, longer where a fermata stands.

    beats: quarters on which the soprano has a note, each of which begins a syllable. fermatas: ends of its fermatas.
    """

    quarter: float
    beats: tuple[float, ...]
    fermatas: tuple[float, ...]
    last: float

    def at(self, quarters: float) -> float:
        """Time in s of a place in the score; the hold of a fermata is over where its note ends."""
        held = sum(FERMATA_HOLD for end in self.fermatas if end <= quarters)
        return LEAD_IN + self.quarter * (quarters + held)

    @property
    def seconds(self) -> float:
        return round(self.at(self.last) + LEAD_OUT, 2)


def clock_of(piece: str) -> Clock:
    soprano = _scores()[piece]["soprano"]
    return Clock(
        quarter=float(stream(NAME, piece, "tempo").uniform(0.66, 0.78)),
        beats=tuple(onset for onset, *_ in soprano if onset == int(onset)),
        fermatas=tuple(onset + duration for onset, duration, _, fermata in soprano if fermata),
        last=max(onset + duration for onset, duration, *_ in soprano),
    )


def notes(piece: str, part: str, clock: Clock, seconds: float) -> list[Note]:
    """The notes of one part that begin in the first `seconds`, a breath after each that ends at a fermata."""
    rows = _scores()[piece][part]
    timed = [(clock.at(onset), clock.at(onset + duration), midi, onset + duration) for onset, duration, midi, _ in rows]
    return [
        Note(begin, end - begin, midi, quarters in clock.fermatas)
        for begin, end, midi, quarters in timed
        if begin < seconds - SHORTEST
    ]


def in_room(dry: np.ndarray, rate: int, piece: str, part: str) -> np.ndarray:
    """The voice in the room of its piece, at a level of its own, [1, time]."""
    draw = stream(NAME, piece, "room")
    room = Room(decay=draw.uniform(1.0, 1.6), early=EARLY, late=draw.uniform(-8.0, -6.0))
    own = stream(NAME, piece, part, "place")
    level = 10.0 ** ((BALANCE[part] + own.uniform(-1.5, 1.5)) / 20.0)
    return level * reverberate(dry, rate, room, own)


def _exact(sung: dict[str, Sung]) -> F0:
    hz = np.stack([voice.f0 for voice in sung.values()])
    return F0(tuple(sung), hz, np.ones_like(hz))
