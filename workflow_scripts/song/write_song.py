"""Stems of the user's recording at its own rate, and a summary of them."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd

from workflow_scripts.command import run
from workflow_scripts.lib.audio.f0 import read_f0
from workflow_scripts.lib.audio.float_wav import float_wav
from workflow_scripts.lib.audio.io import BLOCK, with_channels
from workflow_scripts.lib.audio.long_files import (
    Form,
    form_of,
    read_blocks,
    regroup,
    resample_blocks,
)
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.files import write_text
from workflow_scripts.lib.core.names import ACCOMPANIMENT
from workflow_scripts.lib.core.outcomes import FAILED, read_reasons
from workflow_scripts.lib.core.provenance import folder_of, recorded
from workflow_scripts.lib.datasets.marks import SILENT, Mark, read_marks, states
from workflow_scripts.lib.datasets.table import Track, read_tracks
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
    adapted, None where none was; `names` are those of the methods, before and after. Nothing that is as long as the
    recording is ever whole in memory.
    """
    root = folder_of(data)
    (track,) = read_tracks(root, "test")
    paths = {stage: folder_of(path) for stage, path in {"before": before, "after": after}.items() if path}
    files = {stage: _estimates(folder, track, sources) for stage, folder in paths.items()}
    mixture = track.folder(root) / "mixture.wav"
    hz = read_f0(folder_of(f0) / f"{track.track}.csv").hz if f0 else None
    labels = folder_of(marks) / f"{track.track}.txt" if marks else None
    marked = read_marks(labels, (*sources, ACCOMPANIMENT), track.seconds) if labels else []
    with recorded(out, code, data=[track.sha256]) as folder:
        stages = {stage: measure(mixture, each, marked, track.rate) for stage, each in files.items()}
        form = form_of(song)
        levels = write_stems(song, form, files["after"], track.rate, folder)
        rows = pd.DataFrame(before_after.table(stages, sources, hz))
        write_text(folder / "summary.csv", rows.to_csv(index=False))
        methods = " and ".join(f"{stage} ({name})" for stage, name in zip(stages, names, strict=True))
        text = [f"{song.name}: {methods if before else names[0]}", *_table_lines(rows)]
        text += _sum_lines(stages, track.rate)
        text += [_rest_line(levels, form, track), f"Stems: {folder}/"]
        write_text(folder / "summary.txt", "\n".join(text) + "\n")


def measure(mixture: Path, estimates: dict[str, Path], marks: list[Mark], rate: int) -> before_after.Stage:
    """What is known of the estimates of one stage, files by source of the mixture's rate in Hz and length."""
    stage, first, names = before_after.Stage(), 0, list(estimates)
    for block, *found in zip(*map(read_blocks, [mixture, *estimates.values()]), strict=True):
        silent = states(marks, names, names, block.shape[-1], rate, first) == SILENT
        stage.add(block, dict(zip(names, found, strict=True)), dict(zip(names, silent, strict=True)))
        first += block.shape[-1]
    return stage


def write_stems(song: Path, form: Form, estimates: dict[str, Path], rate: int, folder: Path) -> tuple[float, float]:
    """Write the stems in the form of the recording, and the rest; the levels of the recording and the rest in dB.

    estimates: files by source, at `rate` Hz.
    """
    energies = before_after.Energy(), before_after.Energy()
    stems = [match_recording(path, rate, form) for path in estimates.values()]
    with ExitStack() as open_files:
        *writers, write_rest = (
            open_files.enter_context(float_wav(folder / f"{name}.wav", *form)) for name in (*estimates, "rest")
        )
        for original, *parts in zip(read_blocks(song), *stems, strict=True):
            rest = original - sum(parts)
            for write, part in zip(writers, parts, strict=True):
                write(part)
            write_rest(rest)
            for energy, signal in zip(energies, (original, rest), strict=True):
                energy.add(signal)
    return energies[0].level, energies[1].level


def match_recording(stem: Path, rate: int, form: Form) -> Iterator[np.ndarray]:
    """A stem at `rate` Hz in the form of the recording.

    In the blocks [channel, time] in which the recording is read.
    """
    blocks = resample_blocks((with_channels(each, form.channels) for each in read_blocks(stem)), rate, form.rate)
    return regroup(blocks, (min(BLOCK, form.length - first) for first in range(0, form.length, BLOCK)))


def _sum_lines(stages: dict[str, before_after.Stage], rate: int) -> list[str]:
    """What the stems of each stage leave out of the mixture."""
    named = {stage: f" ({stage})" if len(stages) > 1 else "" for stage in stages}
    return [
        f"Stems add up to the mixture at {rate} Hz but for {0.0 - found.consistency:.1f} dB{named[stage]}."
        for stage, found in stages.items()
    ]


def _rest_line(levels: tuple[float, float], form: Form, track: Track) -> str:
    """How much of the recording no stem holds, and why.  levels: of the recording and of the rest, in dB."""
    reasons = [f"what lies over {track.rate // 2} Hz"] if track.rate < form.rate else []
    reasons += ["what differs between the channels"] if track.channels < form.channels else []
    why = f" ({' and '.join(reasons)} is not heard by the model)" if reasons else ""
    level = levels[1] - levels[0]
    return f"rest.wav is what no stem holds at {form.rate} Hz, {level:.1f} dB of the recording{why}."


def _estimates(folder: Path, track: Track, sources: list[str]) -> dict[str, Path]:
    """The file of each source. Raises UserError where the method failed."""
    if reason := read_reasons(folder, FAILED).get(track.track):
        raise UserError(f"{track.track}: the method failed: {reason}")
    return {source: folder / track.track / f"{source}.wav" for source in sources}


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
