"""What a family of metrics states: one module a family, found by its name (`core.registry.METRICS`).

A family has two names at its top level:

    METRICS   a tuple of `Metric`. It is read from the source text while the workflow is planned, without importing the
              module, so it holds nothing but strings, also f-strings of the module's own constants, and constants of
              this module.
    SCORES    name of each of them -> function of an `estimate.Estimate` that gives its values, [source, frame] or
              [source] float64, NaN where undefined.

A new metric is a new module. Imported while the workflow is planned, so nothing heavy is imported here.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from workflow_scripts.lib.core.settings import NotNegative, settings

# Placeholder of the silence rule included; of the families that the parametric paper reports.
AS_IN_PARAMETRIC_PAPER = "as in arXiv 2201.09592, {frames}, undefined in frames in which the signal is zero{floor}"


@dataclass(frozen=True)
class Metric:
    """What a metric is.

    unit: of its values, "dB" or "1" where there is none.
    level: "frame" for one value a source and frame, "track" for one a source.
    better: "higher" or "lower" values.
    definition: one sentence from which the value can be computed again; says nothing of aggregation. `{frames}`,
        `{floor}` and `{scorer}` stand for window and hop, for the silence rule, and for who computed BSSEval.
    """

    name: str
    unit: str
    level: Literal["frame", "track"]
    better: Literal["higher", "lower"]
    definition: str


FrameSeconds = Annotated[float, Field(gt=0, le=86400)]


@settings
class Scoring:
    """How the metrics of a comparison are computed. The silence rule is that of `silence_rule.too_quiet`."""

    window: Annotated[float, Field(gt=0, le=86400, description="Length of the frames of framewise metrics, in s.")] = (
        1.0
    )
    hop: Annotated[FrameSeconds, Field(description="Step between those frames, in s.")] = 1.0
    energy_floor: Annotated[
        NotNegative | None,
        Field(
            description=(
                "Silence rule of arXiv 2201.09592 for SI-SDR-frames, sp-SNR, sp-SI-SNR and MCD: frames in which a "
                "source has a lower sum of squares (per 16,000 samples, the mixture of each 4 s scaled to a peak of 1) "
                "are left out; the paper has 10; null keeps all that are not zero."
            )
        ),
    ] = 10.0
    bsseval: Annotated[
        Literal["fast", "museval"],
        Field(description="`fast`: our exact BSSEval v4; `museval`: museval itself, which needs ffmpeg on the PATH."),
    ] = "fast"
