"""The published Conv-TasNet on a song of four minutes in stereo at 44.1 kHz: CPU seconds and peak memory, one thread.

    python -m tests.benchmarks.bench_one_shot

A step of its adaptation (P-L1:D, a window of 10 s, the settings of config/methods/guided_published.yaml); the job that
separates the song, with each kind of output; and its training against the nearest class of a library, torchaudio's
ConvTasNet at the same sizes, which is mono and has a skip branch. Every peak is that of a process of its own.
"""

import io
import json
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import soundfile
import torch
from accelerate import Accelerator
from threadpoolctl import threadpool_limits

from tests.benchmarks.bench_parametric import cpu_seconds
from tests.benchmarks.table import Ratio
from workflow_scripts.lib.audio import chunks
from workflow_scripts.lib.core.code_graph import ROOT
from workflow_scripts.lib.datasets.prepared_root import make_prepared_root
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.datasets.table import read_tracks
from workflow_scripts.lib.methods import one_shot
from workflow_scripts.lib.networks import tensors
from workflow_scripts.lib.networks.conv_tasnet import ConvTasNet, LibraryConvTasNet, Sizes
from workflow_scripts.lib.networks.tensors import Tensors
from workflow_scripts.lib.training.loop import adapt_to_song
from workflow_scripts.lib.training.progress import progress_on
from workflow_scripts.lib.weights.model_file import save_model
from workflow_scripts.plan.yaml_files import read_yaml

RATE, SECONDS, CHUNK_SECONDS, OVERLAP = 44_100, 240, 10, 0.25
SOURCES = ("drums", "bass", "other", "vocals")
OUTPUTS = ("plain", "muted", "consistent")
NETWORKS = {  # name -> network, audio channels
    "ours, stereo": lambda: (ConvTasNet(4, 2, Sizes()), 2),
    "ours, stereo, computing blocks twice": lambda: (ConvTasNet(4, 2, Sizes(), remember=False), 2),
    "torchaudio, mono": lambda: (LibraryConvTasNet(4, 1, Sizes()), 1),
}
ROUNDS = 3


def model() -> Tensors:
    """Random weights of the published size."""
    torch.manual_seed(0)
    return {**ConvTasNet(4, 2, Sizes()).state_dict(), **tensors.order_of(SOURCES), "rate": torch.tensor(RATE)}


def song() -> np.ndarray:
    """Noise [channel, time]."""
    return 0.1 * np.random.default_rng(0).standard_normal((2, SECONDS * RATE), dtype=np.float32)


def adapt_a_step() -> float:
    """CPU seconds of one step; each source is marked silent for a quarter of the song."""
    marks = torch.ones(len(SOURCES), SECONDS * RATE)
    for index, quarter in enumerate(marks.chunk(len(SOURCES), dim=1)):
        quarter[index] = -1
    scene = Scene(torch.from_numpy(song()), RATE, SOURCES, marks=marks)
    settings = one_shot.Settings(**read_yaml(ROOT / "config/methods/guided_published.yaml")["settings"])
    trainee = one_shot.SongTrainee(scene, settings, model())
    with tempfile.TemporaryDirectory() as folder:
        run = partial(
            adapt_to_song, trainee, Accelerator(cpu=True), epochs=1, steps_an_epoch=1, checkpoint_seconds=1e9,
            state=Path(folder) / "state.pt", fingerprint="benchmark", seed=0, progress=progress_on(io.StringIO()),
        )  # fmt: skip
        return cpu_seconds(run)[0]


