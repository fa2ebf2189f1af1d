"""Readers of the data of the papers and of choirs, on files named and laid out as they were published."""

import json
import re

import numpy as np
import pytest
import soundfile
import yaml

from tests.lib.folders import PARTS, put, song, tone
from tests.lib.test_derived import prepared
from workflow_scripts.lib.core.code_graph import ROOT
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.datasets.published_split import listed_tracks
from workflow_scripts.lib.datasets.table import read_scene, read_tracks

VOCALS = ("vocals", "accompaniment")
RATE = 8000


def read(folder, layout, stems, **layout_settings):
    """The prepared root of the folder `in`, read in a layout."""
    settings = {"layout": layout, "archives": [], "root": str(folder / "in"), "layout_settings": layout_settings}
    return prepared(folder, "out", "fetched", settings, stems)


def defined(name):
    """Layout and settings of a definition in config/datasets."""
    settings = yaml.safe_load((ROOT / f"config/datasets/{name}.yaml").read_text())["settings"]
    return settings["layout"], settings.get("layout_settings", {})


# Bach Chorales and Barbershop Quartets


def test_parts_of_chorales_and_quartets_8_and_9_validate_and_the_empty_part_is_left_out(tmp_path):
    names = ["1_BC001_part1", "10_BC010_part1", "1_BC001_part10", "8_BC008_part2", "17_BC021_part11", "17_BC021_part1"]
    names += ["9_BQ009_part1", "17_BQ017_part11"]
    for hz, name in enumerate(names, start=20):
        for number, voice in enumerate("satb"):
            folder = tmp_path / "in" / ("BC" if "BC" in name else "BQ") / "audio_16kHz"
            put(folder / f"{name}_{voice}_1ch.wav", tone(10 * hz + number))
    tracks = read_tracks(read(tmp_path, "bcbsq", PARTS))
    assert [(each.track, each.split, each.song, each.family) for each in tracks] == [
        ("BC001 part 01", "train", "BC001", "BC"),
        ("BC001 part 10", "train", "BC001", "BC"),
        ("BC010 part 01", "train", "BC010", "BC"),
        ("BC021 part 01", "train", "BC021", "BC"),
        ("BQ017 part 11", "train", "BQ017", "BQ"),
        ("BC008 part 02", "valid", "BC008", "BC"),
        ("BQ009 part 01", "valid", "BQ009", "BQ"),
    ]
    (tmp_path / "in/BC/audio_16kHz/8_BC008_part2_t_1ch.wav").unlink()
    with pytest.raises(UserError, match=r"'BC008 part 02' lacks the file of 'tenor', 8_BC008_part2_t_1ch\.wav; get it"):
        read(tmp_path, "bcbsq", PARTS)


# Vocals and accompaniment


def _dsd100(folder, name="051 - AM Contra - Heart Peripheral", part="Test"):
    vocals, rest = tone(200, channels=2), tone(320, channels=2)
    put(folder / f"Mixtures/{part}/{name}/mixture.wav", vocals + rest)
    put(folder / f"Sources/{part}/{name}/vocals.wav", vocals)


def _medleydb(folder, name, stems, inside=True):
    artist, title = (re.sub(r"(?<=[a-z])(?=[A-Z])", " ", part) for part in name.split("_"))
    metadata = {"artist": artist, "title": title, "stems": {}}
    for number, (instrument, hz) in enumerate(stems, start=1):
        file = f"{name}_STEM_{number:02d}.wav"
        put(folder / f"Audio/{name}/{name}_STEMS/{file}", tone(hz, channels=2))
        metadata["stems"][f"S{number:02d}"] = {"filename": file, "instrument": instrument}
    place = folder / f"Audio/{name}" if inside else folder / "Metadata"
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{name}_METADATA.yaml").write_text(yaml.safe_dump(metadata))


def _ccmixter(folder, name):
    put(folder / name / "source-01.wav", tone(330))
    put(folder / name / "source-02.wav", tone(210))
    put(folder / name / "mix.wav", tone(330) + tone(210))


def _scene(root, track):
    mixture, references, _ = read_scene(root, track, VOCALS)
    np.testing.assert_allclose(mixture, references.sum(axis=0), atol=1e-6)
    return references[:, 0]


def _spectral_peaks(signal):
    """Frequencies in Hz of all tones of amplitude 0.25."""
    levels = np.abs(np.fft.rfft(signal)) * 2 / len(signal)
    return (np.flatnonzero(levels > 0.2) * RATE / len(signal)).round().tolist()


