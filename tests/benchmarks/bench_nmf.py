"""Our multiplicative updates against scikit-learn's: same start, same number, one thread, CPU seconds.

    python -m tests.benchmarks.bench_nmf

Kullback-Leibler is compared: the peer's Itakura-Saito solver takes no target with zeros.
"""

import time
import warnings
from collections.abc import Callable

import numpy as np
import torch
from sklearn.decomposition import NMF
from threadpoolctl import threadpool_limits

from tests.benchmarks.table import Ratio
from workflow_scripts.lib.audio.nmf import factorise

BINS, FRAMES, RANK, UPDATES, ROUNDS = 1025, 1200, 64, 20, 3


def problem() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A spectrogram-sized float32 problem: target [bin, frame], W [bin, component], H [component, frame]."""
    generator = np.random.default_rng(0)
    shapes = ((BINS, FRAMES), (BINS, RANK), (RANK, FRAMES))
    target, w, h = (generator.uniform(0.01, 1, shape).astype(np.float32) for shape in shapes)
    return target**4, w, h


def ours(target: np.ndarray, w: np.ndarray, h: np.ndarray) -> np.ndarray:
    factors = factorise(*map(torch.from_numpy, (target, w, h)), "kl", UPDATES)
    return (factors[0] @ factors[1]).numpy()


def theirs(target: np.ndarray, w: np.ndarray, h: np.ndarray) -> np.ndarray:
    # The peer moves its first factor first, so it is given the transposed problem.
    peer = NMF(RANK, init="custom", solver="mu", beta_loss="kullback-leibler", max_iter=UPDATES, tol=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # so few updates do not converge
        activations = peer.fit_transform(
            np.ascontiguousarray(target.T), W=np.ascontiguousarray(h.T), H=np.ascontiguousarray(w.T)
        )
    return (activations @ peer.components_).T


def cpu_seconds(run: Callable[..., np.ndarray], start: tuple[np.ndarray, ...]) -> tuple[float, np.ndarray]:
    """The least CPU time of a few rounds, in s, and the model [bin, frame]."""
    times = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        model = run(*(each.copy() for each in start))
        times.append(time.process_time() - begin)
    return min(times), model


def main() -> list[Ratio]:
    torch.set_num_threads(1)
    with threadpool_limits(1):
        mine, model = cpu_seconds(ours, problem())
        peers, reference = cpu_seconds(theirs, problem())
    difference = np.abs(model - reference).max() / np.abs(reference).max()
    print(f"{BINS} x {FRAMES}, rank {RANK}, {UPDATES} Kullback-Leibler updates of both factors, float32, one thread")
    print(f"ours         {mine:7.3f} CPU s")
    print(f"scikit-learn {peers:7.3f} CPU s, ratio {peers / mine:.2f}; largest relative difference {difference:.1e}")
    return [Ratio(f"NMF, {UPDATES} Kullback-Leibler updates", mine, peers, "scikit-learn")]


if __name__ == "__main__":
    main()
