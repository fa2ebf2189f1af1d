"""The embedded chorales and the singer that sings them."""

import hashlib
import itertools
import json
import os
import platform
import subprocess
import sys

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from tests.lib import embedded_measures as measure
from workflow_scripts.data import make_chorale_notes
from workflow_scripts.lib.audio.f0 import HOP_SECONDS, frame_count
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.datasets.embedded import chorales
from workflow_scripts.lib.datasets.embedded.control import Grid
from workflow_scripts.lib.datasets.embedded.corpus import Rendered, quantise
from workflow_scripts.lib.datasets.embedded.harmonics import running_phase, sum_harmonics
from workflow_scripts.lib.datasets.embedded.notes import CONSONANTS, VOWELS, Note, text
from workflow_scripts.lib.datasets.embedded.phonemes import CONSONANT_SOUNDS, VOWEL_FORMANTS
from workflow_scripts.lib.datasets.embedded.room import Room, impulse_response, reverberate
from workflow_scripts.lib.datasets.embedded.shaping import shaped_noise
from workflow_scripts.lib.datasets.embedded.singer import Sung, sing, singer
from workflow_scripts.lib.datasets.embedded.voice import PARTS

RATE = 16000
SECONDS = 8.0
PITCH_RANGE = {"soprano": (180, 1100), "alto": (130, 800), "tenor": (90, 600), "bass": (55, 450)}
SINGERS = range(5)


def dry_voices(piece: str, seconds: float) -> dict[str, Sung]:
    """The voices of a piece without the room, by part."""
    clock = chorales.clock_of(piece)
    words = text([clock.at(beat) for beat in clock.beats], ("chorales", piece))
    return {
        who.part: sing(
            chorales.notes(piece, who.part, clock, seconds), who, seconds, RATE, ("chorales", piece, who.part), words
        )
        for who in chorales.cast(piece, chorales.SPLITS[piece])
    }


@pytest.fixture(scope="module", params=["bwv255", "bwv274"])
def rendered(request) -> Rendered:
    return chorales.render(request.param, RATE, SECONDS)


@pytest.fixture(scope="module")
def dry() -> dict[str, Sung]:
    return dry_voices("bwv255", SECONDS)


@pytest.fixture(scope="module")
def held() -> dict[tuple[str, int], np.ndarray]:
    """One long note of every singer: its contour in cents, from 0.5 s after its onset, [frame]."""
    middle = {"soprano": 71, "alto": 66, "tenor": 59, "bass": 50}
    sung = {
        (part, index): sing([Note(0.2, 2.0, middle[part])], singer(part, index), 2.5, RATE, ("held", part, index))
        for part in PARTS
        for index in SINGERS
    }
    frames = slice(round(0.7 / HOP_SECONDS), round(2.1 / HOP_SECONDS))
    return {name: 1200 * np.log2(voice.f0[frames] / 440) for name, voice in sung.items()}


@pytest.fixture(scope="module")
def spectra() -> dict[tuple[str, int], np.ndarray]:
    """Long-term spectrum of every singer in the same piece, dry."""
    clock = chorales.clock_of("bwv253")
    words = text([clock.at(beat) for beat in clock.beats], ("chorales", "bwv253"))
    return {
        (part, index): measure.twelfth_octaves(
            sing(
                chorales.notes("bwv253", part, clock, SECONDS), singer(part, index), SECONDS, RATE, (part, index), words
            ).dry,
            RATE,
        )
        for part in PARTS
        for index in SINGERS
    }


# The score


def test_the_note_table_is_what_its_script_writes():
    kept = make_chorale_notes.TABLE.read_text(encoding="utf-8")
    table = json.loads(kept)
    assert make_chorale_notes.layout(table["pieces"]) == kept
    assert "music21" in table["source"]
    assert tuple(table["pieces"]) == chorales.PIECES


def test_every_voice_of_the_table_sings_one_note_at_a_time_and_all_end_together():
    table = json.loads(make_chorale_notes.TABLE.read_text(encoding="utf-8"))["pieces"]
    assert len(table) == 28
    for voices in table.values():
        assert tuple(voices) == PARTS
        for rows in voices.values():
            assert all(a[0] + a[1] <= b[0] for a, b in itertools.pairwise(rows))
            assert all(duration > 0 for _, duration, _, _ in rows)
        assert len({rows[-1][0] + rows[-1][1] for rows in voices.values()}) == 1


