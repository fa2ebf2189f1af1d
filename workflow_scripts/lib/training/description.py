"""What the workflow says of a method to the jobs that run it: the option `--method` of their scripts, as JSON.

Imports nothing heavy.
"""

import json
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.settings import Free, checked, settings

Description = TypeVar("Description")
Need = Literal["f0", "references", "training", "weights", "unpaired", "marks", "adaptation"]


@settings
class MethodDescription:
    """A method: what adapting and separating need to know of it."""

    module: Annotated[str, Free("names an entry of the registry of methods"), Field(description="Of lib/methods.")]
    settings: Annotated[
        dict[str, Any],
        Free("checked by the `Settings` of the module"),
        Field(description="Those that differ from the module's defaults."),
    ]
    needs: Annotated[
        tuple[Need, ...],
        Field(description="What the method is given beside the mixture."),
    ]


def read_description(text: str, of: type[Description]) -> Description:
    """The description that a text (JSON) holds. Raises UserError: one sentence, with the key."""
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(f"--method: cannot be read as JSON ({error}).") from None
    return checked(of, values, "--method")
