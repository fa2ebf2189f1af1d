"""The embedded corpora as prepared roots: every piece rendered by a process of its own, the same bits on every run."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import yaml

from workflow_scripts.lib.audio import io
from workflow_scripts.lib.audio.f0 import write_f0
from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.lib.core.files import write_text
from workflow_scripts.lib.core.registry import CORPORA
from workflow_scripts.lib.core.settings import Free, Positive, settings
from workflow_scripts.lib.datasets.conversion import (
    LSB,
    PreparedTrack,
    hash_of_samples,
    hash_of_track,
    write_manifest,
)
from workflow_scripts.lib.datasets.embedded.corpus import Rendered, quantise
from workflow_scripts.lib.datasets.form import Form
from workflow_scripts.lib.datasets.kinds.contract import Target
from workflow_scripts.lib.datasets.musdb import STREAMS
from workflow_scripts.lib.datasets.raw import check_name, refuse_shared
from workflow_scripts.lib.datasets.table import Track, write_tracks
from workflow_scripts.lib.datasets.workers import map_processes

SETUP = "musdb.yaml"
LOWEST = 16000  # Hz; the instruments have bands of noise up to 10 kHz, and would be others below this rate
PEAK = 0.9  # of full scale, for the loudest sample of a song that was resampled


@settings
class Settings:
    """corpus: a module of `embedded/` that has pieces.  pieces: names of some of them; None takes all.

    seconds: length to which every piece is cut, in s; None takes whole pieces.
    """

    corpus: Annotated[str, Free("the name of a module, see `check`")]
    pieces: Annotated[tuple[str, ...] | None, Free("the corpus checks them")] = None
    seconds: Positive | None = None

    def check(self) -> str | None:
        """The corpus must be one that there is."""
        known = CORPORA.names()
        return None if self.corpus in known else f"corpus is {self.corpus!r}; {nearest(self.corpus, known)}"


def fill_root(target: Target, settings: Settings) -> None:
    """Render a corpus: 16-bit WAV, the exact F0, `manifest.json` and, last, `tracks.csv`.

    A rate of None takes the corpus' own; below 16 kHz the corpus is rendered at its own and resampled, so that the
    sounds are the same ones. One channel is their mean, None keeps the corpus' own.
    Raises UserError for pieces, stems, voices or channels that it has not.
    """
    corpus, root = settings.corpus, target.root
    render = partial(render_track, target=target, settings=settings)
    done = map_processes(render, _pieces(corpus, settings.pieces), target.processes)
    rows = [track.row for track in done]
    if len({row.track for row in rows}) < len(rows):
        raise ValueError(f"two pieces of the embedded {corpus} have one name")
    refuse_shared(((row.song, row.split, row.track) for row in rows), "song", corpus)
    refuse_shared(((who, row.split, row.track) for row in rows for who in row.singers.split(";")), "singer", corpus)
    write_manifest(root, done, Form(rows[0].rate, rows[0].channels, True, 0.0))
    if set(target.stems) == STREAMS.keys() - {"mixture"}:
        write_musdb_setup(root, rows, target.stems)
    write_tracks(root, rows)


def render_track(piece: str, target: Target, settings: Settings) -> PreparedTrack:
    """Render one piece and write its folder."""
    corpus, rate, stems, seconds = CORPORA.load(settings.corpus), target.rate, target.stems, settings.seconds
    native = rate is None or rate < LOWEST
    rendered = corpus.render(piece, seconds=seconds) if native else corpus.render(piece, rate, seconds)
    _refuse_other_form(settings.corpus, rendered, target)
    rendered = resample_piece(rendered, rate or rendered.rate, target.channels)
    folder = target.root / rendered.split / check_name(rendered.track, settings.corpus)
    audio = {stem: rendered.stems[stem] for stem in stems} | {"mixture": rendered.mixture}
    for name, samples in audio.items():
        io.write(folder / f"{name}.wav", samples, rendered.rate, "PCM_16")
    if rendered.f0 is not None and target.voices:
        write_f0(folder / "f0.csv", rendered.f0)
    hashes = {name: hash_of_samples(samples * LSB) for name, samples in audio.items()}
    silent = [stem for stem in stems if not audio[stem].any()]
    return PreparedTrack(_row(rendered, stems, hashes), hashes, silent, "sum of the stems", None)


def resample_piece(rendered: Rendered, rate: int, channels: int | None) -> Rendered:
    """The piece at another rate in Hz and, for `channels` 1, as the mean of its channels, the mixture still the sum."""
    own = len(next(iter(rendered.stems.values())))
    if rate == rendered.rate and channels in (None, own):
        return rendered
    mixed = {
        name: samples.mean(axis=0, keepdims=True) if channels == 1 else samples.astype(np.float64)
        for name, samples in rendered.stems.items()
    }
    stems = {name: io.resample(samples, rendered.rate, rate) for name, samples in mixed.items()}
    return replace(rendered, rate=rate, stems=quantise(stems, PEAK))


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
    """Names of the pieces to render, each once."""
    pieces = CORPORA.load(corpus).PIECES
    for piece in chosen or ():
        if piece not in pieces:
            raise UserError(f"The data set's settings.pieces has {piece!r}; {nearest(piece, pieces)}")
    return list(pieces if chosen is None else dict.fromkeys(chosen))


def _refuse_other_form(corpus: str, rendered: Rendered, target: Target) -> None:
    """Refuse stems, voices and channels that the corpus has not."""
    if set(target.stems) != rendered.stems.keys():
        raise UserError(
            f"The data set's stems are {', '.join(target.stems)}, but the embedded {corpus} have "
            f"{', '.join(rendered.stems)}; the mixture is their sum, so name all of them."
        )
    sung = rendered.f0.voices if rendered.f0 else ()
    if target.voices and set(target.voices) != set(sung):
        raise UserError(
            f"The data set's voices are {', '.join(target.voices)}, but the embedded {corpus} have an F0 of "
            f"{', '.join(sung) or 'none'}; name these."
        )
    own = len(next(iter(rendered.stems.values())))
    if target.channels not in (None, 1, own):
        raise UserError(
            f"The data set's channels are {target.channels}, but the embedded {corpus} have {own}; take {own}, 1 or "
            "null."
        )


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
