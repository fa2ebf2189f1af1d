"""From a corpus to a model: excerpts, trainee and loop, or the method's own way where it does not learn by steps."""

import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from accelerate import Accelerator
from accelerate.utils import set_seed

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.outcomes import DIVERGED, FAILED
from workflow_scripts.lib.core.seeds import seed_of
from workflow_scripts.lib.datasets import scenes
from workflow_scripts.lib.datasets.corpus import Corpus
from workflow_scripts.lib.datasets.excerpts import Excerpts
from workflow_scripts.lib.datasets.table import Track
from workflow_scripts.lib.datasets.training_data import TrainingData
from workflow_scripts.lib.datasets.unpaired import unpaired_excerpts
from workflow_scripts.lib.networks.tensors import Tensors
from workflow_scripts.lib.training.contract import Learner
from workflow_scripts.lib.training.devices import accelerator_for
from workflow_scripts.lib.training.job import TrainingJob
from workflow_scripts.lib.training.loop import Diverged, History, Loop
from workflow_scripts.lib.training.progress import progress_on
from workflow_scripts.lib.training.schedule import Schedule


@dataclass(frozen=True)
class TrainingResult:
    """model: what `separate` is given, empty where training failed.  failed: the reason.  history: how it went.

    diverged: the reason where training ended early and the model is the best one until then.
    """

    model: Tensors = field(default_factory=dict)
    failed: str = ""
    diverged: str = ""
    history: History = field(default_factory=History)

    def facts(self) -> dict[str, Any]:
        """What the provenance of a model says beside the cost of the last attempt."""
        history = self.history
        if not history.attempts:
            return self.outcome()
        facts = {"steps": history.step, "best_step": history.best_step, "best_loss": history.best_loss}
        return facts | {"earlier_attempts": history.attempts[:-1]} | self.outcome()

    def outcome(self) -> dict[str, str]:
        """What the header of the model says of how the training ended, where it did not end well."""
        reasons = {FAILED: self.failed, DIVERGED: self.diverged}
        return {outcome: reason for outcome, reason in reasons.items() if reason}


def learn(
    method: Learner, settings: Any, job: TrainingJob, *, gpus: int, state: Path, stream: TextIO = sys.stderr
) -> TrainingResult:
    """Train, or go on with a training that was killed.

    method, settings: those that the job's description names.  state: as in `Loop`.  stream: gets the progress.
    """
    if hasattr(method, "trainee"):
        return _learn_by_steps(method, settings, job, gpus, state, stream)
    corpus = job.corpus
    examples = scenes.training(corpus.data, corpus.tracks, corpus.sources, job.seed, scenes.device(gpus))
    return TrainingResult(method.train(examples, settings))


def _learn_by_steps(
    method: Learner, settings: Any, job: TrainingJob, gpus: int, state: Path, stream: TextIO
) -> TrainingResult:
    schedule = job.description.training
    accelerator = accelerator_for(gpus, schedule.precision)
    set_seed(seed_of(job.seed, "start") % 2**31)
    # A method that learns from mixtures alone is given no stem, so that it cannot use one.
    stems = getattr(settings, "supervision", "stems") != "mixture"
    data = _training_data(job, accelerator, stems)
    loop = Loop(
        method.trainee(data, settings, job.seed, accelerator.device, accelerator),
        schedule,
        accelerator,
        state=state,
        fingerprint=job.fingerprint(),
        seed=job.seed,
        progress=progress_on(stream if accelerator.is_main_process else io.StringIO()),
        continued=bool(job.start),
    )
    try:
        return TrainingResult(loop.run(), history=loop.history)
    except Diverged as error:
        return _after_divergence(str(error), loop.history)


def _after_divergence(reason: str, history: History) -> TrainingResult:
    """The best weights until then, where the trainee validates; otherwise the training failed."""
    if not history.best:
        return TrainingResult(failed=reason, history=history)
    kept = f"{reason} The weights are those of step {history.best_step}, where the validation loss was lowest."
    return TrainingResult(history.best, diverged=kept, history=history)


def _training_data(job: TrainingJob, accelerator: Accelerator, stems: bool) -> TrainingData:
    """stems: whether the paired excerpts have references."""
    corpus, schedule = job.corpus, job.description.training
    train, valid = (excerpts(corpus, tracks, schedule, accelerator, stems) for tracks in (corpus.tracks, corpus.valid))
    of_tracks = partial(excerpts, replace(corpus, f0=()), schedule=schedule, accelerator=accelerator, stems=False)
    unpaired = unpaired_excerpts(job.unlabelled, of_tracks) if job.unlabelled else None
    return TrainingData(train, valid, unpaired, job.start)


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
        draw_from=schedule.draw_from,
        overhang=schedule.overhang_seconds,
    )
