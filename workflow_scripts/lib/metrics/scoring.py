"""The scores of one track for all methods."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.metrics.contract import Scoring
from workflow_scripts.lib.metrics.estimate import Estimate, TrackReferences
from workflow_scripts.lib.metrics.families import check_names, load_scores
from workflow_scripts.lib.metrics.frames import Frames, fit_length, frames_of


def score_track(
    references: np.ndarray,
    mixture: np.ndarray,
    estimates: Mapping[Any, np.ndarray],
    rate: int,
    metrics: Sequence[str],
    families: Sequence[str],
    scoring: Scoring,
) -> pd.DataFrame:
    """All scores of one track; what depends on references and mixture alone is computed once for all estimates.

    Args:
        references: [source, channel, time] float64, in [-1, 1] where levels matter (uSDR, PES, EPS).
        mixture: [channel, time], as long as the references.
        estimates: label of a method -> [source, channel, time]; cut or padded to the references' length.
        rate: sampling rate in Hz.
        metrics: their names; each brings its own rows only.
        families: those that the metrics are of, names of modules; no other is imported.
        scoring: frames of the framewise metrics, silence rule (frames that it leaves out are NaN), and scorer.

    Returns: one row a label, source, metric and frame, with the columns label, source (index), metric, frame (Int32,
        missing for a value of the whole track) and value (float64; NaN where undefined, infinity where exact).

    Raises UserError for an unknown metric, a window or hop under one sample, an estimate that has another number of
        sources or channels, or samples that are not finite.
    """
    scores = load_scores(families)
    check_names(metrics, scores)
    references = np.asarray(references, dtype=np.float64)
    mixture = fit_length(np.asarray(mixture), references.shape[-1])
    frames = _frames(references, rate, scoring)
    track = TrackReferences(references, mixture, rate, frames, scoring)
    tables = []
    for label, signals in estimates.items():
        estimate = Estimate(track, _valid_signals(label, signals, references))
        tables += [_tidy_rows(label, name, scores[name](estimate)) for name in metrics]
    columns = {"label": "object", "source": "int64", "metric": "str", "frame": "Int32", "value": "float64"}
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=[*columns]).astype(columns)


def _frames(references: np.ndarray, rate: int, scoring: Scoring) -> Frames:
    window, hop = round(scoring.window * rate), round(scoring.hop * rate)
    if window < 1 or hop < 1:
        raise UserError(
            f"Frames of {scoring.window:g} s every {scoring.hop:g} s are under one sample at {rate} Hz; give both in "
            "seconds, 1.0 for example."
        )
    return frames_of(references.shape[-1], window, hop)


def _valid_signals(label: object, estimate: np.ndarray, references: np.ndarray) -> np.ndarray:
    """The estimate as float64 at the references' length. Raises UserError where it cannot be scored."""
    if estimate.ndim != 3 or estimate.shape[:2] != references.shape[:2]:
        raise UserError(
            f"The estimate of {label} has the shape {estimate.shape}; the references have {references.shape[0]} "
            f"sources and {references.shape[1]} channels, and it must have the same."
        )
    if not np.isfinite(estimate).all():
        raise UserError(f"The estimate of {label} holds samples that are not finite; separate the track again.")
    return fit_length(np.asarray(estimate, dtype=np.float64), references.shape[-1])


def _tidy_rows(label: object, name: str, values: np.ndarray) -> pd.DataFrame:
    """Values [source] or [source, frame] -> tidy rows."""
    sources, count = len(values), values[0].size
    frames = np.tile(np.arange(count), sources) if values.ndim == 2 else [pd.NA] * sources
    return pd.DataFrame(
        {
            "label": pd.Series([label] * values.size, dtype=object),
            "source": np.repeat(np.arange(sources), count),
            "metric": pd.Series([name] * values.size, dtype="str"),
            "frame": pd.array(frames, dtype="Int32"),
            "value": values.ravel(),
        }
    )
