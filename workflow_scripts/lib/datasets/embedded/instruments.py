"""The pitched instruments under the voice: three basses and four players of chords, with tones drawn a song."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.datasets.embedded.room import direct_gains
from workflow_scripts.lib.datasets.embedded.score import Tone
from workflow_scripts.lib.datasets.embedded.tones import add, fade, harmonics_below, hertz, modal, read_table, wavetable

# A note: (pitch in Hz, samples, rate in Hz, knobs [4] in [0, 1) that set the song's tone, generator of this variant)
# -> [time], or [channel, time] where the sound is wide by itself.
Voice = Callable[[float, int, int, np.ndarray, np.random.Generator], np.ndarray]

VARIANTS = 2  # renderings of each pitch, drawn from for each stroke


def play(
    tones: Sequence[Tone],
    sound: str,
    seconds_of: Callable[[float], float],
    piece: str,
    shape: tuple[int, int],
    rate: int,
) -> np.ndarray:
    """Notes on the instrument `sound` (a key of `SOUNDS`) -> [channel = 2, time] of `shape`.

    `seconds_of` turns a beat into its time in s. Notes of one pitch share two renderings, of which each takes as much
    as it lasts and a release. Each stroke is off the grid by 4 ms (standard deviation).
    """
    player, rng = SOUNDS[sound], stream("songs", piece, sound, "strokes")
    centre = player.aside * rng.uniform(-1, 1)
    spans = [round((seconds_of(tone.beats) - seconds_of(0) + player.release) * rate) for tone in tones]
    note_of = _renderings(player, sound, piece, max(spans, default=0), rate)
    out = np.zeros(shape)
    for tone, span in zip(tones, spans, strict=True):
        start = max(0.0, seconds_of(tone.beat) + 0.004 * rng.standard_normal())
        note = note_of(tone.pitch, int(rng.integers(VARIANTS)))[..., :span] * fade(span, rate, 5e-4, player.release)
        place = np.clip(centre + player.spread * ((tone.pitch % 5) / 2 - 1), -1, 1)
        gains = np.ones(2) if note.ndim == 2 else direct_gains(2, place)
        add(out, note, round(start * rate), tone.level * gains)
    return out


def _renderings(player: "Player", sound: str, piece: str, samples: int, rate: int) -> Callable[[int, int], np.ndarray]:
    """A function (pitch, variant) -> the note, each rendered once."""
    knobs = stream("songs", piece, sound, "knobs").random(4)
    done: dict[tuple[int, int], np.ndarray] = {}

    def note_of(pitch: int, variant: int) -> np.ndarray:
        if (pitch, variant) not in done:
            rng = stream("songs", piece, sound, pitch, variant)
            done[pitch, variant] = player.voice(hertz(pitch), samples, rate, knobs, rng)
        return done[pitch, variant]

    return note_of


def string_bass(hz: float, samples: int, rate: int, knobs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A plucked string: modes slightly sharp of harmonic, high ones weak and short."""
    return _string(hz, samples, rate, 2.5 + 2 * knobs[0], 4 + 8 * knobs[1], 0.12 + 0.2 * knobs[2], rng)


