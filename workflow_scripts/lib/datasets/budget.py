"""How much of the training data a method is given.

Imported while the workflow is planned, so nothing heavy is imported here.
"""

from typing import Annotated, Literal

from pydantic import Field

from workflow_scripts.lib.core.settings import Free, settings

FAMILY = Free("a family of the track table, which is known once the data is prepared")


@settings
class Budget:
    """The key `budget` of a method's YAML: the songs that a method learns from in pairs of mixture and stems."""

    songs: Annotated[
        Annotated[int, Field(ge=1)] | None,
        Field(description="Number of training songs, the first ones of the track table; null is all of them."),
    ] = None
    family: Annotated[
        str | None,
        FAMILY,
        Field(description="Takes the songs from this family of the track table alone; null takes them from all."),
    ] = None


@settings
class UnpairedBudget:
    """The key `unpaired` of a method's YAML: the unlabelled songs that a method is given beside the paired ones."""

    family: Annotated[
        str | None,
        FAMILY,
        Field(
            description="Family of training songs that give unlabelled mixtures and solo recordings, none that the "
            "budget pairs; null takes all families."
        ),
    ] = None
    songs: Annotated[
        Literal["apart", "shared"],
        Field(
            description="Each song gives only mixtures or solo recordings of one source (apart), or every song gives "
            "all of them (shared), as in the public code of arXiv 1711.00048."
        ),
    ] = "apart"
