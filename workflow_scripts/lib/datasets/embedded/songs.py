"""Songs by rule: vocals, drums, bass and other, two families that differ in singers, sounds and balance.

They test the workflow; they claim nothing about real music. Each piece is a pure function of its name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from workflow_scripts.lib.audio.f0 import F0
from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.datasets.embedded.composition import STYLES, compose
from workflow_scripts.lib.datasets.embedded.corpus import Rendered, quantise
from workflow_scripts.lib.datasets.embedded.drums import play_drums
from workflow_scripts.lib.datasets.embedded.instruments import play
from workflow_scripts.lib.datasets.embedded.room import Room, reverberate
from workflow_scripts.lib.datasets.embedded.score import BEATS, SOURCES, Score
from workflow_scripts.lib.datasets.embedded.singer import Note, Singer, Sung, sing, singer, text
from workflow_scripts.lib.datasets.embedded.tones import fade

LEAD_IN = 0.1  # s before the first bar line
TAIL = 0.9  # s after the last one
NOMINAL = 19.0  # s; a whole song ends with the first bar that makes it last as long
SHORTEST = 4.0  # s that hold all four sources at every tempo


@dataclass(frozen=True)
class Plan:
    """One piece: its family and split, its number in them from 0, its singer's part and index within the family."""

    piece: str
    family: str
    split: str
    number: int
    part: str
    singer: int


@dataclass(frozen=True)
class Sound:
    """How a family sounds: levels in dB re `BALANCE`, vibrato rate in Hz and depth in cents, and the voice's room."""

    levels: Mapping[str, tuple[float, float]]
    vibrato_rate: tuple[float, float]
    vibrato_depth: tuple[float, float]
    room: Room


BALANCE = {"vocals": 0.0, "drums": -1.0, "bass": -3.0, "other": -4.0}
FAMILIES = {
    # The voice in front, nearly straight tones, a small room.
    "studio": Sound(
        levels={"vocals": (0.0, 1.5), "drums": (-1.5, 0.5), "bass": (-1.5, 1.5), "other": (0.0, 2.0)},
        vibrato_rate=(4.3, 5.2),
        vibrato_depth=(10.0, 22.0),
        room=Room(decay=0.6, high_decay=0.4, early=-14.0, late=-17.0),
    ),
    # The voice behind loud drums, wide and quick vibrato, a large room.
    "club": Sound(
        levels={"vocals": (-1.5, 0.5), "drums": (-0.5, 1.5), "bass": (-1.5, 1.5), "other": (-1.0, 2.0)},
        vibrato_rate=(5.3, 6.5),
        vibrato_depth=(40.0, 60.0),
        room=Room(decay=1.2, high_decay=0.7, early=-10.0, late=-11.0),
    ),
}

# More of the second family: the semi-supervised methods learn from few labelled songs of the first, and from
# unlabelled mixtures and unpaired solo recordings of the second.
# Enough of its songs are tested that a paired test of some ten methods can find a difference on them alone.
COUNTS = {"studio": {"train": 5, "valid": 2, "test": 6}, "club": {"train": 15, "valid": 2, "test": 12}}
SINGERS = {"train": 4, "valid": 2, "test": 12}  # of a family at most, a pool of its own for each split


def _plans() -> dict[str, Plan]:
    """All pieces. Any few of the first ones hold both families and all splits."""
    plans = []
    for family, counts in COUNTS.items():
        parts, first = STYLES[family].parts, 0
        for split, count in counts.items():
            singers = min(count, SINGERS[split])
            for number in range(count):
                part, index = parts[number % len(parts)], first + number % singers
                plans.append(Plan(f"{family}-{split}-{number + 1}", family, split, number, part, index))
            first += singers
    return {plan.piece: plan for plan in sorted(plans, key=lambda plan: plan.number)}


PLANS = _plans()
PIECES = tuple(PLANS)
SPLITS = {piece: plan.split for piece, plan in PLANS.items()}
TYPICAL_SECONDS = 20.0


