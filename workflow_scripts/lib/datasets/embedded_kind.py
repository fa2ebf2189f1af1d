"""The embedded corpora as prepared roots: every piece rendered by a process of its own, the same bits on every run."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from workflow_scripts.lib.audio import io
from workflow_scripts.lib.audio.f0 import write_f0
from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.core.files import write_text
from workflow_scripts.lib.datasets.embedded.corpus import Rendered
from workflow_scripts.lib.datasets.musdb_stems import STREAMS
from workflow_scripts.lib.datasets.prepare import LSB, Form, Prepared, hash_of_samples, hash_of_track, write_manifest
from workflow_scripts.lib.datasets.raw import check_name, refuse_shared
from workflow_scripts.lib.datasets.table import Track, write_tracks
from workflow_scripts.lib.datasets.workers import map_processes

CORPORA = ("chorales", "songs")
LOWEST_RENDERED = 16000  # Hz; instruments have filters above what a lower rate holds, so lower ones are resampled
SETUP = "musdb.yaml"


def render_corpus(
    settings: Mapping[str, Any],
    root: Path,
    stems: Sequence[str],
    voices: Sequence[str],
    rate: int | None,
    channels: int | None,
    processes: int,
) -> None:
    """Render a corpus into `root`: 16-bit WAV, the exact F0, `manifest.json` and, last, `tracks.csv`.

    settings: `corpus`, chorales or songs; `pieces`, names of some of them (None: all); `seconds`, a shorter length.
    rate in Hz: None takes the corpus' own. Raises UserError for settings, stems, voices or channels that it has not.
    """
    corpus = settings["corpus"]
    if corpus not in CORPORA:
        raise UserError(f"The data set's settings.corpus is {corpus!r}; {nearest(corpus, CORPORA)}")
    render = partial(
        render_track,
        corpus=corpus,
        root=Path(root),
        stems=tuple(stems),
        voices=tuple(voices),
        rate=rate,
        channels=channels,
        seconds=_seconds(settings),
    )
    done = map_processes(render, _pieces(corpus, settings.get("pieces")), processes)
    rows = [track.row for track in done]
    if len({row.track for row in rows}) < len(rows):
        raise ValueError(f"two pieces of the embedded {corpus} have one name")
    refuse_shared(((row.song, row.split, row.track) for row in rows), "song", corpus)
    refuse_shared(((who, row.split, row.track) for row in rows for who in row.singers.split(";")), "singer", corpus)
    write_manifest(root, done, Form(rows[0].rate, rows[0].channels, True, 0.0))
    if set(stems) == STREAMS.keys() - {"mixture"}:
        write_musdb_setup(root, rows, stems)
    write_tracks(root, rows)


def render_track(
    piece: str,
    corpus: str,
    root: Path,
    stems: tuple[str, ...],
    voices: tuple[str, ...],
    rate: int | None,
    channels: int | None,
    seconds: float | None,
) -> Prepared:
    """Render one piece and write its folder."""
    module = import_module(f"workflow_scripts.lib.datasets.embedded.{corpus}")
    own = rate is None or rate < LOWEST_RENDERED
    rendered = module.render(piece, seconds=seconds) if own else module.render(piece, rate, seconds)
    rendered = resampled(rendered, rate or rendered.rate)
    _refuse_other_form(corpus, rendered, stems, voices, channels)
    folder = Path(root) / rendered.split / check_name(rendered.track, corpus)
    audio = {stem: rendered.stems[stem] for stem in stems} | {"mixture": rendered.mixture}
    for name, samples in audio.items():
        io.write(folder / f"{name}.wav", samples, rendered.rate, "PCM_16")
    if rendered.f0 is not None and voices:
        write_f0(folder / "f0.csv", rendered.f0)
    hashes = {name: hash_of_samples(samples * LSB) for name, samples in audio.items()}
    silent = [stem for stem in stems if not audio[stem].any()]
    return Prepared(_row(rendered, stems, hashes), hashes, silent, "sum of the stems", None)


def resampled(rendered: Rendered, rate: int) -> Rendered:
    """The piece at another rate in Hz, its stems integers as before."""
    if rate == rendered.rate:
        return rendered
    stems = {
        name: np.rint(io.resample(stem.astype(float), rendered.rate, rate)).astype(np.int16)
        for name, stem in rendered.stems.items()
    }
    return replace(rendered, rate=rate, stems=stems)


def write_musdb_setup(root: Path, rows: Sequence[Track], stems: Sequence[str]) -> None:
    """Write `musdb.yaml`, with which musdb reads the root and its validation tracks:

        musdb.DB(root, setup_file="musdb.yaml", is_wav=True, subsets="train", split="valid")

    musdb looks for validation tracks in `train`, so that folder gets links to those in `valid`.
    """
    valid = [row.track for row in rows if row.split == "valid"]
    setup = {
        "sample_rate": float(rows[0].rate),
        "mixture": "mixture.wav",
        "sources": {stem: f"{stem}.wav" for stem in stems},
        "stem_ids": {stream: STREAMS[stream] for stream in ("mixture", *stems)},
        "targets": {stem: {stem: 1} for stem in stems}
        | {"accompaniment": {stem: 1 for stem in stems if stem != "vocals"}}
        | {"linear_mixture": dict.fromkeys(stems, 1)},
        "validation_tracks": valid,
    }
    write_text(Path(root) / SETUP, yaml.safe_dump(setup, sort_keys=False, allow_unicode=True))
    (Path(root) / "train").mkdir(exist_ok=True)
    for track in valid:
        (Path(root) / "train" / track).symlink_to(Path("..") / "valid" / track)


def _pieces(corpus: str, chosen: Sequence[str] | None) -> list[str]:
    pieces = import_module(f"workflow_scripts.lib.datasets.embedded.{corpus}").PIECES
    for piece in chosen or ():
        if piece not in pieces:
            raise UserError(f"The data set's settings.pieces has {piece!r}; {nearest(piece, pieces)}")
    return list(pieces if chosen is None else dict.fromkeys(chosen))


def _seconds(settings: Mapping[str, Any]) -> float | None:
    value = settings.get("seconds")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not value > 0):
        raise UserError(f"The data set's settings.seconds is {value!r}; allowed is a number over 0, or null for all.")
    return value


def _refuse_other_form(
    corpus: str, rendered: Rendered, stems: Sequence[str], voices: Sequence[str], channels: int | None
) -> None:
    if set(stems) != rendered.stems.keys():
        raise UserError(
            f"The data set's stems are {', '.join(stems)}, but the embedded {corpus} have {', '.join(rendered.stems)}; "
            "the mixture is their sum, so name all of them."
        )
    sung = rendered.f0.voices if rendered.f0 else ()
    if voices and set(voices) != set(sung):
        raise UserError(
            f"The data set's voices are {', '.join(voices)}, but the embedded {corpus} have an F0 of "
            f"{', '.join(sung) or 'none'}; name these."
        )
    own = len(next(iter(rendered.stems.values())))
    if channels not in (None, own):
        raise UserError(f"The data set's channels are {channels}, but the embedded {corpus} have {own}; take null.")


def _row(rendered: Rendered, stems: Sequence[str], hashes: Mapping[str, str]) -> Track:
    channels, samples = rendered.mixture.shape
    return Track(
        track=rendered.track,
        split=rendered.split,
        song=rendered.song,
        singers=";".join(rendered.singers),
        family=rendered.family,
        seconds=samples / rendered.rate,
        rate=rendered.rate,
        channels=channels,
        stems=";".join(stems),
        sha256=hash_of_track(hashes),
    )
