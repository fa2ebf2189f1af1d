"""Measurements of sung stems: how harmonic, how bright, how far from a harmonic source through an all-pole filter.

Everywhere: signal [time] float, rate in Hz, f0 [frame] in Hz on the 16 ms grid with 0 = unvoiced.
"""

import itertools
from collections.abc import Sequence

import numpy as np
from scipy.signal import welch

WINDOW, HOP = 2048, 256
ORDER = 20


def spectrogram(signal: np.ndarray) -> np.ndarray:
    """Hann-windowed complex spectrogram [frame, bin], frame m centred at m * HOP."""
    padded = np.pad(signal, WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    return np.fft.rfft(frames * np.hanning(WINDOW + 1)[:-1], axis=1)


def resynthesise(spectrum: np.ndarray, length: int) -> np.ndarray:
    """Inverse of `spectrogram` by weighted overlap-add, [time]."""
    window = np.hanning(WINDOW + 1)[:-1]
    frames = np.fft.irfft(spectrum, WINDOW, axis=1) * window
    out, weight = (np.zeros(WINDOW + HOP * (len(frames) - 1)) for _ in range(2))
    for index, frame in enumerate(frames):
        out[index * HOP : index * HOP + WINDOW] += frame
        weight[index * HOP : index * HOP + WINDOW] += window**2
    return (out / np.maximum(weight, 1e-9))[WINDOW // 2 :][:length]


def si_sdr(estimate: np.ndarray, reference: np.ndarray) -> float:
    """Scale-invariant signal-to-distortion ratio in dB."""
    target = (estimate * reference).sum() / (reference**2).sum() * reference
    return float(10 * np.log10((target**2).sum() / ((estimate - target) ** 2).sum()))


def masked_si_sdr(stems: Sequence[np.ndarray], powers: np.ndarray) -> np.ndarray:
    """SI-SDR in dB of each stem when the mixture is masked by powers [source, frame, bin], normalised to one."""
    mixture = sum(stems)
    spectrum = spectrogram(mixture)
    masks = powers / np.maximum(powers.sum(axis=0), 1e-30)
    return np.array([si_sdr(resynthesise(m * spectrum, len(mixture)), s) for m, s in zip(masks, stems, strict=True)])


def ideal_powers(stems: Sequence[np.ndarray]) -> np.ndarray:
    """Power spectrograms of the stems, [source, frame, bin]: their ratio masks are the bound."""
    return np.stack([np.abs(spectrogram(stem)) ** 2 for stem in stems])


def comb(f0: np.ndarray, frames: int, rate: int) -> np.ndarray:
    """Power [frame, bin] of a flat harmonic comb seen through the Hann window; 1 in every bin where unvoiced."""
    hz = _at_frames(f0, frames, rate)[:, None]
    bins = np.fft.rfftfreq(WINDOW, 1 / rate)[None, :]
    voiced = np.where(hz > 0, hz, 100.0)
    distance = (bins - np.maximum(np.round(bins / voiced), 1) * voiced) * WINDOW / rate
    return np.where(hz > 0, _hann_lobe(distance) ** 2 + 1e-5, 1.0)


def _at_frames(f0: np.ndarray, frames: int, rate: int) -> np.ndarray:
    """The contour at the frames of `spectrogram` (nearest value)."""
    index = np.minimum(np.round(np.arange(frames) * HOP / rate / 0.016).astype(int), len(f0) - 1)
    return f0[index]


def _hann_lobe(distance: np.ndarray) -> np.ndarray:
    """Spectrum of the Hann window, 1 at 0, at a distance in bins."""
    near = np.where(np.abs(np.abs(distance) - 1) < 1e-6, 1 - 1e-6, distance)
    return np.where(np.abs(distance) < 2, np.sinc(near) / (1 - near**2), 0.0)


def harmonic_levels(power: np.ndarray, f0: float, rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies in Hz and levels in dB of the harmonics of one power spectrum [bin], up to 0.47 of the rate."""
    frequencies = f0 * np.arange(1, int(0.47 * rate / f0) + 1)
    centre = np.round(frequencies * WINDOW / rate).astype(int)
    peak = np.max([power[np.clip(centre + shift, 0, len(power) - 1)] for shift in (-1, 0, 1)], axis=0)
    return frequencies, 10 * np.log10(peak + 1e-12)


def all_pole(power: np.ndarray) -> np.ndarray:
    """Order-20 all-pole power envelope [bin] of a power envelope [bin], by the autocorrelation method."""
    r = np.fft.irfft(power)[: ORDER + 1]
    r[0] *= 1 + 1e-7
    index = np.arange(ORDER)
    a = np.linalg.solve(r[np.abs(index[:, None] - index)], -r[1:])
    gain = r[0] + (a * r[1:]).sum()
    return gain / np.abs(np.fft.rfft(np.concatenate(([1.0], a)), WINDOW)) ** 2


def envelope(power: np.ndarray, f0: float, rate: int) -> np.ndarray:
    """All-pole power envelope [bin] of a frame: of the line through its harmonics, or of all of it if unvoiced."""
    if f0 <= 0:
        return all_pole(power + 1e-12)
    frequencies, levels = harmonic_levels(power, f0, rate)
    bins = np.fft.rfftfreq(WINDOW, 1 / rate)
    return all_pole(10 ** (np.interp(bins, frequencies, levels) / 10))


def fitted_powers(stem: np.ndarray, f0: np.ndarray, rate: int) -> np.ndarray:
    """Power of the comb of the true F0 times the all-pole envelope of the true stem, [frame, bin]."""
    power = np.abs(spectrogram(stem)) ** 2
    hz = _at_frames(f0, len(power), rate)
    envelopes = np.stack([envelope(frame, f, rate) for frame, f in zip(power, hz, strict=True)])
    return comb(f0, len(power), rate) * envelopes


def gap(stems: Sequence[np.ndarray], f0: np.ndarray, rate: int) -> float:
    """Mean over stems, in dB, of what an ideal ratio mask gains over harmonics through an order-20 all-pole filter."""
    fitted = np.stack([fitted_powers(stem, hz, rate) for stem, hz in zip(stems, f0, strict=True)])
    return float(np.mean(masked_si_sdr(stems, ideal_powers(stems)) - masked_si_sdr(stems, fitted)))


def all_pole_misfit(stem: np.ndarray, f0: np.ndarray, rate: int, below: float = 5000.0) -> float:
    """Median over voiced frames of the rms error in dB of the all-pole envelope at the harmonics below `below` Hz."""
    power = np.abs(spectrogram(stem)) ** 2
    hz = _at_frames(f0, len(power), rate)
    errors = []
    for frame, f in zip(power, hz, strict=True):
        if f > 0:
            frequencies, levels = harmonic_levels(frame, f, rate)
            bins = np.fft.rfftfreq(WINDOW, 1 / rate)
            fit = 10 * np.log10(np.interp(frequencies, bins, envelope(frame, f, rate)))
            errors.append(np.std((fit - levels)[frequencies < below]))
    return float(np.median(errors))


def harmonic_to_noise(signal: np.ndarray, f0: np.ndarray, rate: int, window: int = 1024) -> float:
    """Median harmonic-to-noise ratio in dB over voiced frames, from the autocorrelation at a period (Boersma 1993)."""
    taper = np.hanning(window)
    own = np.fft.irfft(np.abs(np.fft.rfft(taper, 2 * window)) ** 2, 8 * window)
    ratios = []
    for index in np.flatnonzero(f0):
        start = round(index * 0.016 * rate) - window // 2
        frame = signal[max(start, 0) : start + window]
        if len(frame) == window and (frame**2).mean() > 1e-3 * (signal**2).mean():
            frame = (frame - frame.mean()) * taper
            lags = np.fft.irfft(np.abs(np.fft.rfft(frame, 2 * window)) ** 2, 8 * window) / own.clip(own[0] * 1e-3)
            period = 4 * rate / f0[index]
            r = lags[int(period * 0.95) : int(period * 1.05) + 2].max() / lags[0]
            ratios.append(10 * np.log10(r / (1 - r)) if 0 < r < 1 else 40.0 * (r >= 1))
    return float(np.median(ratios))


def twelfth_octaves(signal: np.ndarray, rate: int) -> np.ndarray:
    """Long-term level in dB of each twelfth of an octave from 100 Hz to 5 kHz, [band]."""
    frequencies, power = welch(signal, rate, nperseg=4096)
    edges = 100.0 * 2.0 ** (np.arange(68) / 12)
    bands = [power[(frequencies >= a) & (frequencies < b)].mean() for a, b in itertools.pairwise(edges)]
    return 10 * np.log10(np.array(bands) + 1e-10 * power.sum())


def spectrum_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Root mean square difference in dB of two spectra [band], their mean difference removed."""
    return float(np.std(one - other))


def band_level(signal: np.ndarray, rate: int, low: float, high: float) -> float:
    """Energy between two frequencies in Hz, in dB of the total."""
    frequencies, power = welch(signal, rate, nperseg=4096)
    return float(10 * np.log10(power[(frequencies >= low) & (frequencies < high)].sum() / power.sum()))


def vibrato(cents: np.ndarray, hop: float = 0.016) -> tuple[float, float]:
    """Contour of a held note in cents [frame] -> (rate in Hz, extent in cents as half of peak to peak).

    The extent is sqrt(2) times the standard deviation in the band from 3 to 8 Hz.
    """
    steady = cents - np.polyval(np.polyfit(np.arange(len(cents)), cents, 2), np.arange(len(cents)))
    spectrum = np.fft.rfft(steady * np.hanning(len(steady)), 1024)
    frequencies = np.fft.rfftfreq(1024, hop)
    band = (frequencies >= 3) & (frequencies <= 8)
    peak = frequencies[band][np.abs(spectrum[band]).argmax()]
    full = np.fft.rfft(steady)
    inside = np.fft.rfftfreq(len(steady), hop)
    full[(inside < 3) | (inside > 8)] = 0
    return float(peak), float(np.sqrt(2) * np.std(np.fft.irfft(full, len(steady))))


def held_notes(f0: np.ndarray, shortest: float = 0.6, jump: float = 80.0) -> list[np.ndarray]:
    """Stretches of a contour in cents, at least `shortest` s long and without a step of `jump` cents in 0.1 s."""
    cents = 1200 * np.log2(np.where(f0 > 0, f0, 1.0) / 440)
    lag = 6
    moved = np.abs(cents[lag:] - cents[:-lag])
    moved = np.pad(
        np.where((f0[lag:] > 0) & (f0[:-lag] > 0), moved, np.inf), (lag // 2, lag - lag // 2), constant_values=np.inf
    )
    edges = np.flatnonzero(np.diff(np.pad((moved < jump).astype(int), 1)))
    return [cents[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True) if (b - a) * 0.016 >= shortest]
