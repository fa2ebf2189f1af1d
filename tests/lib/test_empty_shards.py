"""More shards than tracks: a shard without tracks has no scores, and the others are all that there are."""

import json
from dataclasses import asdict

import pandas as pd
import pytest

from tests.lib.folders import STEMS, prepare, song
from workflow_scripts.lib.audio import io
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.metrics.contract import Scoring
from workflow_scripts.lib.statistics.rows import ResultRow, to_json
from workflow_scripts.lib.statistics.scores import read_scores
from workflow_scripts.score.score import score


def test_a_shard_without_tracks_has_no_scores(tmp_path):
    song(tmp_path / "mine/one")
    prepare(tmp_path / "mine", tmp_path / "data")
    for stem in STEMS:
        samples, rate = io.read(tmp_path / f"data/test/one/{stem}.wav")
        io.write(tmp_path / f"estimates/one/{stem}.wav", 0.5 * samples + 0.01, rate)
    rows = to_json([ResultRow("half", "no-f0", 0, "Half", False, False, False)])
    manifests = [tmp_path / f"score/{part}-of-2.json" for part in (1, 2)]
    for part, out in enumerate(manifests, start=1):
        score(
            comparison="mine", dataset="mine", data=tmp_path / "data.json", sources=list(STEMS), split="test",
            part=f"{part}-of-2", rows=rows, estimates=[tmp_path / "estimates.json"], metrics=["SI-SDR"],
            families=["scale_invariant"], scoring=json.dumps(asdict(Scoring())), out=out, code="",
        )  # fmt: skip
    assert pd.read_parquet(tmp_path / "score/2-of-2/scores.parquet").empty
    found = read_scores(manifests)
    assert len(found) == 2 and set(found["source"]) == set(STEMS)
    pd.testing.assert_frame_equal(found, read_scores(manifests[:1]))
    with pytest.raises(UserError, match="There are no scores"):
        read_scores(manifests[1:])