@pytest.mark.parametrize(
    ("fermata_ends", "cut"), [((8, 16, 24), 24), ((19.5, 33), None), ((12, 20, 28), 20), ((), None), ((32,), 32)]
)
def test_an_excerpt_ends_at_the_first_fermata_from_quarter_20_to_32(fermata_ends, cut):
    soprano = [[end - 1, 1, 70, 1] for end in fermata_ends] + [[30, 1, 70, 0]]
    assert make_chorale_notes.cut_quarter(soprano) == cut


def test_no_tune_and_no_singer_is_in_two_splits():
    table = json.loads(make_chorale_notes.TABLE.read_text(encoding="utf-8"))["pieces"]
    tunes, singers = {}, {}
    for piece, split in chorales.SPLITS.items():
        steps = np.diff([row[2] for row in table[piece]["soprano"][:8]])
        tunes.setdefault(tuple(steps), set()).add(split)
        for who in chorales.cast(piece, split):
            singers.setdefault(who.name, set()).add(split)
    assert len(singers) == 20
    assert all(len(splits) == 1 for splits in (*tunes.values(), *singers.values()))
    assert [list(chorales.SPLITS.values()).count(split) for split in ("train", "valid", "test")] == [16, 4, 8]


def test_a_fermata_holds_the_note_under_it_and_nothing_else():
    clock = chorales.clock_of("bwv253")
    assert clock.fermatas == (8, 20)
    assert clock.at(4) - clock.at(3) == pytest.approx(clock.quarter)
    assert clock.at(8) - clock.at(7) == pytest.approx(clock.quarter * (1 + chorales.FERMATA_HOLD))
    assert clock.at(9) - clock.at(8) == pytest.approx(clock.quarter)


# The rendered pieces


@pytest.mark.parametrize("piece", chorales.PIECES)
def test_stems_add_up_to_the_mixture_with_headroom_and_none_is_nearly_silent(piece):
    short = chorales.render(piece, RATE, 2.5)
    assert tuple(short.stems) == PARTS
    stems = np.stack(list(short.stems.values()))
    assert stems.dtype == np.int16
    assert stems.shape == (4, 1, 40000)
    assert np.array_equal(stems.astype(int).sum(axis=0), short.mixture)
    assert max(np.abs(short.mixture.astype(int)).max(), np.abs(stems.astype(int)).max()) < 0.75 * 32768
    assert (20 * np.log10(np.sqrt((stems.astype(float) ** 2).mean(axis=-1)) / 32768) > -50).all()
    assert short.f0.hz.shape == (4, frame_count(2.5))


def test_a_mixture_out_of_range_is_refused():
    loud = np.full((1, 4), 20000, dtype=np.int16)
    piece = Rendered("t", "test", "t", (), "", RATE, {"a": loud, "b": loud}, None)
    with pytest.raises(OverflowError, match="16-bit"):
        _ = piece.mixture


def test_quantised_stems_reach_the_peak_asked_for():
    stems = {name: stream("q", name).standard_normal((1, 1000)) for name in "ab"}
    whole = quantise(stems, 0.5)
    loudest = max(np.abs(signal.astype(int)).max() for signal in (*whole.values(), whole["a"] + whole["b"]))
    assert loudest == pytest.approx(0.5 * 32767, rel=1e-3)


def test_a_whole_piece_lasts_about_twenty_seconds():
    lengths = [chorales.clock_of(piece).seconds for piece in chorales.PIECES]
    assert min(lengths) > 16
    assert max(lengths) < 25
    assert 8 < sum(lengths) / 60 < 10


def test_an_unknown_piece_is_refused_with_the_nearest_name():
    with pytest.raises(UserError, match="did you mean 'bwv2"):
        chorales.render("bwv25")


HASH = (
    "import hashlib; from workflow_scripts.lib.datasets.embedded import chorales;"
    "short = chorales.render('bwv260', 16000, 2.0);"
    "print(hashlib.sha256(b''.join(stem.tobytes() for stem in short.stems.values())).hexdigest())"
)
STORED = "53d1f6f2fd19a6d0f9e4734c35c1fda6c3ac55b6dabcd4b55832cecc56d769de"


