"""Downloads from a server on this machine that behaves and misbehaves; archives that are not what they should be."""

import email.utils
import errno
import hashlib
import io
import os
import re
import shutil
import stat
import subprocess
import tarfile
import threading
import zipfile
from collections import namedtuple
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pooch
import pytest
import soundfile

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.datasets import download
from workflow_scripts.lib.datasets.archive import Archive
from workflow_scripts.lib.datasets.download import CHUNK, fetch, fetch_and_unpack, unpack
from workflow_scripts.lib.datasets.prepared_root import make_prepared_root
from workflow_scripts.lib.datasets.table import read_scene, read_tracks

PARTS = ("soprano", "alto", "tenor", "bass")
MUSDB = ("drums", "bass", "other", "vocals")
KEPT = 2 * CHUNK  # bytes, whole chunks, that arrived
CUT = KEPT + 700  # bytes after which a bad answer ends


class Server(ThreadingHTTPServer):
    """Serves `body`; each request takes the next of `behaviours`, the last for ever. `asked` holds the byte ranges."""

    def __init__(self, body, *behaviours):
        super().__init__(("127.0.0.1", 0), Handler)
        self.body, self.behaviours, self.asked, self.sent = body, list(behaviours), [], []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/archive.zip"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked.append(self.headers.get("Range"))
        behaviour = server.behaviours[min(len(server.asked), len(server.behaviours)) - 1]
        start = int((re.match(r"bytes=(\d+)-", self.headers.get("Range") or "") or [0, 0])[1])
        if behaviour.isdigit():
            self.send_error(int(behaviour))
        elif "busy" in behaviour:
            status, asked = behaviour.split(" busy ")
            self.send_response(int(status))
            self.send_header("Retry-After", asked)
            self.end_headers()
        elif behaviour == "endless":
            self._send_until_cut_off()
        elif start and behaviour == "whole":
            self._answer(206, server.body[start:], f"bytes {start}-{len(server.body) - 1}/{len(server.body)}")
        elif behaviour in ("whole", "no ranges"):
            self._answer(200, server.body)
        elif behaviour == "other":
            self._answer(200, b"x" * len(server.body))
        elif behaviour == "truncated":
            self._answer(200, server.body[:CUT])
        elif behaviour == "dropped":
            self._answer(200, server.body[:CUT], length=len(server.body))
        elif behaviour == "wrong rest":
            self._answer(
                206, b"x" * (len(server.body) - start), f"bytes {start}-{len(server.body) - 1}/{len(server.body)}"
            )

    def _answer(self, status, body, content_range=None, length=None):
        self.send_response(status)
        self.send_header("Content-Length", str(length or len(body)))
        if content_range:
            self.send_header("Content-Range", content_range)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def _send_until_cut_off(self):
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        with suppress(ConnectionError):
            while len(self.server.sent) < 1000:
                self.wfile.write(bytes(CHUNK))
                self.server.sent.append(CHUNK)

    def log_message(self, *args):
        pass


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def serve():
    servers = []

    def start(body, *behaviours):
        server = Server(body, *behaviours)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def zipped(path, members):
    """A zip archive of name -> bytes."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def tone(path, hz, samples=400, channels=1, rate=8000):
    path.parent.mkdir(parents=True, exist_ok=True)
    signal = np.rint(5000 * np.sin(2 * np.pi * hz * np.arange(samples) / rate)).astype(np.int16)
    soundfile.write(path, np.repeat(signal[:, None], channels, axis=1), rate, subtype="PCM_16")
    return path.read_bytes()


@pytest.fixture
def choir(tmp_path):
    """The Choral Singing Dataset in the layout of record 2649950, with other things that its archive holds."""
    members = {"__MACOSX/._ChoralSingingDataset": b"x", "ChoralSingingDataset/CSD_ER_alto_notes.lab": b"0 1 2"}
    for i, code in enumerate(("ER", "LI", "ND")):
        for j, part in enumerate(PARTS):
            for singer in (1, 2, 3, 4):
                data = tone(tmp_path / "tone.wav", 90 + 50 * i + 11 * j + 3 * singer, 400 + 10 * j)
                members[f"ChoralSingingDataset/CSD_{code}_{part}_{singer}.wav"] = data
    return zipped(tmp_path / "choir.zip", members).read_bytes()


def archive(server, body, algorithm="md5"):
    return Archive(server.url, "archive.zip", **{algorithm: hashlib.new(algorithm, body).hexdigest()})


def prepare(tmp_path, archives, stems=PARTS, accept_licence=True, layout="csd", **settings):
    out = tmp_path / "results" / "set"
    make_prepared_root(
        "fetched",
        {"archives": [asdict(each) for each in archives], "layout": layout} | settings,
        out,
        stems=stems,
        voices=(),
        rate=None,
        channels=None,
        processes=1,
        cache=tmp_path / "cache",
        accept_licence=accept_licence,
        terms="https://terms.example",
    )
    return out, read_tracks(out)


BODY = np.random.default_rng(0).bytes(4 * CHUNK)


# Whole downloads


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
def test_a_whole_archive_is_fetched_once(serve, tmp_path, algorithm):
    server = serve(BODY, "whole")
    for _ in range(2):
        assert fetch(archive(server, BODY, algorithm), tmp_path / "cache").read_bytes() == BODY
    assert server.asked == [None]
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["archive.zip"]


def test_the_choral_singing_dataset_becomes_a_track_table(serve, tmp_path, choir):
    server = serve(choir, "whole")
    out, tracks = prepare(tmp_path, [archive(server, choir)])
    assert [t.track for t in tracks] == ["El Rossinyol 2", "Locus Iste 3", "Nino Dios 4"]
    for track in tracks:
        mixture, references, _ = read_scene(out, track, PARTS)
        assert mixture.shape == (1, 430)
        np.testing.assert_array_equal(mixture, references.sum(axis=0))
    # Whole in itself: nothing points into a folder that was unpacked for a while.
    assert not any(path.is_symlink() for path in out.rglob("*"))
    assert [path.name for path in out.parent.iterdir()] == ["set"]


@pytest.mark.parametrize("top", ["", "musdb18hq/"])
def test_an_archive_in_the_layout_of_musdb18_hq_becomes_a_track_table(serve, tmp_path, top):
    members = {f"{top}README.md": b"x"}
    for i, name in enumerate(("train/A - B", "train/Leaf - Summerghost", "test/C - D")):
        for j, stem in enumerate(MUSDB):
            members[f"{top}{name}/{stem}.wav"] = tone(tmp_path / "tone.wav", 100 + 40 * i + 7 * j, channels=2)
    body = zipped(tmp_path / "musdb.zip", members).read_bytes()
    _, tracks = prepare(tmp_path, [archive(serve(body, "whole"), body)], MUSDB, layout="musdb_hq")
    assert [(t.split, t.track) for t in tracks] == [
        ("train", "A - B"),
        ("valid", "Leaf - Summerghost"),
        ("test", "C - D"),
    ]


@pytest.mark.skipif(not (shutil.which("ffmpeg") and shutil.which("ffprobe")), reason="ffmpeg or ffprobe is missing")
def test_the_preview_of_musdb18_becomes_a_track_table(serve, tmp_path):
    members = {}
    for i, name in enumerate(("train/A - B", "train/Meaxic - Take A Step", "test/C - D")):
        members[f"{name}.stem.mp4"] = stem_file(tmp_path / "tones.mp4", 200 + 100 * i)
    body = zipped(tmp_path / "preview.zip", members).read_bytes()
    out, tracks = prepare(tmp_path, [archive(serve(body, "whole"), body)], MUSDB, layout="musdb_stems")
    assert [(t.split, t.track, t.channels) for t in tracks] == [
        ("train", "A - B", 2),
        ("valid", "Meaxic - Take A Step", 2),
        ("test", "C - D", 2),
    ]
    _, references, rate = read_scene(out, tracks[0], MUSDB)
    spectra = np.abs(np.fft.rfft(references[:, 0, :rate])).argmax(axis=-1) * rate / references[:, 0, :rate].shape[-1]
    # The order of the streams in a file is mixture, drums, bass, other, vocals.
    np.testing.assert_allclose(spectra, [201 + 20 * k for k in (1, 2, 3, 4)], atol=3)


def stem_file(path, hz):
    """Five AAC streams of stereo tones of half a second, 20 Hz apart."""
    tones = [f"sine=frequency={hz + 1 + 20 * k}:duration=0.5:sample_rate=44100" for k in range(5)]
    inputs = [word for tone in tones for word in ("-f", "lavfi", "-i", tone)]
    maps = [word for k in range(5) for word in ("-map", f"{k}:a")]
    command = ["ffmpeg", "-v", "error", "-y", *inputs, *maps, "-ac", "2", "-c:a", "aac", str(path)]
    subprocess.run(command, check=True)
    return path.read_bytes()


def test_a_copy_that_was_placed_by_hand_is_taken_without_a_connection(tmp_path, choir):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache/archive.zip").write_bytes(choir)
    entry = Archive("http://127.0.0.1:9/", "archive.zip", md5=hashlib.md5(choir).hexdigest())
    assert len(prepare(tmp_path, [entry])[1]) == 3


def test_nothing_is_fetched_before_the_terms_are_accepted(serve, tmp_path, choir):
    server = serve(choir, "whole")
    with pytest.raises(UserError, match=r"https://terms\.example.*accept_licence"):
        prepare(tmp_path, [archive(server, choir)], accept_licence=False)
    assert server.asked == []
    assert not (tmp_path / "cache").exists()


# Downloads that go wrong


def test_a_connection_that_drops_once_goes_on_where_it_ended(serve, tmp_path):
    server = serve(BODY, "dropped", "whole")
    assert fetch(archive(server, BODY), tmp_path, pause=0).read_bytes() == BODY
    assert server.asked == [None, f"bytes={KEPT}-"]


def test_a_server_without_ranges_begins_again(serve, tmp_path):
    server = serve(BODY, "dropped", "no ranges")
    assert fetch(archive(server, BODY), tmp_path, pause=0).read_bytes() == BODY


def test_a_later_run_goes_on_where_an_earlier_one_gave_up(serve, tmp_path):
    server = serve(BODY, "dropped", "503", "503", "whole")
    with pytest.raises(UserError, match="503"):
        fetch(archive(server, BODY), tmp_path, attempts=3, pause=0)
    assert not (tmp_path / "archive.zip").exists()
    assert fetch(archive(server, BODY), tmp_path, pause=0).read_bytes() == BODY
    assert server.asked[-1] == f"bytes={KEPT}-"


def test_a_rest_that_does_not_fit_is_thrown_away_and_fetched_anew(serve, tmp_path):
    server = serve(BODY, "dropped", "wrong rest", "whole")
    assert fetch(archive(server, BODY), tmp_path, pause=0).read_bytes() == BODY
    assert server.asked[-1] is None


def test_a_kept_part_that_is_longer_than_the_file_is_thrown_away(serve, tmp_path):
    server = serve(BODY, "dropped", "503", "416", "whole")
    with pytest.raises(UserError):
        fetch(archive(server, BODY), tmp_path, attempts=2, pause=0)
    assert fetch(archive(server, BODY), tmp_path, pause=0).read_bytes() == BODY
    assert server.asked[-1] is None


@pytest.mark.parametrize("behaviour", ["truncated", "other"])
def test_an_archive_with_another_checksum_is_refused_and_not_kept(serve, tmp_path, behaviour):
    server = serve(BODY, behaviour)
    with pytest.raises(UserError) as caught:
        fetch(archive(server, BODY), tmp_path / "cache", pause=0)
    assert all(word in str(caught.value) for word in (server.url, "checksum", str(tmp_path / "cache/archive.zip")))
    assert len(server.asked) == 2
    assert not list((tmp_path / "cache").iterdir())


@pytest.fixture
def pauses(monkeypatch):
    """Seconds that would have been waited."""
    waited = []
    monkeypatch.setattr(download.time, "sleep", waited.append)
    return waited


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_left_alone_as_long_as_it_asks(serve, tmp_path, pauses, status):
    server = serve(BODY, f"{status} busy 30", f"{status} busy 0", "whole")
    assert fetch(archive(server, BODY), tmp_path).read_bytes() == BODY
    assert pauses == [30, 2]  # the second time it asks for less than what is waited anyway


def test_a_busy_server_may_name_a_date(serve, tmp_path, pauses):
    date = email.utils.format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert fetch(archive(serve(BODY, f"429 busy {date}", "whole"), BODY), tmp_path).read_bytes() == BODY
    assert 80 < pauses[0] <= 90


@pytest.mark.parametrize("asked", ["soon", "", "-5"])
def test_a_busy_server_that_does_not_say_for_how_long_is_asked_again_later(serve, tmp_path, pauses, asked):
    assert fetch(archive(serve(BODY, f"429 busy {asked}", "whole"), BODY), tmp_path).read_bytes() == BODY
    assert pauses == [1]


def test_a_server_that_is_busy_for_longer_than_is_waited_is_told_with_its_time(serve, tmp_path, pauses):
    server = serve(BODY, "429 busy 7200")
    with pytest.raises(UserError, match=r"was 429\); try again in 7200 s, as it asks, or download it by hand"):
        fetch(archive(server, BODY), tmp_path)
    assert (len(server.asked), pauses) == (1, [])


def test_a_server_that_sends_more_than_the_archive_has_is_cut_off(serve, tmp_path):
    server = serve(BODY, "endless")
    with pytest.raises(UserError) as caught:
        fetch(replace(archive(server, BODY), bytes=len(BODY)), tmp_path, pause=0)
    assert f"{server.url}: sends more than the {len(BODY)} bytes that the archive has" in str(caught.value)
    assert not list(tmp_path.iterdir())
    assert len(server.asked) == 1 and len(server.sent) < 1000
    whole = serve(BODY, "whole")
    assert fetch(replace(archive(whole, BODY), bytes=len(BODY)), tmp_path, pause=0).read_bytes() == BODY


def test_a_disk_that_fills_up_during_the_download_is_told_with_folder_need_and_room(serve, tmp_path, monkeypatch):
    free = iter([10**9])
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, next(free, 2000)))

    def full(self, url):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download.Resuming, "_go_on", full)
    entry = replace(archive(serve(BODY, "whole"), BODY), bytes=262144)
    with pytest.raises(UserError) as caught:
        fetch(entry, tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: 0.000262 GB are needed there, but the disk has 2e-06 GB free; make room."
    )


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES])
def test_a_cache_that_may_not_be_written_to_is_told_in_one_sentence(serve, tmp_path, monkeypatch, code):
    def refuse(*args, **kwargs):
        raise OSError(code, "", str(tmp_path))

    monkeypatch.setattr(pooch.core, "make_local_storage", refuse)
    with pytest.raises(UserError, match=rf"^{tmp_path}: cannot be .* \({os.strerror(code)}\); allow it"):
        fetch(archive(serve(BODY, "whole"), BODY), tmp_path)


def test_an_address_that_is_gone_is_not_asked_twice(serve, tmp_path):
    server = serve(BODY, "404")
    with pytest.raises(UserError) as caught:
        fetch(archive(server, BODY), tmp_path)
    assert all(word in str(caught.value) for word in (server.url, "404", "by hand", str(tmp_path / "archive.zip")))
    assert len(server.asked) == 1


def test_without_a_network_the_way_to_place_a_copy_is_told(tmp_path):
    entry = Archive("http://127.0.0.1:9/x.zip", "x.zip", md5="0" * 32)
    with pytest.raises(UserError, match=r"ConnectionError.*by hand"):
        fetch(entry, tmp_path, attempts=2, pause=0)


def test_a_copy_with_another_checksum_is_refused_and_left_alone(serve, tmp_path):
    server = serve(BODY, "whole")
    (tmp_path / "archive.zip").write_bytes(b"mine")
    with pytest.raises(UserError, match=r"archive\.zip.*checksum.*delete it"):
        fetch(archive(server, BODY), tmp_path)
    assert (tmp_path / "archive.zip").read_bytes() == b"mine"
    assert server.asked == []


def test_a_disk_that_is_too_small_is_seen_before_the_download(serve, tmp_path):
    server = serve(BODY, "whole")
    with pytest.raises(UserError, match="make room"):
        fetch(replace(archive(server, BODY), bytes=10**18), tmp_path)
    assert server.asked == []


def test_nothing_half_made_stays_where_a_fetched_set_is_refused(serve, tmp_path):
    body = zipped(tmp_path / "a.zip", {"CSD_ER_soprano_2.wav": b"no audio"}).read_bytes()
    with pytest.raises(UserError, match="CSD_ER_alto_2"):
        prepare(tmp_path, [archive(serve(body, "whole"), body)])
    assert not list((tmp_path / "results").iterdir())


# Archives that are not what they should be


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../outside", "a/../../outside", "..\\outside", "C:\\outside", "C:outside", "a/.."]
)
def test_a_member_that_would_lie_elsewhere_is_refused_before_anything_is_written(tmp_path, name):
    path = zipped(tmp_path / "evil.zip", {"good.wav": b"x", name: b"x"})
    with pytest.raises(UserError, match="outside"):
        unpack(path, tmp_path / "into")
    assert [each.name for each in tmp_path.iterdir()] == ["evil.zip"]


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_special_files_are_refused(tmp_path, mode):
    member = zipfile.ZipInfo("link.wav")
    member.external_attr = (mode | 0o777) << 16
    path = zipped(tmp_path / "evil.zip", {member: "/etc/passwd"})
    with pytest.raises(UserError, match="link"):
        unpack(path, tmp_path / "into")
    assert not (tmp_path / "into").exists()


def test_a_name_that_is_there_twice_is_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("a.wav", b"x")
        archive.writestr("a.wav", b"y")
    with pytest.raises(UserError, match="twice"):
        unpack(tmp_path / "evil.zip", tmp_path / "into")


def test_an_encrypted_member_is_refused(tmp_path):
    path = zipped(tmp_path / "secret.zip", {"a.wav": b"x" * 50})
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    path.write_bytes(data)
    with pytest.raises(UserError, match="encrypted"):
        unpack(path, tmp_path / "into")


def test_an_archive_that_grows_beyond_all_measure_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.wav", bytes(70 * 2**20))
    with pytest.raises(UserError, match="bytes"):
        unpack(tmp_path / "bomb.zip", tmp_path / "into")
    assert not (tmp_path / "into").exists()


def test_a_damaged_member_is_refused(tmp_path):
    path = zipped(tmp_path / "bad.zip", {"a.wav": b"sound" * 50})
    path.write_bytes(path.read_bytes().replace(b"soundsound", b"noisesound", 1))
    with pytest.raises(UserError, match="no whole archive"):
        unpack(path, tmp_path / "into")


@pytest.mark.parametrize("data", [b"", b"no archive", b"PK\x03\x04"])
def test_a_file_that_is_no_archive_is_refused(tmp_path, data):
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(UserError, match="zip"):
        unpack(tmp_path / "a.zip", tmp_path / "into")


# Archives of tar


def tarred(path, *members):
    """members: (name, content), or a `TarInfo`."""
    with tarfile.open(path, "w:gz") as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                archive.addfile(info, io.BytesIO(member[1]))
    return path


def test_a_tar_archive_is_unpacked_as_a_zip_archive_is(tmp_path):
    path = tarred(tmp_path / "a.tar.gz", ("a/x.wav", b"sound"), ("a/._x.wav", b"clutter"))
    unpack(path, tmp_path / "into")
    assert {each.name: each.read_bytes() for each in (tmp_path / "into").rglob("*.wav")} == {"x.wav": b"sound"}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_special_files_of_tar_are_refused(tmp_path, kind):
    member = tarfile.TarInfo("link.wav")
    member.type, member.linkname = kind, "/etc/passwd"
    with pytest.raises(UserError, match="is a link or a special file"):
        unpack(tarred(tmp_path / "evil.tar.gz", ("good.wav", b"x"), member), tmp_path / "into")
    assert not (tmp_path / "into").exists()


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ([("../outside", b"x")], "lies outside of the archive's folder"),
        ([("/etc/passwd", b"x")], "lies outside of the archive's folder"),
        ([("a.wav", b"x"), ("a.wav", b"y")], "is there twice"),
        ([("zeros.wav", bytes(70 * 2**20))], "would grow to"),
    ],
)
def test_unsafe_and_large_tar_archives_are_refused_before_anything_is_written(tmp_path, members, sentence):
    with pytest.raises(UserError, match=sentence):
        unpack(tarred(tmp_path / "evil.tar.gz", *members), tmp_path / "into")
    assert [each.name for each in tmp_path.iterdir()] == ["evil.tar.gz"]


def test_a_tar_archive_that_was_cut_short_is_refused(tmp_path):
    path = tarred(tmp_path / "a.tar.gz", ("a.wav", np.random.default_rng(0).bytes(50000)))
    path.write_bytes(path.read_bytes()[:20000])
    with pytest.raises(UserError, match="no whole archive"):
        unpack(path, tmp_path / "into")


# A checksum that nobody published


def test_the_checksum_of_a_first_download_is_kept_and_another_file_is_refused_from_then_on(serve, tmp_path):
    server = serve(BODY, "whole")
    unknown = Archive(server.url, "a.zip")
    file = fetch(unknown, tmp_path)
    assert (tmp_path / "a.zip.sha256").read_text() == f"{hashlib.sha256(BODY).hexdigest()}  a.zip\n"
    file.write_bytes(b"another")
    with pytest.raises(UserError, match=r"has the sha256 checksum .* is expected; delete it"):
        fetch(unknown, tmp_path)
    file.unlink()
    assert fetch(unknown, tmp_path).read_bytes() == BODY
    file.unlink()
    server.behaviours[:] = ["other"]
    with pytest.raises(UserError, match="has not the checksum sha256:"):
        fetch(unknown, tmp_path)
    assert not file.exists()


def test_hidden_files_are_not_unpacked(tmp_path):
    names = ("a/x.wav", "a/._x.wav", "__MACOSX/a/x.wav", "a/.DS_Store")
    unpack(zipped(tmp_path / "a.zip", dict.fromkeys(names, b"x")), tmp_path / "into")
    assert [path.name for path in (tmp_path / "into").rglob("*") if path.is_file()] == ["x.wav"]


def test_several_archives_are_unpacked_into_one_folder(serve, tmp_path):
    bodies = [zipped(tmp_path / f"{n}.zip", {f"{n}/x.wav": b"x"}).read_bytes() for n in ("train", "test")]
    archives = [replace(archive(serve(body, "whole"), body), file=f"{n}.zip") for n, body in enumerate(bodies)]
    folder = fetch_and_unpack(archives, tmp_path / "cache", tmp_path / "into")
    assert sorted(path.name for path in folder.iterdir()) == ["test", "train"]
