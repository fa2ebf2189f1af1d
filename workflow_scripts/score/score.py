"""Score a shard of tracks for all methods of a comparison, the references' part once a track."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from workflow_scripts.command import run
from workflow_scripts.lib.audio import io
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.files import atomic
from workflow_scripts.lib.core.provenance import folder_of, recorded
from workflow_scripts.lib.datasets.table import Track, read_scene, read_tracks, shard
from workflow_scripts.lib.metrics.museval_json import write_track
from workflow_scripts.lib.metrics.registry import score_track


def score(
    *, comparison: str, dataset: str, data: Path, sources: list[str], split: str, part: str, rows: str,
    estimates: list[Path], metrics: list[str], scoring: str, out: Path, code: str,
) -> None:  # fmt: skip
    """Write scores.parquet and museval's JSON museval/<method>/<f0>/seed<k>/<split>/<track>.json.

    `data`, `estimates` and `out` are manifests of folders; `rows` (JSON) gives method, f0 and seed of each estimate;
    a folder with `failed.txt` is left out.
    """
    chosen, labels = json.loads(scoring), json.loads(rows)
    root, folders = folder_of(data), [folder_of(manifest) for manifest in estimates]
    tracks = shard(read_tracks(root, split), part)
    with recorded(out, code, scoring=chosen, data=[track.sha256 for track in tracks]) as folder:
        tables = [_score(track, root, sources, folders, metrics, chosen) for track in tracks]
        scores = pd.concat(tables, ignore_index=True)
        for name in ("method", "f0", "seed"):
            scores[name] = scores["row"].map([row[name] for row in labels].__getitem__)
        scores["source"] = scores["source"].map(sources.__getitem__)
        scores.insert(0, "comparison", comparison)
        scores.insert(1, "dataset", dataset)
        _write_museval(scores, folder / "museval", split, chosen)
        with atomic(folder / "scores.parquet") as temporary:
            scores.drop(columns="row").to_parquet(temporary, index=False)


def _score(
    track: Track, data: Path, sources: list[str], folders: list[Path], metrics: list[str], chosen: dict
) -> pd.DataFrame:
    mixture, references, rate = read_scene(data, track, sources)
    estimates = {
        row: np.stack([io.read(folder / track.track / f"{source}.wav")[0] for source in sources])
        for row, folder in enumerate(folders)
        if not (folder / "failed.txt").exists()
    }
    if not estimates:
        raise UserError(
            f"{track.track}: every method failed, so nothing can be scored; see {folders[0] / 'failed.txt'}."
        )
    table = score_track(
        references,
        mixture,
        estimates,
        rate,
        metrics,
        window_seconds=chosen["window"],
        hop_seconds=chosen["hop"],
        energy_floor=chosen["energy_floor"],
        bsseval=chosen["bsseval"],
    )
    table = table.rename(columns={"label": "row"})
    table.insert(0, "track", track.track)
    table.insert(1, "family", track.family)
    return table


def _write_museval(scores: pd.DataFrame, out: Path, split: str, chosen: dict) -> None:
    framewise = scores[scores["metric"].isin(["SDR", "ISR", "SIR", "SAR"])]
    for (track, method, f0, seed), table in framewise.groupby(["track", "method", "f0", "seed"]):
        write_track(out / method / f0 / f"seed{seed}" / split / f"{track}.json", table, chosen["window"], chosen["hop"])


if __name__ == "__main__":
    run(score)
