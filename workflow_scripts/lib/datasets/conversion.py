"""From tracks as they were found to a prepared root: one rate, one number of channels, one length a track, hashes.

What stands in the way of a fair comparison is refused in one sentence that names the file; what does not is mended and
written down: another rate is resampled (soxr), lengths that differ a little are padded with zeros at the end, mono is
spread over the channels, several channels are averaged to mono, a missing mixture is the sum of the stems.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from workflow_scripts.lib.audio import io
from workflow_scripts.lib.audio.header import read_header
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.files import write_json
from workflow_scripts.lib.core.names import MIXTURE
from workflow_scripts.lib.datasets.form import Form, check_channels, common_length, form_of, headers_of
from workflow_scripts.lib.datasets.raw import Clip, RawTrack, refuse_clashes, sort_key
from workflow_scripts.lib.datasets.table import Track, write_tracks
from workflow_scripts.lib.datasets.workers import map_processes

MIXTURE_ERROR_DB = -40.0  # of the mixture's power; rounding of every file to 16 bits stays far below
LSB = 2.0**-15  # one step of a 16-bit file

Place = Callable[[Path, Path], None]  # of a file that needs no change, to where it belongs


@dataclass(frozen=True)
class PreparedTrack:
    """One finished track: its row, the hash of each file that sounds, the silent stems, and the mixture's error.

    mixture_error_db: power of (mixture - sum of stems) over that of the mixture; None where they are equal.
    """

    row: Track
    hashes: dict[str, str]
    silent: list[str]
    mixture: str
    mixture_error_db: float | None


def place_file(source: Path, target: Path, scratch: Path) -> None:
    """Give a file that needs no change its place in the prepared root.

    A file of the user's is pointed to, neither copied nor changed. A file below `scratch`, which goes away later, gets
    a second name, or is copied where links are not known.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if not source.is_relative_to(scratch):
        target.symlink_to(source.resolve())
        return
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)


def convert_tracks(
    tracks: Sequence[RawTrack],
    root: Path,
    *,
    name: object,
    rate: int | None,
    channels: int | None,
    mixture_is_sum: bool,
    length_tolerance: float,
    processes: int,
    place: Place,
) -> None:
    """Write the folders, `manifest.json` and, last, `tracks.csv` of the tracks into `root`.

    name: what messages call the data set, its folder. rate in Hz, channels: as in `form_of`.
    place: what becomes of a file that needs no change.
    Raises UserError for anything in the files that a fair comparison forbids.
    """
    tracks = sorted(tracks, key=sort_key)
    refuse_clashes(tracks, name)
    form = form_of(list(map(headers_of, tracks)), rate, channels, mixture_is_sum, length_tolerance)
    done = map_processes(partial(convert_track, root=root, form=form, place=place), tracks, processes)
    _refuse_same_audio(done, name)
    write_manifest(root, done, form)
    write_tracks(root, [track.row for track in done])


def convert_track(raw: RawTrack, root: Path, form: Form, place: Place) -> PreparedTrack:
    """Check and write the files of one track, one after the other, so that few of them are in memory at once."""
    length = common_length(headers_of(raw), form)
    folder = Path(root) / raw.split / raw.track
    total, hashes, silent = np.zeros((form.channels, 1)), {}, []
    for name, clip in raw.stems.items():
        samples = load_clip(clip, form, length)
        total = total + samples
        hashes[name] = _store(samples, clip, folder / f"{name}.wav", form, place)
        if not samples.any():
            silent.append(name)
    _refuse_silence(raw, silent)
    mixture = load_clip(raw.mixture, form, length) if raw.mixture else total
    error = _mixture_error(mixture, total)
    _refuse_other_mixture(raw, mixture - total, error, form)
    hashes[MIXTURE] = _store(mixture, raw.mixture, folder / f"{MIXTURE}.wav", form, place)
    row = _row(raw, hashes, length, form)
    sounding = {name: sha for name, sha in hashes.items() if name not in silent}
    return PreparedTrack(row, sounding, silent, "given" if raw.mixture else "sum of the stems", error)


def write_manifest(root: Path, done: Sequence[PreparedTrack], form: Form) -> None:
    """Write `manifest.json`: what was found about the mixtures, which the track table has no column for."""
    tracks = {
        track.row.track: {
            "mixture": track.mixture,
            "mixture_error_db": None if track.mixture_error_db is None else round(track.mixture_error_db, 2),
            "silent_stems": track.silent,
        }
        for track in done
    }
    header = {"rate": form.rate, "channels": form.channels, "mixture_is_sum": form.mixture_is_sum}
    write_json(Path(root) / "manifest.json", header | {"tracks": tracks})


def hash_of_samples(samples: np.ndarray) -> str:
    """sha256 of samples [channel, time] in [-1, 1] as 32-bit floats, which hold 16 and 24-bit integers exactly."""
    digest = hashlib.sha256(str(samples.shape).encode())
    digest.update(np.ascontiguousarray(samples, "<f4").tobytes())
    return digest.hexdigest()


