"""An archive of a data set that is downloaded, as its definition names it.

Evaluated while the workflow is planned, so nothing heavy is imported here.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from workflow_scripts.lib.core.settings import Free, Natural, settings


@settings
class Archive:
    """What is downloaded. Where no checksum is published, that of the first download is kept and holds from then on."""

    url: Annotated[str, Free("an address"), Field(description="Address of the archive.")]
    file: Annotated[str, Field(pattern=r"^[^/\\]+$", description="Its name in the cache, without a folder.")]
    bytes: Annotated[Natural, Field(description="Its size, 0 where it is not known.")] = 0
    md5: Annotated[Annotated[str, Field(pattern="^[0-9a-fA-F]{32}$")] | None, Field(description="Its MD5 sum.")] = None
    sha256: Annotated[
        Annotated[str, Field(pattern="^[0-9a-fA-F]{64}$")] | None, Field(description="Its SHA-256 sum.")
    ] = None
    stated: Annotated[
        Literal["published", "second-hand"],
        Field(description="Who states the sum: those who publish the file, or others who quote them."),
    ] = "published"

    @property
    def checksum(self) -> str | None:
        """Algorithm and sum, as pooch writes them; None where none is known."""
        if self.sha256:
            return f"sha256:{self.sha256}"
        return f"md5:{self.md5}" if self.md5 else None


def recorded_checksum(file: Path) -> str | None:
    """That of the first download of an archive whose checksum is not published, as pooch writes it; None before."""
    record = file.with_name(f"{file.name}.sha256")
    return f"sha256:{record.read_text(encoding='utf-8').split()[0]}" if record.is_file() else None
