"""Tables of a comparison as CSV, Markdown, LaTeX and plain text."""

import html
import io
import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.outcomes import write_reasons
from workflow_scripts.lib.core.provenance import folder_of
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.figures.latex import latex_table
from workflow_scripts.lib.figures.markdown import markdown_table
from workflow_scripts.lib.figures.tables import csv_table, number
from workflow_scripts.lib.figures.terminal import summary_text
from workflow_scripts.lib.statistics import failures
from workflow_scripts.lib.statistics.comparison import Comparison, compare
from workflow_scripts.lib.statistics.costs import read_costs
from workflow_scripts.lib.statistics.rows import (
    BudgetRow,
    Contrast,
    CurveRow,
    ErrorRow,
    GainRow,
    ResultRow,
    from_json,
    table_rows,
    to_json,
)
from workflow_scripts.lib.statistics.scores import label_scores, read_scores, scores_of_family

SOURCES = ("vocals", "drums", "bass", "other")
ORDER = [("mixture", ""), ("NMF", "exact"), ("NMF", "stems"), ("broken_1", ""), ("oracle|IRM", "")]
GAINS = {("mixture", ""): 0.0, ("NMF", "exact"): 6.0, ("NMF", "stems"): 3.0, ("oracle|IRM", ""): 12.0}
BOUNDS = ("mixture", "oracle|IRM")
DEFINITIONS = {"SDR": "10 log10(Σ s² / Σ (s − ŝ)²), frames of 1 s", "EPS": "energy of the estimate, 50 % & more"}
TRACKS = [f"t{number:02d}" for number in range(8)]
FAILURES = pd.DataFrame(
    [(track, "", "broken_1", "", 0, "failed", "no convergence\nafter 100 steps") for track in TRACKS]
    + [(track, "", "NMF", "stems", 1, "failed", "out of memory") for track in TRACKS]
    + [(track, "", "NMF", "exact", 0, "failed", "too short") for track in TRACKS[2:4]]
    + [(track, "", "oracle|IRM", "", 0, "diverged", "the loss is nan at step 9.") for track in TRACKS],
    columns=failures.COLUMNS,
)


def scores_of(tracks: int, sources=SOURCES) -> pd.DataFrame:
    rng = stream("tables", tracks)
    rows = []
    for (method, f0), gain in GAINS.items():
        for track in range(tracks):
            for source in sources:
                level = gain + np.sin(track) + rng.normal(0, 0.2)
                key = (f"t{track:02d}", source, method, f0, 0)
                values = [level - 1, level, level + 1, np.nan]
                rows += [(*key, "SDR", number, value) for number, value in enumerate(values)]
                rows.append((*key, "EPS", pd.NA, -level))
    names = ["track", "source", "method", "f0", "seed", "metric", "frame", "value"]
    scores = pd.DataFrame(rows, columns=names).astype({"frame": "Int32"})
    return scores.assign(comparison="guided", dataset="songs")


def costs() -> pd.DataFrame:
    rows = [
        ("NMF", "exact", 0, "train", 10.0, 6.0, 400.0),
        ("NMF", "exact", 1, "train", 20.0, 8.0, 500.0),
        ("NMF", "exact", 0, "separate", 3.0, 2.0, 300.0),
        ("NMF", "exact", 0, "separate", 4.0, 2.0, 200.0),  # a second job
        ("mixture", "", 0, "separate", 1234.0, 1.0, 100.0),
    ]
    names = ["method", "f0", "seed", "stage", "cpu_seconds", "wall_seconds", "peak_memory_mib"]
    return pd.DataFrame(rows, columns=names)


def compared(tracks: int = 8, failed: pd.DataFrame = FAILURES, sources=SOURCES) -> Comparison:
    return compare(
        scores_of(tracks, sources),
        costs(),
        failed,
        ORDER,
        bounds=BOUNDS,
        kind="median",
        lower_is_better=("EPS",),
    )


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compared()


