"""Pitch candidates given to voices, by both ways, on pitches set by hand."""

from itertools import permutations

import numpy as np
import pytest

from workflow_scripts.lib.audio.f0 import HOP_SECONDS
from workflow_scripts.lib.audio.multipitch import Candidates
from workflow_scripts.lib.audio.voice_assignment import Settings, assign, contours, published_assignment
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.settings import checked

BOTH = ("beam", "published")
HIGH, LOW = 400.0, 200.0


def candidates(*frames, salience=0.5, hop=HOP_SECONDS):
    """Candidates from one list of pitches in Hz a frame."""
    width = max(map(len, frames), default=0) or 1
    hz = np.array([list(frame) + [0.0] * (width - len(frame)) for frame in frames])
    return Candidates(np.arange(len(frames)) * hop, hz, np.where(hz > 0, salience, 0.0))


def assigned(found, voices=2, assignment="beam"):
    return assign(found, voices, Settings(assignment=assignment))[0]


@pytest.mark.parametrize("assignment", BOTH)
def test_complete_frames_come_out_in_order_whatever_order_they_came_in(assignment):
    hz = assigned(candidates([200, 400], [401, 201], [402, 202]), assignment=assignment)
    np.testing.assert_array_equal(hz, [[400, 401, 402], [200, 201, 202]])


@pytest.mark.parametrize("assignment", BOTH)
@pytest.mark.parametrize("kept", [0, 1], ids=["high voice left", "low voice left"])
def test_a_single_pitch_goes_to_the_voice_it_continues(assignment, kept):
    both = [HIGH, LOW]
    hz = assigned(candidates(both, both, [both[kept] + 5], [both[kept] + 9], both, both), assignment=assignment)
    np.testing.assert_array_equal(hz[kept], [both[kept]] * 2 + [both[kept] + 5, both[kept] + 9] + [both[kept]] * 2)
    np.testing.assert_array_equal(hz[1 - kept] > 0, [True, True, False, False, True, True])


@pytest.mark.parametrize("assignment", BOTH)
def test_a_surplus_pitch_far_from_both_voices_is_left_out(assignment):
    both = [HIGH, LOW]
    hz = assigned(candidates(both, both, [*both, 800.0], both, both), assignment=assignment)
    np.testing.assert_array_equal(hz, np.repeat([[HIGH], [LOW]], 5, axis=1))


@pytest.mark.parametrize("assignment", BOTH)
def test_a_voice_that_pauses_comes_back_where_it_stopped(assignment):
    frames = [[HIGH, LOW]] * 5 + [[LOW]] * 5 + [[]] * 3 + [[HIGH - 10]] * 5 + [[HIGH, LOW]] * 5
    hz = assigned(candidates(*frames), assignment=assignment)
    np.testing.assert_array_equal(hz[0, 13:18], [HIGH - 10] * 5)
    assert not hz[1, 10:18].any()


@pytest.mark.parametrize("assignment", BOTH)
@pytest.mark.parametrize("voices", [1, 2, 4])
def test_silence_and_an_empty_track_leave_every_voice_unvoiced(assignment, voices):
    assert not assigned(candidates([], [], []), voices, assignment).any()
    assert assigned(candidates([], [], []), voices, assignment).shape == (voices, 3)


@pytest.mark.parametrize("assignment", BOTH)
def test_random_candidates_are_used_at_most_once_and_reported_with_their_salience(assignment):
    rng = np.random.default_rng(5)
    frames = [list(rng.uniform(100, 800, rng.integers(0, 7))) for _ in range(60)]
    found = candidates(*frames, salience=rng.uniform(0.2, 0.9))
    hz, salience = assign(found, 3, Settings(assignment=assignment))
    used = [column[column > 0] for column in hz.T]
    assert sum(map(len, used)) > 60
    assert all(
        len(set(column)) == len(column) and set(column) <= set(frame)
        for column, frame in zip(used, frames, strict=True)
    )
    np.testing.assert_array_equal(salience > 0, hz > 0)


def test_the_beam_search_never_lets_voices_cross():
    rng = np.random.default_rng(6)
    frames = [list(rng.uniform(100, 800, rng.integers(0, 7))) for _ in range(80)]
    hz = assigned(candidates(*frames), 4)
    descending = [column[column > 0] for column in hz.T]
    assert sum(map(len, descending)) > 80
    assert all((np.diff(column) < 0).all() for column in descending)


def test_the_beam_search_remembers_across_a_pause_a_pitch_away_from_the_voices_usual_one():
    # By its usual pitches, 400 and 200 Hz, the high voice would be nearer to 310 Hz.
    frames = [[HIGH, LOW]] * 10 + [[500.0, 300.0]] * 2 + [[]] * 3 + [[310.0]] * 2
    np.testing.assert_array_equal(assigned(candidates(*frames))[:, -2:], [[0, 0], [310, 310]])


