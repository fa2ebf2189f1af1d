"""Train one method on a data set."""

import json
import os
import sys
from pathlib import Path

import pandas as pd
import torch

from workflow_scripts.command import run
from workflow_scripts.lib.core.files import write_text
from workflow_scripts.lib.core.fingerprint import hash_of
from workflow_scripts.lib.core.provenance import folder_of, measured
from workflow_scripts.lib.datasets.corpus import Corpus
from workflow_scripts.lib.methods import contract, scenes
from workflow_scripts.lib.methods.learning import Learned, learn, one_process_a_card
from workflow_scripts.lib.methods.model_file import save_model
from workflow_scripts.lib.methods.training import Schedule


def train(
    *, data: Path, module: str, settings: str, training: str, sources: list[str], split: str, songs: int | None,
    f0: list[Path], seed: int, out: Path, threads: int, gpu: int, code: str,
) -> None:  # fmt: skip
    """Write the weights `out` (safetensors), and `provenance.json` and `curves.csv` beside them.

    `data` and `f0` are manifests of folders. Of a training that diverged, the weights hold no tensor and their header
    says why, under `failed`. While a training goes on, its state lies beside them in `state.pt`, from which a job that
    was killed goes on.
    """
    torch.set_num_threads(threads)
    method, chosen = contract.load(module, json.loads(settings))
    root = folder_of(data)
    corpus = Corpus(root, tuple(sources), split, songs, tuple(folder_of(each) for each in f0))
    header = {"module": module, "settings": json.loads(settings), "sources": sources, "code": code}
    hashes = [track.sha256 for track in corpus.tracks]
    state = out.with_name("state.pt")
    with measured(out.with_name("provenance.json"), code, seed=seed, split=split, data=hashes) as facts:
        if hasattr(method, "trainee"):
            one_process_a_card(gpu, "workflow_scripts.train.train")
            fingerprint = hash_of(json.dumps(header), training, str(seed), corpus.fingerprint(), torch.__version__)
            schedule = Schedule(**json.loads(training))
            learned = learn(method, chosen, schedule, corpus, seed=seed, gpus=gpu, state=state, fingerprint=fingerprint)
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


if __name__ == "__main__":
    run(train)
