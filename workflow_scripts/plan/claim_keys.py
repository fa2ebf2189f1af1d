"""The keys that say how published claims are judged."""

from typing import Annotated

from pydantic import Field

from workflow_scripts.lib.core.settings import Positive, settings


@settings
class Claims:
    """How published claims are judged (docs/claims.md)."""

    margin_db: Annotated[
        Positive,
        Field(
            description=(
                "Greatest difference in dB from a published value that does not matter: a value is reproduced where "
                "the 95 % interval of the difference lies within it. Half a dB lies above what details that papers "
                "leave out move (0.2 dB by averaging shifts in Demucs, 0.3 dB by overlapping chunks in Conv-TasNet, as "
                "their authors report), and below the gains that the papers claim."
            )
        ),
    ] = 0.5
