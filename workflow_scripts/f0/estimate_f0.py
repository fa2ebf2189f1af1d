"""Find the F0 of the voices of a shard of tracks: one table a track."""

import json
from pathlib import Path

from workflow_scripts.command import run
from workflow_scripts.lib.audio import f0_sources
from workflow_scripts.lib.audio.f0 import F0, read_f0, write_f0
from workflow_scripts.lib.core.provenance import folder_of, recorded
from workflow_scripts.lib.datasets.table import Track, read_mixture, read_scene, read_tracks, shard


def estimate_f0(
    *, data: Path, kind: str, settings: str, voices: list[str], split: str, part: str, out: Path, code: str,
    of: Path | None = None,
) -> None:  # fmt: skip
    """Write <track>.csv for each track of the shard `part`; `of` lists the tables that are degraded.

    `data`, `of` and `out` are manifests of folders.
    """
    chosen = json.loads(settings)
    root = folder_of(data)
    with recorded(out, code, kind=kind, settings=chosen) as folder:
        for track in shard(read_tracks(root, split), part):
            if of is not None:
                f0 = f0_sources.degrade(
                    read_f0(folder_of(of) / f"{track.track}.csv"), chosen, seed=0, track=track.track
                )
            else:
                f0 = _estimate(root, track, kind, chosen, tuple(voices))
            write_f0(folder / f"{track.track}.csv", f0)


def _estimate(data: Path, track: Track, kind: str, settings: dict, voices: tuple[str, ...]) -> F0:
    if track.stem_names:
        mixture, references, rate = read_scene(data, track, voices)
    else:
        (mixture, rate), references = read_mixture(data, track), [None] * len(voices)
    known = track.folder(data) / "f0.csv"
    return f0_sources.estimate(
        kind,
        settings,
        mixture=mixture,
        stems={voice: stem for voice, stem in zip(voices, references, strict=True) if stem is not None},
        rate=rate,
        voices=voices,
        exact=read_f0(known) if known.exists() else None,
        track=track.track,
        seed=0,
    )


if __name__ == "__main__":
    run(estimate_f0)
