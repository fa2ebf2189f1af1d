"""What is said of a song without true stems: levels, shares, what is left out, F0, block by block; values by hand."""

import numpy as np
import pytest

from workflow_scripts.lib.metrics.before_after import Energy, Stage, table


def stage(mixture, estimates, silent=None, blocks=2) -> Stage:
    """A stage that saw the signals [channel, time] in blocks."""
    found = Stage()
    for at in np.array_split(np.arange(mixture.shape[1]), blocks):
        parts = {name: each[:, at] for name, each in estimates.items()}
        found.add(mixture[:, at], parts, {name: each[at] for name, each in (silent or {}).items()})
    return found


def level(signal: np.ndarray) -> float:
    energy = Energy()
    energy.add(signal)
    return energy.level


@pytest.mark.parametrize("blocks", [1, 2, 4])
def test_the_table_has_a_row_a_source_and_stage_of_levels_shares_and_f0(blocks):
    """Squares of one level: 1/2 is -6.02 dB; of two channels and four samples, sample 0 marked silent for `a`."""
    mixture = np.ones((2, 4))
    first = {"a": 0.5 * mixture, "b": 0.1 * mixture}
    after = {"a": 0.5 * np.array([[0.0, 1, 1, 1]] * 2), "b": first["b"]}
    silent = {"a": np.array([True, False, False, False])}
    hz = np.array([[0.0, 100.0, 200.0, 400.0], [0.0] * 4])
    stages = {name: stage(mixture, each, silent, blocks) for name, each in (("before", first), ("after", after))}
    rows = table(stages, ["a", "b"], hz)
    assert [(row["source"], row["stage"]) for row in rows] == [
        ("a", "before"), ("a", "after"), ("b", "before"), ("b", "after"),
    ]  # fmt: skip
    half, quieter, tenth = 20 * np.log10(0.5), 10 * np.log10(0.25 * 3 / 4), -20.0
    expected = [
        {"level": half, "silent": half, "share": 25.0, "voiced": 75.0, "f0": 200.0},
        {"level": quieter, "silent": -120.0, "share": 18.75, "voiced": 75.0, "f0": 200.0},
        *[{"level": tenth, "silent": np.nan, "share": 1.0, "voiced": 0.0, "f0": np.nan}] * 2,
    ]
    for row, values in zip(rows, expected, strict=True):
        assert {name: row[name] for name in values} == pytest.approx(values, nan_ok=True)


def test_without_marks_and_f0_nothing_is_said_of_them():
    (row,) = table({"before": stage(np.ones((1, 4)), {"a": np.ones((1, 4))})}, ["a"])
    assert all(np.isnan(row[name]) for name in ("silent", "voiced", "f0"))
    assert (row["level"], row["share"]) == (pytest.approx(0, abs=1e-9), pytest.approx(100))


def test_silence_is_minus_120_db_and_nothing_is_undefined():
    assert level(np.zeros((1, 5))) == -120
    assert level(np.full((1, 5), 1e-7)) == -120
    assert level(np.full((1, 5), 1e-5)) == pytest.approx(-100)
    assert np.isnan(level(np.ones((1, 0))))


def test_consistency_is_the_mixture_over_the_rest_and_120_db_at_most():
    mixture = np.array([[3.0, 4.0]])
    assert stage(mixture, {"a": np.array([[3.0, 3.5]])}).consistency == pytest.approx(20)  # 25 over 0.25
    assert stage(mixture, {"a": mixture, "b": -mixture, "c": mixture}).consistency == 120
    assert stage(mixture, {"a": 0 * mixture}).consistency == pytest.approx(0)


def test_the_share_of_a_silent_mixture_is_finite():
    assert stage(np.zeros((1, 3)), {"a": np.zeros((1, 3))}).share("a") == 0
