"""The order of the sources in a model whose network gives all of them in one pass: it goes with the weights."""

from collections.abc import Sequence

import torch

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.methods.contract import Tensors

PREFIX = "source."


def order_of(sources: Sequence[str]) -> Tensors:
    """The places of the sources, to be saved beside the weights."""
    return {f"{PREFIX}{name}": torch.tensor(index) for index, name in enumerate(sources)}


def known_order(model: Tensors) -> list[str]:
    """The sources of a model in the order of its outputs."""
    places = {name.removeprefix(PREFIX): int(each) for name, each in model.items() if name.startswith(PREFIX)}
    return sorted(places, key=places.get)


def without_order(model: Tensors) -> Tensors:
    return {name: each for name, each in model.items() if not name.startswith(PREFIX)}


def check_order(model: Tensors, sources: Sequence[str], what: str) -> None:
    """Raise UserError where the model gives other sources, or in another order; `what` opens the sentence."""
    known = known_order(model)
    if known != list(sources):
        raise UserError(
            f"{what} was trained on the sources {', '.join(known) or 'none'}, and {', '.join(sources)} are asked for; "
            "give the same sources in the same order."
        )
