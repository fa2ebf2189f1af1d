"""Tracks in which one source after the other falls silent, as the test set of the WASPAA 2021 one-shot system."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import scipy

from workflow_scripts.lib.audio import io
from workflow_scripts.lib.audio.f0 import F0, HOP_SECONDS, read_f0, write_f0
from workflow_scripts.lib.core.files import write_json
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.datasets.conversion import hash_of_samples, hash_of_track
from workflow_scripts.lib.datasets.table import Track, read_tracks, write_tracks

HOP, OVERLAP = 512, 4  # of the STFT: samples at 44.1 kHz, as published, and hops in a window; other rates: as long
PUBLISHED_RATE = 44100  # Hz
SPLITS = ("valid", "test")


def mute_tracks(root: Path, seed: int) -> None:
    """Mute the validation and test tracks of a prepared root, and bring its manifest and track table up to date.

    Files are replaced, never written into, since they may be links to the user's own. `manifest.json` then says under
    `muted` which source is silent first, second, ...; an exact F0 is 0 where its voice is muted.
    """
    rows, facts = read_tracks(root), json.loads((Path(root) / "manifest.json").read_text(encoding="utf-8"))
    done = []
    for track in rows:
        if track.split in SPLITS:
            order = [str(name) for name in stream(seed, track.track, "muted").permutation(track.stem_names)]
            track, silent = mute_track(root, track, order)
            facts["tracks"][track.track] |= {"muted": order, "silent_stems": silent, "mixture": "sum of the stems"}
            facts["tracks"][track.track]["mixture_error_db"] = None
        done.append(track)
    write_json(Path(root) / "manifest.json", facts)
    write_tracks(root, done)


def mute_track(root: Path, track: Track, order: Sequence[str]) -> tuple[Track, list[str]]:
    """Mute each stem in its stretch of one track, in this order -> its new row, and the stems without any sound."""
    folder, hashes, silent, total = track.folder(root), {}, [], np.zeros(1)
    gains = dict(zip(order, muting_gains(round(track.seconds * track.rate), len(order), track.rate), strict=True))
    for stem in track.stem_names:
        samples = (io.read(folder / f"{stem}.wav")[0] * gains[stem]).astype(np.float32)
        total = total + samples.astype(np.float64)
        hashes[stem] = hash_of_samples(samples)
        silent += [] if samples.any() else [stem]
        io.write(folder / f"{stem}.wav", samples, track.rate)
    io.write(folder / "mixture.wav", total.astype(np.float32), track.rate)
    hashes["mixture"] = hash_of_samples(total.astype(np.float32))
    if (folder / "f0.csv").exists():
        write_f0(folder / "f0.csv", _muted_f0(read_f0(folder / "f0.csv"), gains, track.rate))
    return replace(track, sha256=hash_of_track(hashes)), silent


def muting_gains(length: int, parts: int, rate: int) -> np.ndarray:
    """Gains [part, time] of `length` samples at `rate` Hz: each is 0 in one of `parts` equal stretches, 1 elsewhere.

    What the released code does in the STFT domain (Hann windows of 2,048 samples, hop 512, the frames of a stretch set
    to zero, the last stretch runs to the end), done as the equal gain in the time domain, so that every length serves
    and silence is exactly zero. Windows last as long at other rates as they do at 44.1 kHz. Fades take one window.
    """
    hop = max(1, round(HOP * rate / PUBLISHED_RATE))
    frames = 1 + length // hop
    stretch = np.minimum(np.arange(frames) // max(1, frames // parts), parts - 1)
    everything = _windows(np.ones(frames), hop, length)
    return np.stack([1.0 - _windows(stretch == part, hop, length) / everything for part in range(parts)])


def _windows(frames: np.ndarray, hop: int, length: int) -> np.ndarray:
    """Sum of the squared windows of chosen frames [frame], the first centred on the first sample; [time]."""
    total = np.zeros((len(frames) + OVERLAP - 1, hop))
    for offset, part in enumerate((scipy.signal.windows.hann(OVERLAP * hop, sym=False) ** 2).reshape(OVERLAP, hop)):
        total[offset : offset + len(frames)] += np.asarray(frames, float)[:, None] * part
    start = OVERLAP * hop // 2
    return total.reshape(-1)[start : start + length]


def _muted_f0(f0: F0, gains: dict[str, np.ndarray], rate: int) -> F0:
    samples = np.round(np.arange(f0.hz.shape[1]) * HOP_SECONDS * rate).astype(int)
    hz = [
        np.where(gains[voice][np.minimum(samples, len(gains[voice]) - 1)] < 0.5, 0.0, row) if voice in gains else row
        for voice, row in zip(f0.voices, f0.hz, strict=True)
    ]
    return F0(f0.voices, np.stack(hz), f0.confidence)