def separate_the_song(output: str) -> float:
    """CPU seconds of the whole job, from files to files; the network itself runs on the last chunk alone, when most of
    the memory is taken, and gives a quarter of the mixture for every source on the chunks before."""
    from workflow_scripts.separate.separate import separate

    left = len(chunks.starts(SECONDS * RATE, CHUNK_SECONDS * RATE, OVERLAP))
    true = ConvTasNet.forward

    def stand_in(network: ConvTasNet, mixture: torch.Tensor) -> torch.Tensor:
        nonlocal left
        left -= 1
        return true(network, mixture) if left == 0 else torch.stack([mixture / 4] * 4, dim=1)

    ConvTasNet.forward = stand_in
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        soundfile.write(folder / "song.wav", song().T, RATE)
        form = {"stems": SOURCES, "voices": (), "rate": RATE, "channels": 2, "processes": 1, "cache": folder}
        make_prepared_root("recording", {"root": str(folder / "song.wav")}, folder / "data", **form)
        (track,) = read_tracks(folder / "data")
        quarter = SECONDS / len(SOURCES)
        lines = [f"{i * quarter}\t{(i + 1) * quarter}\t-{source}\n" for i, source in enumerate(SOURCES)]
        for part in ("marks", "adapted"):
            (folder / part).mkdir()
        (folder / f"marks/{track.track}.txt").write_text("".join(lines))
        save_model(folder / f"adapted/{track.track}.safetensors", model(), {})
        settings = {"output": output, "chunk_seconds": float(CHUNK_SECONDS), "overlap": OVERLAP}
        method = json.dumps({"module": "one_shot", "settings": settings, "needs": ["marks"]})
        given = {"method": method, "sources": list(SOURCES), "split": track.split, "part": "1-of-1", "seed": 0}
        given |= {name: folder / f"{name}.json" for name in ("data", "marks", "adapted")}
        job = {"out": folder / "out.json", "code": ""} | given
        seconds, _ = cpu_seconds(lambda: separate(**job, threads=1, gpu=0))
    assert left == 0
    return seconds


def train_an_excerpt(name: str, seconds: float) -> float:
    """CPU seconds of forward and backward of the L1 loss."""
    torch.manual_seed(0)
    network, channels = NETWORKS[name]()
    mixture = 0.1 * torch.randn(1, channels, round(seconds * RATE))
    return cpu_seconds(lambda: network(mixture).abs().mean().backward())[0]


def alone(call: str) -> tuple[float, float]:
    """What a function of this module gives in a process of its own, and the peak of that process in MiB."""
    code = "import torch; from tests.benchmarks import bench_one_shot, bench_parametric; torch.set_num_threads(1); "
    code += f"print(bench_one_shot.{call}, bench_parametric.peak_mebibytes())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    value, peak = done.stdout.split()
    return float(value), float(peak)


def main() -> list[Ratio]:
    """Print the tables."""
    print(f"a song of {SECONDS} s in stereo at {RATE} Hz, 10,977,872 parameters; one thread, a process each")
    print(f"{'':44s}{'CPU s':>8s}{'peak MiB':>10s}")
    seconds, peak = alone("adapt_a_step()")
    print(f"{'a step of its adaptation, P-L1:D, 10 s':44s}{seconds:8.1f}{peak:10.0f}", flush=True)
    for output in OUTPUTS:
        seconds, peak = alone(f"separate_the_song({output!r})")
        print(f"{f'its separation, {output}':44s}{'':8s}{peak:10.0f}", flush=True)
    print("(of the separation the network ran on the last chunk of 10 s alone)\n\nforward and backward of 1 s")
    memory = {name: alone(f"train_an_excerpt({name!r}, 1)")[1] for name in NETWORKS}
    torch.set_num_threads(1)
    with threadpool_limits(limits=1):
        rounds = [{name: train_an_excerpt(name, 1) for name in NETWORKS} for _ in range(ROUNDS)]
    spent = {name: median(each[name] for each in rounds) for name in NETWORKS}
    for name in NETWORKS:
        print(f"{name:44s}{spent[name]:8.1f}{memory[name]:10.0f}")
    ours, _, theirs = NETWORKS
    print(
        f"{'ratio of the last to the first':44s}{spent[theirs] / spent[ours]:8.2f}{memory[theirs] / memory[ours]:10.2f}"
    )
    peer = "torchaudio's ConvTasNet, mono"
    return [Ratio("Conv-TasNet of the published size, forward and backward of 1 s", spent[ours], spent[theirs], peer)]


if __name__ == "__main__":
    main()
