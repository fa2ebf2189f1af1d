"""Which method leads, and whether the data support the word "best"."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from workflow_scripts.lib.statistics.aggregates import ROW
from workflow_scripts.lib.statistics.rows import Row, row_label

ALPHA = 0.05
SUPPORTED = "supported against every other method"


def best_methods(
    summary: pd.DataFrame, tests: pd.DataFrame, bounds: Collection[str] = (), lower_is_better: Collection[str] = ()
) -> pd.DataFrame:
    """The leading method of every source and metric, and whether the data support the word "best".

    `summary` holds rows of `summarise`, `tests` those of `paired_tests` of the same kind. The leader has the
    highest value (lowest, for metrics in `lower_is_better`) among methods that are no bounds. It is supported where,
    against every other one, the corrected p is at most 0.05 and the interval of the paired difference is on its side
    of zero. Columns: source, metric, kind, method, f0, value, supported, remark.
    """
    rows = []
    competing = summary[~summary["method"].isin(list(bounds)) & summary["value"].notna()]
    tested = dict(list(tests.groupby(["source", "metric", "kind"], sort=False)))
    for (source, metric, kind), group in competing.groupby(["source", "metric", "kind"], sort=False):
        pairs = tested.get((source, metric, kind), tests.iloc[:0])
        values = group["value"]
        leader = group.loc[values.idxmin() if metric in lower_is_better else values.idxmax()]
        sign = -1 if metric in lower_is_better else 1
        remark = judge_leader((leader["method"], leader["f0"]), pairs, sign)
        names = {"source": source, "metric": metric, "kind": kind, "method": leader["method"], "f0": leader["f0"]}
        rows.append(names | {"value": leader["value"], "supported": remark == SUPPORTED, "remark": remark})
    return pd.DataFrame(rows, columns=["source", "metric", "kind", *ROW, "value", "supported", "remark"])


def judge_leader(leader: Row, pairs: pd.DataFrame, sign: int) -> str:
    """`SUPPORTED`, or why the leader of these pairs (rows of `paired_tests`) cannot be called best.

    sign: 1 where higher values are better, -1 where lower ones are.
    """
    if pairs.empty:
        return "not compared: no other method"
    if pairs["smallest_p"].iloc[0] > ALPHA:
        least, tracks = pairs["smallest_p"].iloc[0], pairs["tracks"].max()
        return f"cannot be supported with {tracks} tracks and {len(pairs)} pairs (smallest corrected p {least:.2g})"
    doubtful = []
    for pair in pairs.itertuples():
        a, b = (pair.method_a, pair.f0_a), (pair.method_b, pair.f0_b)
        if leader not in (a, b):
            continue
        ends = np.array([pair.low, pair.high]) * (sign if leader == a else -sign)
        if not (pair.p_corrected <= ALPHA and (ends > 0).all()):
            doubtful.append(row_label(*(b if leader == a else a)))
    return f"not supported against {', '.join(doubtful)}" if doubtful else SUPPORTED
