"""museval itself as the scorer, where it is wanted."""

import shutil
from importlib import import_module
from types import ModuleType

import numpy as np

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.metrics.bsseval_v4 import Scores
from workflow_scripts.lib.metrics.frames import fit_length, frames_of, silent_throughout


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

    What museval raises an error at is treated as in `bsseval_v4.References`: a source whose reference is silent on the
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
