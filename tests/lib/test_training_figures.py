"""Figures about training: quality against the budget, what critics measured, and what they ask for."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.figures.budget import budget_figure
from workflow_scripts.lib.figures.critics import critic_figure
from workflow_scripts.lib.figures.curves import curves_figure
from workflow_scripts.lib.figures.diagnostics import diagnostics_figure, has_diagnostics, quantities
from workflow_scripts.lib.figures.style import save_figure
from workflow_scripts.lib.statistics.budgets import budget_values, curves_of, has_budgets
from workflow_scripts.lib.statistics.rows import BudgetRow

BUDGETS = [
    BudgetRow("U-Net, 1 song", "", "a", 1, "studio"),
    BudgetRow("Adversarial (1 song)", "", "b", 1, "studio"),
    BudgetRow("U-Net, 5 songs", "", "a", 5, "studio"),
    BudgetRow("Adversarial (all)", "", "b", None, "studio"),
    BudgetRow("U-Net, all songs", "", "a", None, None),
    BudgetRow("NMF", "", "c", 5, "studio"),
]


def scores_of(offset: float) -> pd.DataFrame:
    """Each row of the table is as good as its place in BUDGETS, give or take 0.1 dB; and a row without a budget."""
    generator, labels = stream("budgets"), [*(row.label for row in BUDGETS), "Mixture"]
    rows = [
        (f"song-{track}", source, label, "", 0, "SDR", pd.NA, offset + place + generator.uniform(-0.1, 0.1))
        for (place, label), source, track in itertools.product(enumerate(labels), ("vocals", "rest"), range(6))
    ]
    names = ["track", "source", "method", "f0", "seed", "metric", "frame", "value"]
    return pd.DataFrame(rows, columns=names).astype({"frame": "Int32"})


def drawn(budgets=BUDGETS, groups=("club", "studio")):
    tables = {
        group: budget_values(scores_of(10.0 * number), "SDR", budgets, "median") for number, group in enumerate(groups)
    }
    return budget_figure(tables, "SDR", budgets, title="voice", remark="Synthetic.")


def test_rows_that_differ_in_their_budget_only_are_one_curve_called_what_their_labels_begin_with():
    curves = curves_of(BUDGETS)
    assert list(curves) == ["U-Net", "Adversarial", "NMF"]
    assert list(curves["U-Net"].values()) == [(1, "studio"), (5, "studio"), (None, None)]
    assert has_budgets(BUDGETS) and not has_budgets(BUDGETS[:2]) and not has_budgets([])


def test_the_budget_figure_has_a_panel_a_group_and_source_with_values_at_their_budgets():
    figure = drawn()
    panels = figure.axes
    assert [axes.get_title(loc="left") for axes in panels] == [
        "club: vocals", "club: rest", "studio: vocals", "studio: rest",
    ]  # fmt: skip
    assert [label.get_text() for label in panels[-1].get_xticklabels()] == ["1", "5", "all studio", "all"]
    for number, axes in enumerate(panels):
        lines = [container.lines[0] for container in axes.containers]
        points = [(np.round(line.get_xdata()).tolist(), line.get_ydata() - 10.0 * (number // 2)) for line in lines]
        assert [places for places, _ in points] == [[0, 1, 3], [0, 2], [1]]
        for (_, values), expected in zip(points, ([0, 2, 4], [1, 3], [5]), strict=True):
            np.testing.assert_allclose(values, expected, atol=0.11)
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["U-Net", "Adversarial", "NMF"]


def test_curves_of_one_name_are_told_apart():
    clash = [replace(row, label=f"X {number}", curve=str(number % 2)) for number, row in enumerate(BUDGETS[:4])]
    assert len(curves_of(clash)) == 2


def curves(labels=("Adversarial",), seeds=(0, 1)) -> pd.DataFrame:
    tables = []
    for label, seed in itertools.product(labels, seeds):
        steps = np.arange(1, 5) * 50
        table = pd.DataFrame(
            {"step": steps, "seconds": steps / 9, "train_loss": 1.0 / steps, "valid_loss": 2.0 / steps}
        )
        if label.startswith("Adv"):
            for number, name in enumerate(("critic_vocals", "critic_rest", "wasserstein_vocals", "wasserstein_rest")):
                table[f"train_{name}"] = number + seed + np.sin(steps)
            table["train_additivity"], table["train_supervised"] = 0.1 * steps, 1.0 / steps
        tables.append(table.assign(method=label.lower(), label=label, f0="", seed=seed))
    return pd.concat(tables, ignore_index=True)


def test_every_column_beside_the_loss_has_a_place_among_the_diagnostics_and_sources_share_one():
    table = curves()
    assert quantities(table) == {
        "train_loss": ["train_loss"],
        "valid_loss": ["valid_loss"],
        "train_critic": ["train_critic_vocals", "train_critic_rest"],
        "train_wasserstein": ["train_wasserstein_vocals", "train_wasserstein_rest"],
        "train_additivity": ["train_additivity"],
        "train_supervised": ["train_supervised"],
    }
    figure = diagnostics_figure(table, title="voice", remark="Synthetic.")
    shown = {axes.get_title(): axes for axes in figure.axes if axes.get_visible()}
    assert list(shown) == [name.replace("_", " ") for name in quantities(table)]
    critic = [line.get_ydata() for line in shown["train critic"].lines if len(line.get_xdata()) == 4]
    assert len(critic) == 4  # two sources, two seeds
    first = table[table["seed"] == 0]
    np.testing.assert_array_equal(critic[0], first["train_critic_vocals"])
    np.testing.assert_array_equal(critic[1], first["train_critic_rest"])


def test_a_method_that_measures_its_loss_alone_stands_not_among_the_diagnostics():
    assert not has_diagnostics(curves(("U-Net",)))
    both = curves(("U-Net", "Adversarial"))
    assert has_diagnostics(both)
    figure = diagnostics_figure(both, title="voice")
    assert [part.get_suptitle() for part in figure.subfigs] == ["Adversarial"]


def test_curves_of_trainings_that_all_failed_make_an_empty_figure():
    empty = curves().iloc[:0]
    assert curves_figure(empty, title="voice").axes == []
    assert not has_diagnostics(empty)


def test_the_critics_figure_shows_estimates_from_zero_and_gradients_about_zero():
    generator = stream("critics")
    estimates, gradients = generator.uniform(0, 3, (2, 65, 40)), generator.normal(0, 0.1, (2, 65, 40))
    figure = critic_figure(
        estimates, gradients, ("vocals", "rest"), bin_hz=16.0, frame_seconds=0.03125, title="voice", remark="Synthetic."
    )
    images = [axes.images[0] for axes in figure.axes if axes.images and axes.get_title(loc="left")]
    assert len(images) == 4
    for image, expected in zip(images, (estimates[0], gradients[0], estimates[1], gradients[1]), strict=True):
        np.testing.assert_array_equal(image.get_array(), expected)
        assert image.get_extent() == [0, 1.25, 0, 1.04]
        low, high = image.get_clim()
        assert low == 0 if image in images[::2] else low == -high < 0


def test_the_critics_figure_of_silence_is_drawn_and_shapes_that_differ_are_refused(tmp_path):
    silence = np.zeros((1, 9, 4))
    figure = critic_figure(silence, silence, ("vocals",), bin_hz=16.0, frame_seconds=0.03, title="voice")
    save_figure(figure, tmp_path / "critics")
    assert (tmp_path / "critics.png").stat().st_size > 0
    with pytest.raises(ValueError, match="differ"):
        critic_figure(silence, silence[:, :3], ("vocals",), bin_hz=16.0, frame_seconds=0.03, title="voice")
