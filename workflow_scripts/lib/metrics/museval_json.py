"""museval's file of a track, written without museval."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workflow_scripts.lib.core.files import write_text

RATIOS = ("SDR", "SIR", "SAR", "ISR")  # in the order of museval's files
VERSION = "0.4.1"  # of museval, whose format and figures these are


def write_track(path: Path, scores: pd.DataFrame, window_seconds: float, hop_seconds: float) -> None:
    """Write the framewise BSSEval scores of one track and method as museval's JSON.

    museval's `EvalStore.add_eval_dir` reads what lies under `<folder>/test/`. As in museval, values are rounded to
    1e-5 dB and infinities become NaN, and NaN is written bare, which strict JSON does not allow. A metric that was not
    scored is NaN throughout.

    Args:
        scores: columns source (name), metric, frame (from 0), value in dB; all frames of each source. Other metrics
            and whole-track values are left out.
    """
    framewise = scores[scores["metric"].isin(RATIOS) & scores["frame"].notna()]
    wide = framewise.pivot(index=["source", "frame"], columns="metric", values="value").reindex(columns=RATIOS)
    rounded = wide.where(np.isfinite(wide.astype(float))).round(5)
    targets = [
        {"name": source, "frames": _frames(rounded.loc[source], window_seconds, hop_seconds)}
        for source in framewise["source"].unique()
    ]
    write_text(path, json.dumps({"targets": targets, "museval_version": VERSION}, indent=2) + "\n")


def _frames(scores: pd.DataFrame, window_seconds: float, hop_seconds: float) -> list[dict[str, Any]]:
    """Scores [frame, metric], indexed by frame -> museval's list of frames."""
    return [
        {
            "time": float(frame * hop_seconds),
            "duration": float(window_seconds),
            "metrics": {name: float(value) for name, value in zip(RATIOS, values, strict=True)},
        }
        for frame, values in zip(scores.index, scores.to_numpy(dtype=float), strict=True)
    ]
