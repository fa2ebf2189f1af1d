"""How long a method learns, in steps of what size, and how often it is validated and saved.

Imported while the workflow is planned, so nothing heavy is imported here.
"""

from typing import Annotated, Literal

from pydantic import Field

from workflow_scripts.lib.core.settings import settings


@settings
class Schedule:
    """The key `training` of a method's YAML; an adaptation makes one of its own, with a row of its curve an epoch."""

    steps: Annotated[int, Field(ge=1, description="Optimisation steps at most.")] = 2000
    batch: Annotated[int, Field(ge=1, description="Excerpts in a batch, over all GPUs together.")] = 4
    seconds: Annotated[float, Field(gt=0, description="Length of an excerpt, in s.")] = 4.0
    draw_from: Annotated[
        Literal["audio", "songs"],
        Field(description="Excerpts are drawn uniformly over the audio, or a song first, each as likely as any other."),
    ] = "audio"
    overhang_seconds: Annotated[
        float,
        Field(
            ge=0,
            description="By how much an excerpt may reach beyond both ends of its track, with zeros there, in s: the "
            "context that a network needs and does not estimate.",
        ),
    ] = 0.0
    validate_every: Annotated[
        int,
        Field(
            ge=1,
            description="Steps between two validations, each a point of the curves; the best of them gives the "
            "weights.",
        ),
    ] = 100
    patience: Annotated[
        Annotated[int, Field(ge=1)] | None,
        Field(description="Training stops after so many validations without a lower loss; null never stops it early."),
    ] = 10
    checkpoint_every: Annotated[
        int,
        Field(ge=1, description="Steps between two checkpoints, from which a training that was killed goes on."),
    ] = 500
    checkpoint_seconds: Annotated[
        float, Field(gt=0, description="Time after which a checkpoint is written even before that, in s.")
    ] = 120.0
    precision: Annotated[
        Literal["float32", "bf16", "fp16"],
        Field(
            description="Precision of the network, bf16 and fp16 mixed with float32. On a CPU fp16 is float32, and so "
            "is bf16 where the processor does not multiply it."
        ),
    ] = "float32"
    cache_mb: Annotated[
        int,
        Field(
            ge=0,
            description="Decoded tracks are kept in memory up to this size in MB, for training and validation each.",
        ),
    ] = 1024

    def check(self) -> str | None:
        if 2 * self.overhang_seconds < self.seconds:
            return None
        return f"overhang_seconds is {self.overhang_seconds}, but seconds is {self.seconds}; take less than half of it."
