"""The published Conv-TasNet weights of facebookresearch/demucs as a model of `conv_tasnet`.

Nothing but tensors, numbers, texts and their containers is read, so no code from a file ever runs. The fetched file of
the branch v2 holds tensors alone. What `save_model` of the branch v1 writes, and so `tasnet.th`, is the tuple of the
network's class, the arguments that it was made with, and its state; that of the branch v2 writes a dictionary of them.
The class becomes an inert placeholder, and whatever else the file asks for is refused.
"""

import pickle
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch._utils import _rebuild_tensor_v2

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.tensor_files import named_tensors, read_torch
from workflow_scripts.lib.networks.conv_tasnet import ConvTasNet, network_like
from workflow_scripts.lib.networks.tensors import Tensors, order_of
from workflow_scripts.lib.weights.published import Form, Published

SOURCES = ("drums", "bass", "other", "vocals")  # in the order of the output
FORM = Form("conv_tasnet", 44100, 2, SOURCES)

# Licence: MIT, as the code. `extra`: trained on 150 more songs. UGOSA took `tasnet`.
PUBLISHED = {
    "tasnet": Published(
        "https://dl.fbaipublicfiles.com/demucs/v2.0/tasnet.th",
        "be56693f6a5c4854b124f95bb9dd043f3167614898493738ab52e25648bec8a2",
    ),
    "tasnet_extra": Published(
        "https://dl.fbaipublicfiles.com/demucs/v2.0/tasnet_extra.th",
        "0ccbece3acd98785a367211c9c35b1eadae8d148b0d37fe5a5494d6d335269b5",
    ),
    "tasnet-beb46fac": Published("https://dl.fbaipublicfiles.com/demucs/v3.0/tasnet-beb46fac.th", "beb46fac"),
    "tasnet_extra-df3777b2": Published(
        "https://dl.fbaipublicfiles.com/demucs/v3.0/tasnet_extra-df3777b2.th", "df3777b2"
    ),
}

# Names: ours, and those of the public code. Of a block they stand behind `repeats.<repeat>.<block>.`.
OUTER = {
    "encoder.weight": "encoder.conv1d_U.weight",
    "normalise.gain": "separator.network.0.gamma",
    "normalise.offset": "separator.network.0.beta",
    "bottleneck.weight": "separator.network.1.weight",
    "mask.weight": "separator.network.3.weight",
    "decoder.weight": "decoder.basis_signals.weight",
}
INNER = {
    "widen.weight": "net.0.weight",
    "bend.weight": "net.1.weight",
    "normalise.gain": "net.2.gamma",
    "normalise.offset": "net.2.beta",
    "along.weight": "net.3.net.0.weight",
    "bend_again.weight": "net.3.net.1.weight",
    "normalise_again.gain": "net.3.net.2.gamma",
    "normalise_again.offset": "net.3.net.2.beta",
    "narrow.weight": "net.3.net.3.weight",
}


def read_model(path: Path) -> Tensors:
    """A file of the published weights -> what `conv_tasnet.separate` takes as its model.

    Raises UserError where the file cannot be read, holds code, or lacks a tensor.
    """
    return convert(read_tensors(Path(path)), str(path))


def read_tensors(path: Path) -> Tensors:
    """The tensors of a PyTorch file, old or new; of one that keeps class, arguments and state, those of the state."""
    advice = "allowed are PyTorch files of tensors and of the published Conv-TasNet."
    return named_tensors(read_torch(path, advice, RESTRICTED), path)


def convert(tensors: Mapping[str, torch.Tensor], where: str) -> Tensors:
    """Tensors under the names of the public code -> under ours, with the rate and the order of the sources."""
    theirs = {**OUTER, **_inner(tensors)}
    missing, extra = sorted(set(theirs.values()) - set(tensors)), sorted(set(tensors) - set(theirs.values()))
    for verb, found in (("lacks", missing), ("has besides the network's", extra)):
        if found:
            raise UserError(f"{where}: {verb} {len(found)} tensors, the first {found[0]!r}; give a published file.")
    ours = {name: tensors[their].float().contiguous() for name, their in theirs.items()}
    expected = {name: each.shape for name, each in _network(ours).state_dict().items()}
    for name, shape in expected.items():
        if ours[name].shape != shape:
            raise UserError(
                f"{where}: the tensor {theirs[name]!r} has shape {tuple(ours[name].shape)} where {tuple(shape)} is "
                "expected; give a published file."
            )
    if len(SOURCES) * ours["encoder.weight"].shape[0] != ours["mask.weight"].shape[0]:
        raise UserError(f"{where}: is not for the {len(SOURCES)} sources {', '.join(SOURCES)}; give a published file.")
    return {**ours, **order_of(SOURCES), "rate": torch.tensor(FORM.rate)}


def _inner(tensors: Mapping[str, torch.Tensor]) -> dict[str, str]:
    """Our names and theirs, of all blocks that the file has."""
    blocks = {tuple(name.split(".")[3:5]) for name in tensors if name.startswith("separator.network.2.")}
    return {
        f"repeats.{'.'.join(block)}.{ours}": f"separator.network.2.{'.'.join(block)}.{theirs}"
        for block in sorted(blocks)
        for ours, theirs in INNER.items()
    }


def _network(ours: Tensors) -> ConvTasNet:
    with torch.device("meta"):  # shapes alone
        return network_like(ours)


# Reading without running


class Placeholder:
    """Stands for a class that a file names; can be made of anything and does nothing."""

    dump_patches = False  # asked for by torch where a file keeps the source of a class

    def __new__(cls, *arguments: Any) -> "Placeholder":  # noqa: ARG004
        return super().__new__(cls)

    def __setstate__(self, state: Any) -> None:
        pass


ALLOWED = {
    "collections.OrderedDict": OrderedDict,
    "torch._utils._rebuild_tensor_v2": _rebuild_tensor_v2,
    "demucs.tasnet.ConvTasNet": Placeholder,
    # Of how it was trained, which the code of the branch v2 keeps.
    "argparse.Namespace": Placeholder,
    "pathlib.PosixPath": Placeholder,
}


class Restricted(pickle._Unpickler):
    """Finds only what is needed to build named tensors; torch itself finds the types of their storages.

    In Python, since the one in C takes gigabytes for what a damaged number asks of it.
    """

    def find_class(self, module: str, name: str) -> Any:
        found = ALLOWED.get(f"{module}.{name}")
        if found is None:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no weights need")
        return found


RESTRICTED = ModuleType("restricted")
vars(RESTRICTED).update(Unpickler=Restricted, load=lambda file, **options: Restricted(file, **options).load())
