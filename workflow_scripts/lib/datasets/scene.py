"""What a separation method is given about one track or excerpt."""

from dataclasses import dataclass

import torch

from workflow_scripts.lib.audio.f0 import F0


@dataclass(frozen=True)
class Scene:
    """One track, or an excerpt of it.

    mixture: [channel, time] float32, on the device that the method shall use.
    rate: sampling rate in Hz.
    sources: names of the sources to estimate, in the order of the estimates.
    seed: seeds every random choice of the method on this track.
    f0: of the voices, where the method's YAML says that it needs `f0`; its frame 0 stands at the first sample.
    references: [source, channel, time], for training with stems, and in separation only where the YAML says that it
        needs `references` (the oracle masks).
    marks: [source, time] float32, 1 where a source is marked as playing, -1 as silent, 0 where it is not marked.
    """

    mixture: torch.Tensor
    rate: int
    sources: tuple[str, ...]
    seed: int = 0
    f0: F0 | None = None
    references: torch.Tensor | None = None
    marks: torch.Tensor | None = None