@pytest.fixture(scope="module")
def hashes() -> set[str]:
    found = set()
    for number in ("1", "2"):
        settings = {**os.environ, "PYTHONHASHSEED": number, "OMP_NUM_THREADS": number, "OPENBLAS_NUM_THREADS": number}
        run = subprocess.run([sys.executable, "-c", HASH], env=settings, capture_output=True, text=True, check=True)
        found.add(run.stdout.strip())
    return found


def test_samples_are_the_same_in_processes_of_other_hash_seeds_and_threads(hashes):
    here = chorales.render("bwv260", RATE, 2.0)
    own = hashlib.sha256(b"".join(stem.tobytes() for stem in here.stems.values())).hexdigest()
    assert hashes == {own}


@pytest.mark.skipif(platform.machine() != "x86_64", reason="other processors may differ in a last bit here and there")
def test_samples_are_those_of_the_stored_hash(hashes):
    assert hashes == {STORED}


# The voice


def test_the_written_f0_is_found_again_by_pyin(dry):
    import librosa

    for part, voice in dry.items():
        low, high = PITCH_RANGE[part]
        found, voiced, _ = librosa.pyin(
            voice.dry[: 5 * RATE],
            fmin=low,
            fmax=high,
            sr=RATE,
            frame_length=2048 if part == "bass" else 1024,
            hop_length=256,
        )
        true = voice.f0[: len(found)]
        both = (true > 0) & voiced
        assert both.sum() > 0.9 * (true > 0).sum() > 100
        assert (np.abs(1200 * np.log2(found[both] / true[both])) < 50).mean() > 0.95


def test_the_f0_is_zero_before_the_first_note_and_after_the_last():
    voice = sing([Note(0.5, 0.8, 60)], singer("alto", 0), 2.0, RATE, ("one",))
    times = np.arange(len(voice.f0)) * HOP_SECONDS
    assert (voice.f0[(times < 0.3) | (times > 1.5)] == 0).all()
    steady = voice.f0[(times > 0.7) & (times < 1.2)]
    assert np.abs(1200 * np.log2(steady / 261.626)).max() < 120


def test_vibrato_of_a_long_note_has_the_rate_and_the_extent_of_a_singer(held):
    rates, extents = np.array([measure.vibrato(cents) for cents in held.values()]).T
    assert len(rates) == 20
    assert ((rates >= 4) & (rates <= 7)).all()
    assert ((extents >= 10) & (extents <= 60)).all()


def test_two_singers_of_one_part_differ_less_than_singers_of_two_parts(spectra):
    same, other = [], []
    for (one, first), (two, second) in itertools.combinations(spectra.items(), 2):
        (same if one[0] == two[0] else other).append(measure.spectrum_distance(first, second))
    assert (len(same), len(other)) == (40, 150)
    assert 3 < min(same) <= max(same) < 9
    assert min(other) > 7


def test_the_harmonic_to_noise_ratio_is_that_of_a_voice(rendered):
    for part, hz in zip(PARTS, rendered.f0.hz, strict=True):
        assert 10 < measure.harmonic_to_noise(rendered.stems[part][0] / 32768.0, hz, RATE) < 20


def test_the_band_from_1_to_2_khz_carries_the_energy_it_has_in_real_voices(rendered):
    levels = [measure.band_level(rendered.stems[part][0] / 32768.0, RATE, 1000, 2000) for part in PARTS]
    assert all(-18 < level < -3 for level in levels)


def test_no_comb_with_an_all_pole_envelope_comes_near_the_ideal_mask(rendered):
    stems = [rendered.stems[part][0] / 32768.0 for part in PARTS]
    assert measure.gap(stems, rendered.f0.hz, RATE) > 1.5


def test_the_gap_of_what_the_parametric_model_can_represent_is_small():
    grid = Grid(RATE, 4 * RATE)
    stems, contours = [], []
    for part, hz in zip(PARTS, (523.0, 391.0, 329.0, 131.0), strict=True):
        f0 = hz * (1 + 0.01 * np.sin(2 * np.pi * 5 * grid.times))
        k = np.arange(1, int(0.47 * RATE / f0.max()) + 1)
        gains = np.tile(k**-1.0 / (1 + ((k * hz - 900) / 400) ** 2), (grid.count, 1))
        stems.append(sum_harmonics(running_phase(f0, grid), gains, grid, singer(part, 0)))
        contours.append(np.interp(np.arange(frame_count(4.0)) * HOP_SECONDS, grid.times, f0))
    assert measure.gap(stems, np.stack(contours), RATE) < 0.8


