"""An archive of a data set that is downloaded, as its definition names it.

Evaluated while the workflow is planned, so nothing heavy is imported here.
"""

from typing import Annotated

from pydantic import Field

from workflow_scripts.lib.core.settings import Free, Natural, settings


@settings
class Archive:
    """url: its address.  file: its name in the cache.  bytes: its size, 0 where it is not known.

    md5, sha256: checksums, of which one must be there.
    """

    url: Annotated[str, Free("an address")]
    file: Annotated[str, Field(pattern=r"^[^/\\]+$", description="its name in the cache")]
    bytes: Natural = 0
    md5: Annotated[str, Field(pattern="^[0-9a-fA-F]{32}$")] | None = None
    sha256: Annotated[str, Field(pattern="^[0-9a-fA-F]{64}$")] | None = None

    @property
    def checksum(self) -> str:
        """Algorithm and sum, as pooch writes them."""
        return f"sha256:{self.sha256}" if self.sha256 else f"md5:{self.md5}"
