"""One recording of the user's own: what the plan makes of it, what it refuses, and the stems that come out."""

import re

import numpy as np
import pandas as pd
import pytest
import soundfile

from workflow_scripts.lib.audio import io
from workflow_scripts.lib.audio.f0 import F0, write_f0
from workflow_scripts.lib.core.provenance import recorded
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.datasets.prepared_root import make_prepared_root
from workflow_scripts.lib.metrics import before_after
from workflow_scripts.song.write_song import write_song

TRACK = "My_song_1-872c26f4"
SOURCES = ["vocals", "drums", "bass", "other"]


@pytest.fixture
def files(tmp_path):
    """Paths of a recording, marks and F0."""
    noise = 0.1 * stream("own song").standard_normal((22050 * 2, 1))
    soundfile.write(tmp_path / "My song (1).flac", noise, 22050)
    (tmp_path / "marks.txt").write_text("0.5\t1.5\t-vocals\n")
    (tmp_path / "f0.csv").write_text("Time,Voice,Hz\n0,high,440\n0,low,220\n1,high,0\n")
    return {"song": tmp_path / "My song (1).flac", "marks": tmp_path / "marks.txt", "f0": tmp_path / "f0.csv"}


def test_stems_and_rest_add_up_to_the_recording_and_the_summary_says_what_changed(files, tmp_path):
    make_prepared_root(
        "recording", {"root": str(files["song"])}, tmp_path / "data", stems=SOURCES, voices=(), rate=8000, channels=2,
        processes=1, cache=tmp_path,
    )  # fmt: skip
    (tmp_path / "data.json").write_text("{}")
    mixture, rate = io.read(tmp_path / f"data/test/{TRACK}/mixture.wav")
    quarter = np.arange(mixture.shape[-1]) * 4 // mixture.shape[-1]
    for stage, vocals in (("before", 0.4), ("after", 0.4 * np.isin(quarter, (0, 3)))):
        parts = dict(zip(SOURCES, (vocals, 0.3, 0.2, 0.1), strict=True))
        for source, part in parts.items():
            io.write(tmp_path / stage / TRACK / f"{source}.wav", part * mixture, rate)
        (tmp_path / f"{stage}.json").write_text("{}")
    with recorded(tmp_path / "marks.json", "") as folder:
        folder.mkdir(exist_ok=True)
        (folder / f"{TRACK}.txt").write_text("0.5\t1.5\t-vocals\n")
    folders = {name: tmp_path / f"{name}.json" for name in ("data", "before", "after", "marks")}
    out = tmp_path / "out.json"
    write_song(song=files["song"], **folders, sources=SOURCES, names=["old", "new"], out=out, code="")

    original, own_rate = io.read(files["song"])
    written = {name: io.read(tmp_path / f"out/{name}.wav") for name in (*SOURCES, "rest")}
    assert {found for _, found in written.values()} == {own_rate} == {22050}
    np.testing.assert_allclose(sum(samples for samples, _ in written.values()), original, atol=1e-6)
    table = pd.read_csv(tmp_path / "out/summary.csv").set_index(["source", "stage"])
    level = 10 * np.log10(np.mean((0.4 * mixture[:, quarter % 3 != 0]) ** 2))
    assert table.loc[("vocals", "before"), "silent"] == pytest.approx(level, abs=0.01)
    assert table.loc[("vocals", "after"), "silent"] == -120
    assert table.loc[("drums", "after"), "share"] == pytest.approx(9, abs=0.01)
    text = (tmp_path / "out/summary.txt").read_text()
    assert "before (old) and after (new)" in text and "-> -120.0" in text and "not marked" in text


def test_the_summary_of_an_ensemble_says_what_f0_each_voice_had(files, tmp_path):
    make_prepared_root(
        "recording", {"root": str(files["song"])}, tmp_path / "data", stems=("high", "low"), voices=("high", "low"),
        rate=8000, channels=1, processes=1, cache=tmp_path,
    )  # fmt: skip
    (tmp_path / "data.json").write_text("{}")
    mixture, rate = io.read(tmp_path / f"data/test/{TRACK}/mixture.wav")
    for voice in ("high", "low"):
        io.write(tmp_path / "after" / TRACK / f"{voice}.wav", 0.5 * mixture, rate)
    (tmp_path / "after.json").write_text("{}")
    hz = np.array([[0, 0, 440, 442, 444], [0, 0, 0, 0, 0]], float)
    write_f0(tmp_path / "f0" / f"{TRACK}.csv", F0(("high", "low"), hz, np.ones((2, 5))))
    (tmp_path / "f0.json").write_text("{}")
    given = {name: tmp_path / f"{name}.json" for name in ("data", "after", "f0", "out")}
    write_song(song=files["song"], **given, sources=["high", "low"], names=["Model"], code="")
    title, heads, high, low, *rest = (tmp_path / "out/summary.txt").read_text().splitlines()
    assert title == "My song (1).flac: Model"
    assert re.split("  +", heads)[-2:] == ["time with F0, %", "median F0, Hz"]
    assert high.split()[2:] == ["25.0", "60.0", "442.0"]
    assert low.split()[2:] == ["25.0", "0.0", "-"]
    assert rest[0].startswith("Stems add up to the mixture at 8000 Hz but for -120.0 dB.")


def test_what_is_known_of_estimates_is_what_blocks_of_any_size_add_up_to():
    mixture = stream("consistency").standard_normal((2, 1000))
    silent = {"a": np.arange(1000) < 300}
    for size in (1000, 70):
        stage = before_after.Stage()
        for first in range(0, 1000, size):
            block, where = mixture[:, first : first + size], silent["a"][first : first + size]
            stage.add(block, {"a": 0.5 * block, "b": 0.4 * block, "c": 0 * block}, {"a": where, "b": where & False})
        assert stage.consistency == pytest.approx(20) and stage.share("a") == pytest.approx(25)
        assert stage.sources["a"].level == pytest.approx(10 * np.log10(np.mean((mixture / 2) ** 2)))
        assert stage.silent["a"].level == pytest.approx(10 * np.log10(np.mean((mixture[:, :300] / 2) ** 2)))
        assert np.isnan(stage.silent["b"].level) and stage.sources["c"].level == -120
    whole = before_after.Stage()
    whole.add(mixture, {"a": mixture, "b": 0 * mixture}, {})
    assert whole.consistency == 120
