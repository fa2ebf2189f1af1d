"""The register of the data that a run used."""

import csv
import json

from tests.lib.folders import PARTS, RATE, song
from tests.lib.test_derived import prepared
from workflow_scripts.data.register import register

CITED = "@article{a2018x, title = {X}} @misc{b, title = {Y}}"


def _entry(**changes):
    entry = {"label": "L", "version": "2", "kind": "folder", "of": None, "settings": {}, "licence": "CC", "terms": "T"}
    return entry | {"citation": CITED} | changes


def test_each_split_of_each_data_set_has_its_source_checksum_and_citation(tmp_path):
    for split, number in (("train", 1), ("train", 2), ("test", 3)):
        song(tmp_path / "in" / split / f"song {number}", 70 + 11 * number, 6 * RATE, PARTS)
    prepared(tmp_path, "whole", "folder", {"root": str(tmp_path / "in")}, PARTS)
    prepared(tmp_path, "pairs", "subsets", {}, ("upper", "lower"), of="whole")
    url = {"url": "https://x/a.zip", "file": "a.zip"}
    (tmp_path / "cache").mkdir(exist_ok=True)
    (tmp_path / "cache/a.zip.sha256").write_text("f00d  a.zip\n")
    second = url | {"url": "https://x/b.zip", "md5": "1" * 32, "stated": "second-hand"}
    entries = [
        _entry(settings={"archives": [url, second]}),
        _entry(kind="subsets", of="whole", citation="", settings={}),
    ]
    register(
        data=[tmp_path / "whole.json", tmp_path / "pairs.json"], datasets=json.dumps(entries),
        cache=tmp_path / "cache", out=tmp_path / "register.json", code="",
    )  # fmt: skip
    with open(tmp_path / "register/data.csv", encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [(row["dataset"], row["split"], row["tracks"], row["minutes"]) for row in rows] == [
        ("whole", "train", "2", "0.2"), ("whole", "test", "1", "0.1"),
        ("pairs", "train", "12", "1.2"), ("pairs", "test", "6", "0.6"),
    ]  # fmt: skip
    assert rows[0]["source"] == "https://x/a.zip;https://x/b.zip"
    assert (rows[0]["checksum"], rows[0]["checksum_from"]) == ("f00d;" + "1" * 32, "first download;second-hand")
    assert (rows[0]["cite"], rows[0]["licence"], rows[0]["version"]) == ("a2018x;b", "CC", "2")
    assert (rows[2]["source"], rows[2]["checksum"], rows[2]["cite"]) == ("whole", "", "")
    assert len({row["sha256"] for row in rows}) == 4
    assert (tmp_path / "register/data.bib").read_text() == CITED + "\n"
