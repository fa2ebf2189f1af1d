"""Blocks of frames give the bits of the whole spectrogram and of its signal."""

import pytest
import torch

from workflow_scripts.lib.audio import frame_blocks as module
from workflow_scripts.lib.audio.frame_blocks import frame_blocks
from workflow_scripts.lib.audio.stft import istft, stft
from workflow_scripts.lib.core.errors import UserError

SIZES = [(64, 8), (64, 16), (64, 32), (48, 20), (50, 7)]  # windows and hops


@pytest.mark.parametrize(("window", "hop"), SIZES)
@pytest.mark.parametrize("edges", ["zeros", "reflection"])
@pytest.mark.parametrize("length", [1, 40, 41, 64, 500, 512, 513, 1999, 2048])
def test_blocks_give_the_bits_of_the_whole(monkeypatch, window, hop, edges, length):
    monkeypatch.setattr(module, "FRAMES", 16)
    signal = torch.randn(2, 3, length, generator=torch.Generator().manual_seed(length))
    if edges == "reflection" and length <= window // 2:
        with pytest.raises(UserError, match="cannot be reflected"):
            list(frame_blocks(length, window, hop, edges))
        return
    whole = stft(signal, window, hop, edges)
    gains = torch.rand(whole.shape[-2:], generator=torch.Generator().manual_seed(1))
    found, ends = torch.full_like(signal, torch.nan), []
    for block in frame_blocks(length, window, hop, edges):
        spectrum = block.spectrum(signal)
        assert torch.equal(spectrum, whole[..., block.frames])
        block.fill(found, gains[:, block.frames] * spectrum)
        ends.append((block.start, block.stop))
    assert [start for start, _ in ends] == [0, *[stop for _, stop in ends[:-1]]] and ends[-1][1] == length
    assert torch.equal(found, istft(gains * whole, window, hop, length))


def test_a_block_of_a_long_signal_is_no_larger_than_that_of_a_short_one():
    sizes = [max(block.frames.stop - block.frames.start for block in frame_blocks(n, 64, 8)) for n in (10**4, 10**6)]
    assert sizes[0] == sizes[1] == module.FRAMES + 8
