"""museval's file of a track, written without museval; and museval itself as the scorer, where it is wanted."""

import json
import shutil
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.files import write_text
from workflow_scripts.lib.metrics.bsseval import Scores
from workflow_scripts.lib.metrics.frames import fit_length, frames_of, silent_throughout

METRICS = ("SDR", "SIR", "SAR", "ISR")
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
    framewise = scores[scores["metric"].isin(METRICS) & scores["frame"].notna()]
    wide = framewise.pivot(index=["source", "frame"], columns="metric", values="value").reindex(columns=METRICS)
    rounded = wide.where(np.isfinite(wide.astype(float))).round(5)
    targets = [
        {"name": source, "frames": _frames(rounded.loc[source], window_seconds, hop_seconds)}
        for source in framewise["source"].unique()
    ]
    write_text(path, json.dumps({"targets": targets, "museval_version": VERSION}, indent=2) + "\n")


def _frames(scores: pd.DataFrame, window_seconds: float, hop_seconds: float) -> list[dict]:
    """Scores [frame, metric], indexed by frame -> museval's list of frames."""
    return [
        {
            "time": float(frame * hop_seconds),
            "duration": float(window_seconds),
            "metrics": {name: float(value) for name, value in zip(METRICS, values, strict=True)},
        }
        for frame, values in zip(scores.index, scores.to_numpy(dtype=float), strict=True)
    ]


def load_museval() -> ModuleType:
    """The module museval. Raises UserError where ffmpeg or ffprobe is missing, without which it cannot be imported."""
    missing = [name for name in ("ffmpeg", "ffprobe") if shutil.which(name) is None]
    if missing:
        raise UserError(
            f"museval needs {' and '.join(missing)} on the PATH, and there is none; install it with `apt-get install "
            "ffmpeg` or `conda install ffmpeg`, or set `bsseval: fast`, which needs neither and gives the same figures."
        )
    return import_module("museval")


def museval_scores(references: np.ndarray, estimates: np.ndarray, window: int, hop: int) -> Scores:
    """BSSEval v4 by museval itself: two signals [source, channel, time], window and hop in samples -> `Scores`.

    What museval raises an error at is treated as in `bsseval.References`: a source whose reference is silent on the
    whole track is not given to it; one whose estimate is silent is given with the reference in its place, which
    leaves the other sources' figures as they are. Both are NaN. Raises UserError where ffmpeg is missing.
    """
    museval = load_museval()
    time = references.shape[-1]
    estimates = fit_length(estimates, time)
    given, absent = ~silent_throughout(references), silent_throughout(estimates)
    scores = np.full((4, len(references), frames_of(time, window, hop).count), np.nan)
    if given.any():
        estimates = np.where(absent[:, None, None], references, estimates)
        pair = (signals[given].transpose(0, 2, 1) for signals in (references, estimates))
        scores[:, given] = museval.evaluate(*pair, win=window, hop=hop, mode="v4")
        scores[:, absent] = np.nan
    return Scores(*scores)
