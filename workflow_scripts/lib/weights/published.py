"""What a format of published weights is: a module with `FORM`, `read_model` and, where it can be fetched, `PUBLISHED`.

    FORM = Form(...)                                   what weights of the format fit
    PUBLISHED = {name: Published(...)}                 files that are fetched by name
    def read_model(path: Path) -> Tensors              a file -> what the method takes as its model

Imported while the workflow is planned, so nothing heavy is imported here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from workflow_scripts.lib.core.errors import Missing, UserError, nearest


@dataclass(frozen=True)
class Form:
    """What weights of one format fit.

    module: of the methods.  rate: of the audio, in Hz.  channels: of it.  sources: in any order; None for any.
    origin: where files that cannot be fetched are published.
    """

    module: str
    rate: int
    channels: int
    sources: tuple[str, ...] | None
    origin: str = ""


@dataclass(frozen=True)
class Published:
    """url: of the file.  sha256: its sum or, of the branch v2 of demucs, the first digits, which its name gives."""

    url: str
    sha256: str


class Weights(Protocol):
    """A file of weights, as a configuration names it. sha256: its sum or the beginning of that, None for any."""

    @property
    def file(self) -> str: ...
    @property
    def sha256(self) -> str | None: ...


def check_weights(where: str, weights: Weights, published: Mapping[str, Published], origin: str = "") -> None:
    """Refuse weights that cannot be had.

    where: the key that names them.  published: the files of their format that can be fetched, by name.  origin: as in
    `Form`.
    Raises Missing for a file that is neither there nor a published one that can be fetched, UserError for a sum that is
    none.
    """
    file, sha256 = weights.file, weights.sha256
    if sha256 is not None and not re.fullmatch("[0-9a-fA-F]{8,64}", sha256):
        raise UserError(f"{where}.sha256 is {sha256!r}; give 8 to 64 hexadecimal digits, as sha256sum prints them.")
    if Path(file).expanduser().is_file():
        return
    if file not in published:
        hint = f" or the name of published weights: {nearest(file, published)}" if published else "."
        hint = f", from {origin}." if origin else hint
        raise Missing(f"{where}.file is {file!r}, where there is no file; give the path of one{hint}")
    if len(published[file].sha256) < 64:
        raise Missing(
            f"{where}.file is {file!r}, of which only the beginning of the sum is published; fetch "
            f"{published[file].url} yourself and give the path of the file."
        )
