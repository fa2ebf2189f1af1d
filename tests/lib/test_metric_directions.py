"""Which way each metric is better, and what the silence rule counts: by hand, from the literature, by construction."""

import numpy as np
import pandas as pd
import pytest

from workflow_scripts.lib.core import registry
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.metrics.contract import Scoring
from workflow_scripts.lib.metrics.families import load_metrics
from workflow_scripts.lib.metrics.frames import frames_of
from workflow_scripts.lib.metrics.scoring import score_track
from workflow_scripts.lib.metrics.silence_rule import excerpt_peaks, too_quiet
from workflow_scripts.lib.statistics.comparison import compare

RATE = 8000
HIGHER = (
    "SDR", "ISR", "SIR", "SAR", "SDRi",  # Vincent et al. 2006 and 2007: ratios of what is wanted to what is not
    "SDR-v3", "SIR-v3", "SAR-v3", "NSDR-v3",  # the same ratios with other parts
    "SI-SDR", "SI-SIR", "SI-SAR", "SI-SDRi", "SI-SDR-frames",  # Le Roux et al. 2019
    "SNR", "uSDR",  # Mitsufuji et al. 2022
    "sp-SNR", "sp-SI-SNR",  # Schulze-Forster et al. 2023
)  # fmt: skip
LOWER = (
    "PES", "EPS",  # Schulze-Forster et al. 2019: energy where there should be none
    "MCD",  # a distance
)  # fmt: skip
METRICS = load_metrics(registry.METRICS.names())


def test_every_metric_is_better_in_the_direction_of_the_literature():
    assert {name: metric.better for name, metric in METRICS.items()} == (
        dict.fromkeys(HIGHER, "higher") | dict.fromkeys(LOWER, "lower")
    )


def scene() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Two references, each silent in one of six frames, and estimates of which one is worse in every respect.

    The better one is exactly silent where its reference is silent in one frame, and faint in the other.
    """
    draw = stream("directions").standard_normal
    references = 0.1 * draw((2, 1, 6 * RATE))
    frames = references.reshape(2, 1, 6, RATE)
    frames[0, :, :2], frames[1, :, 2:4] = 0, 0
    estimates = {
        name: references + noise * draw(references.shape) + leak * references[::-1]
        for name, noise, leak in (("good", 0.003, 0.01), ("bad", 0.1, 0.5))
    }
    estimates["good"].reshape(2, 1, 6, RATE)[0, :, 0] = 0
    estimates["bad"].reshape(2, 1, 6, RATE)[0, :, 4] = 0
    return references, estimates


def test_an_estimate_that_is_worse_in_every_respect_is_worse_in_the_declared_direction():
    references, estimates = scene()
    scores = score_track(
        references, references.sum(axis=0), estimates, RATE, list(METRICS), registry.METRICS.names(), Scoring()
    )
    first = scores[scores["source"] == 0]
    means = first[np.isfinite(first["value"])].groupby(["metric", "label"])["value"].mean().unstack()
    assert set(means.index) == set(METRICS)
    for name, row in means.iterrows():
        better = max if METRICS[name].better == "higher" else min
        assert better(row["good"], row["bad"]) == row["good"] != row["bad"], name


@pytest.mark.parametrize(("lower", "best"), [((), "loud"), (("PES",), "quiet")])
def test_the_method_that_is_marked_as_best_is_that_with_the_least_where_less_is_better(lower, best):
    rows = [
        ("x", "d", f"t{track}", "voice", method, "", 0, "PES", pd.NA, level + 0.1 * track)
        for method, level in (("loud", -20.0), ("quiet", -60.0))
        for track in range(12)
    ]
    names = ["comparison", "dataset", "track", "source", "method", "f0", "seed", "metric", "frame", "value"]
    costs = ["method", "f0", "seed", "stage", "cpu_seconds", "wall_seconds", "peak_memory_mib"]
    found = compare(
        pd.DataFrame(rows, columns=names).astype({"frame": "Int32"}), pd.DataFrame(columns=costs),
        pd.DataFrame(columns=["track", "family", "method", "f0", "seed", "outcome", "reason"]),
        [("loud", ""), ("quiet", "")],
        bounds=(), kind="mean", lower_is_better=lower,
    )  # fmt: skip
    assert set(found.best["method"]) == {best}


# The silence rule: sum of squares over samples and channels, per 16,000 samples of one channel, mixture's peak 1


def left_out(references: np.ndarray, mixture: np.ndarray) -> bool:
    """Whether a frame of one second at 16 kHz is left out at a floor of 10."""
    frames = frames_of(16_000, 16_000, 16_000)
    return bool(too_quiet(references, frames, excerpt_peaks(mixture, frames, 16_000), 10)[0, 0])


def quiet(channels: list[float], signs: list[int]) -> bool:
    """Whether a frame of constants that alternate between + and - is left out, in a mixture with a peak of 1."""
    alternating = np.where(np.arange(16_000) % 2, 1.0, -1.0)
    references = np.array(channels)[:, None] * np.array(signs)[:, None] * alternating
    return left_out(references[None], np.ones((len(channels), 16_000)))


@pytest.mark.parametrize("signs", [[1, 1], [1, -1]])
@pytest.mark.parametrize(("power", "expected"), [(0.95, True), (1.05, False)])
@pytest.mark.parametrize("shares", [(0.5, 0.5), (1.0, 0.0), (0.1, 0.9)])
def test_the_energy_of_a_frame_is_that_of_its_channels_together_whatever_their_phase(signs, power, expected, shares):
    """The floor for two channels is 20: of it each channel holds its share, in phase or in opposite phase."""
    assert quiet([np.sqrt(20 * power * share / 16_000) for share in shares], signs) is expected


def test_the_level_is_relative_to_the_highest_peak_of_any_channel():
    level = np.sqrt(1.05 * 10 / 16_000)
    references = level * np.ones((1, 2, 16_000))
    for left, right, expected in ((1.0, 0.5, False), (0.5, -1.2, True), (0.0, 0.9, False)):
        mixture = np.array([[left], [right]]) * np.ones((2, 16_000))
        assert left_out(references, mixture) is expected
