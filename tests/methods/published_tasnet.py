"""Small files of Conv-TasNet weights as the public code's own functions write them, class by reference."""

import subprocess
import sys
from pathlib import Path

import torch

from workflow_scripts.lib.networks.conv_tasnet import ConvTasNet, Sizes

TINY = Sizes(filters=6, length=20, bottleneck=4, hidden=5, blocks=2, repeats=2)

# What stands for the public package: a file cannot keep more of a class than its name and the text of its source.
PACKAGE = '''
from torch import nn


class ConvTasNet(nn.Module):
    """Of the public package, which is not there when the file is read."""

    def __init__(self, *arguments, **options):
        super().__init__()
        self._init_args_kwargs = (arguments, options)
'''

# `save_model` of the branches v1 (a tuple) and v2 (a dictionary) and `get_state`, by what they write.
SAVE = """
import argparse, pathlib, sys
import torch
from demucs.tasnet import ConvTasNet

state = torch.load(sys.argv[1], weights_only=True)
arguments, options = ConvTasNet(X=2, audio_channels=2, norm_type="gLN")._init_args_kwargs
options_of_training = argparse.Namespace(epochs=180, models=pathlib.Path("models"), tasnet=True)
contents = {
    "v1": (ConvTasNet, arguments, options, state),
    "v2": {
        "klass": ConvTasNet, "args": arguments, "kwargs": options, "state": state,
        "training_args": options_of_training,
    },
    "state": state,
}
for name, content in contents.items():
    for new, format in ((True, "zip"), (False, "old")):
        torch.save(content, f"{sys.argv[2]}/{name}-{format}.th", _use_new_zipfile_serialization=new)
"""


def network(sizes: Sizes = TINY) -> ConvTasNet:
    torch.manual_seed(0)
    body = ConvTasNet(4, 2, sizes)
    for parameter in body.parameters():
        torch.nn.init.normal_(parameter)
    return body


def published(body: ConvTasNet) -> dict[str, torch.Tensor]:
    """The network's tensors under the names of the public code, written out by hand."""
    ours = body.state_dict()
    theirs = {
        "encoder.conv1d_U.weight": ours["encoder.weight"],
        "separator.network.0.gamma": ours["normalise.gain"],
        "separator.network.0.beta": ours["normalise.offset"],
        "separator.network.1.weight": ours["bottleneck.weight"],
        "separator.network.3.weight": ours["mask.weight"],
        "decoder.basis_signals.weight": ours["decoder.weight"],
    }
    for repeat in range(body.sizes.repeats):
        for block in range(body.sizes.blocks):
            start, inside = f"separator.network.2.{repeat}.{block}.net.", f"repeats.{repeat}.{block}."
            theirs[start + "0.weight"] = ours[inside + "widen.weight"]
            theirs[start + "1.weight"] = ours[inside + "bend.weight"]
            theirs[start + "2.gamma"] = ours[inside + "normalise.gain"]
            theirs[start + "2.beta"] = ours[inside + "normalise.offset"]
            theirs[start + "3.net.0.weight"] = ours[inside + "along.weight"]
            theirs[start + "3.net.1.weight"] = ours[inside + "bend_again.weight"]
            theirs[start + "3.net.2.gamma"] = ours[inside + "normalise_again.gain"]
            theirs[start + "3.net.2.beta"] = ours[inside + "normalise_again.offset"]
            theirs[start + "3.net.3.weight"] = ours[inside + "narrow.weight"]
    return theirs


def save_as_published(state: dict[str, torch.Tensor], folder: Path) -> None:
    """Write {v1,v2,state}-{zip,old}.th into the folder, in a process of its own, where alone the class is there."""
    package = folder / "package/demucs"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "tasnet.py").write_text(PACKAGE)
    torch.save({name: each.clone() for name, each in state.items()}, package / "state.pt")
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SAVE, package / "state.pt", folder],
        check=True, env={"PYTHONPATH": str(package.parent), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