def render(piece: str, rate: int = 22050, seconds: float | None = None) -> Rendered:
    """Render `piece` (one of `PIECES`) at `rate` Hz: stems vocals, drums, bass, other, [channel = 2, time] int16.

    seconds: cut the song short; its form is then written for that length, so that all four sources still play.
    Raises UserError for an unknown piece and for fewer than 4 s.
    """
    if piece not in PLANS:
        raise UserError(f"No embedded song is called {piece!r}; {nearest(piece, PLANS)}")
    if seconds is not None and seconds < SHORTEST:
        raise UserError(f"An embedded song of {seconds} s was asked for; allowed are {SHORTEST} s and more.")
    plan = PLANS[piece]
    score = compose(piece, plan.family, plan.part, min(seconds or NOMINAL, NOMINAL) - LEAD_IN - TAIL)
    whole = LEAD_IN + score.seconds(len(score.bars) * BEATS) + TAIL
    seconds = min(whole, seconds or whole)
    sung = sing_melody(plan, score, seconds, rate)
    stems = perform(plan, score, sung.dry, rate)
    return Rendered(
        track=title(plan),
        split=plan.split,
        song=piece,
        singers=(singer_of(plan).name,),
        family=plan.family,
        rate=rate,
        stems=quantise(balance(stems, plan, rate), peak=0.9),
        f0=F0(("vocals",), sung.f0[None], np.ones((1, len(sung.f0)))),
    )


def singer_of(plan: Plan) -> Singer:
    """The singer of a piece, with the vibrato of the family."""
    who, sound = singer(plan.part, plan.singer, plan.family), FAMILIES[plan.family]
    rng = stream("songs", "singer", who.name)
    return replace(who, vibrato_rate=rng.uniform(*sound.vibrato_rate), vibrato_depth=rng.uniform(*sound.vibrato_depth))


def sing_melody(plan: Plan, score: Score, seconds: float, rate: int) -> Sung:
    """The melody sung dry, with its exact F0; a phrase ends where a rest follows."""
    following = [tone.beat for tone in score.melody[1:]] + [np.inf]
    notes = [
        Note(
            LEAD_IN + score.seconds(tone.beat),
            score.seconds(tone.beats),
            float(tone.pitch),
            phrase_end=tone.beat + tone.beats < beat,
        )
        for tone, beat in zip(score.melody, following, strict=True)
    ]
    notes = [note for note in notes if note.onset < seconds - 0.1]
    syllables = text([LEAD_IN + score.seconds(beat) for beat in score.syllables], ("songs", plan.piece))
    return sing(notes, singer_of(plan), seconds, rate, ("songs", plan.piece, "voice"), syllables)


def perform(plan: Plan, score: Score, dry: np.ndarray, rate: int) -> dict[str, np.ndarray]:
    """Stems [channel = 2, time] as each source plays them, not yet balanced."""
    shape = (2, len(dry))

    def at(beat: float) -> float:
        return LEAD_IN + score.seconds(beat)

    room = stream("songs", plan.piece, "room")
    return {
        "vocals": reverberate(dry, rate, FAMILIES[plan.family].room, room, channels=2),
        "drums": play_drums(score.drums, at, plan.family, plan.piece, shape, rate),
        "bass": play(score.bass, score.bass_sound, at, plan.piece, shape, rate),
        "other": play(score.other, score.other_sound, at, plan.piece, shape, rate),
    }


def balance(stems: Mapping[str, np.ndarray], plan: Plan, rate: int) -> dict[str, np.ndarray]:
    """Scale each stem to the level (rms of its mono sum) drawn for the song, and fade both ends."""
    rng, levels = stream("songs", plan.piece, "levels"), FAMILIES[plan.family].levels
    balanced = {}
    for name in SOURCES:
        level = 10 ** ((BALANCE[name] + rng.uniform(*levels[name])) / 20)
        mono = stems[name].mean(axis=0)
        ends = fade(len(mono), rate, 0.005, 0.05)
        balanced[name] = stems[name] * ends * level / np.sqrt((mono**2).mean())
    return balanced


_FIRST = ("Amber", "Copper", "Hollow", "Ivory", "Lunar", "Marble", "Northern", "Paper", "Quiet", "Velvet")
_SECOND = ("Antlers", "Bridges", "Foxes", "Herons", "Lanterns", "Orchards", "Rivers", "Signals", "Stairs", "Tides")
_ACTION = ("After", "Before", "Beyond", "Counting", "Leaving", "Under", "Waiting for", "Without")
_OBJECT = ("Daylight", "Every Window", "Evening", "Harbour Lights", "Morning", "Summer", "the Rain", "the Snow")


def title(plan: Plan) -> str:
    """The track's name, "Artist - Title": the artist is the singer's band and names the family."""
    band, song = stream("songs", "band", singer_of(plan).name), stream("songs", plan.piece, "title")
    artist = f"{band.choice(_FIRST)} {band.choice(_SECOND)} {plan.family.capitalize()}"
    return f"{artist} - {song.choice(_ACTION)} {song.choice(_OBJECT)}"