def test_each_collection_is_read_by_its_own_rule_and_split_as_published(tmp_path):
    folder = tmp_path / "in"
    _dsd100(folder / "DSD100")
    listed = {collection: [] for collection in ("MedleyDB", "CCMixter")}
    for key, (collection, split) in listed_tracks().items():
        if collection in listed:
            listed[collection].append((key, split))
    voices = [("male singer", 240), ("vocalists", 280), ("male speaker", 320), ("drum set", 400)]
    _medleydb(folder / "MedleyDB", "AvaLuna_Waterduct", voices)
    _medleydb(folder / "MedleyDB", "Auctioneer_OurFutureFaces", voices[2:], inside=False)
    for name in ("AvaLuna_Waterduct", "Auctioneer_OurFutureFaces"):
        assert name.replace("_", "").lower() in dict(listed["MedleyDB"])
    song_of_ccmixter, split_of_it = listed["CCMixter"][0]
    _ccmixter(folder / "CCMixter", song_of_ccmixter)
    root = read(tmp_path, *defined("adversarial_collections")[:1], VOCALS, **defined("adversarial_collections")[1])
    tracks = {track.track: track for track in read_tracks(root)}
    assert len(tracks) == 4
    night = tracks["Auctioneer_OurFutureFaces"]
    assert {track.family for track in tracks.values()} == {"DSD100", "MedleyDB", "CCMixter"}
    assert tracks[song_of_ccmixter].split == split_of_it
    for track in tracks.values():
        collection, split = listed_tracks()[
            "amcontraheartperipheral" if track.family == "DSD100" else track.track.replace("_", "").lower()
        ]
        assert (track.family, track.split) == (collection, split)
    dsd100 = next(track for track in tracks.values() if track.family == "DSD100")
    assert [_spectral_peaks(each) for each in _scene(root, dsd100)] == [[200], [320]]
    sung, rest = _scene(root, tracks["AvaLuna_Waterduct"])
    assert (_spectral_peaks(sung), _spectral_peaks(rest)) == ([240, 280], [320, 400])
    sung, rest = _scene(root, night)
    assert not sung.any() and _spectral_peaks(rest) == [320, 400]
    sung, rest = _scene(root, tracks[song_of_ccmixter])
    np.testing.assert_allclose(sung, tone(210)[:, 0] / 2**15, atol=1e-7)


def test_left_is_accompaniment_and_no_song_of_ikala_is_in_two_parts(tmp_path):
    for number in range(9):
        for part in ("chorus", "verse"):
            both = np.concatenate([tone(300 + number), tone(500 + number)], axis=1)
            put(tmp_path / f"in/Wavfile/{10161 + number}_{part}.wav", both if part == "chorus" else 2 * both)
    root = read(tmp_path, *defined("ikala")[:1], VOCALS, **defined("ikala")[1])
    tracks = read_tracks(root)
    splits = {}
    for track in tracks:
        splits.setdefault(track.song, set()).add(track.split)
        assert track.family == "iKala"
    assert all(len(each) == 1 for each in splits.values())
    assert [list(splits.values()).count({split}) for split in ("train", "valid", "test")] == [3, 3, 3]
    first = next(track for track in tracks if track.track == "10161_chorus")
    sung, rest = _scene(root, first)
    np.testing.assert_allclose(sung, tone(500)[:, 0] / 2**15, atol=1e-7)
    np.testing.assert_allclose(rest, tone(300)[:, 0] / 2**15, atol=1e-7)


@pytest.mark.parametrize(
    ("make", "collection", "sentence"),
    [
        (lambda folder: folder.mkdir(), "MedleyDB", "holds no song in the layout of MedleyDB; name the folder"),
        (
            lambda folder: _medleydb(folder, "Nobody_Song", [("piano", 200)]),
            "MedleyDB",
            "'Nobody - Song' is in no part",
        ),
        (lambda folder: put(folder / "Wavfile/1_a.wav", tone(200)), "iKala", "has 1 channels, needed are two"),
        (lambda folder: song(folder / "x"), "DSD100", "holds no song in the layout of DSD100"),
    ],
)
def test_another_folder_is_refused_in_one_sentence(tmp_path, make, collection, sentence):
    make(tmp_path / "in")
    with pytest.raises(UserError, match=sentence) as error:
        read(tmp_path, "vocals", VOCALS, collections=[collection])
    assert "\n" not in str(error.value)


def test_medleydb_without_its_metadata_or_with_a_damaged_one_is_refused(tmp_path):
    name = "AvaLuna_Waterduct"
    _medleydb(tmp_path / "in", name, [("male singer", 200), ("piano", 300)])
    file = tmp_path / f"in/Audio/{name}/{name}_METADATA.yaml"
    file.write_text("stems: [1, 2]")
    with pytest.raises(UserError, match="says of no stem what its file and instrument are"):
        read(tmp_path, "vocals", VOCALS, collections=["MedleyDB"])
    file.unlink()
    with pytest.raises(UserError, match=f"has no {name}_METADATA.yaml, nor has Metadata beside Audio"):
        read(tmp_path, "vocals", VOCALS, collections=["MedleyDB"])


