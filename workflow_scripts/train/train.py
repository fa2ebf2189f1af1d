"""Train one method on a data set."""

import json
import os
import sys
from pathlib import Path

import pandas as pd
import torch

from workflow_scripts.command import run
from workflow_scripts.lib.core.files import sha256_file, write_text
from workflow_scripts.lib.core.fingerprint import hash_of
from workflow_scripts.lib.core.provenance import folder_of, measured
from workflow_scripts.lib.datasets import scenes
from workflow_scripts.lib.datasets.corpus import Corpus
from workflow_scripts.lib.datasets.unpaired import deal
from workflow_scripts.lib.methods import contract
from workflow_scripts.lib.networks.tensors import Tensors
from workflow_scripts.lib.training.learning import Learned, learn, one_process_a_card
from workflow_scripts.lib.training.loop import Schedule
from workflow_scripts.lib.weights.model_file import load_model, save_model


def train(
    *, data: Path, module: str, settings: str, training: str, sources: list[str], split: str, budget: str,
    unpaired: str, start: list[Path], f0: list[Path], seed: int, out: Path, threads: int, gpu: int, code: str,
) -> None:  # fmt: skip
    """Write the weights `out` (safetensors), and `provenance.json` and `curves.csv` beside them.

    `data` and `f0` are manifests of folders; `start` is the model to start from, or none; `unpaired` (JSON) says which
    unlabelled songs the method is given, `null` none. Of a training that diverged, or that would start from a model
    of one that did, the weights hold no tensor and their header says why, under `failed`. While a training goes on,
    its state lies beside them in `state.pt`, from which a job that was killed goes on.
    """
    torch.set_num_threads(threads)
    method, chosen = contract.load(module, json.loads(settings))
    root = folder_of(data)
    tables = tuple(folder_of(each) for each in f0)
    corpus = Corpus(root, tuple(sources), split, f0=tables, **json.loads(budget))
    unlabelled = json.loads(unpaired)
    dealt = deal(corpus, **unlabelled) if unlabelled is not None else None
    first = {str(path): sha256_file(path) for path in start}
    header = {"module": module, "settings": json.loads(settings), "sources": sources, "code": code}
    given = {"data": [track.sha256 for track in corpus.tracks]}
    given |= ({"unpaired": dealt.names()} if dealt else {}) | ({"start": first} if first else {})
    state = out.with_name("state.pt")
    with measured(out.with_name("provenance.json"), code, seed=seed, split=split, **given) as facts:
        weights, reason = _start(start)
        if reason:
            learned = Learned({}, reason)
        elif hasattr(method, "trainee"):
            one_process_a_card(gpu, "workflow_scripts.train.train")
            parts = [json.dumps(header), training, str(seed), corpus.fingerprint(), torch.__version__]
            parts += [*first.values(), dealt.fingerprint() if dealt else ""]
            learned = learn(
                method, chosen, Schedule(**json.loads(training)), corpus, seed=seed, gpus=gpu, state=state,
                fingerprint=hash_of(*parts), dealt=dealt, start=weights,
            )  # fmt: skip
            if os.environ.get("RANK", "0") != "0":
                sys.exit()  # of several processes the first writes
        else:
            examples = scenes.training(root, corpus.tracks, corpus.sources, seed, scenes.device(gpu))
            learned = Learned(method.train(examples, chosen))
        facts.update(learned.facts())
        rows = learned.course.curves or [{"step": None}]
        write_text(out.with_name("curves.csv"), pd.DataFrame(rows).dropna(how="all").to_csv(index=False))
        save_model(out, learned.model, header | ({"failed": learned.failed} if learned.failed else {}))
    if learned.failed:
        print(f"{module}: {learned.failed}", file=sys.stderr)
    else:
        state.unlink(missing_ok=True)


def _start(start: list[Path]) -> tuple[Tensors, str]:
    """Weights of the model to start from, where there is one; and the reason where its training failed."""
    if not start:
        return {}, ""
    weights, header = load_model(start[0], torch.device("cpu"))
    failed = header.get("failed")
    return weights, f"it starts from {start[0]}, whose training failed: {failed}" if failed else ""


if __name__ == "__main__":
    run(train)
