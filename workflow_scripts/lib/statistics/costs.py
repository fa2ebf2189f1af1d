"""What the rows of a comparison cost."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workflow_scripts.lib.core.provenance import SUBMISSION, folder_of
from workflow_scripts.lib.statistics.aggregates import ROW
from workflow_scripts.lib.statistics.rows import ResultRow, Row


def read_costs(
    rows: Sequence[ResultRow], estimates: Sequence[Path], models: Sequence[Path], adapted: Sequence[Path]
) -> pd.DataFrame:
    """What each row's jobs cost, from their provenance; a training that was killed and went on, all its attempts.

    estimates, adapted: manifests in the order of all rows, and of the adapted ones, shard after shard.
    models: the provenance files of the trained rows' models.
    What others submitted has no cost that is known here, and no line.
    Columns: method, f0, seed, stage ("separate", "adapt" or "train"), cpu_seconds, wall_seconds, peak_memory_mib.
    """
    with_own = [row for row in rows if row.adapted]
    trained = [row for row in rows if row.trained]
    jobs = [("separate", rows[index % len(rows)], _provenance(path)) for index, path in enumerate(estimates)]
    jobs += [("adapt", with_own[index % len(with_own)], _provenance(path)) for index, path in enumerate(adapted)]
    jobs += [("train", row, path) for row, path in zip(trained, models, strict=True)]
    return pd.DataFrame(
        [
            {"method": row.label, "f0": row.table_f0, "seed": row.seed, "stage": stage} | cost
            for stage, row, path in jobs
            for cost in _attempts(path)
        ]
    ).replace({"wall_seconds": {None: np.nan}})


def _provenance(manifest: Path) -> Path:
    return folder_of(manifest) / "provenance.json"


def _attempts(path: Path) -> list[dict[str, Any]]:
    facts = json.loads(path.read_text(encoding="utf-8"))
    return [] if SUBMISSION in facts else [*facts.get("earlier_attempts", []), facts["cost"]]


def summarise_costs(costs: pd.DataFrame, order: Sequence[Row]) -> pd.DataFrame:
    """Costs a method and stage: cpu_seconds and wall_seconds (jobs of a seed added up, mean over seeds), peak memory.

    `costs` has the columns of `read_costs`; of several jobs the largest peak counts. Rows come in the order given,
    stages in order of appearance.
    """
    spent = costs.groupby([*ROW, "stage", "seed"], sort=False, observed=True).agg(
        {"cpu_seconds": "sum", "wall_seconds": "sum", "peak_memory_mib": "max"}
    )
    table = spent.groupby([*ROW, "stage"], sort=False, observed=True).agg(
        {"cpu_seconds": "mean", "wall_seconds": "mean", "peak_memory_mib": "max"}
    )
    table = table.reset_index()
    ranks = {row: number for number, row in enumerate(order)}
    rank = [ranks.get(row, -1) for row in table[ROW].itertuples(index=False, name=None)]
    table = table.assign(rank=rank).query("rank >= 0")
    return table.sort_values("rank", kind="stable").drop(columns="rank").reset_index(drop=True)
