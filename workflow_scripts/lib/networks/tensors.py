"""The tensors of a model by name: a network's weights, and facts beside them (its rate, the order of its sources)."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import torch
from torch import nn

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.seeds import seed_of

Tensors = dict[str, torch.Tensor]
Network = TypeVar("Network", bound=nn.Module)

PREFIX = "source."  # before the name of a source, whose index among the outputs the tensor holds


def build(make: Callable[[], Network], seed: int, start: Mapping[str, torch.Tensor]) -> Network:
    """A network with the weights `start` or, where that is empty, with start values drawn from `seed`.

    torch's global generator is left as it was. Raises UserError where the weights are those of another network.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of(seed, "start values") % 2**63)
        network = make()
    if start:
        expected = network.state_dict()
        tensors = {name: each for name, each in start.items() if name in expected}
        check_tensors(tensors, expected, "The model to start from")
        network.load_state_dict(tensors)
    return network


def of_network(network: nn.Module, facts: Tensors) -> Tensors:
    """The network's tensors by name, copied to the CPU, and the facts beside them."""
    return {**{name: each.detach().cpu().clone() for name, each in network.state_dict().items()}, **facts}


def restore(network: Network, model: Tensors, rate: int, device: torch.device, method: str) -> Network:
    """The network with the model's tensors, ready to separate mixtures of `rate` Hz on the device.

    Raises UserError where the model is for another rate, or for a network of other settings.
    """
    trained = int(model["rate"]) if "rate" in model else None
    if trained != rate:
        raise UserError(
            f"The model of {method} was trained at {trained} Hz, the mixture has {rate} Hz; separate at the rate of "
            "the training."
        )
    expected = network.state_dict()
    tensors = {name: each for name, each in model.items() if name != "rate"}
    check_tensors(tensors, expected, f"The model of {method}")
    network.load_state_dict(tensors)
    return network.to(device).eval()


def check_tensors(tensors: Tensors, expected: Tensors, what: str) -> None:
    """Raise UserError where names or shapes differ; `what` opens the sentence."""
    differing = {
        "lacks": sorted(expected.keys() - tensors.keys()),
        "has, against the settings,": sorted(tensors.keys() - expected.keys()),
    }
    for verb, names in differing.items():
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise UserError(f"{what} {verb} the tensor {names[0]!r}{more}; the settings must be those of its training.")
    for name, tensor in tensors.items():
        if tensor.shape != expected[name].shape:
            raise UserError(
                f"{what} has the tensor {name!r} with shape {tuple(tensor.shape)} where the settings ask for "
                f"{tuple(expected[name].shape)}; the settings must be those of its training."
            )


# The order of the sources in a network that gives all of them in one pass


def order_of(sources: Sequence[str]) -> Tensors:
    """The index of each source among the outputs, to be saved beside the weights."""
    return {f"{PREFIX}{name}": torch.tensor(index) for index, name in enumerate(sources)}


def known_order(model: Mapping[str, torch.Tensor]) -> list[str]:
    """The sources of a model in the order of its outputs."""
    indices = {name.removeprefix(PREFIX): int(each) for name, each in model.items() if name.startswith(PREFIX)}
    return sorted(indices, key=indices.__getitem__)


def without_order(model: Tensors) -> Tensors:
    """The model's tensors but those that `order_of` gives."""
    return {name: each for name, each in model.items() if not name.startswith(PREFIX)}


def check_order(model: Mapping[str, torch.Tensor], sources: Sequence[str], what: str) -> None:
    """Raise UserError where the model gives other sources, or in another order; `what` opens the sentence."""
    known = known_order(model)
    if known != list(sources):
        raise UserError(
            f"{what} was trained on the sources {', '.join(known) or 'none'}, and {', '.join(sources)} are asked for; "
            "give the same sources in the same order."
        )


def output_indices(model: Tensors, sources: Sequence[str], method: str) -> list[int]:
    """Where each source stands in the output of the network that these weights are of.

    Raises UserError where the network was trained on other sources.
    """
    known = {name.removeprefix(PREFIX): int(each) for name, each in model.items() if name.startswith(PREFIX)}
    if set(known) != set(sources):
        raise UserError(
            f"The model of {method} was trained on the sources {', '.join(sorted(known)) or 'none'}, and "
            f"{', '.join(sources)} are asked for; ask for the sources of the training."
        )
    return [known[name] for name in sources]
