"""The devices and processes of a job that trains, adapts or both."""

import os
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import torch
from accelerate import Accelerator

from workflow_scripts.lib.core.locks import locked

MIXED = {"float32": "no", "bf16": "bf16", "fp16": "fp16"}  # accelerate's names
BFLOAT16 = ("avx512_bf16", "amx_bf16")  # what a processor has that multiplies bfloat16


def accelerator_for(gpus: int, precision: str) -> Accelerator:
    """Device, precision and processes of a job that may use `gpus` cards.

    On a CPU the precision is float32, but for bfloat16 where the processor multiplies it.

    Makes torch deterministic, because a resumed training must repeat every bit.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # torch adds it at run time
    cpu = not (gpus and torch.cuda.is_available())
    slow = cpu and (precision == "fp16" or not multiplies_bfloat16())
    return Accelerator(cpu=cpu, mixed_precision="no" if slow else MIXED[precision])


def multiplies_bfloat16() -> bool:
    """Whether the processor does; where it does not, torch is slower in bfloat16 than in float32."""
    found = torch.cpu.get_capabilities()
    return any(found.get(name, False) for name in BFLOAT16)


def one_process_a_card(gpus: int, module: str) -> None:
    """Where a job may use several cards and the machine has them, start its command anew, once for each."""
    cards = min(gpus, torch.cuda.device_count())
    if cards > 1 and "LOCAL_RANK" not in os.environ:
        launch = ["-m", "accelerate.commands.launch", "--multi_gpu", "--num_machines", "1", "--main_process_port", "0"]
        launch += ["--num_processes", str(cards), "--mixed_precision", "no", "--dynamo_backend", "no", "-m", module]
        os.execv(sys.executable, [sys.executable, *launch, *sys.argv[1:]])


def is_first_process() -> bool:
    """Of several processes the first writes the files."""
    return os.environ.get("RANK", "0") == "0"


def alone(state: Path) -> AbstractContextManager[None]:
    """Keep other jobs from the `state` (a file or folder) of a training, which its first process holds for all.

    Raises UserError where another job holds it.
    """
    return locked(state.with_suffix(".lock")) if is_first_process() else nullcontext()
