"""From a corpus to a model, for a method that learns by gradient descent: devices, excerpts, trainee, loop."""

import io
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.seeds import seed_of
from workflow_scripts.lib.datasets.corpus import Corpus
from workflow_scripts.lib.datasets.excerpts import Excerpts
from workflow_scripts.lib.datasets.table import Track
from workflow_scripts.lib.datasets.training_data import TrainingData
from workflow_scripts.lib.datasets.unpaired import Deal, streams
from workflow_scripts.lib.networks.tensors import Tensors
from workflow_scripts.lib.training.loop import Course, Diverged, Schedule, Training
from workflow_scripts.lib.training.progress import progress_on

MIXED = {"float32": "no", "bf16": "bf16", "fp16": "fp16"}  # accelerate's names


@dataclass(frozen=True)
class Learned:
    """model: what `separate` is given, empty where training failed.  failed: the reason.  course: how it went."""

    model: Tensors
    failed: str = ""
    course: Course = field(default_factory=Course)

    def facts(self) -> dict[str, Any]:
        """What the provenance of a model says beside the cost of the last attempt."""
        failed = {"failed": self.failed} if self.failed else {}
        if not self.course.attempts:
            return failed
        course = self.course
        facts = {"steps": course.step, "best_step": course.best_step, "best_loss": course.best_loss}
        return facts | {"earlier_attempts": course.attempts[:-1]} | failed


def learn(
    method: ModuleType, settings: Any, schedule: Schedule, corpus: Corpus, *, seed: int, gpus: int, state: Path,
    fingerprint: str, stream: TextIO = sys.stderr, dealt: Deal | None = None,
    start: Mapping[str, torch.Tensor] | None = None,
) -> Learned:  # fmt: skip
    """Train, or go on with a training that was killed; `state` and `fingerprint` as in `Training`.

    The stems are read only where the method's setting `supervision` is not `mixture`.
    dealt: unlabelled songs, for a method that needs them.  start: weights to start from, None for the method's own.
    """
    accelerator = accelerator_for(gpus, schedule.precision)
    set_seed(seed_of(seed, "start") % 2**31)
    stems = getattr(settings, "supervision", "stems") != "mixture"
    sets = [excerpts(corpus, tracks, schedule, accelerator, stems) for tracks in (corpus.tracks, corpus.valid)]
    alone = partial(excerpts, replace(corpus, f0=()), schedule=schedule, accelerator=accelerator, stems=False)
    data = TrainingData(*sets, unpaired=streams(dealt, alone) if dealt else None, start=start or {})
    training = Training(
        method.trainee(data, settings, seed, accelerator.device, accelerator),
        schedule,
        accelerator,
        state=state,
        fingerprint=fingerprint,
        seed=seed,
        progress=progress_on(stream if accelerator.is_main_process else io.StringIO()),
    )
    try:
        return Learned(training.run(), course=training.course)
    except Diverged as error:
        return Learned({}, str(error), training.course)


def excerpts(
    corpus: Corpus, tracks: Sequence[Track], schedule: Schedule, accelerator: Accelerator, stems: bool,
    solo: str | None = None, name: str = "excerpts",
) -> Excerpts:  # fmt: skip
    """The excerpts of some tracks of the corpus, each process's share of a batch on its device.

    stems: whether they have references.  solo, name: as in `Excerpts`.
    """
    processes = accelerator.num_processes
    if schedule.batch % processes:
        raise UserError(
            f"training.batch is {schedule.batch}, which {processes} GPUs cannot share evenly; take a multiple."
        )
    return Excerpts(
        corpus.data,
        tracks,
        corpus.sources,
        corpus.f0,
        seconds=schedule.seconds,
        batch=schedule.batch,
        references=stems,
        device=accelerator.device,
        share=(accelerator.process_index, processes),
        cache_bytes=schedule.cache_mb * 2**20,
        solo=solo,
        name=name,
    )


def accelerator_for(gpus: int, precision: str) -> Accelerator:
    """Device, precision and processes of a job that may use `gpus` cards; on the CPU, precision is float32.

    Makes torch deterministic, because a resumed training must repeat every bit.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False
    cpu = not (gpus and torch.cuda.is_available())
    return Accelerator(cpu=cpu, mixed_precision="no" if cpu else MIXED[precision])


def one_process_a_card(gpus: int, module: str) -> None:
    """Where a job may use several cards and the machine has them, start its command anew, once for each."""
    cards = min(gpus, torch.cuda.device_count())
    if cards > 1 and "LOCAL_RANK" not in os.environ:
        launch = ["-m", "accelerate.commands.launch", "--multi_gpu", "--num_machines", "1", "--main_process_port", "0"]
        launch += ["--num_processes", str(cards), "--mixed_precision", "no", "--dynamo_backend", "no", "-m", module]
        os.execv(sys.executable, [sys.executable, *launch, *sys.argv[1:]])
