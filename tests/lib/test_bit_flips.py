"""A few of the flips and cuts that `python -m tests.bit_flips` makes many of."""

import pytest

from tests.bit_flips import GOOD, OTHER, READERS, REFUSED, outcomes


@pytest.mark.parametrize("name", READERS)
def test_a_file_with_another_bit_or_cut_short_is_read_the_same_or_refused_in_one_sentence(tmp_path, name):
    found = outcomes(name, tmp_path, flips=120, cuts=60)
    assert found.total() == 180
    assert set(found) <= GOOD
    assert found[REFUSED] > 60
    assert name not in ("checkpoint", "model file") or not found[OTHER]
