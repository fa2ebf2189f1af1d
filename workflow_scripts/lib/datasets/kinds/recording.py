"""One recording of the user's own as a data set: a track with a mixture and no stems."""

from typing import Annotated

import numpy as np
from pydantic import Field

from workflow_scripts.lib.audio import io
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.files import write_json
from workflow_scripts.lib.core.names import slug
from workflow_scripts.lib.core.settings import Free, settings
from workflow_scripts.lib.datasets.conversion import hash_of_samples, hash_of_track, read_clip, with_channels
from workflow_scripts.lib.datasets.kinds.contract import Target
from workflow_scripts.lib.datasets.origin import root_of
from workflow_scripts.lib.datasets.raw import Clip
from workflow_scripts.lib.datasets.table import Track, write_tracks


@settings
class Settings:
    """root: the recording, WAV, FLAC, MP3 or what else libsndfile or ffmpeg reads."""

    root: Annotated[str, Free("a path of the user's"), Field(description="the file of the recording")]


def fill_root(target: Target, settings: Settings) -> None:
    """Write the one track of the recording as the split `test`.

    Raises UserError where it is no audio, holds NaN, or is silent.
    """
    file, root = root_of(settings.root), target.root
    clip = Clip.of(file)
    given, own_rate = read_clip(clip)
    rate, channels = target.rate or own_rate, target.channels or len(given)
    samples = io.resample(with_channels(given, channels, clip), own_rate, rate).astype("f4")
    samples = samples if samples.size else np.zeros((channels, 1), "f4")
    if not samples.any():
        raise UserError(f"{file}: is silent, so there is nothing to separate; give another recording.")
    name = slug(file.stem)
    io.write(root / "test" / name / "mixture.wav", samples, rate)
    write_json(root / "manifest.json", {"rate": rate, "channels": channels, "file": str(file)})
    track = Track(
        track=name,
        split="test",
        song=name,
        singers="",
        family="",
        seconds=samples.shape[1] / rate,
        rate=rate,
        channels=channels,
        stems="",
        sha256=hash_of_track({"mixture": hash_of_samples(samples)}),
    )
    write_tracks(root, [track])
