"""What libsndfile does not read (M4A, AAC, WMA, films), through the programs ffmpeg and ffprobe.

Imported while the workflow is planned, so nothing heavy is imported here.
"""

import json
import shutil
import subprocess
from pathlib import Path

from workflow_scripts.lib.core.errors import UserError

# A playlist must not fetch anything from elsewhere.
READING = ("-v", "error", "-protocol_whitelist", "file,pipe")


def probe(path: Path, shown: str) -> tuple[float, int, int]:
    """(length in s, rate in Hz, channels) of the first audio stream. Raises UserError where there is none.

    shown: what messages call the file.
    """
    entries = "stream=sample_rate,channels,duration:format=duration"
    words = ["ffprobe", *READING, "-select_streams", "a:0", "-show_entries", entries, "-of", "json", "-i", str(path)]
    try:
        told = json.loads(_output(words, shown))
        stream = told["streams"][0]
        seconds = float(stream.get("duration", told.get("format", {}).get("duration", "nan")))
        return seconds, int(stream["sample_rate"]), int(stream["channels"])
    except (ValueError, LookupError) as error:
        raise UserError(f"{shown}: ffmpeg finds no sound in it; convert it to WAV or FLAC.") from error


def decode(path: Path, shown: str) -> bytes:
    """The first audio stream at its own rate and channels, interleaved, as little-endian 32-bit floats."""
    return _output(["ffmpeg", "-nostdin", *READING, "-i", str(path), "-map", "0:a:0", "-f", "f32le", "-"], shown)


def _output(words: list[str], shown: str) -> bytes:
    if shutil.which(words[0]) is None:
        raise UserError(
            f"{shown}: cannot be read as audio without {words[0]}, which is not on the PATH; install ffmpeg, or "
            "convert the file to WAV or FLAC."
        )
    done = subprocess.run(words, capture_output=True, check=False)
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
        raise UserError(f"{shown}: cannot be read as audio ({reason[0][:120]}); convert it to WAV or FLAC.")
    return done.stdout
