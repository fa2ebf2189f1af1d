"""Figures of what rows gain over the model that they start from, and of the course of their adaptation."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.figures.adaptation import adaptation_figure
from workflow_scripts.lib.figures.gains import gains_figure
from workflow_scripts.lib.figures.gains_by_marks import marks_figure
from workflow_scripts.lib.figures.gains_by_parameters import parameters_figure
from workflow_scripts.lib.figures.style import save_figure
from workflow_scripts.lib.metrics.contract import Metric
from workflow_scripts.lib.statistics.adaptation import adaptation_course
from workflow_scripts.lib.statistics.gains import gain_metrics, gain_points, points_by_marks, points_by_parameters
from workflow_scripts.lib.statistics.intervals import mean_interval
from workflow_scripts.lib.statistics.rows import GainRow

METRICS = {"SDR": Metric("SDR", "dB", "frame", "higher", ""), "PES": Metric("PES", "dB", "frame", "lower", "")}
ROWS = [
    GainRow(label, "B0", marks, group, adapted=label != "Muted")
    for label, marks, group in (
        ("Muted", "exact", "m"), ("L1", "exact", "1"), ("L5", "exact", "5"), ("Remix", "exact", "r"),
        ("Remix, off", "off by 50 ms", "r"), ("Remix, blind", "nothing", "r"),
    )
]  # fmt: skip
OFFSETS = {"SDR": dict(zip("BML", (0, 0.3, 1.0), strict=True)), "PES": dict(zip("BML", (0, -100.0, -4.0), strict=True))}
PARAMETERS = {"L1": 8_000, "L5": 100, "Remix": 8_000, "Remix, off": 8_000, "Remix, blind": 8_000}
TRACKS = 8


def scores_of(tracks=TRACKS, sources=("vocals", "drums")) -> pd.DataFrame:
    """Songs differ by 20 dB, methods by their offset (by their first letter) and by 0.1 dB of chance."""
    generator, methods = stream("gains"), ["B0", *(row.label for row in ROWS)]
    rows = [
        ("x", f"t{track}", source, method, "", 0, metric, pd.NA, 20 * track + offset + generator.uniform(-0.1, 0.1))
        for metric, offsets in OFFSETS.items()
        for method, source, track in itertools.product(methods, sources, range(tracks))
        for offset in [offsets.get(method[0], 0.5) + (source == "drums")]
    ]
    names = ["comparison", "track", "source", "method", "f0", "seed", "metric", "frame", "value"]
    return pd.DataFrame(rows, columns=names).astype({"frame": "Int32"})


def points_of(scores=None, rows=ROWS, parameters=PARAMETERS, metrics=("SDR", "PES")) -> pd.DataFrame:
    scores = scores_of() if scores is None else scores
    return gain_points(scores, metrics, rows, parameters, "median")


@pytest.fixture(scope="module")
def points():
    return points_of()


def drawn_at(axes) -> np.ndarray:
    """Places of the points that an axis shows with their intervals, [point, (x, y)]."""
    return np.array([container.lines[0].get_xydata()[0] for container in axes.containers])


def test_a_gain_is_the_mean_difference_of_the_same_songs_with_the_interval_over_them(points):
    scores = scores_of()
    table = scores[scores["metric"] == "SDR"].pivot(index="track", columns=["source", "method"], values="value")
    assert len(points) == 2 * 3 * len(ROWS)
    for source in ("vocals", "drums", "all"):
        pair = [
            (table["vocals"][name] + table["drums"][name]) / 2 if source == "all" else table[source][name]
            for name in ("L1", "B0")
        ]
        difference = (pair[0] - pair[1]).to_numpy()
        found = points.query("metric == 'SDR' and source == @source and method == 'L1'").iloc[0]
        expected = mean_interval(difference)
        assert found["effect"] == pytest.approx(difference.mean(), abs=1e-6)
        assert (found["low"], found["high"]) == pytest.approx(expected[:2], abs=1e-6)
        assert found["tracks"] == TRACKS
        assert found["high"] - found["low"] < 0.3  # though the songs are 20 dB apart


def test_rows_without_scores_or_without_those_of_their_baseline_are_left_out():
    scores = scores_of()
    assert set(points_of(scores[scores["method"] != "L1"])["method"]) == {row.label for row in ROWS} - {"L1"}
    assert points_of(scores[scores["method"] != "B0"]).empty
    other = [replace(ROWS[1], baseline="Remix"), ROWS[2]]
    assert set(points_of(scores, other)["baseline"]) == {"Remix", "B0"}


def test_the_headline_is_shown_and_the_energy_in_silence_where_it_is_scored():
    assert gain_metrics(["SDR", "SI-SDR", "PES", "EPS"]) == ["SDR", "PES"]
    assert gain_metrics(["SI-SDR", "SDR"]) == ["SI-SDR"]
    assert gain_metrics(["PES", "SDR"]) == ["PES"]


def test_the_figure_of_gains_has_a_panel_a_metric_and_source_and_says_which_way_is_better(points):
    figure = gains_figure(points, metrics=METRICS, title="guided", remark="Synthetic.")
    panels = figure.axes
    assert [axes.get_title(loc="left") for axes in panels] == ["vocals", "drums", "all"] * 2
    assert [axes.get_xlabel() for axes in panels if axes.get_xlabel()] == [
        "change in SDR (dB; higher is better)", "change in PES (dB; lower is better)",
    ]  # fmt: skip
    assert [label.get_text() for label in panels[0].get_yticklabels()] == [row.label for row in ROWS]
    assert "gains over B0" in figure.get_suptitle() and "Synthetic." in figure.get_suptitle()
    cells = itertools.product(("SDR", "PES"), ("vocals", "drums", "all"))
    for axes, (metric, source) in zip(panels, cells, strict=True):
        chosen = points[(points["metric"] == metric) & (points["source"] == source)]
        np.testing.assert_allclose(drawn_at(axes), list(zip(chosen["effect"], range(len(ROWS)), strict=True)))


def test_points_are_filled_where_zero_is_outside_their_interval_and_square_where_nothing_is_adapted(points):
    doubtful = points.assign(low=points["low"].where(points["method"] != "L5", -1))
    axes = gains_figure(doubtful, metrics=METRICS, title="guided").axes[0]
    lines = [container.lines[0] for container in axes.containers]
    assert [line.get_marker() for line in lines] == ["s", "o", "o", "o", "o", "o"]
    assert [line.get_markerfacecolor() for line in lines] == ["0", "0", "white", "0", "0", "0"]


def test_an_axis_with_exact_silence_far_off_is_compressed_and_others_are_not(points):
    figure = gains_figure(points, metrics=METRICS, title="guided")
    assert [axes.get_xscale() for axes in figure.axes] == ["linear"] * 3 + ["symlog"] * 3
    low, high = figure.axes[3].get_xlim()
    assert low < points["low"].min() and high > points["high"].max()


def test_only_rows_that_differ_in_nothing_but_their_marks_stand_in_the_figure_of_marks_in_their_order(points):
    chosen = points_by_marks(points)
    assert list(chosen["method"].unique()) == ["Remix", "Remix, off", "Remix, blind"]
    assert set(chosen["source"]) == {"all"}
    figure = marks_figure(chosen, metrics=METRICS, title="guided")
    assert len(figure.axes) == 2
    assert [label.get_text() for label in figure.axes[-1].get_xticklabels()] == ["exact", "off by 50 ms", "nothing"]
    for axes, metric in zip(figure.axes, ("SDR", "PES"), strict=True):
        np.testing.assert_allclose(drawn_at(axes)[:, 0], [0, 1, 2])
        np.testing.assert_allclose(drawn_at(axes)[:, 1], chosen.loc[chosen["metric"] == metric, "effect"])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["Remix"]
    assert points_by_marks(points[points["method"].isin(["L1", "Remix"])]).empty


def test_several_methods_with_several_marks_are_lines_of_their_own(points):
    twice = pd.concat(
        [points, points[points["group"] == "r"].assign(group="s", method=lambda table: "Second " + table["method"])]
    )
    figure = marks_figure(points_by_marks(twice), metrics=METRICS, title="guided")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["Remix", "Second Remix"]
    assert len(drawn_at(figure.axes[0])) == 6


def test_trained_parameters_are_on_a_logarithmic_axis_and_equal_numbers_stand_side_by_side(points):
    chosen = points_by_parameters(points)
    assert list(chosen["method"].unique()) == list(PARAMETERS)
    figure = parameters_figure(chosen, metrics=METRICS, title="guided")
    for axes, metric in zip(figure.axes, ("SDR", "PES"), strict=True):
        assert axes.get_xscale() == "log"
        places, effects = drawn_at(axes).T
        np.testing.assert_allclose(effects, chosen.loc[chosen["metric"] == metric, "effect"])
        assert places[1] == pytest.approx(100)
        assert len(set(places)) == 5
        assert np.exp(np.log(places[[0, 2, 3, 4]]).mean()) == pytest.approx(8000)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(PARAMETERS)
    assert points_by_parameters(points_of(parameters={"L1": 8, "Remix": 8})).empty


def test_gains_of_one_source_and_one_song_are_drawn_without_intervals(tmp_path):
    points = points_of(scores_of(tracks=1, sources=("vocals",)))
    assert set(points["source"]) == {"vocals"} and set(points["interval"]) == {"one track"}
    for chosen, draw in (
        (points, gains_figure),
        (points_by_marks(points), marks_figure),
        (points_by_parameters(points), parameters_figure),
    ):
        save_figure(draw(chosen, metrics=METRICS, title="x"), tmp_path / "figure")
        assert (tmp_path / "figure.png").stat().st_size > 5000


def curves() -> pd.DataFrame:
    """Song 1 starts at twice the losses of song 0, falls twice as fast, has one loss more; then a step-wise method."""
    tables = [
        pd.DataFrame(
            {
                "method": "l1", "label": "L1", "seed": 0, "track": f"t{song}", "epoch": [1, 2, 3], "step": [5, 10, 15],
                "loss": (1 + song) * (1 - 0.1 * (1 + song) * np.arange(3)), "activation": 0.0,
                "remix": 1.0 if song else np.nan,
            }
        )
        for song in (0, 1)
    ]  # fmt: skip
    other = {"method": "toy", "label": "Toy", "seed": 0, "track": "t0", "step": [1, 2], "loss": [4.0, 2.0]}
    return pd.concat([*tables, pd.DataFrame(other)], ignore_index=True)


def test_the_course_is_the_share_of_the_first_loss_of_the_same_song_with_its_range():
    points = adaptation_course(curves())
    loss = points.query("label == 'L1' and loss == 'loss'")
    assert (loss["counter"].unique().tolist(), loss["at"].tolist()) == (["epoch"], [1, 2, 3])
    np.testing.assert_allclose(loss[["mean", "low", "high"]], [[1, 1, 1], [0.85, 0.8, 0.9], [0.7, 0.6, 0.8]])
    assert set(loss["tracks"]) == {2}
    assert set(points.query("loss == 'remix'")["tracks"]) == {1}
    assert "activation" not in set(points["loss"])  # zero from the first has no share
    toy = points.query("label == 'Toy'")
    assert (toy["counter"].tolist(), toy["at"].tolist(), toy["mean"].tolist()) == (["step"] * 2, [1, 2], [1, 0.5])


def test_the_course_has_a_panel_a_method_with_its_losses():
    figure = adaptation_figure(adaptation_course(curves()), title="guided", remark="Synthetic.")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["L1", "Toy"]
    assert [axes.get_xlabel() for axes in figure.axes] == ["epoch", "step"]
    lines = {line.get_label(): line.get_ydata() for line in figure.axes[0].lines}
    np.testing.assert_allclose(lines["loss"], [1, 0.85, 0.7])
    assert set(lines) == {"loss", "remix"}
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["loss", "remix"]


def test_adaptations_that_all_failed_make_an_empty_figure(tmp_path):
    nothing = pd.DataFrame(columns=["method", "label", "seed", "track"])
    save_figure(adaptation_figure(adaptation_course(nothing), title="guided"), tmp_path / "adaptation")
    assert (tmp_path / "adaptation.pdf").stat().st_size > 500
