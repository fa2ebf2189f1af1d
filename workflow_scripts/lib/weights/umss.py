"""Weights of the released checkpoints of `schufo/umss` as a model of the parametric method.

Only tensors are read: a safetensors file, or a PyTorch file with the loader that refuses anything else, so no code from
a file ever runs. The names are those of the modules in that repository's models.py and network_components.py (March
2023); where a file has others, change the table `NAMES`. Separate with the default widths, 16 kHz audio and
`synthesis: as published`.
"""

import pickle
from collections.abc import Mapping
from pathlib import Path

import safetensors
import safetensors.torch
import torch

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.networks.parametric import ParametricNetwork
from workflow_scripts.lib.networks.tensors import Tensors
from workflow_scripts.lib.weights.published import Form

FORM = Form("parametric", 16000, 1, None)

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
    """A checkpoint file -> what `parametric.separate` takes as its model.

    Raises UserError where the file cannot be read, a tensor is missing or unknown, or a shape is not the published one.
    """
    return convert(read_tensors(path), str(path), names)


def read_tensors(path: Path) -> Tensors:
    """The tensors of a .safetensors or PyTorch file; of a training state, those under `state_dict`."""
    try:
        if Path(path).suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, safetensors.SafetensorError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(
            f"{path}: cannot be read as weights ({reason}); allowed are safetensors, and PyTorch files of tensors."
        ) from error
    content = content.get("state_dict", content) if isinstance(content, dict) else content
    if not isinstance(content, dict) or not all(isinstance(each, torch.Tensor) for each in content.values()):
        raise UserError(f"{path}: holds no named tensors; give the file of the weights (a state_dict).")
    return dict(content)


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