def test_the_beam_search_takes_the_more_salient_of_two_pitches_at_one_distance():
    found = candidates(*[[300.0]] * 5, [291.26, 309.0], [300.0])
    weak = np.where(found.hz == 309.0, 0.3, found.salience)
    hz = assign(Candidates(found.times, found.hz, weak), 1, Settings())[0]
    assert hz[0, 5] == 291.26


def test_on_a_short_track_a_wide_beam_finds_what_keeping_every_hypothesis_finds():
    rng = np.random.default_rng(8)
    frames = [list(rng.uniform(100, 800, 3)) for _ in range(6)]
    narrow, wide = (assign(candidates(*frames), 2, Settings(width=width))[0] for width in (500, 20000))
    assert wide.any()
    np.testing.assert_array_equal(narrow, wide)


# --- as published ----------------------------------------------------------------------------------------------------


def chosen_hz(*frames, voices=2):
    """Pitches [voice, frame] of the published assignment, lowest voice first."""
    found = candidates(*frames)
    path = published_assignment(found.hz, voices)
    return np.where(path >= 0, found.hz[np.arange(len(frames)), path], 0.0)


def test_a_run_after_a_complete_frame_and_before_silence_is_resolved_forward():
    np.testing.assert_array_equal(chosen_hz([200, 400], [390], []), [[200, 0, 0], [400, 390, 0]])


def test_a_run_before_a_complete_frame_and_after_silence_is_resolved_backward():
    np.testing.assert_array_equal(chosen_hz([], [210], [200, 400]), [[0, 210, 200], [0, 0, 400]])


def test_between_two_complete_frames_the_cheaper_pass_decides():
    # Forward, 290 Hz is nearer to the lower voice: 40 Hz, then 100 + 45 Hz to the far border. Backward, it is nearer to
    # the upper voice: 10 Hz, then 60 + 55 Hz. The backward pass is cheaper.
    hz = chosen_hz([250, 345], [290], [190, 300])
    np.testing.assert_array_equal(hz, [[250, 0, 190], [345, 290, 300]])


def test_a_run_between_silences_is_resolved_from_the_nearest_complete_frames():
    np.testing.assert_array_equal(
        chosen_hz([200, 400], [], [395], [], [205, 405]), [[200, 0, 0, 0, 205], [400, 0, 395, 0, 405]]
    )


def test_a_run_between_silences_uses_the_one_side_that_has_a_complete_frame():
    np.testing.assert_array_equal(chosen_hz([], [210], [], [200, 400])[:, 1], [210, 0])
    np.testing.assert_array_equal(chosen_hz([200, 400], [], [380], [])[:, 2], [0, 380])


def test_without_any_complete_frame_the_order_stays_sorted_with_silent_voices_lowest():
    np.testing.assert_array_equal(chosen_hz([300], [100, 200, 300]), [[0, 100], [300, 200]])


def test_a_silent_neighbour_voice_is_replaced_by_its_last_pitch():
    # The low voice rests while the high one glides down to 250 Hz; 210 Hz is the low voice again.
    hz = chosen_hz([200, 300], [280], [250], [215], [])
    np.testing.assert_array_equal(hz, [[200, 0, 0, 215, 0], [300, 280, 250, 0, 0]])


def test_each_frame_of_a_forward_pass_moves_as_little_as_any_permutation_could():
    rng = np.random.default_rng(7)
    last = np.array([150.0, 250.0, 350.0])
    for count in (1, 2, 4, 5):
        frame = np.sort(rng.uniform(100, 400, count))
        hz = chosen_hz(list(last), list(frame), [], voices=3)[:, 1]
        padded = np.concatenate([np.zeros(max(0, 3 - count)), frame])
        least = min(sum(abs(a - b) for a, b in zip(way, last, strict=False) if a) for way in permutations(padded))
        assert np.abs(hz - last)[hz > 0].sum() == pytest.approx(least)


# --- onto 16 ms ------------------------------------------------------------------------------------------------------


def test_a_voice_glides_from_0_hz_only_where_the_published_interpolation_is_named():
    found = candidates([], [], [200.0], [204.0], [208.0], [], [], hop=0.0116)
    target = np.arange(5) * HOP_SECONDS
    fixed, fixed_salience = contours(found, 1, target, Settings())
    glided, _ = contours(found, 1, target, Settings(between="across"))
    assert ((fixed == 0) | (fixed >= 200)).all()
    assert (fixed > 0).sum() == 2
    assert ((glided > 0) & (glided < 200)).any()
    np.testing.assert_array_equal(fixed_salience > 0, fixed > 0)


def test_an_unknown_assignment_or_a_negative_weight_is_refused():
    with pytest.raises(UserError, match="'beam'"):
        checked(Settings, {"assignment": "beams"}, "settings")
    with pytest.raises(UserError, match=r"'jump' is -1\.0; allowed is a number, at least 0"):
        checked(Settings, {"jump": -1.0}, "settings")