def test_harmonics_equal_a_plain_sum_of_sines_without_aliases():
    grid = Grid(RATE, RATE // 2)
    f0 = np.full(grid.count, 200.0)
    gains = np.tile([1.0, 0.5, 0.0, 0.25], (grid.count, 1))
    made = sum_harmonics(running_phase(f0, grid), gains, grid, singer("alto", 1))
    lines = np.abs(np.fft.rfft(made)) * 2 / len(made)
    assert lines[[100, 200, 300, 400]] == pytest.approx([1.0, 0.5, 0.0, 0.25], abs=1e-9)
    assert np.delete(lines, [100, 200, 400]).max() < 1e-9


def test_louder_is_brighter_in_one_and_the_same_voice():
    from workflow_scripts.lib.datasets.embedded.harmonics import source_db

    soft, loud = source_db(np.array([[500.0, 4000.0]] * 2), np.array([-6.0, 6.0]), singer("tenor", 0))
    assert loud[1] - loud[0] > soft[1] - soft[0] + 1.0


def test_every_sound_of_the_text_is_known_and_voices_share_it():
    assert set(CONSONANTS) - {""} == set(CONSONANT_SOUNDS)
    assert set(VOWELS) == set(VOWEL_FORMANTS)
    assert text([0.0, 1.0, 2.0], ("a",)) == text([0.0, 1.0, 2.0], ("a",)) != text([0.0, 1.0, 2.0], ("b",))


def test_singers_are_known_by_name_and_differ_between_families():
    assert singer("bass", 1) == singer("bass", 1)
    assert len({singer("bass", 1).name, singer("bass", 2).name, singer("bass", 1, "north").name}) == 3
    assert singer("bass", 1, "north").vibrato_rate != singer("bass", 1).vibrato_rate


# Noise and room


def test_shaped_noise_with_level_one_has_unit_variance_and_follows_its_levels():
    noise = shaped_noise(np.ones((400, 129)), 50000, stream("noise"))
    assert noise.std() == pytest.approx(1.0, abs=0.03)
    levels = np.ones((400, 129))
    levels[:, 64:] = 0.1
    spectrum = np.abs(np.fft.rfft(shaped_noise(levels, 50000, stream("noise")))) ** 2
    assert 10 * np.log10(spectrum[2000:11000].mean() / spectrum[14000:24000].mean()) == pytest.approx(20, abs=1.0)


def decay_seconds(response: np.ndarray, low: float, high: float) -> float:
    """Reverberation time of one band: three times from -5 to -25 dB of the Schroeder integral behind the taps."""
    band = sosfilt(butter(4, (low, high), "bandpass", fs=RATE, output="sos"), response[round(0.06 * RATE) :])
    energy = 10 * np.log10(np.cumsum(band[::-1] ** 2)[::-1] / (band**2).sum())
    return 3 * (np.argmax(energy < -25) - np.argmax(energy < -5)) / RATE


def test_the_tail_of_the_room_decays_as_set_and_faster_at_high_frequencies():
    response = impulse_response(RATE, Room(1.4, 0.6, -6.0, -8.0), stream("room"))[0]
    assert decay_seconds(response, 100, 400) == pytest.approx(1.3, rel=0.2)
    assert decay_seconds(response, 6000, 7900) == pytest.approx(0.6, rel=0.2)


def test_the_room_adds_taps_and_tail_of_the_levels_set_to_the_direct_sound():
    response = impulse_response(RATE, Room(1.4, 0.6, -6.0, -8.0), stream("room"))[0]
    assert response[0] == pytest.approx(1.0, abs=0.02)
    rest = (response[1:] ** 2).sum()
    assert rest == pytest.approx(10**-0.6 + 10**-0.8, rel=0.25)
    assert np.array_equal(reverberate(np.eye(1, 4000)[0], RATE, Room(), stream("r"))[0, :1].round(6) > 0.9, [True])


def test_a_stereo_room_pans_the_direct_sound_and_decorrelates_the_tail():
    left = impulse_response(RATE, Room(), stream("room"), channels=2, pan=-1.0)
    assert left.shape[0] == 2
    assert abs(left[0, 0]) > 0.95 > 0.05 > abs(left[1, 0])
    assert abs(np.corrcoef(left[:, 2000:])[0, 1]) < 0.1
