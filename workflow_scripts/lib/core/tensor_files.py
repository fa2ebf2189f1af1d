"""Files of tensors, read whole or refused in one sentence: those of torch.save, old and new, and of safetensors.

No code from a file ever runs, whatever is in it. torch looks at none of the sums in its own new files, which are zip
archives; one that is damaged may make it read beyond the end of a tensor, or give memory that was never written. So
it is given an archive made anew of the members whose sums are right.
"""

import io
import pickle
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import safetensors
import torch

from workflow_scripts.lib.core.errors import UserError

# What reading a file may end in when any byte of it may be another.
DAMAGE = (
    OSError, EOFError, RuntimeError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError,
    AssertionError, NameError, ImportError, MemoryError, pickle.PickleError, struct.error, tarfile.TarError,
    zipfile.BadZipFile, zlib.error, safetensors.SafetensorError,
)  # fmt: skip


def read_torch(path: Path, advice: str, unpickler: ModuleType | None = None) -> Any:
    """What `torch.save` was given, with its tensors on the CPU.

    advice: the end of the sentence that refuses a file.  unpickler: like the module `pickle`, with an `Unpickler` that
    runs no code; None for torch's own, which refuses all but tensors, numbers, texts and their containers.
    Raises UserError where the file is absent or damaged, or holds what the unpickler refuses.
    """
    with _refusing(path, advice), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of old storages, and of classes whose source the file keeps
        with open(path, "rb") as file:
            new = file.read(4) == b"PK\3\4"  # by which torch tells them
        content = _made_anew(path) if new else path
        return torch.load(content, map_location="cpu", pickle_module=unpickler, weights_only=unpickler is None)


def _made_anew(path: Path) -> io.BytesIO:
    """The archive once more. Raises BadZipFile where a member is not what it was when it was written."""
    copy = io.BytesIO()
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(copy, "w") as anew:
        if any(name.endswith("constants.pkl") for name in archive.namelist()):
            raise zipfile.BadZipFile("it is a compiled program")
        for member in archive.infolist():
            if member.file_size != member.compress_size:
                raise zipfile.BadZipFile(f"{member.filename} has two sizes")
            anew.writestr(member.filename, archive.read(member))  # which looks at its sum
    copy.seek(0)
    return copy


def read_safetensors(path: Path, advice: str) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """The tensors, on the CPU, and the texts beside them; `advice` and what is raised are as in `read_torch`."""
    with _refusing(path, advice), safetensors.safe_open(path, "pt") as file:
        return {name: file.get_tensor(name) for name in sorted(file.keys())}, file.metadata() or {}


@contextmanager
def _refusing(path: Path, advice: str) -> Iterator[None]:
    try:
        yield
    except DAMAGE as error:
        # torch wraps what its own unpickler says in a lecture on how to be less careful.
        said = str(error.__context__ if isinstance(error, pickle.UnpicklingError) and error.__context__ else error)
        reason = " ".join(said.split())[:200] or type(error).__name__
        raise UserError(f"{path}: cannot be read as weights ({reason}); {advice}") from error


def named_tensors(content: Any, path: Path) -> dict[str, torch.Tensor]:
    """Weights by name, out of what a file of published weights holds.

    content: the weights; a training state that keeps them under `state_dict`; or a network, as its class, arguments and
    `state`, by these names or in this order.  path: the file.
    Raises UserError where there is no mapping of names to tensors, or one of them holds what is no finite number.
    """
    if isinstance(content, tuple) and len(content) == 4:
        content = content[3]
    for key in ("state", "state_dict"):
        content = content.get(key, content) if isinstance(content, dict) else content
    if not (isinstance(content, dict) and content):
        raise UserError(f"{path}: holds no named tensors; give the file of the weights.")
    for name, each in content.items():
        if not (isinstance(name, str) and isinstance(each, torch.Tensor)):
            raise UserError(f"{path}: holds {str(name)[:80]!r}, no named tensor; give the file of the weights.")
        if not _is_of_numbers(each, path.stat().st_size):
            raise UserError(f"{path}: the tensor {name[:80]!r} holds what is no finite number; give the file anew.")
    # Of a network that was wrapped to train on several cards.
    wrapped = all(name.startswith("module.") for name in content)
    return {name.removeprefix("module.") if wrapped else name: each for name, each in content.items()}


def _is_of_numbers(tensor: torch.Tensor, most: int) -> bool:
    """Whether it holds finite numbers, which take `most` bytes at most; a damaged shape may ask for terabytes."""
    plain = tensor.layout == torch.strided and tensor.is_floating_point()
    return plain and tensor.numel() * tensor.element_size() <= most and bool(torch.isfinite(tensor).all())