def test_other_stems_than_vocals_and_accompaniment_are_refused(tmp_path):
    _dsd100(tmp_path / "in")
    with pytest.raises(UserError, match="this layout has the stems vocals and accompaniment"):
        read(tmp_path, "vocals", ("vocals", "drums"), collections=["DSD100"])


# File names that say all


NAMED = {
    "dagstuhl_choirset": (
        PARTS,
        {
            "audio_wav_22050_mono/DCS_LI_QuartetA_Take03_{}1_DYN.wav": "DCS_LI_QuartetA_Take03",
            "audio_wav_22050_mono/DCS_TP_QuartetB_Take01_{}2_DYN.wav": "DCS_TP_QuartetB_Take01",
        },
        [
            "audio_wav_22050_mono/DCS_LI_QuartetA_Take03_S1_LRX.wav",
            "audio_wav_22050_mono/DCS_LI_FullChoir_Take01_S1_DYN.wav",
        ],
    ),
    "esmuc": (PARTS, {"DG_FT_take1_{}1.wav".replace("take1", "1"): "DG_FT_1"}, ["DG_FT_1_S2.wav", "DG_FT_1_ORTF.wav"]),
    "cantoria": (PARTS, {"Audio/Cantoria_EJB1_{}.wav": "Cantoria_EJB1"}, ["Audio/Cantoria_EJB1_Mix.wav"]),
    "vocalset": (("vocals",), {"FULL/female1/scales/belt/f1_scales_belt_a.wav": "f1_scales_belt_a"}, ["TRAIN/x.wav"]),
    "vocadito": (("vocals",), {"Audio/vocadito_7.wav": "vocadito_7"}, ["Audio/other.wav"]),
}


@pytest.mark.parametrize("name", NAMED)
def test_a_choir_or_solo_collection_is_read_by_the_names_of_its_files(tmp_path, name):
    stems, patterns, passed_over = NAMED[name]
    for hz, pattern in enumerate(patterns, start=20):
        for number, stem in enumerate(stems):
            put(tmp_path / "in" / pattern.format(stem[0].upper()), tone(10 * hz + 50 * number))
    for file in passed_over:
        put(tmp_path / "in" / file, tone(999))
    layout, settings = defined(name)
    tracks = read_tracks(read(tmp_path, layout, stems, **settings))
    assert {track.track for track in tracks} == set(patterns.values())
    assert all(track.stem_names == stems for track in tracks)


def test_names_that_fit_no_pattern_or_twice_or_a_wrong_pattern_are_refused(tmp_path):
    put(tmp_path / "in/a_S.wav", tone(200))
    pattern = r"(?:.*/)?(?P<track>\w)_(?P<stem>[SA])"
    names = {"soprano": "S", "alto": "A"}
    with pytest.raises(UserError, match=r"1 tracks have names that fit settings\.pattern, none of them with all of"):
        read(tmp_path, "named", ("soprano", "alto"), pattern=pattern, names=names)
    put(tmp_path / "in/more/a_S.wav", tone(300))
    with pytest.raises(UserError, match="is the same stem and track as"):
        read(tmp_path, "named", ("soprano",), pattern=pattern, names=names)
    with pytest.raises(UserError, match="pattern is no regular expression"):
        read(tmp_path, "named", ("soprano",), pattern="(", names=names)
    with pytest.raises(UserError, match="pattern has no group 'track'"):
        read(tmp_path, "named", ("soprano",), pattern="x", names=names)


# BabySlakh


def test_stems_of_slakh_are_summed_by_the_class_of_their_instrument(tmp_path):
    for number in range(1, 7):
        folder = tmp_path / f"in/babyslakh_16k/Track{number:05d}"
        classes = {"S00": "Bass", "S01": "Drums", "S02": "Piano", "S03": "Guitar"}
        (folder / "stems").mkdir(parents=True)
        stems = {name: {"inst_class": each} for name, each in classes.items()}
        (folder / "metadata.yaml").write_text(json.dumps({"stems": stems}))
        for place, name in enumerate(classes):
            if number != 6 or name != "S00":  # a track without bass
                put(folder / f"stems/{name}.wav", tone(200 + 100 * place + number))
    root = read(tmp_path, "slakh", ("bass", "drums", "other"), valid=1, test=2)
    tracks = read_tracks(root)
    assert [(each.track, each.split) for each in tracks] == [
        ("Track00001", "train"), ("Track00002", "train"), ("Track00003", "valid"), ("Track00004", "test"),
        ("Track00005", "test"),
    ]  # fmt: skip
    other = soundfile.read(tracks[0].folder(root) / "other.wav")[0]
    np.testing.assert_allclose(other, (tone(401) + tone(501))[:, 0] / 2**15, atol=1e-6)
