"""Score a shard of tracks for all methods of a comparison, the references' part once a track."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from workflow_scripts.command import run
from workflow_scripts.lib.audio import io
from workflow_scripts.lib.core.files import atomic, write_text
from workflow_scripts.lib.core.outcomes import FAILED, read_reasons
from workflow_scripts.lib.core.provenance import folder_of, recorded
from workflow_scripts.lib.core.settings import checked
from workflow_scripts.lib.datasets.table import Track, read_scene, read_shard
from workflow_scripts.lib.metrics import museval_json
from workflow_scripts.lib.metrics.contract import Scoring
from workflow_scripts.lib.metrics.scoring import score_track
from workflow_scripts.lib.statistics.failures import find_failures
from workflow_scripts.lib.statistics.rows import ResultRow, from_json


def score(
    *, comparison: str, dataset: str, data: Path, sources: list[str], split: str, part: str, rows: str,
    estimates: list[Path], metrics: list[str], families: list[str], scoring: str, out: Path, code: str,
) -> None:  # fmt: skip
    """Write scores.parquet, failures.csv and museval's JSON museval/<method>/<f0>/seed<k>/<split>/<track>.json.

    `metrics` are of the `families`, names of modules. `data`, `estimates` and `out` are manifests of folders; `rows`
    (JSON of `ResultRow`) says whose each estimate is; failures.csv has those of which a track has none.
    """
    chosen, labels = checked(Scoring, json.loads(scoring), "scoring"), from_json(ResultRow, rows)
    root, folders = folder_of(data), [folder_of(manifest) for manifest in estimates]
    tracks = read_shard(root, split, part)
    with recorded(out, code, scoring=asdict(chosen), data=[track.sha256 for track in tracks]) as folder:
        failures = find_failures({track.track: track.family for track in tracks}, labels, folders)
        write_text(folder / "failures.csv", failures.to_csv(index=False))
        if not tracks:  # there are more shards than tracks
            _write_scores(folder, pd.DataFrame())
            return
        tables = [_score(track, root, sources, folders, metrics, families, chosen) for track in tracks]
        scores = pd.concat(tables, ignore_index=True)
        for name in ("method", "f0", "seed"):
            scores[name] = scores["row"].map([getattr(row, name) for row in labels].__getitem__)
        scores["source"] = scores["source"].map(sources.__getitem__)
        scores.insert(0, "comparison", comparison)
        scores.insert(1, "dataset", dataset)
        _write_museval(scores, folder / "museval", split, chosen)
        _write_scores(folder, scores.drop(columns="row"))


def _write_scores(folder: Path, scores: pd.DataFrame) -> None:
    with atomic(folder / "scores.parquet") as temporary:
        scores.to_parquet(temporary, index=False)


def _score(
    track: Track, data: Path, sources: list[str], folders: list[Path], metrics: list[str], families: list[str],
    scoring: Scoring,
) -> pd.DataFrame:  # fmt: skip
    """Scores of all estimates of one track, with the columns track, family and row, the number of the estimate."""
    mixture, references, rate = read_scene(data, track, sources)
    estimates = {
        row: np.stack([io.read(folder / track.track / f"{source}.wav")[0] for source in sources])
        for row, folder in enumerate(folders)
        if track.track not in read_reasons(folder, FAILED)
    }
    table = score_track(references, mixture, estimates, rate, metrics, families, scoring)
    table = table.rename(columns={"label": "row"})
    table.insert(0, "track", track.track)
    table.insert(1, "family", track.family)
    return table


def _write_museval(scores: pd.DataFrame, out: Path, split: str, scoring: Scoring) -> None:
    framewise = scores[scores["metric"].isin(museval_json.RATIOS)]
    for (track, method, f0, seed), table in framewise.groupby(["track", "method", "f0", "seed"]):
        path = out / method / f0 / f"seed{seed}" / split / f"{track}.json"
        museval_json.write_track(path, table, scoring.window, scoring.hop)


if __name__ == "__main__":
    run(score)
