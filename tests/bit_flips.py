"""Flips of single bits, and cuts, in small files of every reader of weights and states: what reading them ends in.

    python -m tests.bit_flips [FLIPS A READER]

A reader must give the very same tensors, or refuse in one sentence. Of a published file whose format keeps no sum
(safetensors, and PyTorch's old one) it may also give other finite numbers in tensors of the right names and shapes:
there the file's own sum, which the configuration names, is looked at before. The readers of our own files may never.
"""

import argparse
import resource
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import safetensors.torch
import torch

from tests.methods.published_tasnet import network, published, save_as_published
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.networks.parametric import ParametricNetwork, Sizes
from workflow_scripts.lib.training import checkpoint
from workflow_scripts.lib.weights import model_file, tasnet, umss

SAME, REFUSED, OTHER = "same", "refused", "other numbers"
GOOD = {SAME, REFUSED, OTHER}


@dataclass(frozen=True)
class Reader:
    """make: writes files of every format into a folder.  read: what is read of one.  summed: endings of formats that
    hold a sum of all their content."""

    make: Callable[[Path], None]
    read: Callable[[Path], Any]
    summed: tuple[str, ...]


def small_umss() -> ParametricNetwork:
    torch.manual_seed(0)
    return ParametricNetwork(Sizes(2, 2, 3))


def make_umss(folder: Path) -> None:
    state = {umss._their_name(name, umss.NAMES): each for name, each in small_umss().state_dict().items()}
    torch.save(state, folder / "zip.pth")
    torch.save({"epoch": 3, "state_dict": state}, folder / "old.chkpnt", _use_new_zipfile_serialization=False)
    safetensors.torch.save_file(state, folder / "new.safetensors")


def read_umss(path: Path) -> Any:
    with patch.object(umss, "_empty_network", small_umss):
        return umss.read_model(path)


def make_checkpoint(folder: Path) -> None:
    layer = torch.nn.Linear(3, 2)
    optimizer = torch.optim.Adam(layer.parameters())
    layer(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    history = {"step": 7, "best_loss": float("inf"), "curves": [{"step": 5, "train_loss": 0.25}]}
    trainee = {"modules": {"layer": layer.state_dict()}, "optimizers": {"layer": optimizer.state_dict()}}
    checkpoint.save(folder / "state.pt", "one", {"trainee": trainee, "history": history})


def read_checkpoint(path: Path) -> Any:
    said: list[str] = []
    found = checkpoint.load(path, "one", said.append)
    if said:
        raise UserError(*said)
    return found


def make_model(folder: Path) -> None:
    model_file.save_model(folder / "model.safetensors", network().state_dict(), {"module": "conv_tasnet", "seed": 3})


READERS = {
    "checkpoint": Reader(make_checkpoint, read_checkpoint, (".pt",)),
    "model file": Reader(make_model, lambda path: model_file.load_model(path, "cpu"), (".safetensors",)),
    "umss": Reader(make_umss, read_umss, (".pth",)),
    "tasnet": Reader(lambda folder: save_as_published(published(network()), folder), tasnet.read_model, ("-zip.th",)),
}


def same(one: Any, two: Any) -> bool:
    """Whether two contents are the same to the bit."""
    if isinstance(one, torch.Tensor) and isinstance(two, torch.Tensor):
        return (one.dtype, one.shape) == (two.dtype, two.shape) and one.numpy().tobytes() == two.numpy().tobytes()
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(same(one[key], two[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(two, list | tuple):
        return len(one) == len(two) and all(map(same, one, two))
    return type(one) is type(two) and one == two


def like(one: Any, two: dict[str, torch.Tensor]) -> bool:
    """Whether a model has the names, types and shapes of another, and finite numbers."""
    described = [{name: (each.dtype, each.shape) for name, each in model.items()} for model in (one, two)]
    return described[0] == described[1] and all(torch.isfinite(each).all() for each in one.values())


def outcome(reader: Reader, path: Path, content: bytes, whole: Any) -> str:
    """What reading `content` from `path` ends in.  whole: what is read of it undamaged."""
    path.write_bytes(content)
    try:
        found = reader.read(path)
    except UserError as error:
        return REFUSED if "\n" not in str(error) and path.name in str(error) else f"sentence {error}"
    except (Exception, SystemExit) as error:  # whatever else it is, it is what is looked for
        return f"{type(error).__name__}: {error}"[:200]
    if same(found, whole):
        return SAME
    return OTHER if not path.name.endswith(reader.summed) and like(found, whole) else "another content"


def damaged(content: bytes, generator: np.random.Generator, flips: int, cuts: int) -> list[bytes]:
    """Copies with one bit flipped each, and copies cut short."""
    copies = []
    for position in generator.integers(8 * len(content), size=flips):
        copy = bytearray(content)
        copy[position // 8] ^= 1 << position % 8
        copies.append(bytes(copy))
    return copies + [content[:length] for length in generator.integers(len(content), size=cuts)]


def outcomes(name: str, folder: Path, flips: int, cuts: int) -> Counter[str]:
    """Flips, and besides them cuts, in the files of one reader, shared by its formats: how often each outcome."""
    reader, generator, found = READERS[name], stream("bit flips", name), Counter()
    reader.make(folder)
    files = sorted(path for path in folder.iterdir() if path.is_file())
    for k, path in enumerate(files):
        content, whole = path.read_bytes(), reader.read(path)
        share = [(count + k) // len(files) for count in (flips, cuts)]
        found.update(outcome(reader, path, each, whole) for each in damaged(content, generator, *share))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("flips", type=int, nargs="?", default=700, help="bits flipped a reader")
    flips = parser.parse_args().flips
    warnings.simplefilter("ignore")
    total, good = 0, 0
    print(f"| reader | bits flipped | {SAME} | {REFUSED} | {OTHER} | neither |\n|---|---|---|---|---|---|")
    for name in READERS:
        start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with tempfile.TemporaryDirectory() as folder:
            found = outcomes(name, Path(folder), flips, 0)
        wrong = {kind: count for kind, count in found.items() if kind not in GOOD}
        total, good = total + found.total(), good + found.total() - sum(wrong.values())
        numbers = (found.total(), found[SAME], found[REFUSED], found[OTHER], sum(wrong.values()))
        print(f"| {name} | {' | '.join(map(str, numbers))} |")
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        print(f"  {time.perf_counter() - start:.0f} s, {grown:.0f} MiB more", *wrong, sep="\n  ", file=sys.stderr)
    print(f"\n{good} of {total}")
    sys.exit(good != total)


if __name__ == "__main__":
    main()
