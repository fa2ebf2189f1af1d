"""An archive of a data set that is downloaded, as its definition names it.

Evaluated while the workflow is planned, so nothing heavy is imported here.
"""

from typing import Annotated

from pydantic import Field

from workflow_scripts.lib.core.settings import Free, Natural, settings


@settings
class Archive:
    """What is downloaded; one of the checksums must be there."""

    url: Annotated[str, Free("an address"), Field(description="Address of the archive.")]
    file: Annotated[str, Field(pattern=r"^[^/\\]+$", description="Its name in the cache, without a folder.")]
    bytes: Annotated[Natural, Field(description="Its size, 0 where it is not known.")] = 0
    md5: Annotated[Annotated[str, Field(pattern="^[0-9a-fA-F]{32}$")] | None, Field(description="Its MD5 sum.")] = None
    sha256: Annotated[
        Annotated[str, Field(pattern="^[0-9a-fA-F]{64}$")] | None, Field(description="Its SHA-256 sum.")
    ] = None

    @property
    def checksum(self) -> str:
        """Algorithm and sum, as pooch writes them."""
        return f"sha256:{self.sha256}" if self.sha256 else f"md5:{self.md5}"
