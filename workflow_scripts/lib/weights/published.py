"""The published weights that the workflow can take in place of a training: their files, and what they fit.

Imported when a run is planned, so nothing heavy is imported here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_scripts.lib.core.errors import UserError, nearest


@dataclass(frozen=True)
class Form:
    """What weights of one format fit.

    module: of the methods.  rate: of the audio, in Hz.  channels: of it.  sources: in any order; None for any.
    """

    module: str
    rate: int
    channels: int
    sources: tuple[str, ...] | None


@dataclass(frozen=True)
class Published:
    """url: of the file.  sha256: its sum or, of the branch v2 of demucs, the first digits, which its name gives."""

    url: str
    sha256: str


FORMS = {
    "tasnet": Form("conv_tasnet", 44100, 2, ("drums", "bass", "other", "vocals")),  # in the order of the output
    "umss": Form("parametric", 16000, 1, None),
}

# Conv-TasNet of facebookresearch/demucs. Licence: MIT, as the code. `extra`: trained on 150 more songs. UGOSA took
# `tasnet`.
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


def check_weights(where: str, weights: Mapping[str, Any]) -> None:
    """Refuse weights that cannot be had. where: the key that names them, with `format`, `file` and `sha256`.

    Raises UserError for a file that is neither there nor a published one that can be fetched, or a sum that is none.
    """
    file, sha256 = weights["file"], weights["sha256"]
    if sha256 is not None and not re.fullmatch("[0-9a-fA-F]{8,64}", sha256):
        raise UserError(f"{where}.sha256 is {sha256!r}; give 8 to 64 hexadecimal digits, as sha256sum prints them.")
    if Path(file).expanduser().is_file():
        return
    if weights["format"] != "tasnet" or file not in PUBLISHED:
        known = PUBLISHED if weights["format"] == "tasnet" else {}
        hint = f" or the name of published weights: {nearest(file, known)}" if known else "."
        raise UserError(f"{where}.file is {file!r}, where there is no file; give the path of one{hint}")
    if len(PUBLISHED[file].sha256) < 64:
        raise UserError(
            f"{where}.file is {file!r}, of which only the beginning of the sum is published; fetch "
            f"{PUBLISHED[file].url} yourself and give the path of the file."
        )
