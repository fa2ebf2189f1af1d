"""The published split of four collections, by name."""

from collections import Counter

import pytest

from tests.lib.folders import prepare
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.datasets.published_split import listed_tracks, split_as_published
from workflow_scripts.lib.datasets.raw import RawTrack


def track(name: str) -> RawTrack:
    return RawTrack(name, "test", name, (), "", {}, None)


def test_the_parts_are_as_large_as_published():
    # Two of the 42 test tracks of MedleyDB stand twice in the list.
    assert Counter(listed_tracks().values()) == {
        ("DSD100", "train"): 50, ("DSD100", "valid"): 25, ("DSD100", "test"): 25,
        ("MedleyDB", "train"): 40, ("MedleyDB", "valid"): 40, ("MedleyDB", "test"): 40,
        ("CCMixter", "train"): 16, ("CCMixter", "valid"): 16, ("CCMixter", "test"): 18,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "split", "family"),
    [
        ("051 - AM Contra - Heart Peripheral", "train", "DSD100"),
        ("AM Contra - Heart Peripheral", "train", "DSD100"),
        ("Jokers, Jacks & Kings - Sea Of Leaves", "test", "DSD100"),
        ("AmarLal_SpringDay1", "train", "MedleyDB"),
        ("casimps1_-_Bingo_(B-I-N-G-O)", "train", "CCMixter"),
    ],
)
def test_a_track_is_found_as_its_collection_writes_it(name, split, family):
    (found,) = split_as_published([track(name)], "root")
    assert (found.track, found.split, found.family) == (name, split, family)


def test_a_track_that_the_list_has_not_is_refused_with_the_nearest():
    with pytest.raises(UserError, match=r"'AM Contra - Heart Periphery' is in no part .* 'amcontraheartperipheral'"):
        split_as_published([track("AM Contra - Heart Periphery")], "root")


def test_a_folder_is_split_by_its_setting_and_by_no_other_word(tmp_path):
    import numpy as np
    import soundfile

    for name in ("AM Contra - Heart Peripheral", "AmarLal_Rest", "Jokers, Jacks & Kings - Sea Of Leaves"):
        (tmp_path / "in" / name).mkdir(parents=True)
        for number, stem in enumerate(("vocals", "accompaniment")):
            samples = 0.1 * np.sin(np.arange(8000) * (number + len(name)) / 50)
            soundfile.write(tmp_path / "in" / name / f"{stem}.wav", samples, 8000)
    tracks = prepare(tmp_path / "in", tmp_path / "out", stems=("vocals", "accompaniment"), split="published")
    assert [(each.split, each.family) for each in tracks] == [
        ("train", "DSD100"), ("train", "MedleyDB"), ("test", "DSD100"),
    ]  # fmt: skip
    with pytest.raises(UserError, match="'split' is 'publised'; did you mean 'published'"):
        prepare(tmp_path / "in", tmp_path / "other", split="publised")
