"""All that a method learns from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from workflow_scripts.lib.datasets.excerpts import Excerpts


@dataclass(frozen=True)
class Unpaired:
    """Excerpts that belong to no stems: mixtures, and solo recordings of each source, all drawn independently.

    The mixtures and the solo recordings of each source are of songs of their own, and their scenes have no F0.
    mixtures: scenes without references.  solos: by source; the `mixture` of such a scene is the solo recording.
    """

    mixtures: Excerpts
    solos: Mapping[str, Excerpts]


@dataclass(frozen=True)
class TrainingData:
    """train: what teaches.  valid: what tells when to stop.

    unpaired: only for the methods whose YAML needs `unpaired`.
    start: weights of the model that the YAML says to `start` from; empty for start values of its own.
    """

    train: Excerpts
    valid: Excerpts
    unpaired: Unpaired | None = None
    start: Mapping[str, torch.Tensor] = field(default_factory=dict)
