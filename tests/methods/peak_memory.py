"""Peak of memory of separating a scene of given lengths: `python -m tests.methods.peak_memory 70 140 nmf1 hpss`.

Prints {method: bytes needed beside the scene, for each length in s of mono at 8 kHz} as JSON (Linux). With
MALLOC_MMAP_THRESHOLD_=1048576 in the environment what is freed is given back at once, and the peak is exact.
"""

import json
import sys
from pathlib import Path

import torch

from tests.methods import scenes
from tests.methods.test_contract import given, method, model

RATE = 8000


def memory(what: str) -> int:
    """Bytes of this process: VmRSS at present, VmHWM at the peak."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(what)).split()[1])


def needed(name: str, seconds: int) -> int:
    """Bytes that are needed beside the scene to separate one of that length."""
    module, settings = method(name)
    whole, weights = given(name, scenes.scene(length=seconds * RATE)), model(name, 1)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak so far
    before = memory("VmRSS")
    module.separate(whole, settings, weights)
    return memory("VmHWM") - before


if __name__ == "__main__":
    lengths = [int(word) for word in sys.argv[1:] if word.isdigit()]
    names = [word for word in sys.argv[1:] if not word.isdigit()]
    table = {}
    torch.set_num_threads(1)
    for name in names:
        needed(name, lengths[0])  # what is loaded and kept
        table[name] = [needed(name, seconds) for seconds in lengths]
    print(json.dumps(table))
