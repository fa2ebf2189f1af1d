"""The singers: every parameter of a voice, drawn from its name."""

from dataclasses import dataclass

from workflow_scripts.lib.core.seeds import stream

PARTS = ("soprano", "alto", "tenor", "bass")
FORMANTS = 7


@dataclass(frozen=True)
class Singer:
    """One voice.

    name: unique over parts, indices and families; it also seeds the spectral ripple and the phases.
    part: soprano, alto, tenor or bass.
    tract: scale of the formant frequencies (1 = an average tenor; a shorter tract is larger).
    formant_scale: further factor on each of the seven formants.
    formant_gain: level of each of the seven resonators in dB.
    signs: sign of each resonator, +1 or -1.
    slope: fall of the voice source in dB an octave above `corner` Hz.
    vibrato_rate (Hz), vibrato_depth (cents, half of peak to peak), vibrato_delay (s after the onset).
    intonation: standard deviation of the mistuning of a note in cents.
    breath: level of the breath noise in dB re the harmonics.
    """

    name: str
    part: str
    tract: float
    formant_scale: tuple[float, ...]
    formant_gain: tuple[float, ...]
    signs: tuple[int, ...]
    slope: float
    corner: float
    vibrato_rate: float
    vibrato_depth: float
    vibrato_delay: float
    intonation: float
    breath: float


@dataclass(frozen=True)
class _Part:
    """What the singers of a part have in common: means of the fields of `Singer`."""

    tract: float
    slope: float
    corner: float
    gains: tuple[float, ...]
    breath: float


# The first two formants hold the balance of the voice below 2 kHz, so they vary less, dB.
_GAIN_SPREAD = (3.0, 2.5, 5.0, 5.0, 5.0, 5.0, 5.0)

_PARTS = {
    "soprano": _Part(1.17, 6.5, 1200.0, (0, 7, -3, -6, -6, -7, -2), -19.0),
    "alto": _Part(1.09, 6.5, 900.0, (0, 7, 2, -2, -4, -8, -2), -18.0),
    "tenor": _Part(1.00, 6.0, 700.0, (0, 6, 4, 4, -2, -5, -3), -17.0),
    "bass": _Part(0.87, 7.0, 420.0, (0, 5, 7, 12, 5, -3, -2), -15.0),
}


def singer(part: str, index: int, family: str = "") -> Singer:
    """The singer `index` of a part; another family is another draw, a contrast is made with `dataclasses.replace`.

    Raises KeyError where `part` is none of `PARTS`.
    """
    mean = _PARTS[part]
    draw = stream("voice", family, part, index)
    flipped = int(draw.integers(2, FORMANTS))  # two neighbours of one sign leave a zero between them
    return Singer(
        name=f"{family}-{part}{index}".removeprefix("-"),
        part=part,
        tract=mean.tract * draw.uniform(0.95, 1.05),
        formant_scale=tuple(draw.uniform(0.95, 1.05) for _ in range(FORMANTS)),
        formant_gain=tuple(
            gain + draw.uniform(-1.0, 1.0) * s for gain, s in zip(mean.gains, _GAIN_SPREAD, strict=True)
        ),
        signs=tuple((-1) ** (i + (i >= flipped)) for i in range(FORMANTS)),
        slope=mean.slope + draw.uniform(-1.5, 1.5),
        corner=mean.corner,
        vibrato_rate=draw.uniform(4.4, 5.8),
        vibrato_depth=draw.uniform(24.0, 46.0),
        vibrato_delay=draw.uniform(0.18, 0.28),
        intonation=draw.uniform(4.0, 11.0),
        breath=mean.breath + draw.uniform(-1.5, 1.5),
    )
