"""Downloads: archives with a checksum, fetched whole and unpacked safely."""

import logging
import re
import shutil
import stat
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import pooch
import requests
import urllib3

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.files import no_room, writing_to
from workflow_scripts.lib.core.names import SPLITS
from workflow_scripts.lib.datasets.archive import Archive

ATTEMPTS = 4  # connections a download
PAUSE = 1.0  # s before the second, doubled each time
LONGEST_PAUSE = 600.0  # s that a server may ask for
BUSY = (requests.codes.too_many_requests, requests.codes.request_timeout)  # answers of the 400s that pass
TIMEOUT = 60.0  # s without a byte
CHUNK = 2**16  # bytes; what is lost at most where a connection drops
RATIO = 20  # largest size of an unpacked archive over its own, and
SLACK = 2**26  # bytes on top: audio shrinks to a third at best, a bomb a thousandfold

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
    Raises UserError for a copy or download with another checksum or more bytes than declared, an address that gives
    nothing, and a cache that is full or may not be written to.
    """
    file, url, known = cache / archive.file, archive.url, archive.checksum
    if file.exists():
        _check_copy(file, known)
        return file
    part = cache / f".{file.name}.{known[-12:]}.part"
    with writing_to(cache):
        cache.mkdir(parents=True, exist_ok=True)
    kept = part.stat().st_size if part.exists() else 0
    _refuse_small_disk(cache, archive.bytes - kept)
    store = pooch.create(cache, base_url="", registry={file.name: known}, urls={file.name: url}, retry_if_failed=1)
    try:
        with writing_to(cache, archive.bytes - kept):
            store.fetch(file.name, downloader=Resuming(part, file, archive.bytes, attempts, pause))
    except ValueError as error:
        raise UserError(
            f"{url}: what it gives has not the checksum {known}, so it is damaged or was changed; try again later, or "
            f"place a copy with that checksum as {file}."
        ) from error
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


def unpack(archive: Path, into: Path, limit: int | None = None) -> None:
    """Unpack a zip archive below `into`, without the hidden files that file managers leave.

    limit: bytes that all members together may have; None allows 20 times the archive and 64 MiB.
    Raises UserError, before a byte is written, for a member that would lie elsewhere, a link, an encrypted member, a
    name that is there twice, more bytes than the limit or than the disk has; later for a damaged member.
    """
    try:
        with zipfile.ZipFile(archive) as zipped:
            _refuse_unsafe(archive, zipped.infolist())
            members = [member for member in zipped.infolist() if not _is_clutter(member.filename)]
            _refuse_large(archive, members, into, archive.stat().st_size * RATIO + SLACK if limit is None else limit)
            with writing_to(into, sum(member.file_size for member in members)):
                for member in members:
                    zipped.extract(member, into)
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise UserError(
            f"{archive}: is no whole zip archive ({error}); delete it, so that it is fetched again."
        ) from error


def _refuse_unsafe(archive: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    seen = set()
    for member in members:
        # The name as it is in the archive: ZipInfo cuts at a zero byte.
        name = member.orig_filename.replace("\\", "/")
        path = PurePosixPath(name)
        fault = None
        if path.is_absolute() or ".." in path.parts or re.match("[A-Za-z]:", name) or "\0" in name:
            fault = "lies outside of the archive's folder"
        elif stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
            fault = "is a link or a special file"
        elif member.flag_bits & 1:
            fault = "is encrypted"
        elif path in seen:
            fault = "is there twice"
        seen.add(path)
        if fault:
            raise UserError(
                f"{archive}: is not unpacked, its member {name!r} {fault}; get the archive from its publisher."
            )


def _refuse_large(archive: Path, members: Sequence[zipfile.ZipInfo], into: Path, limit: int) -> None:
    size = sum(member.file_size for member in members)
    if size > limit:
        raise UserError(f"{archive}: is not unpacked, it would grow to {size} bytes and {limit} are allowed.")
    into.mkdir(parents=True, exist_ok=True)
    _refuse_small_disk(into, size)


def _refuse_small_disk(folder: Path, size: int) -> None:
    if size > shutil.disk_usage(folder).free:
        raise UserError(no_room(folder, size))


def _is_clutter(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or any(part.startswith(".") and part != ".." for part in parts)


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
