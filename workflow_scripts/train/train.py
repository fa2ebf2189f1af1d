"""Train one method on a data set."""

import sys
from dataclasses import replace
from pathlib import Path

import torch

from workflow_scripts.command import run
from workflow_scripts.lib.core.csv_text import csv_text
from workflow_scripts.lib.core.files import sha256_file, write_text
from workflow_scripts.lib.core.outcomes import DIVERGED, FAILED, OUTCOMES
from workflow_scripts.lib.core.provenance import folder_of, measured
from workflow_scripts.lib.datasets.corpus import Corpus
from workflow_scripts.lib.methods import contract
from workflow_scripts.lib.networks.tensors import Tensors
from workflow_scripts.lib.training import checkpoint
from workflow_scripts.lib.training.description import read_description
from workflow_scripts.lib.training.devices import alone, is_first_process, one_process_a_card
from workflow_scripts.lib.training.job import TrainingDescription, TrainingJob
from workflow_scripts.lib.training.learning import TrainingResult, learn
from workflow_scripts.lib.weights.model_file import load_model, save_model


def train(
    *, data: Path, method: str, sources: list[str], seed: int, out: Path, threads: int, gpu: int, code: str,
    f0: tuple[Path, ...] = (), start: tuple[Path, ...] = (),
) -> None:  # fmt: skip
    """Write the weights `out` (safetensors), and `provenance.json` and `curves.csv` beside them.

    `data` and `f0` are manifests of folders; `method` (JSON) is a `TrainingDescription`; `start` is the model to start
    from, or none. Of a training that diverged the weights are the best ones until then, and their header says so under
    `diverged`; where there are none, or it would start from a model that has none, they hold no tensor, and the header
    says why under `failed`. While a training goes on, its state lies beside them in
    `state.pt`, from which a job that was killed goes on.
    """
    torch.set_num_threads(threads)
    description = read_description(method, TrainingDescription)
    module, settings = contract.load(description.module, description.settings)
    tables = tuple(folder_of(each) for each in f0)
    corpus = Corpus(folder_of(data), tuple(sources), description.train_on, description.budget, tables)
    weights, found = read_start(start)
    job = TrainingJob(description, corpus, seed, code, weights, {str(path): sha256_file(path) for path in start})
    provenance, state = out.with_name("provenance.json"), out.with_name("state.pt")
    with alone(state):
        with measured(provenance, code, seed=seed, split=description.train_on, **job.inputs()) as facts:
            if FAILED in found:
                result = TrainingResult(failed=found[FAILED])
            else:
                if hasattr(module, "trainee"):
                    one_process_a_card(gpu, "workflow_scripts.train.train")
                result = learn(module, settings, job, gpus=gpu, state=state)
            own = result.outcome()
            result = replace(result, diverged=" ".join(filter(None, (result.diverged, found.get(DIVERGED)))))
            if not is_first_process():
                sys.exit()
            facts.update(result.facts())
            write(out, job, result)
        if own:
            print(f"{description.module}: {' '.join(own.values())}", file=sys.stderr)
        else:
            checkpoint.discard(state)


def read_start(start: tuple[Path, ...]) -> tuple[Tensors, dict[str, str]]:
    """Weights of the model to start from, where there is one; and what became of its training, with the reason."""
    if not start:
        return {}, {}
    weights, header = load_model(start[0], torch.device("cpu"))
    outcomes = [outcome for outcome in OUTCOMES if outcome in header]
    return weights, {each: f"it starts from {start[0]}, whose training {each}: {header[each]}" for each in outcomes}


def write(out: Path, job: TrainingJob, result: TrainingResult) -> None:
    """The model and its curves, which of a method that does not learn by steps are empty."""
    write_text(out.with_name("curves.csv"), csv_text(result.history.curves) if result.history.curves else "step\n")
    save_model(out, result.model, job.header() | result.outcome())


if __name__ == "__main__":
    run(train)
