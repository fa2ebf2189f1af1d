"""What failed on its way from a model to the table: a seed without a model, a track that diverged, in any shard."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from workflow_scripts.adapt.adapt import adapt
from workflow_scripts.compare.compare import compare
from workflow_scripts.lib.audio import io
from workflow_scripts.lib.core.outcomes import read_reasons
from workflow_scripts.lib.datasets.table import Track, write_tracks
from workflow_scripts.lib.methods import contract
from workflow_scripts.lib.statistics.rows import ResultRow, to_json
from workflow_scripts.lib.training.loop import Diverged
from workflow_scripts.lib.weights.model_file import save_model
from workflow_scripts.score.score import score
from workflow_scripts.separate.separate import separate

RATE, SOURCES = 8000, ["voice", "bass"]
SECONDS = {"t0": 1.0, "t1": 1.0, "t2": 1.0, "t3": 1.5, "t4": 1.0}  # the adaptation of seed 0 diverges on the long one
GAINS = {0: 0.9, 1: None, 2: 0.5}  # of each seed's model; that of seed 1 failed
ROWS = [
    *(ResultRow("half", "no-f0", seed, "Half", bound=False, trained=False, adapted=True) for seed in GAINS),
    ResultRow("whole", "no-f0", 0, "Whole", bound=False, trained=False, adapted=False),
]
WHOLE = ["1-of-1"]
SHARDS = ["1-of-2", "2-of-2"]


def _adapt(scene, settings, model, state, fingerprint):
    if scene.mixture.shape[-1] > RATE and model["gain"] > 0.8:
        raise Diverged("the loss is nan at step 4.")
    return model, [{"step": 1, "loss": 1.0}]


def _separate(scene, settings, model):
    return model.get("gain", torch.tensor(1.0)) * scene.mixture.float().repeat(len(scene.sources), 1, 1)


HALF = SimpleNamespace(adapt=_adapt, separate=_separate, trained_parameters=lambda *_: 1)


@pytest.fixture(scope="module")
def references(tmp_path_factory) -> tuple[Path, dict[str, np.ndarray]]:
    """A data set of five songs, and the stems [source, time] of each."""
    root, stems = tmp_path_factory.mktemp("songs") / "data", {}
    for number, (name, seconds) in enumerate(SECONDS.items()):
        times = np.arange(round(seconds * RATE)) / RATE
        tones = ((0.2, 800 + 50 * number), (0.2 + 0.06 * number, 100 + 7 * number**2))  # of the two stems, in Hz
        stems[name] = np.stack([level * np.sin(2 * np.pi * hz * times) for level, hz in tones])
        for source, samples in zip([*SOURCES, "mixture"], [*stems[name], stems[name].sum(axis=0)], strict=True):
            io.write(root / "test" / name / f"{source}.wav", samples[None], RATE)
    write_tracks(root, [Track(n, "test", n, "", "", s, RATE, 1, ";".join(SOURCES), n) for n, s in SECONDS.items()])
    return root, stems


@pytest.fixture
def table_of(references, tmp_path, monkeypatch):
    """Runs everything from the models to the table in some shards; the folder of the comparison."""
    monkeypatch.setattr(contract, "load", lambda _, settings: (HALF, settings))
    data = references[0].with_suffix(".json")
    of_tracks = {"data": data, "sources": SOURCES, "split": "test", "threads": 1, "gpu": 0, "code": ""}
    headers = {0: {}, 1: {"failed": "no step was finite."}, 2: {"diverged": "nan at step 9, weights of step 6."}}
    method = json.dumps({"module": "half", "settings": {}, "needs": []})

    def run(shards: list[str]) -> Path:
        folder = tmp_path / str(len(shards))
        for seed, gain in GAINS.items():
            save_model(folder / f"{seed}.safetensors", {"gain": torch.tensor(gain)} if gain else {}, headers[seed])
        scores, estimates, adapted = [], [], []
        for part in shards:
            mine = []
            for row in ROWS:
                given = of_tracks | {"part": part, "method": method, "seed": row.seed}
                own = folder / "adapted" / f"{row.method}{row.seed}" / f"{part}.json"
                if row.adapted:
                    adapt(**given, model=folder / f"{row.seed}.safetensors", out=own)
                    adapted.append(own)
                mine.append(folder / "separated" / f"{row.method}{row.seed}" / f"{part}.json")
                separate(**given, adapted=own if row.adapted else None, out=mine[-1])
            estimates += mine
            scores.append(folder / "scores" / f"{part}.json")
            score(
                comparison="mine", dataset="songs", data=data, sources=SOURCES, split="test", part=part,
                rows=to_json(ROWS), estimates=mine, metrics=["SNR"], families=["ratios"], scoring="{}",
                out=scores[-1], code="",
            )  # fmt: skip
        compare(
            scores=scores, estimates=estimates, models=[], adapted=adapted, rows=to_json(ROWS), metrics=["SNR"],
            families=["ratios"], aggregation="mean", groups=[], scoring="{}", remark="", contrasts="[]",
            out=folder / "table.json", code="",
        )  # fmt: skip
        return folder

    return run


def _snr(stems: np.ndarray, gain: float) -> float:
    """Mean over sources of the SNR in dB of `gain` times the mixture.  stems: [source, time]."""
    errors = stems - gain * stems.sum(axis=0)
    return float(np.mean(10 * np.log10((stems**2).sum(axis=1) / (errors**2).sum(axis=1))))


@pytest.mark.parametrize("shards", [WHOLE, SHARDS, ["1-of-5", "2-of-5", "3-of-5", "4-of-5", "5-of-5"]])
def test_failed_seeds_and_tracks_are_shown_in_table_and_count_whichever_shard_they_are_in(table_of, references, shards):
    folder = table_of(shards)
    table = pd.read_csv(folder / "table/table.csv", keep_default_na=False, na_values=[""])
    row = table[(table["method"] == "Half") & (table["source"] == "all") & (table["aggregation"] == "mean over tracks")]
    (row,) = row.to_dict("records")
    assert (row["tracks"], row["seeds"], row["seeds_failed"], row["failed"]) == (5, 2, 1, 6)
    songs = [np.mean([_snr(s, GAINS[k]) for k in ((2,) if n == "t3" else (0, 2))]) for n, s in references[1].items()]
    assert row["value"] == pytest.approx(np.mean(songs), abs=1e-5)
    assert set(table.loc[table["method"] == "Whole", "failed"]) == {0}
    pages = [(folder / "table" / f"table.{ending}").read_text() for ending in ("csv", "md", "tex")]
    pages.append((folder / "table/summary.txt").read_text().replace("\n  ", " "))
    for page in pages:
        assert "Half failed for seed 1: no step was finite." in page
        assert "Half failed for seed 0 on 1 of 5 tracks (t3): the adaptation: the loss is nan at step 4." in page
        assert "Half diverged for seed 2: nan at step 9, weights of step 6." in page
    for page in pages[1:3]:
        assert re.search(r"Half .* 2 of 3 .* 6 ", page)
    assert re.search(r"(?m)^Half .*\] +\S+ +6 ", pages[-1])


def test_only_the_tracks_that_failed_have_no_estimate(table_of):
    folder = table_of(SHARDS)
    second = folder / "separated/half0/2-of-2"
    assert read_reasons(second, "failed").keys() == {"t3"}
    assert {path.name for path in second.iterdir() if path.is_dir()} == {"t1"}
    assert read_reasons(folder / "separated/half1/1-of-2", "failed").keys() == {"t0", "t2", "t4"}
    assert read_reasons(folder / "separated/half2/1-of-2", "diverged").keys() == {"t0", "t2", "t4"}
    assert not read_reasons(folder / "separated/half0/1-of-2", "failed")
