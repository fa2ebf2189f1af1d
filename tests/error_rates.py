"""How often the verdicts on claims are wrong, and how often there is one, simulated: `python -m tests.error_rates`.

Values of tracks are drawn from the distributions of `tests.coverage`, with a standard deviation in margins; the truth
is off from what is claimed by a number of margins.
"""

from collections import Counter
from collections.abc import Callable

import numpy as np

from tests.coverage import SHAPES
from workflow_scripts.lib.statistics.claim_verdicts import (
    DIFFERS,
    REPRODUCED,
    VERDICTS,
    difference_interval,
    judge_equality,
    judge_order,
    judge_value,
)
from workflow_scripts.lib.statistics.intervals import Interval, mean_interval, mean_over_tracks, median_interval

TRACKS = (3, 8, 10, 20, 50)
OFF = (0.0, 0.5, 1.0, 2.0)  # margins
SPREADS = (0.5, 1.0, 4.0)  # standard deviation over tracks, in margins
DEVIATION = {"normal": 1.0, "skewed": 1.0, "heavy tails": np.sqrt(3)}
ROUNDING = 0.1  # margins that the published number may be off by: 0.05 dB of 0.5 dB

Judge = Callable[[np.random.Generator], str]


def rates(judge: Judge, draws: int, seed: list[int]) -> dict[str, float]:
    """Share of each verdict."""
    rng = np.random.default_rng(seed)
    counts = Counter(judge(rng) for _ in range(draws))
    return {verdict: counts[verdict] / draws for verdict in VERDICTS[:3]}


def tracks_of(rng: np.random.Generator, shape: str, tracks: int, spread: float, truth: float) -> np.ndarray:
    """Values [track] whose mean is the truth."""
    draw, mean, _ = SHAPES[shape]
    return truth + spread * (draw(rng, tracks) - mean) / DEVIATION[shape]


def value_judge(shape: str, tracks: int, spread: float, off: float, of_median: bool = False) -> Judge:
    """A published number, rounded anew in each draw, that the truth of ours is off from."""

    def judge(rng: np.random.Generator) -> str:
        values = tracks_of(rng, shape, tracks, spread, off)
        ours, interval = (
            (float(np.median(values)), median_interval(values))
            if of_median
            else (float(values.mean()), mean_interval(values))
        )
        published = rng.uniform(-ROUNDING, ROUNDING)
        return judge_value(difference_interval(ours, interval, published, None, None), ROUNDING, 1.0)

    return judge


def same_songs_judge(tracks: int, spread: float, runs_differ: float) -> Judge:
    """A published number of another run of the same system on the very tracks that ours is scored on."""

    def judge(rng: np.random.Generator) -> str:
        songs = rng.normal(size=tracks) * spread
        ours, theirs = (songs + runs_differ * rng.normal(size=tracks) for _ in range(2))
        interval = difference_interval(float(ours.mean()), mean_interval(ours), float(theirs.mean()), None, None)
        return judge_value(interval, ROUNDING, 1.0)

    return judge


def order_judge(shape: str, tracks: int, truth: float, seeds: int = 1, seeds_differ: float = 0.0) -> Judge:
    """An order of two rows: the truth of the paired difference in standard deviations over tracks."""

    def judge(rng: np.random.Generator) -> str:
        values = tracks_of(rng, shape, tracks, 1.0, truth)[:, None] + seeds_differ * rng.normal(size=seeds)
        return judge_order(mean_over_tracks(values)[1])

    return judge


def equality_judge(tracks: int, spread: float, off: float) -> Judge:
    """Two rows that are said to be nearly the same."""

    def judge(rng: np.random.Generator) -> str:
        interval: Interval = mean_interval(tracks_of(rng, "normal", tracks, spread, off))
        return judge_equality(interval, 1.0)

    return judge


def show(name: str, judges: list[Judge], draws: int) -> None:
    """A line of the table: reproduced and differs, in %."""
    found = [rates(judge, draws, [len(name), place]) for place, judge in enumerate(judges)]
    print(f"{name:>34}" + "".join(f"{100 * each[REPRODUCED]:8.1f}{100 * each[DIFFERS]:6.1f}" for each in found))


def main(draws: int = 5_000) -> None:
    print(f"{'reproduced, differs (%); tracks:':>34}" + "".join(f"{tracks:>14}" for tracks in TRACKS))
    for spread in SPREADS:
        for off in OFF:
            name = f"value, sd {spread}, off by {off}"
            show(name, [value_judge("normal", tracks, spread, off) for tracks in TRACKS], draws)
    for shape in ("skewed", "heavy tails"):
        for off in (0.0, 1.0):
            name = f"value, {shape}, sd 1, off by {off}"
            show(name, [value_judge(shape, tracks, 1.0, off) for tracks in TRACKS], draws)
    for off in (0.0, 1.0):
        name = f"median, sd 1, off by {off}"
        show(name, [value_judge("normal", tracks, 1.0, off, of_median=True) for tracks in TRACKS], draws)
    show("value, sd 4, same songs, runs 0.5", [same_songs_judge(tracks, 4.0, 0.5) for tracks in TRACKS], draws)
    for shape in SHAPES:
        for truth in (0.0, 0.5, 1.0):
            show(f"order, {shape}, truth {truth}", [order_judge(shape, tracks, truth) for tracks in TRACKS], draws)
    for differ in (0.0, 0.3, 1.0):
        name = f"order, 3 seeds differ by {differ}"
        show(name, [order_judge("normal", tracks, 0.0, 3, differ) for tracks in TRACKS], draws)
    for off in OFF:
        show(f"equal, sd 1, off by {off}", [equality_judge(tracks, 1.0, off) for tracks in TRACKS], draws)


if __name__ == "__main__":
    main()
