"""What marks say about estimates: the losses of the user-guided one-shot adaptation (Cantisani et al., WASPAA 2021).

marks [source, time] are +1 where a source plays, -1 where it is silent and 0 where nothing is marked. The paper knows
only two states. Here a source that is not marked is treated as one that plays, and a time at which no source is marked
counts in neither term, so that marks of a part of the song say nothing about the rest. One mark holds for all audio
channels, where the public code has one a channel.

All losses are means over every index, as in the public code: a time without marks counts as a zero.
"""

import torch

from workflow_scripts.lib.audio.marked_stems import silence_of


def known(marks: torch.Tensor) -> torch.Tensor:
    """1 at times at which a source is marked, [time]."""
    return (marks != 0).any(dim=0).to(marks.dtype)


def masked_sum(estimates: torch.Tensor, mixture: torch.Tensor, marks: torch.Tensor) -> torch.Tensor:
    """Mean over channels and time of |mixture - sum of the estimates that are not marked silent|.

    estimates: [source, channel, time].  mixture: [channel, time].
    The sum stands inside the absolute value, as in the public code.
    """
    total = (estimates * (1 - silence_of(marks))).sum(dim=0)
    return (known(marks) * (mixture - total)).abs().mean()


def energy_in_silence(estimates: torch.Tensor, marks: torch.Tensor) -> torch.Tensor:
    """Mean over sources, channels and time of |estimate| where its source is marked silent."""
    return (silence_of(marks) * estimates).abs().mean()


def each_against_mixture(estimates: torch.Tensor, mixture: torch.Tensor, marks: torch.Tensor) -> torch.Tensor:
    """Mean over channels and time of sum over sources |h estimate - mixture|, h = 0 where marked silent, otherwise 1.

    The formula printed on the paper's poster, taken literally: it pulls each estimate to the whole mixture. Kept as a
    control.
    """
    differences = estimates * (1 - silence_of(marks)) - mixture
    return (known(marks) * differences).abs().sum(dim=0).mean()


def summed_energy_in_silence(estimates: torch.Tensor, marks: torch.Tensor) -> torch.Tensor:
    """Mean over channels and time of the sum over sources of |estimate| where marked silent, as on the poster."""
    return (silence_of(marks) * estimates).abs().sum(dim=0).mean()


def plain_sum(estimates: torch.Tensor, mixture: torch.Tensor) -> torch.Tensor:
    """Mean over channels and time of |mixture - sum of all estimates|; needs no marks."""
    return (mixture - estimates.sum(dim=0)).abs().mean()
