"""Stems of the user's recording at its own rate, and what adaptation changed."""

from pathlib import Path

import numpy as np
import pandas as pd

from workflow_scripts.command import run
from workflow_scripts.lib.audio import io
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.files import write_text
from workflow_scripts.lib.core.provenance import folder_of, recorded
from workflow_scripts.lib.datasets.marks import ACCOMPANIMENT, read_marks, states
from workflow_scripts.lib.datasets.table import Track, read_mixture, read_tracks
from workflow_scripts.lib.metrics import before_after


def write_song(
    *, song: Path, data: Path, before: Path, after: Path, sources: list[str], names: list[str], out: Path, code: str,
    marks: Path | None = None,
) -> None:  # fmt: skip
    """Write <source>.wav and rest.wav, which add up to the recording, summary.csv and summary.txt.

    `data`, `before`, `after`, `marks` and `out` are manifests of folders; `names` are those of the methods before and
    after.
    """
    root = folder_of(data)
    (track,) = read_tracks(root, "test")
    mixture, rate = read_mixture(root, track)
    stages = {
        stage: _estimates(folder_of(path), track, sources) for stage, path in (("before", before), ("after", after))
    }
    marked = _marked(folder_of(marks), track, sources, mixture.shape[-1]) if marks else None
    with recorded(out, code, data=[track.sha256]) as folder:
        original, own_rate = io.read(song)
        stems = {
            name: fitted(stem, rate, own_rate, original.shape)
            for name, stem in zip(sources, stages["after"], strict=True)
        }
        rest = original - sum(stems.values())
        for name, samples in (stems | {"rest": rest}).items():
            io.write(folder / f"{name}.wav", samples, own_rate)
        rows = pd.DataFrame(before_after.table(mixture, stages, sources, marked))
        write_text(folder / "summary.csv", rows.to_csv(index=False))
        sums = {stage: before_after.consistency(found, mixture) for stage, found in stages.items()}
        band = before_after.level(rest) - before_after.level(original)
        text = [f"{song.name}: before ({names[0]}) and after ({names[1]})", *_lines(rows)]
        text += [f"Stems add up to the mixture at {rate} Hz but for {0.0 - sums[s]:.1f} dB ({s})." for s in stages]
        why = _why(mixture, rate, original, own_rate)
        text += [f"rest.wav is what no stem holds at {own_rate} Hz, {band:.1f} dB of the recording{why}."]
        text += [f"Stems: {folder}/"]
        write_text(folder / "summary.txt", "\n".join(text) + "\n")


def _why(mixture: np.ndarray, rate: int, original: np.ndarray, own_rate: int) -> str:
    """What a recording has that a model in another form cannot give."""
    reasons = [f"what lies over {rate // 2} Hz"] if rate < own_rate else []
    reasons += ["what differs between the channels"] if len(mixture) < len(original) else []
    return f" ({' and '.join(reasons)} is not heard by the model)" if reasons else ""


def fitted(stem: np.ndarray, rate: int, own_rate: int, shape: tuple[int, int]) -> np.ndarray:
    """A stem [channel, time] at `rate` Hz in the form of the recording: its rate, channels and length `shape`."""
    channels, length = shape
    stem = stem if len(stem) == channels else np.repeat(stem.mean(axis=0, keepdims=True), channels, axis=0)
    stem = io.resample(stem, rate, own_rate)[:, :length]
    return np.pad(stem, ((0, 0), (0, length - stem.shape[1])))


def _estimates(folder: Path, track: Track, sources: list[str]) -> np.ndarray:
    """[source, channel, time]. Raises UserError where the method failed."""
    if (folder / "failed.txt").exists():
        raise UserError(f"{track.track}: the method failed: {(folder / 'failed.txt').read_text(encoding='utf-8')}")
    return np.stack([io.read(folder / track.track / f"{source}.wav")[0] for source in sources])


def _marked(folder: Path, track: Track, sources: list[str], length: int) -> np.ndarray:
    found = read_marks(folder / f"{track.track}.txt", (*sources, ACCOMPANIMENT), track.seconds)
    return states(found, sources, sources, length, track.rate)


def _lines(rows: pd.DataFrame) -> list[str]:
    """The table as text."""
    wide = rows.pivot(index="source", columns="stage", values=["level", "silent", "share"]).loc[rows["source"].unique()]
    heads = [("level", "level, dB"), ("silent", "where marked silent, dB"), ("share", "share of the mixture, %")]
    if rows["silent"].isna().all():
        heads.pop(1)
    cells = pd.DataFrame(
        {
            title: [f"{old:.1f} -> {new:.1f}" for old, new in zip(wide[key]["before"], wide[key]["after"], strict=True)]
            for key, title in heads
        },
        index=wide.index.rename(None),
    )
    return cells.replace("nan -> nan", "not marked").to_string().splitlines()


if __name__ == "__main__":
    run(write_song)
