"""The F0 that was published with arXiv 2201.09592, from files named as in its public code."""

import numpy as np
import pytest
import torch

from workflow_scripts.lib.audio.f0_sources import umss
from workflow_scripts.lib.audio.f0_sources.contract import Audio, Given
from workflow_scripts.lib.core.errors import UserError

PARTS = ("soprano", "alto", "tenor", "bass")
# Track, voices, and the file that the public code has of it.
TRACKS = [
    ("El Rossinyol 2", 4, "El_Rossinyol/mixtures_4_sources/{}/el_rossinyol_Sno_208_At_2-06_Tor2-09_Bos_207.pt"),
    ("Locus Iste 3", 4, "Locus_Iste/mixtures_4_sources/{}/locus_iste_Sno_310_Alt_301_t3-01-2_Bs_3-02.pt"),
    ("Nino Dios 1-1-2-4", 4, "Nino_Dios/mixtures_4_sources/{}/nino_dios_Sno_105_Alt_107_t2-06-2_Bos_404.pt"),
    ("El Rossinyol 1 alto-bass", 2, "El_Rossinyol/mixtures_2_sources/{}/el_rossinyol_At_1-06_Bos_107.pt"),
    ("Locus Iste 4 soprano-tenor", 2, "Locus_Iste/mixtures_2_sources/{}/locus_iste_Sno_410_t4-01-2.pt"),
]
FOLDER = "mf0_cuesta_processed"


def given(track, voices, seconds=1.0):
    audio = Audio(np.zeros((1, round(16000 * seconds))), {}, 16000)
    return Given(track, PARTS[:voices], lambda: audio)


def put(root, name, content):
    path = root / name.format(FOLDER)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(content, path)
    return path


@pytest.mark.parametrize(("track", "voices", "file"), TRACKS)
def test_a_mixture_has_the_tensor_of_its_singers_with_the_highest_voice_first(tmp_path, track, voices, file):
    put(tmp_path, file, torch.arange(500)[:, None] + 1000 * torch.arange(voices)[None].float())
    f0 = umss.find_f0(given(track, voices), umss.Settings(str(tmp_path)))
    assert f0.voices == PARTS[:voices]
    assert f0.hz[:, 3].tolist() == [1000.0 * voice + 3 for voice in range(voices)]
    later = umss.find_f0(given(f"{track} at 0004.00 s", voices), umss.Settings(str(tmp_path)))
    assert later.hz[0, 0] == 250  # 4 s in frames of 16 ms


def test_beyond_the_tensor_and_where_it_has_no_number_a_voice_is_unvoiced(tmp_path):
    table = torch.full((10, 4), 200.0)
    table[4, 1], table[5, 1] = torch.nan, -3.0
    put(tmp_path, TRACKS[0][2], table)
    hz = umss.find_f0(given(TRACKS[0][0], 4), umss.Settings(str(tmp_path))).hz
    assert hz.shape[1] > 10 and not hz[:, 10:].any()
    assert hz[1, 3:7].tolist() == [200, 0, 0, 200]


@pytest.mark.parametrize(
    ("track", "content", "sentence"),
    [
        ("bwv253", None, "is of the Choral Singing Dataset alone, but the track is 'bwv253'"),
        ("El Rossinyol 2", None, "cannot be read"),
        ("El Rossinyol 2", torch.zeros(5, 3), r"has the shape \[5, 3\], needed is \[frame, 4\]"),
        ("El Rossinyol 2", {"f0": 1}, "holds no tensor of numbers"),
        ("El Rossinyol 2", print, "cannot be read"),
    ],
)
def test_another_track_or_file_is_refused_in_one_sentence(tmp_path, track, content, sentence):
    if content is not None:
        put(tmp_path, TRACKS[0][2], content)
    with pytest.raises(UserError, match=sentence) as error:
        umss.find_f0(given(track, 4), umss.Settings(str(tmp_path)))
    assert "\n" not in str(error.value)
