"""A data set of any kind becomes a prepared root and a track table."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workflow_scripts.lib.core.registry import DATASETS
from workflow_scripts.lib.core.settings import checked
from workflow_scripts.lib.datasets.kinds.contract import Target
from workflow_scripts.lib.datasets.muting import mute_tracks


def make_prepared_root(
    kind: str,
    settings: Mapping[str, Any],
    out: Path,
    *,
    stems: Sequence[str],
    voices: Sequence[str],
    rate: int | None,
    channels: int | None,
    processes: int,
    cache: Path,
    accept_licence: bool = False,
    terms: str = "",
    muted: Mapping[str, Any] | None = None,
    of: Path | None = None,
) -> None:
    """Write the complete prepared root `out`, its `tracks.csv` last; nothing of it where anything is wrong.

    kind: a module of `datasets/kinds`; settings: of that kind. The other options but `muted`: as in `Target`.
    muted: with the key `seed`, silences one source after the other, see `muting`.
    Raises UserError in one sentence that names the key or the file.
    """
    module = DATASETS.load(kind)
    chosen = checked(module.Settings, settings, "The data set's settings")
    with whole_folder(out) as work:
        root, scratch = work / "root", work / "scratch"
        form: dict[str, Any] = {"stems": stems, "voices": voices, "rate": rate, "channels": channels}
        more: dict[str, Any] = {"processes": processes, "accept_licence": accept_licence, "terms": terms, "of": of}
        module.fill_root(Target(root, scratch, Path(cache), **form, **more), chosen)
        if muted:
            mute_tracks(root, muted["seed"])


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """Yield a working folder beside `out`; what it holds as `root` becomes `out` if the block ends well.

    Nothing is left of it otherwise, and an older `out` stays as it was.
    """
    out = Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    work = out.with_name(f".{out.name}.{os.getpid()}")
    shutil.rmtree(work, ignore_errors=True)
    (work / "root").mkdir(parents=True)
    try:
        yield work
        if out.exists():
            out.rename(work / "old")
        (work / "root").rename(out)
    finally:
        shutil.rmtree(work, ignore_errors=True)
