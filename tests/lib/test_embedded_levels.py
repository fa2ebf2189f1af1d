"""The embedded music stays what it is: levels of every stem in time and frequency, against the table that is kept.

Whatever changes the sound changes every published number: `python -m tests.lib.test_embedded_levels` writes the table
anew, and the change is said in the README. Hashes would differ between processors.
"""

import json
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from workflow_scripts.lib.core.registry import CORPORA
from workflow_scripts.lib.datasets.embedded import songs

TABLE = Path(__file__).with_name("embedded_levels.json")
PIECES = {"chorales": ("bwv253", "bwv273"), "songs": tuple(songs.PLANS)[::2]}
SECONDS, SLICES, BANDS = 9.0, 6, (0, 125, 250, 500, 1000, 2000, 4000, 8000)  # s; of time; edges in Hz
FLOOR = 1e-9  # below -90 dB there is the rounding of 16 bits


@lru_cache
def levels(corpus: str, piece: str) -> dict[str, list[list[float]]]:
    """Levels in dB of full scale by stem, [slice of time][band]."""
    rendered, found = CORPORA.load(corpus).render(piece, seconds=SECONDS), {}
    for stem, samples in rendered.stems.items():
        mono = samples.astype(float).mean(axis=0) / 2**15
        parts = mono[: len(mono) // SLICES * SLICES].reshape(SLICES, -1)
        power = np.abs(np.fft.rfft(parts)) ** 2 / parts.shape[1] ** 2
        hz = np.fft.rfftfreq(parts.shape[1], 1 / rendered.rate)
        bands = np.stack([power[:, (low <= hz) & (hz < high)].sum(1) for low, high in pairwise(BANDS)], axis=1)
        found[stem] = np.round(10 * np.log10(bands + FLOOR), 3).tolist()
    return found


@pytest.mark.parametrize(("corpus", "piece"), [(corpus, piece) for corpus in PIECES for piece in PIECES[corpus]])
def test_the_levels_of_a_piece_are_those_that_are_kept(corpus, piece):
    kept = json.loads(TABLE.read_text(encoding="utf-8"))[piece]
    found = levels(corpus, piece)
    assert found.keys() == kept.keys()
    for stem in kept:
        np.testing.assert_allclose(found[stem], kept[stem], atol=0.01, err_msg=stem)


if __name__ == "__main__":
    table = {piece: levels(corpus, piece) for corpus in PIECES for piece in PIECES[corpus]}
    TABLE.write_text(json.dumps(table, separators=(",", ":")) + "\n", encoding="utf-8")
