"""What config/papers/parametric.yaml reads, in little: of the published names, layouts and formats, but made.

The archive of the Choral Singing Dataset, chorales and barbershop quartets in parts, the F0 tensors and weights of the
public code.
"""

import hashlib
import itertools
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch

from tests.methods.test_parametric import released

RATE = 16000
HOP_SECONDS = 0.016
PARTS = {"soprano": 440.0, "alto": 330.0, "tenor": 220.0, "bass": 147.0}  # Hz
SONGS = {"ER": ("El_Rossinyol", 0, 2), "LI": ("Locus_Iste", 3, 3), "ND": ("Nino_Dios", -2, 4)}  # semitones, test singer
TOKENS = {
    "ER": ("Sno_208", "At_2-06", "Tor2-09", "Bos_207"),
    "LI": ("Sno_310", "Alt_301", "t3-01-2", "Bs_3-02"),
    "ND": ("Sno_405", "Alt_407", "t4-06-2", "Bos_404"),
}
SECONDS = 8.2  # one excerpt of 4 s, what comes before it, and a rest
PART_SECONDS = 5.0


def contour(part: str, semitones: float, seconds: float, seed: int) -> np.ndarray:
    """F0 [frame] in Hz on 16 ms: notes of half a second with a vibrato, one of them a rest."""
    rng = np.random.default_rng(seed)
    frames = round(seconds / HOP_SECONDS) + 1
    times = np.arange(frames) * HOP_SECONDS
    steps = rng.choice([0, 2, 4, 5, 7], size=int(seconds / 0.5) + 2)
    vibrato = 0.2 * np.sin(2 * np.pi * 5.5 * times)
    notes = (times / 0.5).astype(int)
    hz = PARTS[part] * 2 ** ((semitones + steps[notes] + vibrato) / 12)
    return np.where(notes == 3 + seed % 4, 0.0, hz)


def sung(f0: np.ndarray, seconds: float, seed: int) -> np.ndarray:
    """Samples [time] of a voice with this F0: twelve harmonics that fall, a little breath."""
    time = np.arange(round(seconds * RATE)) / RATE
    frames = np.minimum((time / HOP_SECONDS).astype(int), len(f0) - 1)
    hz, voiced = f0[frames], f0[frames] > 0
    phase = 2 * np.pi * np.cumsum(hz) / RATE
    tone = sum(np.sin(k * phase) / k**1.3 * (k * hz < RATE / 2) for k in range(1, 13))
    breath = np.random.default_rng(seed).standard_normal(len(time))
    return (0.08 * tone * voiced + 0.001 * breath).astype(np.float32)


def parametric(folder: Path, address: str) -> dict[str, Any]:
    """Write `ChoralSingingDataset.zip`, `ChoralSingingDataset/` (F0), `BCBSQ/` and `umss.pth` -> where they are."""
    with zipfile.ZipFile(folder / "ChoralSingingDataset.zip", "w") as archive:
        for number, (song, part, singer) in enumerate(itertools.product(SONGS, PARTS, range(1, 5))):
            samples = sung(_of_singer(song, part, singer), SECONDS, number)
            path = folder / "voice.wav"
            soundfile.write(path, samples, RATE, subtype="PCM_16")
            archive.write(path, f"ChoralSingingDataset/CSD_{song}_{part}_{singer}.wav")
            path.unlink()
    for song, (name, _, singer) in SONGS.items():
        for count in (2, 4):
            for chosen in itertools.combinations(range(4), count):
                _write_f0(folder / "ChoralSingingDataset" / name, song, singer, chosen)
    for collection, song in (("BC", 1), ("BC", 2), ("BC", 8), ("BQ", 1), ("BQ", 9)):
        _write_parts(folder / "BCBSQ", collection, song)
    torch.save(released(), folder / "umss.pth")
    return _places(folder, address)


def _of_singer(song: str, part: str, singer: int) -> np.ndarray:
    return contour(part, SONGS[song][1] + 0.1 * singer, SECONDS, 10 * list(SONGS).index(song) + singer)


def _write_f0(folder: Path, song: str, singer: int, chosen: tuple[int, ...]) -> None:
    table = np.stack([_of_singer(song, list(PARTS)[part], singer) for part in chosen], axis=1)
    name = "_".join([folder.name.lower(), *(TOKENS[song][part] for part in chosen)])
    path = folder / f"mixtures_{len(chosen)}_sources/mf0_cuesta_processed/{name}.pt"
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(torch.tensor(table, dtype=torch.float32), path)


def _write_parts(folder: Path, collection: str, song: int) -> None:
    seed = 2 * song + (collection == "BQ")
    for part in PARTS:
        path = folder / collection / "audio_16kHz" / f"{song}_{collection}{song:03d}_part1_{part[0]}_1ch.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        f0 = contour(part, song % 5 - 2, PART_SECONDS, seed)
        soundfile.write(path, sung(f0, PART_SECONDS, seed), RATE, subtype="PCM_16")


def _places(folder: Path, address: str) -> dict[str, Any]:
    archive = folder / "ChoralSingingDataset.zip"
    md5 = hashlib.md5(archive.read_bytes(), usedforsecurity=False).hexdigest()
    fetched = {"url": f"{address}/{archive.name}", "file": archive.name, "bytes": archive.stat().st_size, "md5": md5}
    return {
        "datasets": {
            "csd": {"settings": {"archives": [fetched]}},
            "bcbsq": {"settings": {"root": str(folder / "BCBSQ")}},
        },
        "f0": {"mixture_umss": {"settings": {"root": str(folder / "ChoralSingingDataset")}}},
        "methods": {"parametric_imported": {"weights": {"file": str(folder / "umss.pth")}}},
    }
