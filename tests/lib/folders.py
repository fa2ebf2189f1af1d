"""Folders of small recordings, and what becomes of them: shared by the tests of the data sets."""

import numpy as np
import pytest
import soundfile

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.datasets.prepared_root import make_prepared_root
from workflow_scripts.lib.datasets.table import read_tracks

RATE = 8000
STEMS = ("voice", "piano")
MUSDB = ("drums", "bass", "other", "vocals")
PARTS = ("soprano", "alto", "tenor", "bass")


def tone(hz, samples=RATE // 4, channels=1, rate=RATE):
    """A tone of amplitude 0.25, [time, channel] int16."""
    signal = np.rint(2**13 * np.sin(2 * np.pi * hz * np.arange(samples) / rate)).astype(np.int16)
    return np.repeat(signal[:, None], channels, axis=1)


def put(path, samples, rate=RATE, subtype="PCM_16"):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, subtype=subtype)
    return path


def song(folder, hz=200, samples=RATE // 4, stems=STEMS):
    """A track of tones, each stem of its own pitch, without a mixture."""
    for number, stem in enumerate(stems, start=1):
        put(folder / f"{stem}.wav", tone(hz * number, samples))
    return folder


def prepare(root, out, kind="folder", *, stems=STEMS, voices=(), rate=None, channels=None, processes=1, **settings):
    make_prepared_root(
        kind,
        {"root": str(root)} | settings,
        out,
        stems=stems,
        voices=voices,
        rate=rate,
        channels=channels,
        processes=processes,
        cache=out.parent / "cache",
    )
    return read_tracks(out)


def refusal(root, out, *words, **options):
    """The sentence with which a folder is refused; holds all `words`, and nothing is left behind."""
    before = sorted(out.parent.iterdir())
    with pytest.raises(UserError) as caught:
        prepare(root, out, **options)
    sentence = str(caught.value)
    assert all(str(word) in sentence for word in words), sentence
    assert "\n" not in sentence
    assert sorted(out.parent.iterdir()) == before
    return sentence


def wav(path):
    samples, rate = soundfile.read(path, always_2d=True)
    assert samples.size
    return samples, rate


def content(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
