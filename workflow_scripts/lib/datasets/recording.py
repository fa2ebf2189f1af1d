"""One recording of the user's own as a data set: a track with a mixture and no stems."""

from pathlib import Path

from workflow_scripts.lib.audio import io
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.files import write_json
from workflow_scripts.lib.datasets.prepare import Form, hash_of_samples, hash_of_track, load_clip, read_header
from workflow_scripts.lib.datasets.raw import Clip, check_name
from workflow_scripts.lib.datasets.table import Track, write_tracks


def prepare_recording(file: Path, root: Path, rate: int | None, channels: int | None) -> None:
    """Write the one track of `file` (WAV, FLAC, MP3 and what else libsndfile reads) as the split `test` of `root`.

    rate in Hz, channels: None takes those of the file. Raises UserError where it is no audio, holds NaN, or is silent.
    """
    clip = Clip.of(file)
    header = read_header(clip)
    form = Form(rate or header.rate, channels or header.channels, False, 0.0)
    samples = load_clip(clip, form, max(1, round(header.frames * form.rate / header.rate))).astype("f4")
    if not samples.any():
        raise UserError(f"{file}: is silent, so there is nothing to separate; give another recording.")
    name = check_name(file.stem, file)
    io.write(Path(root) / "test" / name / "mixture.wav", samples, form.rate)
    write_json(Path(root) / "manifest.json", {"rate": form.rate, "channels": form.channels, "file": str(file)})
    track = Track(
        track=name,
        split="test",
        song=name,
        singers="",
        family="",
        seconds=samples.shape[1] / form.rate,
        rate=form.rate,
        channels=form.channels,
        stems="",
        sha256=hash_of_track({"mixture": hash_of_samples(samples)}),
    )
    write_tracks(root, [track])
