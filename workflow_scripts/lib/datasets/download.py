"""Downloads: archives with a checksum, fetched whole and unpacked safely."""

import logging
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import pooch
import requests
import urllib3

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.files import sha256_file, write_text, writing_to
from workflow_scripts.lib.core.names import SPLITS
from workflow_scripts.lib.datasets.archive import Archive, recorded_checksum
from workflow_scripts.lib.datasets.unpacking import refuse_small_disk, unpack

ATTEMPTS = 4  # connections a download
PAUSE = 1.0  # s before the second, doubled each time
LONGEST_PAUSE = 600.0  # s that a server may ask for
BUSY = (requests.codes.too_many_requests, requests.codes.request_timeout)  # answers of the 400s that pass
TIMEOUT = 60.0  # s without a byte
CHUNK = 2**16  # bytes; what is lost at most where a connection drops

log = logging.getLogger(__name__)


def fetch_and_unpack(archives: Sequence[Archive], cache: Path, into: Path) -> Path:
    """Fetch every archive into `cache`, where it is not there yet, and unpack it into `into`.

    Returns the folder that holds the data. Raises UserError where an archive cannot be had whole.
    """
    files = [fetch(archive, Path(cache)) for archive in archives]
    for file in files:
        unpack(file, Path(into))
    return _inner(Path(into))


def fetch(archive: Archive, cache: Path, attempts: int = ATTEMPTS, pause: float = PAUSE) -> Path:
    """The checked archive in `cache`: the copy that lies there, or else what its address gives.

    attempts, pause: connections that are tried, and s before the second. A download that broke off goes on where it
    ended, in a later run too; a whole one with another checksum is thrown away and fetched once more. A server that is
    asked too often says how long it wants to be left alone, and is.
    Where no checksum is published, that of the first download or copy is kept beside it, in `<file>.sha256`.
    Raises UserError for a copy or download with another checksum or more bytes than declared, an address that gives
    nothing, and a cache that is full or may not be written to.
    """
    file, url, known = cache / archive.file, archive.url, archive.checksum or recorded_checksum(cache / archive.file)
    if file.exists():
        if known:
            _check_copy(file, known)
        return file if archive.checksum else _record(file)
    part = cache / f".{file.name}.{(known or 'unknown')[-12:]}.part"
    with writing_to(cache):
        cache.mkdir(parents=True, exist_ok=True)
    kept = part.stat().st_size if part.exists() else 0
    refuse_small_disk(cache, archive.bytes - kept)
    store = pooch.create(cache, base_url="", registry={file.name: known}, urls={file.name: url}, retry_if_failed=1)
    try:
        with writing_to(cache, archive.bytes - kept):
            store.fetch(file.name, downloader=Resuming(part, file, archive.bytes, attempts, pause))
    except ValueError as error:
        raise UserError(
            f"{url}: what it gives has not the checksum {known}, so it is damaged or was changed; try again later, or "
            f"place a copy with that checksum as {file}."
        ) from error
    return file if archive.checksum else _record(file)


def _record(file: Path) -> Path:
    """Keep the checksum of a first download, as `sha256sum` prints it."""
    if recorded_checksum(file) is None:
        write_text(file.with_name(f"{file.name}.sha256"), f"{sha256_file(file)}  {file.name}\n")
    return file


class Resuming:
    """A downloader for pooch that keeps what arrived in `part` and asks only for the rest.

    size: bytes that the whole file has, 0 where that is not known.
    """

    def __init__(self, part: Path, file: Path, size: int, attempts: int, pause: float) -> None:
        self.part, self.file, self.size, self.attempts, self.pause = part, file, size, attempts, pause

    def __call__(self, url: str, output_file: str, pooch: object) -> None:  # noqa: ARG002
        for attempt in range(1, self.attempts + 1):
            try:
                self._go_on(url)
                break
            except requests.RequestException as error:
                asked = _asked_pause(error.response)
                if _is_final(error.response) or asked > LONGEST_PAUSE or attempt == self.attempts:
                    raise UserError(_no_download(url, error, self.file, asked)) from error
                log.info("%s: %s; trying again", url, error)
                time.sleep(max(asked, self.pause * 2 ** (attempt - 1)))
        shutil.move(self.part, output_file)

    def _go_on(self, url: str) -> None:
        """Append to `part` what is missing, all of it where the server gives no parts."""
        start = self.part.stat().st_size if self.part.exists() else 0
        headers = {"Range": f"bytes={start}-", "Accept-Encoding": "identity"} if start else {}
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            if answer.status_code == requests.codes.requested_range_not_satisfiable:
                self.part.unlink()
                raise requests.ConnectionError("the part that was kept is longer than the file")
            answer.raise_for_status()
            goes_on = answer.headers.get("Content-Range", "").startswith(f"bytes {start}-")
            with open(self.part, "ab" if goes_on else "wb") as part:
                for chunk in answer.iter_content(CHUNK):
                    part.write(chunk)
                    if self.size and part.tell() > self.size:
                        self._refuse_more(url)

    def _refuse_more(self, url: str) -> None:
        self.part.unlink()
        raise UserError(
            f"{url}: sends more than the {self.size} bytes that the archive has, so it is another file; try again "
            f"later, or place the archive itself as {self.file}."
        )


def _inner(folder: Path) -> Path:
    """The folder itself, or the one folder in which an archive has all."""
    folders = [path for path in folder.iterdir() if path.is_dir()]
    return folders[0] if len(folders) == 1 and folders[0].name not in SPLITS else folder


def _check_copy(file: Path, known: str) -> None:
    algorithm, expected = known.split(":")
    found = pooch.file_hash(str(file), algorithm)
    if found != expected.lower():
        raise UserError(
            f"{file}: has the {algorithm} checksum {found}, but {expected} is expected; delete it, so that it is "
            "fetched again, or place a whole copy there."
        )


def _asked_pause(answer: requests.Response | None) -> float:
    """Seconds that an answer asks to be left alone, 0 where it does not say (Retry-After, in s or as a date)."""
    try:
        return (answer is not None and urllib3.Retry().get_retry_after(answer.raw)) or 0.0
    except urllib3.exceptions.InvalidHeader:
        return 0.0


def _is_final(answer: requests.Response | None) -> bool:
    """Whether to ask again would give the same answer."""
    return answer is not None and 400 <= answer.status_code < 500 and answer.status_code not in BUSY


def _no_download(url: str, error: requests.RequestException, file: Path, asked: float) -> str:
    reason = f"the answer was {error.response.status_code}" if error.response is not None else type(error).__name__
    later = f"in {asked:.0f} s, as it asks" if asked else "later"
    return f"{url}: cannot be fetched ({reason}); try again {later}, or download it by hand and place it as {file}."
