"""Songs written by rule: key, tempo, progression, form, and what each of the four sources plays in every bar.

One rhythm binds the sources: bass and chords take their accents from the drum pattern, and all share the chords, so
that stems of different songs do not fit each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

import numpy as np

from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.datasets.embedded.score import BEATS, SOURCES, Bar, Hit, Score, Tone


@dataclass(frozen=True)
class Style:
    """What a family of songs draws from: tempo range in beats a minute, and names of patterns and sounds."""

    tempos: tuple[float, float]
    grooves: tuple[str, ...]
    bass_patterns: tuple[str, ...]
    bass_sounds: tuple[str, ...]
    others: tuple[str, ...]
    parts: tuple[str, ...]


STYLES = {
    "studio": Style(
        tempos=(78, 112),
        grooves=("rock", "half-time", "syncopated", "train"),
        bass_patterns=("kick", "eighths", "walking"),
        bass_sounds=("string", "fm"),
        others=("guitar", "electric piano"),
        parts=("tenor", "bass"),
    ),
    "club": Style(
        tempos=(98, 132),
        grooves=("four on the floor", "half-time", "syncopated"),
        bass_patterns=("kick", "eighths", "octaves"),
        bass_sounds=("sine", "fm"),
        others=("pad", "arpeggio"),
        parts=("soprano", "alto"),
    ),
}


# Scale degrees from 0, one chord a bar, and the scale that they stand in.
MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
PROGRESSIONS = (
    (MAJOR, (0, 4, 5, 3)),
    (MAJOR, (0, 5, 3, 4)),
    (MAJOR, (5, 3, 0, 4)),
    (MAJOR, (0, 3, 1, 4)),
    (MINOR, (0, 5, 2, 6)),
    (MINOR, (0, 3, 6, 2)),
)

# Sixteenths of a bar: x stroke, o accent or open hat, - ghost note.
GROOVES = {
    "rock": {"kick": "x.......x.x.....", "snare": "....x.......x...", "hat": "x.x.x.x.x.x.x.x."},
    "four on the floor": {"kick": "x...x...x...x...", "snare": "....x.......x..-", "hat": "..o...o...o...o."},
    "half-time": {"kick": "x.....x...x.....", "snare": "........x.......", "hat": "x.x.x.x.x.x.x.o."},
    "syncopated": {"kick": "x..x......x..x..", "snare": "....x..-.-..x..-", "hat": "x-x-x-x-x-x-x-x-"},
    "train": {"kick": "x.......x.......", "snare": "x-x-o-x-x-x-o-x-", "hat": "....x.......x..."},
}
LEVELS = {"x": 0.8, "o": 1.0, "-": 0.3}

# Rhythms of one bar in eighths; a negative length is a rest. Phrases close with one of the second row.
SINGING = ((2, 1, 1, 2, 2), (3, 1, 2, 2), (1, 1, 2, 2, 2), (2, 2, 3, 1), (-1, 1, 1, 1, 2, 2), (4, 2, 2), (3, 3, 2))
CLOSING = ((2, 2, 3, -1), (1, 1, 4, -2), (2, 4, -2), (3, 3, -2), (1, 1, 2, 3, -1))
STRUMS = ("x.xx.xxx", "x.x.x.xx", "xxxxxxxx", "x..x.xx.")
RANGES = {"soprano": (64, 78), "alto": (58, 72), "tenor": (52, 66), "bass": (45, 60)}


def compose(piece: str, family: str, part: str, seconds: float) -> Score:
    """The song `piece` of a family for a singer of `part`: three whole bars or more that last `seconds` s at least."""
    style, rng = STYLES[family], stream("songs", piece, "score")
    tempo = round(float(rng.uniform(*style.tempos)), 1)
    count = max(3, ceil(seconds * tempo / 60 / BEATS))
    tonic, (scale, degrees) = int(rng.integers(12)), PROGRESSIONS[rng.integers(len(PROGRESSIONS))]
    groove, walk, bass_sound, other_sound = (
        str(rng.choice(names)) for names in (style.grooves, style.bass_patterns, style.bass_sounds, style.others)
    )
    chords = [triad(tonic, scale, degrees[bar % len(degrees)]) for bar in range(count)]
    bars = form(chords, stream("songs", piece, "form"))
    melody = melody_part(bars, tonic, scale, RANGES[part], stream("songs", piece, "melody"))
    return Score(
        tempo=tempo,
        bars=bars,
        bass_sound=bass_sound,
        other_sound=other_sound,
        melody=melody,
        syllables=syllables(melody),
        drums=drum_part(bars, groove, stream("songs", piece, "drums")),
        bass=bass_part(bars, groove, walk, stream("songs", piece, "bass")),
        other=other_part(bars, groove, other_sound, stream("songs", piece, "other")),
    )


def triad(tonic: int, scale: Sequence[int], degree: int) -> tuple[int, int, int]:
    """Pitch classes of the chord on a degree of the scale, root first."""
    root, third, fifth = ((tonic + scale[(degree + step) % 7]) % 12 for step in (0, 2, 4))
    return root, third, fifth


# --- form ---


def form(chords: Sequence[tuple[int, int, int]], rng: np.random.Generator) -> tuple[Bar, ...]:
    """Sections and who plays: a source alone, intro without voice, verse with a drop-out, break, chorus."""
    sections = _sections(len(chords))
    plays = [_playing(section, rng) for section in sections]
    dropped = ("bass", "other") if rng.random() < 0.5 else ("other", "bass")
    plays[_last(sections, "verse")] -= {dropped[0]}
    if sections.count("chorus") > 2:
        plays[_last(sections, "chorus") - 1] -= {dropped[1]}
    return tuple(Bar(*bar) for bar in zip(sections, map(frozenset, plays), chords, strict=True))


def _sections(count: int) -> list[str]:
    head = ["alone"] if count < 6 else ["alone", "intro"]
    rest = count - len(head)
    middle = ["break"] if rest >= 5 else []
    # Two bars of verse at least: the first with all four sources, the last with a drop-out.
    verse = max(2, (rest - len(middle)) // 2)
    return head + ["verse"] * verse + middle + ["chorus"] * (rest - verse - len(middle))


def _playing(section: str, rng: np.random.Generator) -> set[str]:
    if section == "alone":
        return {str(rng.choice(["drums", "bass", "other"]))}
    if section == "break":
        return {str(rng.choice(["vocals", "vocals", "drums", "other"]))}
    return set(SOURCES) - ({"vocals"} if section == "intro" else set())


def _last(sections: Sequence[str], name: str) -> int:
    return max(index for index, section in enumerate(sections) if section == name)


# --- drums ---


def drum_part(bars: Sequence[Bar], groove: str, rng: np.random.Generator) -> tuple[Hit, ...]:
    """Strokes of the kit: the groove, a fill before a new section, a crash where one begins."""
    hits: list[Hit] = []
    for index, bar in enumerate(bars):
        if "drums" not in bar.plays:
            continue
        turns = index + 1 < len(bars) and bars[index + 1].section != bar.section and bar.section != "alone"
        start = 10 if turns else 16
        hits += _groove(groove, index, start, rng)
        hits += _fill(index, start, rng)
        if index and bars[index - 1].section != bar.section and bar.section != "break":
            hits.append(Hit(index * BEATS, "crash", float(rng.uniform(0.7, 1.0))))
    return tuple(sorted(hits))


def _groove(groove: str, bar: int, until: int, rng: np.random.Generator) -> list[Hit]:
    hits = []
    for drum, line in GROOVES[groove].items():
        for step, mark in enumerate(line[:until]):
            if mark != ".":
                name = "open hat" if drum == "hat" and mark == "o" else drum
                hits.append(Hit(bar * BEATS + step / 4, name, LEVELS[mark] * float(rng.uniform(0.85, 1.0))))
    return hits


def _fill(bar: int, start: int, rng: np.random.Generator) -> list[Hit]:
    """Snare, then toms falling, on the sixteenths from `start` to the bar line; one in five is left out."""
    hits = []
    for step in range(start, 16):
        drum = "snare" if step < 12 else f"tom {(step - 12) // 2 + 1}"
        if step % 2 == 0 or rng.random() < 0.8:
            hits.append(Hit(bar * BEATS + step / 4, drum, float(rng.uniform(0.55, 0.95))))
    return hits


# --- bass ---


def bass_part(bars: Sequence[Bar], groove: str, pattern: str, rng: np.random.Generator) -> tuple[Tone, ...]:
    """The bass line by one of four patterns; a note ends at its bar line, so that a drop-out is one."""
    low = int(rng.integers(28, 32))
    tones: list[Tone] = []
    for index, bar in enumerate(bars):
        if "bass" in bar.plays:
            root = _at_or_above(bar.chord[0], low)
            following = _at_or_above(bars[(index + 1) % len(bars)].chord[0], low)
            for beat, beats, pitch in _bass_bar(pattern, groove, root, bar.chord, following):
                tones.append(Tone(index * BEATS + beat, beats, pitch, float(rng.uniform(0.8, 1.0))))
    return tuple(tones)


def _bass_bar(
    pattern: str, groove: str, root: int, chord: Sequence[int], following: int
) -> list[tuple[float, float, int]]:
    """(beat, beats, pitch) of one bar."""
    third, fifth = (_at_or_above(pitch, root) for pitch in chord[1:])
    if pattern == "kick":
        starts = [*onsets(groove, "kick"), BEATS]
        return [(start, min(end - start, 1.5) * 0.95, root) for start, end in pairwise(starts)]
    if pattern == "eighths":
        return [(step / 2, 0.42, fifth if step == 7 else root) for step in range(8)]
    if pattern == "octaves":
        return [(step / 2, 0.4, root + 12 * (step % 2)) for step in range(8)]
    approach = following + (2 if following < root else -2)
    return [(beat, 0.92, pitch) for beat, pitch in enumerate((root, third, fifth, approach))]


def onsets(groove: str, *lines: str) -> list[float]:
    """Beats within a bar at which any of the lines of a groove has a stroke louder than a ghost note."""
    steps = {step for line in lines for step, mark in enumerate(GROOVES[groove][line]) if mark in "xo"}
    return [step / 4 for step in sorted(steps)]


def _at_or_above(pitch_class: int, low: int) -> int:
    return low + (pitch_class - low) % 12


# --- other ---


def other_part(bars: Sequence[Bar], groove: str, sound: str, rng: np.random.Generator) -> tuple[Tone, ...]:
    """Chords or broken chords in the manner of the instrument `sound`."""
    strum = str(rng.choice(STRUMS))
    shuffle = int(rng.integers(3))
    tones: list[Tone] = []
    for index, bar in enumerate(bars):
        if "other" in bar.plays:
            for beat, beats, pitch, level in _other_bar(sound, groove, bar.chord, strum, shuffle):
                level *= float(rng.uniform(0.85, 1.0))
                tones.append(Tone(index * BEATS + beat, min(beats, BEATS - beat), pitch, level))
    return tuple(tones)


def _other_bar(
    sound: str, groove: str, chord: Sequence[int], strum: str, shuffle: int
) -> list[tuple[float, float, int, float]]:
    """(beat, beats, pitch, level) of one bar."""
    if sound == "guitar":
        return _strummed(chord, strum)
    if sound == "electric piano":
        starts = [*onsets(groove, "kick", "snare")[:: 4 if groove == "train" else 1], BEATS]
        spans = list(pairwise(starts))
        return [(start, 0.95 * (end - start), pitch, 0.9) for start, end in spans for pitch in close(chord, 55)]
    if sound == "pad":
        return [(0.0, float(BEATS), pitch, 0.9) for pitch in (*close(chord, 53), _at_or_above(chord[0], 65))]
    ladder = [*close(chord, 57), *close(chord, 69)]
    order = ((0, 2, 4, 1, 3, 5, 4, 2), (0, 1, 2, 3, 4, 5, 3, 1), (5, 3, 1, 4, 2, 0, 1, 3))[shuffle]
    return [(step / 4, 0.24, ladder[order[step % 8]], 1.0 if step % 4 == 0 else 0.75) for step in range(16)]


def _strummed(chord: Sequence[int], strum: str) -> list[tuple[float, float, int, float]]:
    """Down strokes on the beat over five strings from the low one, up strokes between over the three high ones."""
    strings = [_at_or_above(chord[0], 43), *close(chord, 52), _at_or_above(chord[0], 64)]
    starts = [step for step, mark in enumerate(strum) if mark == "x"] + [8]
    tones = []
    for step, end in pairwise(starts):
        swept = strings if step % 2 == 0 else strings[:1:-1]
        for order, pitch in enumerate(swept):
            # About 10 ms between two strings.
            tones.append((step / 2 + 0.018 * order, (end - step) / 2, pitch, 0.9 if step % 2 == 0 else 0.6))
    return tones


def close(chord: Sequence[int], low: int) -> list[int]:
    """The chord in close position, its lowest note the first chord tone at or above `low`."""
    return sorted(_at_or_above(pitch, low) for pitch in chord)


# --- melody ---


def melody_part(
    bars: Sequence[Bar], tonic: int, scale: Sequence[int], span: tuple[int, int], rng: np.random.Generator
) -> tuple[Tone, ...]:
    """The melody in phrases of two bars: chord tones where the accent falls, steps of the scale between them."""
    degrees = {(tonic + step) % 12 for step in scale}
    pitch = (span[0] + span[1]) // 2
    tones: list[Tone] = []
    for index, bar in enumerate(bars):
        if "vocals" not in bar.plays:
            continue
        closes = index + 1 == len(bars) or "vocals" not in bars[index + 1].plays or _phrase_bar(bars, index) % 2 == 1
        rhythms = CLOSING if closes else SINGING
        eighth = 0
        for length in rhythms[rng.integers(len(rhythms))]:
            if length > 0:
                strong = length > 1 or eighth % 2 == 0
                pitch = _next_pitch(pitch, bar, span, set(bar.chord) if strong else degrees, rng)
                tones.append(Tone(index * BEATS + eighth / 2, length / 2, pitch, 1.0))
            eighth += abs(length)
    return tuple(tones)


def _phrase_bar(bars: Sequence[Bar], index: int) -> int:
    """How many bars of the same section lie before this one."""
    return sum(1 for earlier in bars[:index] if earlier.section == bars[index].section)


def _next_pitch(pitch: int, bar: Bar, span: tuple[int, int], allowed: set[int], rng: np.random.Generator) -> int:
    """The next pitch out of the allowed classes, near the last one, higher in the chorus."""
    low, high = span[0] + 3 * (bar.section == "chorus"), span[1] - 3 * (bar.section != "chorus")
    choices = [candidate for candidate in range(low, high + 1) if candidate % 12 in allowed]
    wish = pitch + rng.normal(0, 3)
    return min(choices, key=lambda candidate: abs(candidate - wish))


def syllables(melody: Sequence[Tone]) -> tuple[float, ...]:
    """Beats at which a syllable begins: all notes but an off-beat one that follows its neighbour without a rest."""
    starts, end = [], -1.0
    for tone in melody:
        if tone.beat > end or tone.beat % 1 == 0:
            starts.append(tone.beat)
        end = tone.beat + tone.beats
    return tuple(starts)
