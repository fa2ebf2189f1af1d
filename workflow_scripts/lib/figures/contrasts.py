"""Planned contrasts as texts: of `statistics.contrasts.contrast_tests`."""

from typing import Any

import pandas as pd

from workflow_scripts.lib.figures.markdown import pipe_table
from workflow_scripts.lib.figures.terminal import wrap_line
from workflow_scripts.lib.statistics.aggregates import ALL
from workflow_scripts.lib.statistics.rows import row_label
from workflow_scripts.lib.statistics.verdicts import ALPHA

NOTE = (
    "Mean over tracks of the difference in each track's value, seeds averaged first; 95 % interval (Student's t)"
    " over tracks and, where a row has several, over seeds, otherwise for the one model that there is; two-sided"
    " Wilcoxon signed-rank test, Holm-corrected over the contrasts of one metric, source and F0. At best: the smallest"
    " p that so few tracks can give, where that is over 0.05, so that no outcome would tell anything."
)


def contrasts_page(tests: pd.DataFrame) -> str:
    """Markdown: the contrasts of every metric and source; nothing where none was planned."""
    if tests.empty:
        return ""
    table = pd.DataFrame(
        {
            "metric": tests["metric"],
            "source": tests["source"],
            "difference": [difference_text(row) for row in tests.itertuples()],
            "mean [95 % interval]": [effect_text(row) for row in tests.itertuples()],
            "corrected p": [p_text(row) for row in tests.itertuples()],
            "tracks": tests["tracks"].astype(str),
        }
    )
    return f"\n## Planned contrasts\n\n{pipe_table(table)}\n\n{NOTE}\n"


def contrasts_summary(tests: pd.DataFrame) -> str:
    """The contrasts of the headline metric over all sources (or the only one) as text for the terminal."""
    if tests.empty:
        return ""
    headline = tests[tests["metric"] == tests["metric"].iloc[0]]
    overall = headline[headline["source"] == (ALL if ALL in set(headline["source"]) else headline["source"].iloc[0])]
    said = [
        f"{difference_text(row)}: {effect_text(row)}, corrected p {p_text(row)}, {row.tracks} tracks"
        for row in overall.itertuples()
    ]
    return "\n".join(line for text in ("Planned contrasts:", *said) for line in wrap_line(text)) + "\n"


def p_text(row: Any) -> str:
    """The corrected p of a test, and that it tells nothing where no outcome of so few tracks could be significant."""
    return f"{row.p_corrected:.2g}" + (f" (at best {row.smallest_p:.2g})" if row.smallest_p > ALPHA else "")


def difference_text(row: Any) -> str:
    """Which rows a test compares.  row: of the table of tests, as `itertuples` gives it."""
    return f"{row_label(row.method_a, row.f0_a)} - {row_label(row.method_b, row.f0_b)}"


def effect_text(row: Any) -> str:
    """The effect of a test and its interval, where there is one."""
    return f"{row.effect:+.2f}" + ("" if row.interval else f" [{row.low:+.2f}, {row.high:+.2f}]")
