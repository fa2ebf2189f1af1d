"""What made a result: written beside it, with what it cost."""

import importlib.metadata
import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workflow_scripts.lib.core.files import sha256_file, write_json

PACKAGES = ("torch", "torchaudio", "numpy", "scipy", "pandas", "soundfile", "soxr", "librosa", "snakemake")
SUBMISSION = "submission"  # the fact that names what others made, of which it is not known what it cost


def folder_of(manifest: Path) -> Path:
    """The folder whose content a manifest lists: results/x/a.json is that of results/x/a/."""
    return manifest.with_suffix("")


@contextmanager
def recorded(manifest: Path, code: str, *, unlisted: str = "", **facts: Any) -> Iterator[Path]:
    """Yield the folder to fill; when the block ends well, write its `provenance.json` and its `manifest` beside it.

    The manifest lists the hash of each file. It is what the next rules take as input: equal content is then equal to
    Snakemake, whatever the time stamps say, which it would not be for a folder. Files that end in `unlisted` are left
    out of it.
    """
    folder = folder_of(manifest)
    with measured(folder / "provenance.json", code, **facts):
        yield folder
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith(".")]
    listed = [path for path in files if path.name != "provenance.json" and not (unlisted and path.suffix == unlisted)]
    write_json(manifest, {str(path.relative_to(folder)): sha256_file(path) for path in listed})


@contextmanager
def measured(path: Path, code: str, **facts: Any) -> Iterator[dict[str, Any]]:
    """Write `path` (JSON) when the block ends well: code hash, seed and other facts, versions, hardware and cost.

    The cost is that of the block, children included: CPU seconds (user and system), wall seconds, peak resident
    memory of the process in MiB. Yields the facts, so that the block can add some.
    """
    spent = meter()
    yield facts
    cost = spent()
    write_json(
        path,
        {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": sys.argv,
            "code": code,
            **facts,
            "cost": cost,
            "versions": {"python": platform.python_version(), **_versions()},
            "hardware": _hardware(),
        },
    )


def meter() -> Callable[[], dict[str, float]]:
    """Start to measure; each call of what is returned gives the cost since then, in the units of `measured`."""
    started, cpu = time.perf_counter(), _cpu_seconds()
    return lambda: {
        "cpu_seconds": round(_cpu_seconds() - cpu, 3),
        "wall_seconds": round(time.perf_counter() - started, 3),
        "peak_memory_mib": round(_peak_kib() / 1024, 1),
    }


def _usage() -> list[resource.struct_rusage]:
    return [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]


def _cpu_seconds() -> float:
    return sum(each.ru_utime + each.ru_stime for each in _usage())  # finer than os.times, which counts in 10 ms


def _peak_kib() -> int:
    peak = max(each.ru_maxrss for each in _usage())
    return peak // 1024 if sys.platform == "darwin" else peak  # macOS counts bytes


def _versions() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in PACKAGES}


def processor() -> str:
    """What the processor calls itself."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor())


def _hardware() -> dict[str, Any]:
    facts: dict[str, Any] = {"machine": platform.machine(), "system": platform.system(), "cores": os.cpu_count()}
    facts["cpu"] = processor()
    torch = sys.modules.get("torch")  # asked only where the job has loaded it anyway
    if torch is not None and torch.cuda.is_available():
        facts["gpu"] = torch.cuda.get_device_name()
        facts["gpu_peak_memory_mib"] = round(torch.cuda.max_memory_allocated() / 2**20, 1)
    return facts