def hash_of_track(hashes: Mapping[str, str]) -> str:
    """One hash of those of the mixture and the stems."""
    return hashlib.sha256("\n".join(f"{name}:{hashes[name]}" for name in sorted(hashes)).encode()).hexdigest()


def load_clip(clip: Clip, form: Form, length: int) -> np.ndarray:
    """Samples [channel, time] float64 of a file in the data set's form. Raises UserError as `read_clip`."""
    samples, rate = read_clip(clip)
    samples = io.resample(with_channels(samples, form.channels, clip), rate, form.rate)[:, :length]
    return np.pad(samples, ((0, 0), (0, length - samples.shape[1])))


def read_clip(clip: Clip) -> tuple[np.ndarray, int]:
    """(samples [channel, time] float64, rate in Hz) of a file as it is. Raises UserError for NaN, infinity, damage."""
    header = read_header(clip.path, clip.shown)
    samples, rate = io.read(clip.path)
    if (header.is_exact and samples.shape[1] != header.frames) or not samples.size:
        raise UserError(
            f"{clip.shown}: is damaged, only {samples.shape[1]} of its {header.frames} samples can be read; get it "
            "again."
        )
    bad = np.flatnonzero(~np.isfinite(samples).all(axis=0))
    if bad.size:
        raise UserError(
            f"{clip.shown}: has a sample that is NaN or infinite at {bad[0] / rate:.3f} s; export it again or mend it."
        )
    return samples, rate


def with_channels(samples: np.ndarray, channels: int, clip: Clip) -> np.ndarray:
    """Samples [channel, time] with another count of channels: mono is repeated, several are averaged to mono."""
    check_channels(clip.shown, len(samples), channels)
    return io.with_channels(samples, channels)


def _store(samples: np.ndarray, clip: Clip | None, path: Path, form: Form, place: Place) -> str:
    """Write samples [channel, time], as 16-bit integers where these hold them exactly; return their hash."""
    if clip and _needs_no_change(clip, samples.shape, form):
        place(clip.path, path)
        return hash_of_samples(samples)
    integers = np.rint(samples / LSB)
    if np.array_equal(integers * LSB, samples) and integers.min() >= -(2**15) and integers.max() < 2**15:
        # As integers: libsndfile would scale floats by 32767.
        io.write(path, integers.astype(np.int16), form.rate, "PCM_16")
    else:
        io.write(path, samples.astype(np.float32), form.rate, "FLOAT")
    return hash_of_samples(samples)


def _needs_no_change(clip: Clip, shape: tuple[int, int], form: Form) -> bool:
    header = read_header(clip.path, clip.shown)
    return header.is_kept and (header.rate, header.channels, header.frames) == (form.rate, *shape)


def _refuse_silence(raw: RawTrack, silent: Sequence[str]) -> None:
    if len(silent) == len(raw.stems):
        shown = next(iter(raw.stems.values())).shown
        raise UserError(
            f"{shown}: it and all other stems of {raw.track!r} are silent, so nothing can be separated or scored."
        )


def _mixture_error(mixture: np.ndarray, total: np.ndarray) -> float | None:
    """Power of mixture - sum over that of the mixture in dB; None where they are equal."""
    error = np.sum((mixture - total) ** 2)
    power = np.sum(mixture**2)
    if error == 0:
        return None
    return float(10 * np.log10(error / power)) if power else float("inf")


def _refuse_other_mixture(raw: RawTrack, difference: np.ndarray, error: float | None, form: Form) -> None:
    # Each of the files may have been rounded to 16 bits, which is no fault however quiet they are.
    rounding = np.abs(difference).max() <= (len(raw.stems) + 1) / 2 * LSB
    too_far = error is not None and error > MIXTURE_ERROR_DB and not rounding
    if form.mixture_is_sum and raw.mixture and too_far:
        raise UserError(
            f"{raw.mixture.shown}: is not the sum of its stems, the difference is {error:.1f} dB of its power and "
            f"{MIXTURE_ERROR_DB:g} dB is allowed; remove the file to have the sum made, or keep it by mixture_is_sum: "
            "false in the data set's settings."
        )


def _refuse_same_audio(done: Sequence[PreparedTrack], name: object) -> None:
    """Refuse one recording in two splits, under whatever names."""
    first: dict[str, tuple[str, str]] = {}
    for track in done:
        for file, sha in track.hashes.items():
            where = track.row.split, f"{track.row.split}/{track.row.track}/{file}"
            other = first.setdefault(sha, where)
            if other[0] != where[0]:
                raise UserError(
                    f"{name}: {other[1]} and {where[1]} are the same recording, in two splits, so that a test would "
                    "not be of unheard music; move or remove one of the tracks."
                )


def _row(raw: RawTrack, hashes: Mapping[str, str], length: int, form: Form) -> Track:
    return Track(
        track=raw.track,
        split=raw.split,
        song=raw.song,
        singers=";".join(raw.singers),
        family=raw.family,
        seconds=length / form.rate,
        rate=form.rate,
        channels=form.channels,
        stems=";".join(raw.stems),
        sha256=hash_of_track(hashes),
    )
