"""Find the F0 of the voices of a shard of tracks: one table a track."""

import json
from functools import partial
from pathlib import Path

from workflow_scripts.command import run
from workflow_scripts.lib.audio.f0 import read_f0, write_f0
from workflow_scripts.lib.audio.f0_sources.contract import Audio, Given
from workflow_scripts.lib.core.provenance import folder_of, recorded
from workflow_scripts.lib.core.registry import F0_SOURCES
from workflow_scripts.lib.core.settings import checked
from workflow_scripts.lib.datasets.table import Track, read_mixture, read_scene, read_shard


def estimate_f0(
    *, data: Path, kind: str, settings: str, voices: list[str], split: str, part: str, out: Path, code: str,
    of: Path | None = None,
) -> None:  # fmt: skip
    """Write <track>.csv for each track of the shard `part`; `of` lists the tables that are degraded.

    `data`, `of` and `out` are manifests of folders.
    """
    source, values = F0_SOURCES.load(kind), json.loads(settings)
    chosen = checked(source.Settings, values, f"F0 source of the kind {kind}")
    root, before = folder_of(data), folder_of(of) if of else None
    with recorded(out, code, kind=kind, settings=values) as folder:
        for track in read_shard(root, split, part):
            given = _given(root, track, tuple(voices), before)
            write_f0(folder / f"{track.track}.csv", source.find_f0(given, chosen))


def _given(data: Path, track: Track, voices: tuple[str, ...], before: Path | None) -> Given:
    """before: the folder of the tables that are degraded."""
    known = track.folder(data) / "f0.csv"
    return Given(
        track=track.track,
        voices=voices,
        read_audio=partial(_audio, data, track, voices),
        exact=read_f0(known) if known.exists() else None,
        before=read_f0(before / f"{track.track}.csv") if before else None,
    )


def _audio(data: Path, track: Track, voices: tuple[str, ...]) -> Audio:
    if not track.stem_names:
        mixture, rate = read_mixture(data, track)
        return Audio(mixture, {}, rate)
    mixture, references, rate = read_scene(data, track, voices)
    return Audio(mixture, dict(zip(voices, references, strict=True)), rate)


if __name__ == "__main__":
    run(estimate_f0)
