"""Tiny archives in the layouts and with the names of the published data, made on the spot, and a server for them."""

import csv
import hashlib
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import soundfile
import yaml

from tests.methods.published_tasnet import network, published, save_as_published
from tests.papers.parametric_data import parametric
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.datasets.published_split import LIST
from workflow_scripts.lib.networks.conv_tasnet import Sizes

RATE = 44100
SECONDS = 6.0  # of a song of a collection
QUARTERS = 12.0  # s, of one of MUSDB18, whose quarters are then longer than the frames of its scores
STEMS = ("drums", "bass", "other", "vocals")  # in the order of the streams of a .stem.mp4, behind the mixture
MUSDB = (
    "train/A Classic Education - NightOwl", "test/AM Contra - Heart Peripheral",
    "test/Al James - Schoolboy Facination", "test/Angels In Amplifiers - I'm Alright",
)  # fmt: skip
EACH = {"train": 3, "valid": 1, "test": 2}  # tracks of each collection
INSTRUMENTAL = ("Amar Lal - Rest", "Music Delta Multitracks - Punk")  # their voices are silent
TASNET = Sizes(filters=6, length=20, bottleneck=4, hidden=5, blocks=2, repeats=4)  # as many repeats as published


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address at which the files of a folder are served on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def adversarial(folder: Path, address: str) -> dict[str, Any]:
    """Songs of three collections in one archive, each in its own layout -> where they are."""
    with zipfile.ZipFile(folder / "collections.zip", "w") as archive:
        for collection, artist, title in _listed_tracks():
            name = f"{artist} - {title}"
            voice, band = (make(name, SECONDS)[:, ::2] for make in (_voice, _band))
            voice = voice * (name not in INSTRUMENTAL)
            for path, signal in LAYOUTS[collection](artist, title, voice, band).items():
                soundfile.write(folder / "stem.wav", signal.T, RATE // 2, subtype="PCM_16")
                archive.write(folder / "stem.wav", f"{collection}/{path}")
            if collection == "MedleyDB":
                track = _medleydb_name(artist, title)
                stems = {
                    f"S{number:02d}": {"filename": f"{track}_STEM_{number:02d}.wav", "instrument": instrument}
                    for number, instrument in enumerate(("male singer", "drum set"), start=1)
                }
                metadata = {"artist": artist, "title": title, "stems": stems}
                archive.writestr(f"MedleyDB/Audio/{track}/{track}_METADATA.yaml", yaml.safe_dump(metadata))
    return {"datasets": {"adversarial_collections": _fetched(folder / "collections.zip", address)}}


def _dsd100(artist: str, title: str, voice: np.ndarray, band: np.ndarray) -> dict[str, np.ndarray]:
    song = f"Dev/001 - {artist} - {title}"
    return {f"Mixtures/{song}/mixture.wav": voice + band, f"Sources/{song}/vocals.wav": voice}


def _medleydb(artist: str, title: str, voice: np.ndarray, band: np.ndarray) -> dict[str, np.ndarray]:
    track = _medleydb_name(artist, title)
    stems = f"Audio/{track}/{track}_STEMS/{track}_STEM"
    return {f"{stems}_01.wav": voice, f"{stems}_02.wav": band}


def _medleydb_name(artist: str, title: str) -> str:
    """As the collection's folders are called, which is not always by the artist."""
    return f"{artist.split()[0]}_{title.title().replace(' ', '')}"


def _ccmixter(artist: str, title: str, voice: np.ndarray, band: np.ndarray) -> dict[str, np.ndarray]:
    song = f"{artist}_-_{title}"
    return {f"{song}/source-01.wav": band, f"{song}/source-02.wav": voice, f"{song}/mix.wav": voice + band}


LAYOUTS = {"DSD100": _dsd100, "MedleyDB": _medleydb, "CCMixter": _ccmixter}


def one_shot(folder: Path, address: str) -> dict[str, Any]:
    """MUSDB18 with four songs, and weights of the published structure -> where they are."""
    with zipfile.ZipFile(folder / "musdb18.zip", "w") as archive:
        for name in MUSDB:
            archive.write(_stem_file(folder, name), f"{name}.stem.mp4")
    save_as_published(published(network(TASNET)), folder)
    file = folder / "v1-old.th"
    weights = {"file": str(file), "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    return {
        "datasets": {"musdb18": _fetched(folder / "musdb18.zip", address)},
        "methods": {"conv_tasnet_imported": {"weights": weights}},
    }


MAKERS = {"adversarial": adversarial, "one_shot": one_shot, "parametric": parametric}


def _fetched(archive: Path, address: str) -> dict[str, Any]:
    content = archive.read_bytes()
    entry = {"url": f"{address}/{archive.name}", "file": archive.name, "bytes": len(content)}
    entry["sha256"] = hashlib.sha256(content).hexdigest()
    return {"accept_licence": True, "settings": {"root": None, "archives": [entry]}}


def _listed_tracks() -> list[tuple[str, str, str]]:
    """Of each part of each collection the first tracks: collection, artist, title."""
    found, counts = [], dict[tuple[str, str], int]()
    with open(LIST, encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            part = row["collection"], row["split"]
            counts[part] = counts.get(part, 0) + 1
            if counts[part] <= EACH[row["split"]]:
                found.append((row["collection"], row["artist"], row["title"]))
    return found


def _stem_file(folder: Path, name: str) -> Path:
    """A .stem.mp4 of a song: five AAC streams in stereo, the mixture first."""
    song = {stem: _band(name, QUARTERS, stem) for stem in STEMS[:3]} | {"vocals": _voice(name, QUARTERS)}
    inputs, maps = [], []
    for number, (stem, signal) in enumerate({"mixture": sum(song.values()), **song}.items()):
        soundfile.write(folder / f"{stem}.wav", signal.T, RATE)
        inputs += ["-i", str(folder / f"{stem}.wav")]
        maps += ["-map", f"{number}:a"]
    made = folder / "song.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-y", *inputs, *maps, "-c:a", "aac", str(made)], check=True)
    return made


def _voice(name: str, seconds: float) -> np.ndarray:
    """A harmonic tone with vibrato that pauses, [2, time]."""
    time, draw = np.arange(round(seconds * RATE)) / RATE, stream(name, "voice")
    phase = 2 * np.pi * (draw.uniform(150, 400) * time + np.sin(2 * np.pi * 5 * time))
    sounding = np.sin(2 * np.pi * time / draw.uniform(1.5, 3) + draw.uniform(0, 6)) > -0.5
    return np.tile(0.05 * sounding * sum(np.sin(k * phase) / k for k in range(1, 8)), (2, 1))


def _band(name: str, seconds: float, *part: str) -> np.ndarray:
    """Chords and bursts of noise, [2, time]."""
    time, draw = np.arange(round(seconds * RATE)) / RATE, stream(name, "band", *part)
    chord = sum(np.sin(2 * np.pi * hz * time) for hz in draw.uniform(80, 900, 3))
    bursts = np.exp(-10 * (time % draw.uniform(0.3, 0.6))) * draw.standard_normal((2, len(time)))
    return 0.03 * chord + 0.05 * bursts
