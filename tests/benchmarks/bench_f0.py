"""F0 of a chorale: ours from the mixture of four voices, against librosa's pYIN on the four stems.

python -m tests.benchmarks.bench_f0
"""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import librosa
import numpy as np
from threadpoolctl import threadpool_limits

from tests.benchmarks.table import Ratio
from workflow_scripts.lib.audio.f0_sources.contract import Audio, Given
from workflow_scripts.lib.core.code_graph import ROOT
from workflow_scripts.lib.core.registry import F0_SOURCES
from workflow_scripts.lib.core.settings import checked
from workflow_scripts.lib.datasets.embedded import chorales
from workflow_scripts.plan.yaml_files import read_yaml

ROUNDS = 3


def cpu_seconds(work: Callable[[], Any]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def main() -> list[Ratio]:
    piece = chorales.render("bwv255", seconds=10)
    stems = {name: samples / 2**15 for name, samples in piece.stems.items()}
    audio = Audio(np.sum(list(stems.values()), axis=0), stems, piece.rate)
    source = read_yaml(ROOT / "config/f0/mixture.yaml")
    kind = F0_SOURCES.load(source["kind"])
    settings = checked(kind.Settings, source.get("settings", {}), "config/f0/mixture.yaml")
    given = Given("bwv255", tuple(stems), lambda: audio)
    with threadpool_limits(1):
        rounds = [
            (
                cpu_seconds(lambda: kind.find_f0(given, settings)),
                cpu_seconds(
                    lambda: [
                        librosa.pyin(each[0], fmin=65, fmax=1047, sr=piece.rate, hop_length=256)
                        for each in stems.values()
                    ]
                ),
            )
            for _ in range(ROUNDS)
        ]
    ours, theirs = (median(each) for each in zip(*rounds, strict=True))
    print(f"F0 of 10 s of four voices: {ours:.2f} CPU s; pYIN of librosa on the four stems: {theirs:.2f} CPU s")
    return [Ratio("F0 of four voices, 10 s, from their mixture", ours, theirs, "librosa's pYIN on the four stems")]


if __name__ == "__main__":
    main()