@pytest.fixture(scope="module")
def markdown(comparison) -> str:
    return markdown_table(comparison, "SDR", DEFINITIONS, title="Guided", remark="Synthetic data")


@pytest.fixture(scope="module")
def latex(comparison) -> str:
    return latex_table(comparison, "SDR", DEFINITIONS, title="Guided", remark="Synthetic data")


def rows_of(page: str, section: str) -> list[list[str]]:
    """Cells of the pipe table under a Markdown heading, header first, without the rule."""
    body = page.split(f"### {section}\n")[1].split("###")[0]
    lines = [line for line in body.splitlines() if line.startswith("|") and not line.startswith("|:")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def test_the_csv_holds_every_value_in_full_and_names_its_definition(comparison):
    table = pd.read_csv(io.StringIO(csv_table(comparison, DEFINITIONS)), keep_default_na=False, na_values=[""])
    scored = table[table["status"] == "scored"]
    assert len(scored) == len(comparison.summary) == 4 * 5 * 2 * 2
    np.testing.assert_allclose(scored["value"], comparison.summary["value"], rtol=1e-15)
    assert set(scored["definition"]) == set(DEFINITIONS.values())
    assert not scored.duplicated(["method", "f0", "source", "metric", "aggregation"]).any()
    assert scored.loc[scored["bound"], "method"].unique().tolist() == list(BOUNDS)


def test_failed_methods_are_rows_of_every_table(comparison, markdown, latex):
    assert "broken_1 failed for seed 0: no convergence after 100 steps" in csv_table(comparison, DEFINITIONS)
    row = rows_of(markdown, "SDR, median of medians")[4]
    assert row[:2] == ["broken_1", "failed: no convergence after 100 steps"]
    assert r"broken\_1 & failed: no convergence after 100 steps" in latex
    assert "failed: no convergence" in summary_text(comparison, "SDR", title="Guided")


def test_failed_seeds_and_tracks_stand_in_the_counts_and_in_a_note_of_every_table(comparison, markdown, latex):
    header, *rows = rows_of(markdown, "SDR, median of medians")
    cells = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
    assert [cells["NMF (F0: stems)"][name] for name in ("tracks", "seeds", "failed")] == ["8", "1 of 2", "8"]
    assert [cells["NMF (F0: exact)"][name].strip("*") for name in ("tracks", "seeds", "failed")] == ["8", "1", "2"]
    assert [cells["mixture"][name] for name in ("seeds", "failed")] == ["1", "0"]
    pages = [markdown, latex, csv_table(comparison, DEFINITIONS)]
    pages.append(summary_text(comparison, "SDR", title="Guided").replace("\n  ", " "))
    for page in pages:
        assert "NMF (F0: stems) failed for seed 1: out of memory" in page
        assert "NMF (F0: exact) failed for seed 0 on 2 of 8 tracks (t02, t03): too short" in page
        assert "IRM diverged for seed 0: the loss is nan at step 9." in page
    assert re.search(r"(?m)^method .* CPU s +failed ", pages[-1])
    assert re.search(r"(?m)^NMF +stems .* – +8 ", pages[-1])


def test_a_track_on_which_every_row_failed_is_counted():
    everywhere = [(track, "", method, f0, 0, "failed", "gone") for track in TRACKS[6:] for method, f0 in ORDER]
    few = compared(tracks=6, failed=pd.DataFrame(everywhere, columns=failures.COLUMNS))
    assert few.tracks == 8
    assert set(few.summary["tracks_left_out"]) == {2} and set(few.summary["failed"]) == {2}
    header, first, *_ = rows_of(markdown_table(few, "SDR", DEFINITIONS, title="x"), "SDR, median of medians")
    assert dict(zip(header, first, strict=True))["tracks"] == "6 of 8"


def test_the_cpu_seconds_of_a_row_stand_beside_its_score(comparison, markdown, latex):
    header, *rows = rows_of(markdown, "SDR, median of medians")
    spent = {row[0]: row[header.index("CPU s")].strip("*") for row in rows}
    # Of two trainings the mean, and both separations of one seed: 15 and 7.
    assert spent["NMF (F0: exact)"] == "22.0" and spent["mixture"] == "1234" and spent["NMF (F0: stems)"] == "–"
    assert header.index("CPU s") == 1 + 5
    text = summary_text(comparison, "SDR", title="Guided")
    assert re.search(r"(?m)^NMF +exact +\S+ \[\S+, \S+\]\* +22\.0 ", text), text
    assert "CPU s" in latex
    wide = compared(sources=tuple(f"a source with a long name {number}" for number in range(5)))
    assert re.search(r"(?m)^method .* CPU s", summary_text(wide, "SDR", title="Guided"))


ODD = "a|b <i>&amp; *c* `d` \\ e_f $1$ 50% #{~^}"  # what Markdown, HTML or LaTeX takes for a sign of its own


@pytest.fixture(scope="module")
def odd() -> Comparison:
    """Where a method has an odd label, and one of its sources an odd name."""
    changed = replace(compared(), order=[(ODD if name == "NMF" else name, f0) for name, f0 in ORDER])
    tables = {}
    for name in ("summary", "best", "costs", "failures"):
        table = getattr(changed, name).copy()
        table["method"] = table["method"].replace("NMF", ODD)
        if "source" in table:
            table["source"] = table["source"].replace(SOURCES[0], ODD)
        tables[name] = table
    return replace(changed, **tables)


def test_labels_and_sources_of_any_signs_stay_one_cell_without_html_in_markdown(odd):
    page = markdown_table(odd, "SDR", DEFINITIONS, title=ODD, remark=ODD)
    shown = r"a\|b &lt;i&gt;&amp;amp; \*c\* \`d\` \\ e_f $1$ 50% #{~^}"
    for section in ("SDR, median of medians", "Costs"):
        header, *rows = rows_of(page, section)
        assert [len(row) for row in rows] == [len(header)] * len(ORDER) and len(header) > 6
        assert [row[0] for row in rows].count(f"{shown} (F0: exact)") == 1
    assert shown in rows_of(page, "SDR, median of medians")[0]
    assert "<i>" not in page


def test_labels_and_sources_of_any_signs_are_text_in_latex(odd):
    page = latex_table(odd, "SDR", DEFINITIONS, title=ODD)
    shown = (
        r"a$\vert$b $<$i$>$\&amp; *c* `d` \textbackslash{} e\_f \$1\$ 50\% \#\{\textasciitilde{}\textasciicircum{}\}"
    )
    lines = page.splitlines()
    assert sum(line.startswith(f"{shown} (F0: exact) & ") for line in lines) == 3
    assert sum(line.startswith(f"method & all & {shown} & ") for line in lines) == 2
    assert sum(line.startswith(rf"\caption{{{shown}.") for line in lines) == 3


def test_rows_are_methods_in_order_and_columns_are_sources_with_the_average_first(markdown):
    header, *rows = rows_of(markdown, "SDR, median of medians")
    assert header[:6] == ["method", "all", *SOURCES]
    assert [row[0] for row in rows] == ["mixture", "NMF (F0: exact)", "NMF (F0: stems)", "broken_1", r"oracle\|IRM"]


def test_cells_hold_the_value_and_its_interval(comparison, markdown):
    summary = comparison.summary.set_index(["method", "source", "aggregation"])
    row = summary.loc[("mixture", "drums", "median of medians")]
    cell = rows_of(markdown, "SDR, median of medians")[1][3]
    assert cell == f"{row['value']:.2f} [{row['low']:.2f}, {row['high']:.2f}]"


def test_numbers_of_different_definitions_share_no_table(markdown):
    titles = re.findall(r"^### (.*)$", markdown, re.MULTILINE)
    assert titles == ["SDR, median of medians", "EPS, median over tracks", "Costs", "What the numbers mean"]


def test_the_headline_comes_first_whatever_the_order_of_the_metrics(comparison):
    page = markdown_table(comparison, "EPS", DEFINITIONS, title="Guided")
    assert page.index("### EPS") < page.index("### SDR")


def test_scored_and_left_out_values_are_shown(markdown):
    header, first, *_ = rows_of(markdown, "SDR, median of medians")
    cells = dict(zip(header, first, strict=True))
    assert (cells["tracks"], cells["scored"], cells["left out"]) == ("8", str(8 * 4 * 3), str(8 * 4))


def test_best_is_bold_only_where_supported(markdown, latex):
    rows = rows_of(markdown, "SDR, median of medians")
    assert all(cell.startswith("**") for cell in rows[2][1:6])
    assert not any("**" in cell for row in rows[:2] + rows[3:] for cell in row)
    assert latex.count(r"\textbf{") == 2 * 5  # two metrics, four sources and their average
    few = markdown_table(compared(tracks=4), "SDR", DEFINITIONS, title="Guided")
    assert not any("**" in cell for row in rows_of(few, "SDR, median of medians") for cell in row)
    assert "No outcome could support a leader: vocals, drums, bass, other, all: with 4 tracks and" in few
    assert "Leading" not in few


def test_a_metric_without_definition_is_refused(comparison):
    with pytest.raises(UserError, match="No definition is given for the metric EPS"):
        markdown_table(comparison, "SDR", {"SDR": "x"}, title="Guided")


def test_an_unknown_headline_is_refused_with_the_nearest_name(comparison):
    with pytest.raises(UserError, match="did you mean 'SDR'"):
        markdown_table(comparison, "SDRR", DEFINITIONS, title="Guided")


def test_every_definition_and_the_remark_stand_in_the_page(markdown, latex):
    for definition in DEFINITIONS.values():
        assert html.escape(definition) in markdown
    assert "*Synthetic data*" in markdown
    assert latex.count("Synthetic data") == 3  # every caption


def test_costs_are_sums_over_jobs_means_over_seeds_and_the_largest_peak(comparison, markdown):
    row = comparison.costs.set_index(["method", "stage"]).loc[("NMF", "separate")]
    assert row[["cpu_seconds", "wall_seconds", "peak_memory_mib"]].tolist() == [7.0, 4.0, 300.0]
    row = comparison.costs.set_index(["method", "stage"]).loc[("NMF", "train")]
    assert row[["cpu_seconds", "wall_seconds", "peak_memory_mib"]].tolist() == [15.0, 7.0, 500.0]
    header, first, *_ = rows_of(markdown, "Costs")
    assert header[1:] == [f"{s} {u}" for s in ("train", "separate") for u in ("CPU s", "wall s", "MiB")]
    assert first == ["mixture", "–", "–", "–", "1234", "1.0", "100"]


def test_latex_is_balanced_and_escapes_what_has_a_meaning(latex):
    for name in ("table", "tabular", "itemize"):
        assert latex.count(rf"\begin{{{name}}}") == latex.count(rf"\end{{{name}}}") > 0
    assert latex.count("{") == latex.count("}")
    assert r"50 \% \& more" in latex
    assert not re.search(r"(?<!\\)[%&#_](?![^\n]*\\\\)", latex.split(r"\begin{itemize}")[1])
    body = latex.split(r"\midrule")[1].split(r"\bottomrule")[0].strip().splitlines()
    assert {len(re.findall(r"(?<!\\)&", row)) for row in body} == {11}
    assert latex.replace(r"\textbar", "").isascii()


def test_the_terminal_table_is_at_most_100_columns_wide(comparison):
    text = summary_text(comparison, "SDR", title="Guided", remark="Synthetic data")
    assert max(map(len, text.splitlines())) <= 100
    assert "Synthetic data" in text
    assert text.count("*") == 5


def test_what_does_not_fit_the_terminal_is_named(comparison):
    wide = compared(sources=tuple(f"a source with a long name {number}" for number in range(5)))
    text = summary_text(wide, "SDR", title="Guided")
    assert max(map(len, text.splitlines())) <= 100
    assert "In the table files alone: " in text
    assert "a source with a long name 4" in text.replace("\n  ", " ")


def test_infinite_values_are_counted_in_a_column_of_their_own(markdown):
    scores = scores_of(6)
    scores.loc[(scores["method"] == "mixture") & (scores["track"] == "t01") & (scores["frame"] == 0), "value"] = np.inf
    infinite = compare(scores, costs(), FAILURES, ORDER, bounds=BOUNDS, kind="median", lower_is_better=())
    page = markdown_table(infinite, "SDR", DEFINITIONS, title="Guided")
    header, first, *_ = rows_of(page, "SDR, median of medians")
    assert dict(zip(header, first, strict=True))["infinite"] == "4"
    assert "infinite" not in rows_of(markdown, "SDR, median of medians")[0]


def test_undefined_and_infinite_numbers_have_signs_of_their_own():
    assert [number(value) for value in (np.nan, np.inf, -np.inf, -1.234)] == ["–", "∞", "-∞", "-1.23"]


def test_a_comparison_without_failures_and_costs_has_its_tables():
    plain = compare(
        scores_of(3),
        costs().iloc[:0],
        FAILURES.iloc[:0],
        list(GAINS),
        bounds=BOUNDS,
        kind="mean",
        lower_is_better=(),
    )
    page = markdown_table(plain, "SDR", DEFINITIONS, title="Guided")
    assert "### SDR, mean over frames" in page
    assert "### Costs" not in page
    assert len(csv_table(plain, DEFINITIONS).splitlines()) == 1 + len(plain.summary)
    assert re.search(r"(?m)^NMF +exact ", summary_text(plain, "SDR", title="Guided"))
    assert r"\end{itemize}" in latex_table(plain, "SDR", DEFINITIONS, title="Guided")


def test_the_scores_of_one_family_are_taken_alone_and_an_unknown_family_is_refused():
    values = pd.DataFrame({"comparison": "voice", "family": ["club", "", "studio", "club"], "value": range(4)})
    assert list(scores_of_family(values, "club")["value"]) == [0, 3]
    with pytest.raises(UserError, match=r"comparisons\.voice\.groups names the family 'clubs', .* did you mean 'club'"):
        scores_of_family(values, "clubs")


# What scripts are told of rows, and what the rows left behind

ROWS = [
    ResultRow("nmf", "exact", 0, "NMF", bound=False, trained=False, adapted=False),
    ResultRow("nmf", "exact", 1, "NMF", bound=False, trained=False, adapted=False),
    ResultRow("tuned", "no-f0", 0, "Tuned", bound=False, trained=True, adapted=True),
]


@pytest.mark.parametrize(
    "rows",
    [
        ROWS,
        [CurveRow("unet", "no-f0", 0, "U-Net")],
        [Contrast("a", "b")],
        [BudgetRow("U-Net, 1 song", "", "x", 1, None)],
        [GainRow("L1", "B0", None, "x", adapted=True)],
        [ErrorRow("worse", "exact", {"left_out": ["bass"]})],
    ],
)
def test_what_is_told_as_json_is_what_is_read(rows):
    assert from_json(type(rows[0]), to_json(rows)) == tuple(rows)
    with pytest.raises(TypeError, match="unexpected"):
        from_json(type(rows[0]), '[{"other": 1}]')


def test_the_rows_of_a_table_are_those_of_all_seeds_once_and_no_f0_is_empty():
    assert table_rows(ROWS) == [("NMF", "exact"), ("Tuned", "")]
    scores = pd.DataFrame({"method": ["tuned", "nmf"], "f0": ["no-f0", "exact"]})
    assert label_scores(scores, ROWS).to_numpy().tolist() == [["Tuned", ""], ["NMF", "exact"]]


def test_costs_are_read_for_the_row_that_each_manifest_belongs_to(tmp_path):
    def job(name: str, seconds: float, earlier: tuple[float, ...] = ()):
        """Manifest of a job's folder; wall time and memory are twice and three times its CPU seconds."""
        costs = [
            {"cpu_seconds": each, "wall_seconds": 2 * each, "peak_memory_mib": 3 * each} for each in (*earlier, seconds)
        ]
        folder = tmp_path / name
        folder.mkdir()
        (folder / "provenance.json").write_text(json.dumps({"cost": costs[-1], "earlier_attempts": costs[:-1]}))
        return tmp_path / f"{name}.json"

    estimates = [job(f"estimate-{shard}-{row}", 10 * shard + row) for shard in range(2) for row in range(3)]
    adapted = [job(f"adapted-{shard}", 100 + shard) for shard in range(2)]
    model = folder_of(job("model", 1000, earlier=(500,))) / "provenance.json"
    found = read_costs(ROWS, estimates, [model], adapted)
    spent = found.groupby(["method", "f0", "seed", "stage"])["cpu_seconds"].apply(list).to_dict()
    assert spent == {
        ("NMF", "exact", 0, "separate"): [0, 10],
        ("NMF", "exact", 1, "separate"): [1, 11],
        ("Tuned", "", 0, "separate"): [2, 12],
        ("Tuned", "", 0, "adapt"): [100, 101],
        ("Tuned", "", 0, "train"): [500, 1000],
    }


def test_failures_of_every_shard_are_told_with_the_row_and_track_that_they_are_of(tmp_path):
    folders = {shard: [tmp_path / f"{shard}-{row}" for row in range(3)] for shard in "ab"}
    families = {"a": {"one": "club", "02": ""}, "b": {"nan": "club"}}
    write_reasons(folders["a"][1], "failed", {"02": "no model"})
    write_reasons(folders["b"][1], "failed", {"nan": "no model"})
    write_reasons(folders["b"][2], "diverged", {"nan": "at step 3, best step 2"})
    write_reasons(folders["b"][0], "failed", {})
    for shard in "ab":
        found = failures.find_failures(families[shard], ROWS, folders[shard])
        (tmp_path / shard).mkdir()
        (tmp_path / shard / "failures.csv").write_text(found.to_csv(index=False))
    table = label_scores(failures.read_failures([tmp_path / "a.json", tmp_path / "b.json"]), ROWS)
    assert table.to_numpy().tolist() == [
        ["02", "", "NMF", "exact", 1, "failed", "no model"],
        ["nan", "club", "NMF", "exact", 1, "failed", "no model"],
        ["nan", "club", "Tuned", "", 0, "diverged", "at step 3, best step 2"],
    ]


def test_the_remark_of_a_figure_names_the_rows_that_lack_estimates_and_how_many():
    rows = [("NMF", "exact", "failed")] * 2 + [("Tuned", "", "diverged"), ("Own", "", "failed")]
    table = pd.DataFrame(rows, columns=["method", "f0", "outcome"])
    assert failures.with_failures("Synthetic.", table) == (
        "Synthetic. Failed: NMF (F0: exact) (2 estimates), Own (1 estimate)"
    )
    assert failures.with_failures("Synthetic.", table[table["outcome"] == "diverged"]) == "Synthetic"
    assert failures.with_failures("", table.iloc[:0]) == ""


def test_scores_of_no_row_at_all_are_refused(tmp_path):
    (tmp_path / "a").mkdir()
    pd.DataFrame({"value": []}).to_parquet(tmp_path / "a/scores.parquet")
    with pytest.raises(UserError, match="every method failed on every track"):
        read_scores([tmp_path / "a.json"])