def guitar(hz: float, samples: int, rate: int, knobs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A plucked string on a body: its modes weighted by the body's resonances."""
    return _string(hz, samples, rate, 1.8 + knobs[0], 18 + 20 * knobs[1], 0.1 + 0.15 * knobs[2], rng, _BODY)


_BODY = ((105.0, 25.0, 0.5), (210.0, 40.0, 0.8), (430.0, 90.0, 0.8), (2600.0, 900.0, 0.8))  # centre, width Hz; gain


def _string(
    hz: float,
    samples: int,
    rate: int,
    decay: float,
    brightness: float,
    pluck: float,
    rng: np.random.Generator,
    body: Sequence[tuple[float, float, float]] = (),
) -> np.ndarray:
    """Modes of a stiff string plucked at `pluck` of its length; mode `brightness` is 4.3 dB down and rings half as long
    as the first, which falls to -60 dB in `decay` s."""
    number = harmonics_below(hz, rate, 40)
    frequency = number * hz * np.sqrt(1 + 8e-5 * number**2)
    place = pluck * rng.uniform(0.9, 1.1)
    amplitude = np.sin(np.pi * place * number) / number**0.8 * np.exp(-0.5 * number / brightness)
    amplitude = amplitude * rng.uniform(0.85, 1.15, len(number))
    resonance = sum((gain / (1 + ((frequency - centre) / width) ** 2) for centre, width, gain in body), start=0.0)
    amplitude = amplitude * (0.4 + resonance) if body else amplitude
    times = decay / (1 + (number - 1) / brightness)
    return modal(frequency, times, amplitude, rng.uniform(-0.3, 0.3, len(number)), samples, rate)


def sine_bass(hz: float, samples: int, rate: int, knobs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A sine that starts a little sharp, driven into saturation, harder at the start of the note."""
    time = np.arange(samples) / rate
    phase = np.cumsum(hz * (1 + 0.5 * np.exp(-time / 0.015))) / rate
    drive = 1.5 + (3 + 4 * knobs[0]) * np.exp(-time / (0.1 + 0.2 * knobs[1])) * rng.uniform(0.8, 1.2)
    # The constant makes the saturation uneven, which brings in the even harmonics.
    driven = np.tanh(drive * (np.sin(2 * np.pi * phase) + 0.15 + 0.3 * knobs[2]))
    return (driven - driven.mean()) * np.exp(-time / (0.8 + knobs[3]))


def fm_bass(hz: float, samples: int, rate: int, knobs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One carrier, one modulator at the same pitch or its octave, whose index falls through the note."""
    time = np.arange(samples) / rate
    ratio = 1 if knobs[0] < 0.5 else 2
    index = 0.5 + (1.5 + 2.5 * knobs[1]) * np.exp(-time / (0.06 + 0.2 * knobs[2])) * rng.uniform(0.85, 1.15)
    phase = 2 * np.pi * hz * time
    return np.sin(phase + index * np.sin(ratio * phase)) * np.exp(-time / (0.5 + knobs[3]))


def electric_piano(hz: float, samples: int, rate: int, knobs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Two phase-modulated pairs: a warm one at unison, a short bright tine at the fourteenth harmonic."""
    time = np.arange(samples) / rate
    phase = 2 * np.pi * hz * time
    body = np.sin(phase + (0.6 + knobs[0]) * np.exp(-time / 0.5) * np.sin(phase + rng.uniform(-0.2, 0.2)))
    tine_hz = 14 * hz if 15 * hz < 0.475 * rate else 7 * hz
    tine = np.sin(phase + 0.8 * np.exp(-time / 0.12) * np.sin(2 * np.pi * tine_hz * time))
    return (body + (0.2 + 0.3 * knobs[1]) * tine) * np.exp(-time / (0.7 + knobs[2]))


def pad(hz: float, samples: int, rate: int, knobs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Three detuned saw waves a channel under a low-pass that opens and closes slowly, [channel = 2, time]."""
    time = np.arange(samples) / rate
    number = harmonics_below(hz, rate, 40)
    dark, bright = 3 + 3 * knobs[0], 10 + 10 * knobs[1]
    opened = 0.5 - 0.5 * np.cos(2 * np.pi * (0.15 + 0.3 * knobs[2]) * time + 6.28 * knobs[3])
    tables = [
        wavetable(1 / number / (1 + (number / edge) ** 4) ** 0.5, -np.pi / 2 + 0 * number) for edge in (dark, bright)
    ]
    channels = []
    for _ in range(2):
        phases = [time * hz * 2 ** (cents / 1200) + rng.random() for cents in rng.normal(0, 9, 3)]
        closed, open_ = (sum(read_table(table, phase) for phase in phases) for table in tables)
        channels.append(closed + opened * (open_ - closed))
    return np.stack(channels) * fade(samples, rate, 0.08, 0.01)


def arpeggio(hz: float, samples: int, rate: int, knobs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A short pulse wave whose low-pass closes through the note."""
    time = np.arange(samples) / rate
    number = harmonics_below(hz, rate, 30)
    pulse = np.sin(np.pi * number * (0.2 + 0.3 * knobs[0])) / number
    tables = [wavetable(pulse / (1 + (number / edge) ** 4) ** 0.5, 0 * pulse) for edge in (3.0, 12 + 8 * knobs[1])]
    phase = hz * time * 2 ** (rng.normal(0, 3) / 1200) + rng.random()
    closed, opened = (read_table(table, phase) for table in tables)
    return (closed + np.exp(-time / (0.03 + 0.06 * knobs[2])) * (opened - closed)) * np.exp(
        -time / (0.15 + 0.2 * knobs[3])
    )


class Player(NamedTuple):
    """A voice, how far from the centre the song may place it, how far its pitches spread, and its release in s."""

    voice: Voice
    aside: float
    spread: float
    release: float


SOUNDS = {
    "string": Player(string_bass, 0.0, 0.0, 0.08),
    "sine": Player(sine_bass, 0.0, 0.0, 0.05),
    "fm": Player(fm_bass, 0.0, 0.0, 0.06),
    "guitar": Player(guitar, 0.4, 0.2, 0.12),
    "electric piano": Player(electric_piano, 0.2, 0.4, 0.15),
    "pad": Player(pad, 0.0, 0.0, 0.25),
    "arpeggio": Player(arpeggio, 0.2, 0.5, 0.1),
}
