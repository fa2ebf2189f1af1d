"""Figures of a comparison."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib import colormaps
from matplotlib.colors import to_rgb

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.figures.distribution import distribution_figure
from workflow_scripts.lib.figures.heat_map import BRIGHT, heat_map_figure, luminance
from workflow_scripts.lib.figures.style import COLOURS, save_figure

BOUNDS = ("mixture", "oracle IRM", "oracle IBM", "oracle MWF")
VOICES = ("soprano", "alto", "tenor", "bass")
METHODS = [(name, f0) for name in ("NMF1", "NMF2") for f0 in ("exact", "stems", "mixture")] + [
    ("HPSS", ""),
    ("U-Net", ""),
]
ORDER = [("mixture", ""), *METHODS, *[(name, "") for name in BOUNDS[1:]]]


def scores_of(order=ORDER, sources=VOICES, tracks: int = 5) -> pd.DataFrame:
    rng = stream("figures")
    rows = [
        (f"chorale_{track:02d}", source, method, f0, 0, "SI-SDR", pd.NA, 2.0 * place + rng.normal())
        for (place, (method, f0)), source, track in itertools.product(enumerate(order), sources, range(tracks))
    ]
    names = ["track", "source", "method", "f0", "seed", "metric", "frame", "value"]
    return pd.DataFrame(rows, columns=names).astype({"frame": "Int32"})


def distribution(scores, order=ORDER):
    return distribution_figure(
        scores, "SI-SDR", order, "median", bounds=BOUNDS, title="Chorales", remark="Synthetic data"
    )


def heat(scores, order=ORDER, **options):
    return heat_map_figure(scores, "SI-SDR", order, "median", title="Chorales", remark="Synthetic data", **options)


def boxes(figure, texts):
    figure.draw_without_rendering()
    return [text.get_window_extent() for text in texts if text.get_text() and text.get_visible()]


def assert_apart(figure, texts):
    extents = boxes(figure, texts)
    assert len(extents) > 1
    clashes = [pair for pair in itertools.combinations(extents, 2) if pair[0].overlaps(pair[1])]
    assert not clashes


@pytest.fixture(scope="module")
def full():
    return distribution(scores_of())


@pytest.fixture(scope="module")
def full_heat():
    return heat(scores_of())


def test_each_source_has_a_panel_with_a_row_for_each_method_that_is_no_bound(full):
    panels = [axes for axes in full.axes if axes.get_visible()]
    assert [axes.get_title(loc="left") for axes in panels] == list(VOICES)
    labels = [label.get_text() for label in panels[0].get_yticklabels()]
    assert labels[:3] == ["NMF1 (F0: exact)", "NMF1 (F0: stems)", "NMF1 (F0: mixture)"]
    assert labels[6:] == ["HPSS", "U-Net"]


def test_every_track_is_drawn_at_its_value(full):
    scores = scores_of()
    mine = scores[(scores["method"] == "HPSS") & (scores["source"] == "alto")]["value"]
    drawn = [line.get_xdata() for line in full.axes[1].lines if line.get_marker() == "o"]
    assert len(drawn) == len(METHODS)
    np.testing.assert_allclose(drawn[6], np.sort(mine))


def test_bounds_are_lines_at_their_middle_told_apart_by_their_style(full):
    scores = scores_of()
    lines = [line for line in full.axes[0].lines if len(set(line.get_xdata())) == 1 and len(line.get_xdata()) == 2]
    lines = [line for line in lines if tuple(line.get_ydata()) == (0, 1)]
    middles = [
        scores[(scores["method"] == name) & (scores["source"] == "soprano")]["value"].median() for name in BOUNDS
    ]
    np.testing.assert_allclose([line.get_xdata()[0] for line in lines], middles)
    entries = full.legends[0].get_lines()
    assert len({str(line._dash_pattern) for line in entries}) == len(BOUNDS)


def test_the_distribution_is_drawn_in_greys_alone(full):
    colours = [line.get_color() for axes in full.axes for line in axes.lines]
    colours += [patch.get_facecolor() for axes in full.axes for patch in axes.patches]
    greys = np.array([to_rgb(colour) for colour in colours])
    assert len(greys) > 4 * len(METHODS)
    assert (greys == greys[:, :1]).all()


def test_no_labels_overlap_with_four_sources_and_twelve_methods(full, full_heat):
    panels = full.axes
    texts = [t for axes in panels for t in (*axes.get_xticklabels(), axes.xaxis.label, axes._left_title)]
    texts += [t for axes in (panels[0], panels[2]) for t in axes.get_yticklabels()]
    assert_apart(full, [*texts, full._suptitle, *full.legends[0].get_texts()])
    axes, bar = full_heat.axes
    assert_apart(full_heat, [*axes.texts, *axes.get_yticklabels(), axes.title, *bar.get_yticklabels(), bar.yaxis.label])


def test_everything_stays_inside_the_page(full, full_heat):
    for figure in (full, full_heat):
        figure.draw_without_rendering()
        drawn = figure.get_tightbbox()  # in inches
        width, height = figure.get_size_inches()
        assert 0 <= drawn.x0 < drawn.x1 <= width
        assert 0 <= drawn.y0 < drawn.y1 <= height


def test_infinite_values_are_left_out_of_the_drawing_and_counted():
    scores = scores_of(sources=("bass",))
    scores.loc[(scores["method"] == "HPSS") & (scores["track"] == "chorale_01"), "value"] = np.inf
    assert "1 infinite values not drawn" in distribution(scores)._suptitle.get_text()


def test_bounds_alone_are_drawn_as_rows():
    order = [("mixture", ""), ("oracle IRM", "")]
    figure = distribution(scores_of(order, ("bass",)), order)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["mixture", "oracle IRM"]


def test_the_heat_map_prints_every_value_of_the_average_over_sources(full_heat):
    mean = scores_of().groupby(["track", "method", "f0"])["value"].mean()
    printed = {(t.get_position()[1], t.get_position()[0]): t.get_text() for t in full_heat.axes[0].texts}
    assert len(printed) == 5 * len(ORDER)
    for across, row in enumerate(ORDER):
        assert float(printed[2, across].replace("−", "-")) == pytest.approx(mean["chorale_02", *row], abs=0.0501)


def test_undefined_cells_are_crossed_and_infinite_ones_marked():
    scores = scores_of(sources=("bass",))
    first = scores["track"] == "chorale_00"
    scores.loc[first & (scores["method"] == "HPSS"), "value"] = np.nan
    scores.loc[first & (scores["method"] == "U-Net"), "value"] = -np.inf
    figure = heat(scores)
    printed = {t.get_position(): t.get_text() for t in figure.axes[0].texts}
    assert printed[ORDER.index(("HPSS", "")), 0] == "×"
    assert printed[ORDER.index(("U-Net", "")), 0] == "−∞"
    assert "×: undefined" in figure.axes[0].get_title()


def test_a_heat_map_of_equal_or_undefined_values_is_drawn():
    scores = scores_of(sources=("bass",))
    for value, text in ((1.0, "1.0"), (np.nan, "×")):
        figure = heat(scores.assign(value=value))
        assert {t.get_text() for t in figure.axes[0].texts} == {text}


def test_one_source_can_be_mapped_and_an_unknown_one_is_refused():
    scores = scores_of()
    assert "source: tenor" in heat(scores, source="tenor").axes[0].get_title()
    with pytest.raises(UserError, match="did you mean 'tenor'"):
        heat(scores, source="tenour")


def test_the_colour_map_is_monotone_in_lightness_and_print_stands_out():
    luma = np.array([luminance(colormaps[COLOURS](x)) for x in np.linspace(0, 1, 256)])
    assert luma.size == 256
    assert (np.diff(luma) > -1e-3).all()
    assert luma[-1] - luma[0] > 0.6
    linear = np.where(luma <= 0.04045, luma / 12.92, ((luma + 0.055) / 1.055) ** 2.4)
    ink = np.where(luma > BRIGHT, 0.0, 1.0)
    contrast = (np.maximum(linear, ink) + 0.05) / (np.minimum(linear, ink) + 0.05)  # WCAG 2.1
    assert contrast.min() > 4.0


def test_files_are_the_same_byte_for_byte_and_hold_no_date(tmp_path):
    order = [("mixture", ""), ("NMF1", "exact")]
    scores = scores_of(order, ("bass",), tracks=3)
    for folder in ("a", "b"):
        save_figure(distribution(scores, order), tmp_path / folder / "all.scores")
    written = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert written == ["all.scores.pdf", "all.scores.png", "all.scores.svg"]
    for name in written:
        content = (tmp_path / "a" / name).read_bytes()
        assert content == (tmp_path / "b" / name).read_bytes()
        assert b"Date>" not in content
        assert b"CreationDate" not in content
