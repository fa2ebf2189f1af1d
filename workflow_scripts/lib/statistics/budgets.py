"""Quality against the label budget: which rows are one curve, and their values."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from workflow_scripts.lib.statistics.aggregates import Kind, select_metric, summarise
from workflow_scripts.lib.statistics.rows import BudgetRow, Row, row_label


class Budget(NamedTuple):
    """songs: number of paired songs, None for all.  family: the only one that they are of, None for all."""

    songs: int | None
    family: str | None


def curves_of(budgets: Sequence[BudgetRow]) -> dict[str, dict[Row, Budget]]:
    """Name of each curve -> its rows and the budget of each. A curve is called what the labels of its rows begin with.

    budgets: rows of one `curve` (and F0 source) differ in budget only.
    """
    found: dict[tuple[str, str], dict[Row, Budget]] = {}
    for row in budgets:
        found.setdefault((row.curve, row.f0), {})[row.label, row.f0] = Budget(row.songs, row.family)
    named: dict[str, dict[Row, Budget]] = {}
    for rows in found.values():
        name = _common_name(rows)
        named[name if name not in named else row_label(*next(iter(rows)))] = rows
    return named


def has_budgets(budgets: Sequence[BudgetRow]) -> bool:
    """Whether any method stands in the comparison with more than one budget."""
    return any(len(set(rows.values())) > 1 for rows in curves_of(budgets).values())


def budget_values(scores: pd.DataFrame, metric: str, budgets: Sequence[BudgetRow], kind: Kind) -> pd.DataFrame:
    """`summarise` of the rows with a budget alone, of one metric and kind."""
    order = [row for rows in curves_of(budgets).values() for row in rows]
    chosen = select_metric(scores, metric)
    rows = pd.Series(list(zip(chosen["method"], chosen["f0"], strict=True)), index=chosen.index)
    table = summarise(chosen[rows.isin(order)], order)
    return table[table["kind"] == kind]


def rank_budget(budget: Budget) -> tuple[bool, int, bool, str]:
    """Fewer songs first; all songs of a family after any number of them, all songs of all families last."""
    songs, family = budget
    return (songs is None, songs or 0, family is None, family or "")


def _common_name(rows: dict[Row, Budget]) -> str:
    labels, f0 = [label for label, _ in rows], next(iter(rows))[1]
    same = [len(set(letters)) == 1 for letters in zip(*labels, strict=False)]
    common = labels[0][: [*same, False].index(False)].rstrip(" ,;:-–(")
    return row_label(common or labels[0], f0)
