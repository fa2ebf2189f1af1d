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
    of zero. Columns: source, metric, kind, method, f0, value, possible
    (whether any outcome could support it), supported, remark.
    """
    rows = []
    competing = summary[~summary["method"].isin(list(bounds)) & summary["value"].notna()]
    tested = dict(list(tests.groupby(["source", "metric", "kind"], sort=False)))
    for (source, metric, kind), group in competing.groupby(["source", "metric", "kind"], sort=False):
        pairs = tested.get((source, metric, kind), tests.iloc[:0])
        values = group["value"]
        leader = group.loc[values.idxmin() if metric in lower_is_better else values.idxmax()]
        sign = -1 if metric in lower_is_better else 1
        possible, remark = judge_leader((leader["method"], leader["f0"]), pairs, sign)
        names = {"source": source, "metric": metric, "kind": kind, "method": leader["method"], "f0": leader["f0"]}
        said = {"possible": possible, "supported": remark == SUPPORTED, "remark": remark}
        rows.append(names | {"value": leader["value"]} | said)
    return pd.DataFrame(rows, columns=["source", "metric", "kind", *ROW, "value", "possible", "supported", "remark"])


def judge_leader(leader: Row, pairs: pd.DataFrame, sign: int) -> tuple[bool, str]:
    """Whether any outcome could support the leader of these pairs (rows of `paired_tests`), and `SUPPORTED` or why not.

    sign: 1 where higher values are better, -1 where lower ones are.
    """
    own = pairs[[leader in ((pair.method_a, pair.f0_a), (pair.method_b, pair.f0_b)) for pair in pairs.itertuples()]]
    if own.empty:
        return False, "no other method"
    if not (own["smallest_p"] <= ALPHA).all():  # NaN where two methods have no track in common
        least, tracks = own["smallest_p"].max(), own["tracks"].min()
        return False, f"with {tracks} tracks and {len(pairs)} paired tests p is {least:.2g} or more"
    doubtful = []
    for pair in own.itertuples():
        a, b = (pair.method_a, pair.f0_a), (pair.method_b, pair.f0_b)
        ends = np.array([pair.low, pair.high]) * (sign if leader == a else -sign)
        if not (pair.p_corrected <= ALPHA and (ends > 0).all()):
            doubtful.append(row_label(*(b if leader == a else a)))
    return True, f"not supported against {', '.join(doubtful)}" if doubtful else SUPPORTED
