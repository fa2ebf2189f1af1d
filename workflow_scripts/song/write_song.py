"""Stems of the user's recording at its own rate, and a summary of them."""

from pathlib import Path

import numpy as np
import pandas as pd

from workflow_scripts.command import run
from workflow_scripts.lib.audio import io
from workflow_scripts.lib.audio.f0 import read_f0
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.files import write_text
from workflow_scripts.lib.core.names import ACCOMPANIMENT
from workflow_scripts.lib.core.outcomes import FAILED, read_reasons
from workflow_scripts.lib.core.provenance import folder_of, recorded
from workflow_scripts.lib.datasets.marks import read_marks, states
from workflow_scripts.lib.datasets.table import Track, read_mixture, read_tracks
from workflow_scripts.lib.metrics import before_after

HEADS = {
    "level": "level, dB", "silent": "where marked silent, dB", "share": "share of the mixture, %",
    "voiced": "time with F0, %", "f0": "median F0, Hz",
}  # fmt: skip


def write_song(
    *, song: Path, data: Path, after: Path, sources: list[str], names: list[str], out: Path, code: str,
    before: Path | None = None, marks: Path | None = None, f0: Path | None = None,
) -> None:  # fmt: skip
    """Write <source>.wav and rest.wav, which add up to the recording, summary.csv and summary.txt.

    `data`, `before`, `after`, `marks`, `f0` and `out` are manifests of folders; `before` is of the model that was
    adapted, None where none was; `names` are those of the methods, before and after.
    """
    root = folder_of(data)
    (track,) = read_tracks(root, "test")
    mixture, rate = read_mixture(root, track)
    paths = {"before": before, "after": after}
    stages = {stage: _estimates(folder_of(path), track, sources) for stage, path in paths.items() if path}
    hz = read_f0(folder_of(f0) / f"{track.track}.csv").hz if f0 else None
    marked = _marked_states(folder_of(marks), track, sources, mixture.shape[-1]) if marks else None
    with recorded(out, code, data=[track.sha256]) as folder:
        original, own_rate = io.read(song)
        stems = {
            name: match_recording(stem, rate, own_rate, original.shape)
            for name, stem in zip(sources, stages["after"], strict=True)
        }
        rest = original - sum(stems.values())
        for name, samples in (stems | {"rest": rest}).items():
            io.write(folder / f"{name}.wav", samples, own_rate)
        rows = pd.DataFrame(before_after.table(mixture, stages, sources, marked, hz))
        write_text(folder / "summary.csv", rows.to_csv(index=False))
        methods = " and ".join(f"{stage} ({name})" for stage, name in zip(stages, names, strict=True))
        text = [f"{song.name}: {methods if before else names[0]}", *_table_lines(rows)]
        text += _sum_lines(mixture, stages, rate)
        text += [_rest_line(rest, original, own_rate, mixture, rate), f"Stems: {folder}/"]
        write_text(folder / "summary.txt", "\n".join(text) + "\n")


def _sum_lines(mixture: np.ndarray, stages: dict[str, np.ndarray], rate: int) -> list[str]:
    """What the stems [source, channel, time] of each stage leave out of the mixture [channel, time]."""
    missing = {stage: 0.0 - before_after.consistency(found, mixture) for stage, found in stages.items()}
    named = {stage: f" ({stage})" if len(stages) > 1 else "" for stage in stages}
    return [
        f"Stems add up to the mixture at {rate} Hz but for {missing[stage]:.1f} dB{named[stage]}." for stage in stages
    ]


def _rest_line(rest: np.ndarray, original: np.ndarray, own_rate: int, mixture: np.ndarray, rate: int) -> str:
    """How much of the recording no stem holds, and why."""
    level = before_after.level(rest) - before_after.level(original)
    why = _reasons(mixture, rate, original, own_rate)
    return f"rest.wav is what no stem holds at {own_rate} Hz, {level:.1f} dB of the recording{why}."


def _reasons(mixture: np.ndarray, rate: int, original: np.ndarray, own_rate: int) -> str:
    """What a recording has that a model in another form cannot give."""
    reasons = [f"what lies over {rate // 2} Hz"] if rate < own_rate else []
    reasons += ["what differs between the channels"] if len(mixture) < len(original) else []
    return f" ({' and '.join(reasons)} is not heard by the model)" if reasons else ""


def match_recording(stem: np.ndarray, rate: int, own_rate: int, shape: tuple[int, int]) -> np.ndarray:
    """A stem [channel, time] at `rate` Hz in the form of the recording: its rate, channels and length `shape`."""
    channels, length = shape
    stem = stem if len(stem) == channels else np.repeat(stem.mean(axis=0, keepdims=True), channels, axis=0)
    stem = io.resample(stem, rate, own_rate)[:, :length]
    return np.pad(stem, ((0, 0), (0, length - stem.shape[1])))


def _estimates(folder: Path, track: Track, sources: list[str]) -> np.ndarray:
    """[source, channel, time]. Raises UserError where the method failed."""
    if reason := read_reasons(folder, FAILED).get(track.track):
        raise UserError(f"{track.track}: the method failed: {reason}")
    return np.stack([io.read(folder / track.track / f"{source}.wav")[0] for source in sources])


def _marked_states(folder: Path, track: Track, sources: list[str], length: int) -> np.ndarray:
    """What the marks say of each sample: 1 plays, -1 silent, 0 not marked; [source, time]."""
    found = read_marks(folder / f"{track.track}.txt", (*sources, ACCOMPANIMENT), track.seconds)
    return states(found, sources, sources, length, track.rate)


def _table_lines(rows: pd.DataFrame) -> list[str]:
    """The table as text, a cell "before -> after" where there are both, without the columns that hold nothing."""
    heads = {title: key for key, title in HEADS.items() if rows[key].notna().any()}
    by_source = rows.groupby("source", sort=False)
    cells = pd.DataFrame(
        {
            title: by_source[key].agg(lambda values: " -> ".join(map("{:.1f}".format, values)))
            for title, key in heads.items()
        }
    )
    cells = cells.rename_axis(None).replace({"nan -> nan": "not marked", "nan": "-"})
    return cells.to_string(col_space=[len(title) + 2 for title in heads]).splitlines()


if __name__ == "__main__":
    run(write_song)
