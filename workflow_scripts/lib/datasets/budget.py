"""How much a method is given to learn from. Imported while the workflow is planned."""

from typing import Annotated

from pydantic import Field

from workflow_scripts.lib.core.settings import Count, Free, settings

Family = Annotated[str, Free("a family of the track table, which is known only once the data is prepared")]


@settings
class Budget:
    """How much of the training data a method that learns is given in pairs."""

    songs: Annotated[
        Count | None,
        Field(description="Number of training songs, the first ones of the track table; null is all of them."),
    ] = None
    family: Annotated[
        Family | None,
        Field(description="Takes the songs from this family of the track table alone; null takes them from all."),
    ] = None


@settings
class UnpairedBudget:
    """Which unlabelled recordings a method is given beside the paired songs."""

    family: Annotated[
        Family | None,
        Field(
            description=(
                "Family of training songs that give unlabelled mixtures and solo recordings, each song only one of "
                "them and none that the budget pairs; null takes all families."
            )
        ),
    ] = None
