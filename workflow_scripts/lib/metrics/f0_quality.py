"""How good an F0 is, by mir_eval: a voice at a time as a melody, and all voices together as a set of pitches."""

import warnings

import numpy as np
from mir_eval import melody, multipitch

from workflow_scripts.lib.audio.contour import fit
from workflow_scripts.lib.audio.f0 import F0, HOP_SECONDS

ALL_VOICES = "all"


def quality(reference: F0, estimate: F0) -> list[dict[str, str | float | int]]:
    """One row a voice and metric: voice, metric, value in [0, 1], frames that the figure is taken over.

    A voice: raw_pitch_accuracy and raw_chroma_accuracy (voiced reference frames within 50 cents, octaves ignored in
    the second; an estimate of 0 Hz is wrong), voicing_recall, voicing_false_alarm, overall_accuracy, as in
    mir_eval.melody. The voice "all": multipitch_precision, _recall and _accuracy of the set of pitches, as in
    mir_eval.multipitch (within half a semitone, whatever the voice). NaN where there is no frame to judge.
    Raises ValueError where a voice of the reference is not estimated.
    """
    missing = [voice for voice in reference.voices if voice not in estimate.voices]
    if missing:
        raise ValueError(f"no estimate of the voice {missing[0]!r}")
    frames = reference.hz.shape[1]
    estimated = fit(estimate.hz[[estimate.voices.index(voice) for voice in reference.voices]], frames)
    rows = []
    for voice, truth, guess in zip(reference.voices, reference.hz, estimated, strict=True):
        rows += _rows(voice, melody_figures(truth, guess))
    return rows + _rows(ALL_VOICES, set_figures(reference.hz, estimated))


def melody_figures(reference: np.ndarray, estimate: np.ndarray) -> dict[str, tuple[float, int]]:
    """Contours in Hz [frame] -> {metric: (value, frames)} of one voice."""
    times = np.arange(len(reference)) * HOP_SECONDS
    with warnings.catch_warnings():
        # That a voice is silent throughout is said by the number of frames instead.
        warnings.filterwarnings("ignore", module="mir_eval", category=UserWarning)
        truth, truth_cent, guess, guess_cent = melody.to_cent_voicing(times, reference, times, estimate)
        series = (truth, truth_cent, guess, guess_cent)
        recall, false_alarm = melody.voicing_measures(truth, guess)
        return {
            "raw_pitch_accuracy": (melody.raw_pitch_accuracy(*series), _count(truth > 0)),
            "raw_chroma_accuracy": (melody.raw_chroma_accuracy(*series), _count(truth > 0)),
            "voicing_recall": (recall, _count(truth > 0)),
            "voicing_false_alarm": (false_alarm, _count(truth == 0)),
            "overall_accuracy": (melody.overall_accuracy(*series), len(truth)),
        }


def set_figures(reference: np.ndarray, estimate: np.ndarray) -> dict[str, tuple[float, int]]:
    """Contours in Hz [voice, frame] -> {metric: (value, frames with a pitch in either)} of all voices together."""
    frames = _count((reference > 0).any(axis=0) | (estimate > 0).any(axis=0))
    times = np.arange(reference.shape[1]) * HOP_SECONDS
    # mir_eval refuses pitches outside 20 to 5000 Hz; moved to the edge, they still count as found and wrong.
    sets = [[column[column > 0].clip(20, 5000) for column in contours.T] for contours in (reference, estimate)]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="mir_eval", category=UserWarning)
        precision, recall, accuracy = multipitch.metrics(times, sets[0], times, sets[1])[:3]
    return {
        "multipitch_precision": (precision, frames),
        "multipitch_recall": (recall, frames),
        "multipitch_accuracy": (accuracy, frames),
    }


def _count(flags: np.ndarray | np.bool) -> int:
    return int(np.count_nonzero(flags))


def _rows(voice: str, figures: dict[str, tuple[float, int]]) -> list[dict[str, str | float | int]]:
    return [
        {"voice": voice, "metric": metric, "value": float(value) if frames else float("nan"), "frames": frames}
        for metric, (value, frames) in figures.items()
    ]
