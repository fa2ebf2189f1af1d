"""How often the 95 % intervals of the tables hold the truth, simulated: `python -m tests.coverage`.

Values of tracks are drawn from a normal, a skewed (exponential) and a heavy-tailed (Student's t, 3 degrees of freedom)
distribution. With several seeds, a row's value of a track is the track's, plus the seed's, plus one of both,
all normal.
"""

from collections.abc import Callable

import numpy as np

from workflow_scripts.lib.statistics.intervals import Interval, mean_interval, mean_over_tracks, median_interval

TRACKS = (3, 5, 6, 8, 12, 20, 50)
SEEDS = (2, 3, 5)
SPREADS = (0.0, 0.1, 0.3, 1.0)  # standard deviation over seeds, where that over tracks is 1
OF_BOTH = 0.3  # standard deviation of what a seed adds to one track
# Name -> (draws, mean, median).
SHAPES: dict[str, tuple[Callable[[np.random.Generator, int], np.ndarray], float, float]] = {
    "normal": (lambda rng, size: rng.normal(size=size), 0.0, 0.0),
    "skewed": (lambda rng, size: rng.exponential(size=size), 1.0, np.log(2)),
    "heavy tails": (lambda rng, size: rng.standard_t(3, size), 0.0, 0.0),
}


def holds(interval: Interval, truth: float) -> bool:
    """Whether the truth lies in an interval; never in none."""
    return interval.low <= truth <= interval.high


def coverage_over_tracks(
    interval_of: Callable[[np.ndarray], Interval], of_median: bool, shape: str, tracks: int, draws: int
) -> float:
    """Share of intervals that hold the mean (or median) of a distribution; NaN where there is no interval."""
    rng = np.random.default_rng([tracks, list(SHAPES).index(shape)])
    draw, *truths = SHAPES[shape]
    if interval_of(draw(rng, tracks)).reason:
        return np.nan
    return float(np.mean([holds(interval_of(draw(rng, tracks)), truths[of_median]) for _ in range(draws)]))


def coverage_over_seeds(
    interval_of: Callable[[np.ndarray], Interval], tracks: int, seeds: int, spread: float, draws: int
) -> float:
    """Share of intervals of values [track, seed] that hold the mean over all tracks and seeds that could be drawn."""
    rng = np.random.default_rng([tracks, seeds, round(10 * spread)])
    found = []
    for _ in range(draws):
        values = rng.normal(size=(tracks, 1)) + spread * rng.normal(size=seeds)
        found.append(holds(interval_of(values + OF_BOTH * rng.normal(size=(tracks, seeds))), 0.0))
    return float(np.mean(found))


def of_tracks_alone(values: np.ndarray) -> Interval:
    """The interval that takes the seeds at hand for all that there are."""
    return mean_interval(values.mean(axis=1))


def main(draws: int = 5_000) -> None:
    print(f"{'tracks':>20}" + "".join(f"{tracks:>7}" for tracks in TRACKS))
    for name, interval_of in (("mean", mean_interval), ("median", median_interval)):
        for shape in SHAPES:
            found = [coverage_over_tracks(interval_of, name == "median", shape, each, draws) for each in TRACKS]
            print(
                f"{f'{name}, {shape}':>20}"
                + "".join(f"{share:7.1%}" if share == share else "      –" for share in found)
            )
    print(f"\n8 tracks: {'spread of seeds':>10}" + "".join(f"{spread:>7}" for spread in SPREADS))
    ways = {"tracks alone": of_tracks_alone, "with seeds": lambda values: mean_over_tracks(values)[1]}
    for seeds in SEEDS:
        for way, interval_of in ways.items():
            found = [coverage_over_seeds(interval_of, 8, seeds, spread, draws) for spread in SPREADS]
            print(f"{f'{seeds} seeds, {way}':>25}" + "".join(f"{share:7.1%}" for share in found))


if __name__ == "__main__":
    main()
