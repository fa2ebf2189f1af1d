"""The sounds of the text: formants of vowels and consonants, noise of consonants, for a tract of scale 1."""

from dataclasses import dataclass

VOWEL_FORMANTS = {
    "a": (680.0, 1200.0, 2550.0),
    "e": (450.0, 1780.0, 2600.0),
    "i": (310.0, 2100.0, 2850.0),
    "o": (440.0, 820.0, 2500.0),
    "u": (340.0, 760.0, 2400.0),
    "oe": (480.0, 1420.0, 2350.0),
}
HIGH_FORMANTS = (3300.0, 4250.0, 5400.0, 6600.0)
BANDWIDTHS = (80.0, 120.0, 150.0, 200.0, 260.0, 350.0, 450.0)


@dataclass(frozen=True)
class Consonant:
    """seconds: length; voiced: level of the harmonics in dB, None for silence.
    locus: the first three formants in Hz.
    noise: level in dB re the voice, None for none; centre and width in Hz of its spectrum; burst: its length in s at
    the end of the consonant, 0 where the noise fills it.
    """

    seconds: float
    voiced: float | None
    locus: tuple[float, float, float]
    noise: float | None = None
    centre: float = 0.0
    width: float = 1.0
    burst: float = 0.0


CONSONANT_SOUNDS = {
    "t": Consonant(0.085, None, (300.0, 1750.0, 2700.0), -9.0, 4200.0, 1500.0, 0.025),
    "k": Consonant(0.090, None, (300.0, 2000.0, 2300.0), -8.0, 1900.0, 600.0, 0.030),
    "p": Consonant(0.085, None, (300.0, 800.0, 2200.0), -12.0, 900.0, 900.0, 0.018),
    "d": Consonant(0.070, -16.0, (280.0, 1700.0, 2650.0), -15.0, 3600.0, 1500.0, 0.015),
    "s": Consonant(0.110, None, (320.0, 1700.0, 2600.0), -13.0, 5600.0, 1100.0),
    "f": Consonant(0.095, None, (320.0, 1000.0, 2300.0), -22.0, 4500.0, 3000.0),
    "sh": Consonant(0.110, None, (320.0, 1800.0, 2400.0), -13.0, 3000.0, 900.0),
    "h": Consonant(0.070, None, (500.0, 1500.0, 2500.0), -20.0, 1500.0, 900.0),
    "m": Consonant(0.075, -9.0, (260.0, 1000.0, 2200.0)),
    "n": Consonant(0.070, -8.0, (260.0, 1500.0, 2500.0)),
    "l": Consonant(0.065, -5.0, (340.0, 1250.0, 2750.0)),
    "r": Consonant(0.060, -6.0, (380.0, 1200.0, 1700.0)),
    "w": Consonant(0.070, -5.0, (310.0, 650.0, 2200.0)),
}
