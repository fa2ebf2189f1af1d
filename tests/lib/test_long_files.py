"""Audio files block by block give what they give at once."""

import numpy as np
import pytest
from scipy.io import wavfile

from workflow_scripts.lib.audio import io
from workflow_scripts.lib.audio.float_wav import float_wav
from workflow_scripts.lib.audio.long_files import form_of, read_blocks, regroup, resample_blocks
from workflow_scripts.lib.core.errors import UserError

NOISE = np.random.default_rng(1).uniform(-1, 1, (2, 30_001))


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_blocks_of_a_file_are_the_file(tmp_path, suffix):
    path = tmp_path / f"noise.{suffix}"
    io.write(path, NOISE, 8000, "FLOAT" if suffix == "wav" else "PCM_24")
    blocks = list(read_blocks(path, 1024))
    assert [each.shape[1] for each in blocks] == [1024] * 29 + [305]
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), io.read(path)[0])
    assert form_of(path) == (8000, 2, 30_001)
    with pytest.raises(UserError, match="cannot be read as audio"):
        list(read_blocks(tmp_path / "missing.wav"))


@pytest.mark.parametrize(("rate", "to"), [(8000, 44100), (44100, 16000), (8000, 8000)])
def test_blocks_are_resampled_as_the_whole_is(rate, to):
    blocks = resample_blocks(np.array_split(NOISE, 7, axis=1), rate, to)
    np.testing.assert_array_equal(np.concatenate(list(blocks), axis=1), io.resample(NOISE, rate, to))


@pytest.mark.parametrize("sizes", [[10, 20, 5], [35], [1] * 35, [34], [40, 3]])
def test_blocks_are_regrouped_cut_and_filled_with_zeros(sizes):
    blocks = list(regroup(np.array_split(NOISE[:, :35], 4, axis=1), sizes))
    assert [each.shape for each in blocks] == [(2, size) for size in sizes]
    filled = np.concatenate([NOISE[:, :35], np.zeros((2, 10))], axis=1)
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), filled[:, : sum(sizes)])


@pytest.mark.parametrize("channels", [1, 2])
def test_a_file_written_in_blocks_has_the_bytes_that_scipy_writes_at_once(tmp_path, channels):
    wavfile.write(tmp_path / "whole.wav", 22050, NOISE[:channels].T.astype("float32"))
    with float_wav(tmp_path / "blocks.wav", 22050, channels, NOISE.shape[1]) as write:
        for block in np.array_split(NOISE[:channels], 5, axis=1):
            write(block)
    assert (tmp_path / "blocks.wav").read_bytes() == (tmp_path / "whole.wav").read_bytes()
