"""One recording of the user's own as a data set: a track with a mixture and no stems."""

from typing import Annotated

from pydantic import Field

from workflow_scripts.lib.audio import io
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.files import write_json
from workflow_scripts.lib.core.settings import Free, settings
from workflow_scripts.lib.datasets.conversion import Form, hash_of_samples, hash_of_track, load_clip, read_header
from workflow_scripts.lib.datasets.kinds.contract import Target
from workflow_scripts.lib.datasets.origin import root_of
from workflow_scripts.lib.datasets.raw import Clip, check_name
from workflow_scripts.lib.datasets.table import Track, write_tracks


@settings
class Settings:
    """root: the recording, WAV, FLAC, MP3 or what else libsndfile reads."""

    root: Annotated[str, Free("a path of the user's"), Field(description="the file of the recording")]


def fill_root(target: Target, settings: Settings) -> None:
    """Write the one track of the recording as the split `test`.

    Raises UserError where it is no audio, holds NaN, or is silent.
    """
    file, root = root_of(settings.root), target.root
    clip = Clip.of(file)
    header = read_header(clip)
    form = Form(target.rate or header.rate, target.channels or header.channels, False, 0.0)
    samples = load_clip(clip, form, max(1, round(header.frames * form.rate / header.rate))).astype("f4")
    if not samples.any():
        raise UserError(f"{file}: is silent, so there is nothing to separate; give another recording.")
    name = check_name(file.stem, file)
    io.write(root / "test" / name / "mixture.wav", samples, form.rate)
    write_json(root / "manifest.json", {"rate": form.rate, "channels": form.channels, "file": str(file)})
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
