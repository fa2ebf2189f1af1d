"""What is known of the estimates of a song without true stems: levels, shares, what they leave out, and their F0."""

import numpy as np

SILENCE_DB = -120.0  # of exact silence


def level(signal: np.ndarray, where: np.ndarray | None = None) -> float:
    """Rms of [channel, time] in dB re full scale, -120 at least; `where` [time] bool chooses samples, NaN if none."""
    chosen = signal if where is None else signal[..., where]
    if chosen.size == 0:
        return float("nan")
    return max(SILENCE_DB, float(10 * np.log10(np.mean(np.square(chosen)) + 1e-30)))


def share(estimate: np.ndarray, mixture: np.ndarray) -> float:
    """Energy of an estimate over that of the mixture, both [channel, time], in percent."""
    return float(100 * np.sum(np.square(estimate)) / max(np.sum(np.square(mixture)), 1e-30))


def consistency(estimates: np.ndarray, mixture: np.ndarray) -> float:
    """Energy of the mixture over what the estimates [source, channel, time] leave out of it, in dB, 120 at most."""
    rest = mixture - estimates.sum(axis=0)
    return float(min(-SILENCE_DB, 10 * np.log10(np.sum(np.square(mixture)) / max(np.sum(np.square(rest)), 1e-30))))


def table(
    mixture: np.ndarray, estimates: dict[str, np.ndarray], sources: list[str], marks: np.ndarray | None,
    hz: np.ndarray | None = None,
) -> list[dict[str, float | str]]:  # fmt: skip
    """One row a source and stage.

    mixture: [channel, time].  estimates: stage -> [source, channel, time].  marks: [source, time] of 1, -1, 0, or None.
    hz: the F0 that was used, [source, frame], 0 = unvoiced, or None.
    Columns: source, stage, level and silent (level where marked silent, NaN where nowhere), in dB re full scale; share
    of the mixture's energy in percent; voiced, frames with an F0 in percent, and f0, its median in Hz, or NaN.
    """
    return [
        {
            "source": source,
            "stage": stage,
            "level": level(found[index]),
            "silent": float("nan") if marks is None else level(found[index], marks[index] == -1),
            "share": share(found[index], mixture),
            "voiced": float("nan") if hz is None else float(100 * np.mean(hz[index] > 0)),
            "f0": float("nan") if hz is None or not hz[index].any() else float(np.median(hz[index][hz[index] > 0])),
        }
        for index, source in enumerate(sources)
        for stage, found in estimates.items()
    ]
