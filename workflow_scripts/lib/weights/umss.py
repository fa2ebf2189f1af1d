"""Weights of the released checkpoints of `schufo/umss` as a model of the parametric method.

Only tensors are read: a safetensors file, or a PyTorch file with the loader that refuses anything else, so no code from
a file ever runs. The names are those of the modules in that repository's models.py and network_components.py (March
2023); where a file has others, change the table `NAMES`. Separate with the default widths, 16 kHz audio and
`synthesis: as published`.
"""

from collections.abc import Mapping
from pathlib import Path

import torch

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.tensor_files import named_tensors, read_safetensors, read_torch
from workflow_scripts.lib.networks.parametric import ParametricNetwork
from workflow_scripts.lib.networks.tensors import Tensors
from workflow_scripts.lib.weights.published import Form

FORM = Form("parametric", 16000, 1, None, "github.com/schufo/umss, folder trained_models")

# Beginnings of names: ours, and those of the checkpoint. A name takes the first entry that it begins with.
NAMES = {
    "encoder.normalise.": "encoder.layer_norm.",
    "encoder.out.": "encoder.dense.",
    "encoder.": "encoder.",
    "decoder.gru.": "decoder.gru.",
    # Of each stack here, members 0, 3, 6 are linear layers and 1, 4, 7 the normalisations behind them.
    **{
        f"decoder.{ours}.{3 * layer + part}.": f"decoder.{theirs}.{layer}.{part}."
        for ours, theirs in (("from_f0", "f0_mlp"), ("from_code", "z_mlp"), ("out", "mlp"))
        for layer in range(3)
        for part in range(2)
    },
    "harmonic_amplitude.": "dense_outs.0.",
    "noise_gain.": "dense_outs.1.",
    "lsf_gaps.": "dense_outs.2.",
    "noise_shape.": "gru_noise_mag.",
}


def read_model(path: Path, names: Mapping[str, str] = NAMES) -> Tensors:
    """A checkpoint file, .safetensors or PyTorch's -> what `parametric.separate` takes as its model.

    Raises UserError where the file cannot be read, a tensor is missing or unknown, or a shape is not the published one.
    """
    path, advice = Path(path), "allowed are safetensors, and PyTorch files of tensors."
    content = read_safetensors(path, advice)[0] if path.suffix == ".safetensors" else read_torch(path, advice)
    return convert(named_tensors(content, path), str(path), names)


def convert(tensors: Tensors, where: str, names: Mapping[str, str] = NAMES) -> Tensors:
    """Tensors under the names of the public code -> under ours, with the rate; see `read_model`."""
    expected = {name: each.shape for name, each in _empty_network().state_dict().items()}
    theirs = {name: _their_name(name, names) for name in expected}
    missing, extra = sorted(set(theirs.values()) - set(tensors)), sorted(set(tensors) - set(theirs.values()))
    for verb, found in (("lacks", missing), ("has besides the network's", extra)):
        if found:
            raise UserError(
                f"{where}: {verb} {len(found)} tensors, the first {found[0]!r}; give a checkpoint of the published "
                "parametric model, or adapt the table of names in weights/umss.py."
            )
    ours = {name: _reshape(tensors[theirs[name]], shape, where, theirs[name]) for name, shape in expected.items()}
    return {**ours, "rate": torch.tensor(FORM.rate)}


def _empty_network() -> ParametricNetwork:
    with torch.device("meta"):  # shapes alone
        return ParametricNetwork()


def _their_name(name: str, names: Mapping[str, str]) -> str:
    for ours, theirs in names.items():
        if name.startswith(ours):
            return theirs + name.removeprefix(ours)
    return name


def _reshape(tensor: torch.Tensor, shape: torch.Size, where: str, name: str) -> torch.Tensor:
    # The public code keeps the scale and shift of each bin as [1, bin, 1, 1].
    if tuple(each for each in tensor.shape if each != 1) != tuple(each for each in shape if each != 1):
        raise UserError(
            f"{where}: the tensor {name!r} has shape {tuple(tensor.shape)} where {tuple(shape)} is expected; allowed "
            "are the published sizes."
        )
    return tensor.reshape(shape).float().contiguous()
