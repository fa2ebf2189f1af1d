"""What others submit, as the plan takes it: rows, inputs, fingerprints, and each mistake in one sentence."""

import json

import pytest
import yaml

from tests.lib.folders import RATE, prepare, put, song, tone
from tests.plan.given import default, job, paths
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.statistics.rows import ResultRow, from_json
from workflow_scripts.plan import submissions
from workflow_scripts.plan.data_jobs import Prepare
from workflow_scripts.plan.job import Job
from workflow_scripts.plan.model_jobs import Separate
from workflow_scripts.plan.plan import Plan
from workflow_scripts.plan.result_jobs import Compare, Score
from workflow_scripts.plan.submission import report
from workflow_scripts.plan.submission_jobs import ImportEstimates, ImportScores

STEMS = ("vocals", "drums")
LENGTH = RATE // 4
HEAD = "track,source,metric,value,frame"
TABLE = [HEAD, "one,vocals,SI-SDR,3.5,", "one,drums,SI-SDR,inf,", "one,vocals,SDR,2,0", "one,drums,SDR,nan,0"]


def about(folder, **keys):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "submission.yaml").write_text(yaml.safe_dump({"label": folder.name.title()} | keys))
    return folder


def estimates(folder, length=LENGTH, **keys):
    """A submission of estimates of one track."""
    return song(about(folder, **keys) / "estimates/one", 300, length, STEMS).parents[1]


def scores(folder, lines=TABLE, **keys):
    """A submission of scores of one track."""
    (about(folder, **keys) / "scores.csv").write_text("\n".join(lines) + "\n")
    return folder


def submitted(root, **changes):
    """A configuration whose comparison of recordings has estimates and scores of others; all of it lies at `root`."""
    song(root / "recordings/one", stems=STEMS)
    named = {"band": estimates(root / "band"), "given": scores(root / "given")}
    mine = {"kind": "folder", "stems": list(STEMS), "settings": {"root": str(root / "recordings")}}
    entry = {"dataset": "mine", "sources": list(STEMS), "methods": ["mixture", "band", "given", "irm"]}
    entry |= {"metrics": ["SI-SDR", "SDR"], "contrasts": [["band", "mixture"]]} | changes
    return default(
        run=["mine"],
        datasets={"mine": mine},
        comparisons={"mine": entry},
        submissions={name: str(folder) for name, folder in named.items()},
        data_cache=str(root / "cache"),
    )


def refused(config, *words):
    with pytest.raises(UserError) as error:
        Plan(config)
    sentence = str(error.value)
    assert "\n" not in sentence and all(word in sentence for word in words), sentence


# What becomes of it


def test_a_submission_is_a_row_of_its_comparison_in_the_order_of_the_methods(tmp_path):
    plan = Plan(submitted(tmp_path, seeds=[4, 5]))
    compared = job(plan, Compare, comparison="mine")
    rows = from_json(ResultRow, compared.options["rows"])
    assert [(row.method, row.seed, row.label, row.bound, row.trained) for row in rows[1:3]] == [
        ("band", 0, "Band", False, False), ("given", 0, "Given (scores as given)", False, False),
    ]  # fmt: skip
    made = [
        "results/import_estimates/mine/vocals+drums/band/test/1-of-1.json",
        "results/import_scores/mine/given/1-of-1.json",
    ]
    assert paths(compared)["estimates"][1:3] == made and len(rows) == len(paths(compared)["estimates"]) == 4
    assert paths(compared)["scores"] == ["results/score/mine/1-of-1.json", made[1]]
    assert [each.first for each in compared.contrasts()] == ["Band"]


def test_estimates_are_scored_here_and_scores_are_not(tmp_path):
    scored = job(submitted(tmp_path), Score, comparison="mine", shard="1-of-1")
    assert [row.method for row in from_json(ResultRow, scored.options["rows"])] == ["mixture", "band", "irm"]
    assert len(paths(scored)["estimates"]) == 3 and not scored.behind(ImportScores)
    assert [each.method for each in scored.behind(ImportEstimates)] == ["band"]


def test_each_shard_has_its_part_of_a_submission(tmp_path):
    compared = job(submitted(tmp_path) | {"shards": 2}, Compare, comparison="mine")
    assert len(compared.behind(ImportEstimates)) == len(compared.behind(ImportScores)) == 2
    assert paths(compared)["estimates"][5] == "results/import_estimates/mine/vocals+drums/band/test/2-of-2.json"


def test_beneath_the_tables_stands_who_made_it_and_that_scores_were_given(tmp_path):
    config, made = submitted(tmp_path), {"tool": "bandpass", "version": "1.2", "training_data": "nothing."}
    estimates(tmp_path / "band", authors="A. Author", remark="A\ntry", **made)
    compared = job(config, Compare, comparison="mine")
    who = "by A. Author; made with bandpass 1.2; trained on nothing; cost not known"
    assert f"Band: estimates of others, scored here ({who}). A try. Given" in compared.options["remark"]
    assert "Given (scores as given): given by others, not computed here." in compared.told["remark"]
    assert "cannot be checked" in compared.options["remark"]


def test_a_comparison_without_submissions_is_told_what_it_was_told_before(tmp_path):
    compared = job(submitted(tmp_path, methods=["mixture", "irm"], contrasts=[]), Compare, comparison="mine")
    assert compared.options["remark"] == "" and len(paths(compared)["scores"]) == 1


@pytest.mark.parametrize(
    ("file", "changed"), [("band/estimates/one/vocals.wav", ImportEstimates), ("given/scores.csv", ImportScores)]
)
def test_a_changed_file_changes_the_fingerprint_of_its_own_row_alone(tmp_path, file, changed):
    config = submitted(tmp_path)
    before = {each: each.fingerprint for each in job(config, Compare, comparison="mine").behind(Job)}
    path = tmp_path / file
    if path.suffix == ".wav":
        put(path, tone(444, LENGTH))
    else:
        path.write_text(path.read_text().replace("3.5", "3.6"))
    after = {each: each.fingerprint for each in job(config, Compare, comparison="mine").behind(Job)}
    assert before.keys() == after.keys()
    found = {each.rule for each in after if after[each] != before[each]}
    assert found == {changed.rule, "compare"} | ({"score"} if changed is ImportEstimates else set())
    assert sum(isinstance(each, Separate) for each in after) == 2


# Mistakes in submission.yaml and in the configuration


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"lisence": "CC0"}, ["band/submission.yaml", "'lisence' is unknown; did you mean 'licence'?"]),
        ({"label": None}, ["band/submission.yaml", "'label' is None; allowed is a text"]),
        ({"version": 1.5}, ["'version' is 1.5; allowed is a text"]),
        ({"dataset": "muzdb18"}, ["dataset is 'muzdb18'; did you mean 'musdb18'?"]),
        ({"dataset": "csd"}, ["was made for the data set 'csd', but comparisons.mine is of 'mine'"]),
        ({"label": "Mixture, unprocessed"}, ["as that of 'mixture' in comparisons.mine; take another label"]),
        ({"estimates": "elsewhere"}, ["estimates is 'elsewhere', where there is nothing"]),
        ({"scores": "../given/scores.csv"}, ["has both estimates and scores; give either"]),
    ],
)
def test_a_mistake_in_what_is_told_of_a_submission_is_one_sentence(tmp_path, keys, words):
    config = submitted(tmp_path)
    about(tmp_path / "band", **keys)
    refused(config, *words)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"submissions": {"irm": "band"}}, ["the submission 'irm' is called as a method is"]),
        ({"submissions": {"band": "nowhere", "given": "given"}}, ["nowhere: there is no such folder"]),
        ({"submissions": {"band": "recordings", "given": "given"}}, ["recordings: has no submission.yaml"]),
        ({"submissions": {"bnd": "band", "given": "given"}}, ["'band', which is not defined; did you mean 'bnd'?"]),
    ],
)
def test_a_submission_that_is_not_there_or_called_as_a_method_is_refused(tmp_path, changes, words):
    config = submitted(tmp_path)
    config["submissions"] = {name: str(tmp_path / place) for name, place in changes["submissions"].items()}
    refused(config, *words)


def test_a_folder_of_config_is_found_by_its_name_which_must_be_one_of_a_folder(tmp_path, monkeypatch):
    config = submitted(tmp_path / "all")
    del config["submissions"]["band"]
    (tmp_path / "config/submissions").mkdir(parents=True)
    (tmp_path / "all/band").rename(tmp_path / "config/submissions/band")
    (tmp_path / "config/submissions/.left by a system").mkdir()
    monkeypatch.setattr(submissions, "ROOT", tmp_path)
    assert list(Plan(config).configuration.submissions) == ["band", "given"]
    about(tmp_path / "config/submissions/my tool")
    refused(config, "my tool: cannot be a submission's; name it with letters, digits, '_' and '-' alone")


def test_scores_of_others_alone_are_no_comparison(tmp_path):
    refused(submitted(tmp_path, methods=["given"], contrasts=[]), "nothing but scores of others; add a method")


# Mistakes in estimates


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda root: put(root / "one/drums.wav", tone(200, LENGTH - 1)),
            ["one/drums.wav: has 1999 samples, but the mixture of 'one' has 2000", "pad it with zeros at its end"],
        ),
        (lambda root: put(root / "one/drums.wav", tone(200, LENGTH + 1)), ["has 2001 samples", "cut its end"]),
        (
            lambda root: put(root / "one/vocals.wav", tone(200, 2 * LENGTH), 2 * RATE),
            ["one/vocals.wav: has 16000 samples a second, but the mixture of 'one' has 8000; resample it to 8000 Hz"],
        ),
        (
            lambda root: put(root / "one/vocals.wav", tone(200, LENGTH, 2)),
            ["has 2 channels, but the mixture of 'one' has 1; write it with 1 channel."],
        ),
        (
            lambda root: (root / "one/vocals.wav").rename(root / "one/vocal.wav"),
            ["estimates/one: lacks the source 'vocals', found are drums, vocal; if it is 'vocal', rename that"],
        ),
        (
            lambda root: (root / "one").rename(root / "One!"),
            ["lacks the track 'one' (1 of 1 tracks are missing); if it is 'One!', rename that, or put"],
        ),
        (lambda root: put(root / "one/vocals.flac", tone(200)), ["vocals.wav: is there twice, vocals.flac has"]),
        (
            lambda root: (root / "one/vocals.wav").rename(root / "one/vocals.mp3"),
            ["one/vocals.mp3: .mp3 files are not read; convert it to WAV or FLAC"],
        ),
        (lambda root: (root / "one/vocals.wav").write_bytes(b"x"), ["one/vocals.wav: cannot be read as audio"]),
    ],
)
def test_estimates_that_do_not_fit_are_refused_before_any_job(tmp_path, change, words):
    config = submitted(tmp_path)
    Plan(config)
    change(tmp_path / "band/estimates")
    refused(config, *words)
    Plan(config, looks=False)  # a job does not look again


def test_only_the_tracks_of_the_split_that_is_compared_are_needed(tmp_path):
    config = submitted(tmp_path)
    (tmp_path / "recordings/test").mkdir()
    (tmp_path / "recordings/one").rename(tmp_path / "recordings/test/one")
    song(tmp_path / "recordings/train/two", stems=STEMS)
    Plan(config)
    song(tmp_path / "recordings/test/three", stems=STEMS)
    refused(config, "lacks the track 'three' (1 of 2 tracks are missing)")


def test_flac_folders_of_splits_and_a_folder_elsewhere_will_do(tmp_path):
    config = submitted(tmp_path)
    (tmp_path / "band/estimates").rename(tmp_path / "outside")
    about(tmp_path / "band", estimates="../outside")
    (tmp_path / "outside/one").rename(tmp_path / "one")
    (tmp_path / "outside/test").mkdir()
    (tmp_path / "one").rename(tmp_path / "outside/test/one")
    put(tmp_path / "outside/test/one/vocals.flac", tone(99, LENGTH))
    (tmp_path / "outside/test/one/vocals.wav").unlink()
    Plan(config)


def test_what_is_prepared_as_the_configuration_says_tells_as_much_as_headers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = submitted(tmp_path, dataset="other", methods=["mixture", "band"])
    config["datasets"]["other"] = {"kind": "embedded", "stems": list(STEMS), "settings": {"corpus": "songs"}}
    put(tmp_path / "band/estimates/one/vocals.wav", tone(200, 7))
    prepared = job(config, Prepare, dataset="other")  # the length is not known, and so not refused
    prepare(tmp_path / "recordings", tmp_path / prepared.folder, stems=STEMS)
    facts = tmp_path / prepared.folder / "provenance.json"
    facts.write_text(json.dumps({"code": prepared.fingerprint}))
    refused(config, "vocals.wav: has 7 samples, but the mixture of 'one' has 2000")
    facts.write_text(json.dumps({"code": "of another configuration"}))
    Plan(config)


# Mistakes in scores


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["track,source,metrik,value"], ["scores.csv: has the unknown column 'metrik'; did you mean 'metric'?"]),
        (["track,source,metric"], ["lacks the column 'value'"]),
        ([HEAD + ",seconds"], ["has both columns 'frame' and 'seconds'; keep one"]),
        ([HEAD, "one,vocals,SISDR,1,"], ["has the unknown metric 'SISDR'; did you mean 'SI-SDR'?"]),
        ([HEAD, "one,vocals,SIR,1,0"], ["has none of the metrics of comparisons.mine (SI-SDR, SDR), only SIR"]),
        ([*TABLE, "one,vocals,SI-SDR,1,"], ["row 6: gives a value that is there already, SI-SDR of 'one', 'vocals'"]),
        ([HEAD, "one,vocals,SI-SDR,loud,"], ["row 2: the value is 'loud'; allowed are a number, inf, and nan"]),
        ([HEAD, "one,vocals,SI-SDR,1,0"], ["row 2: gives SI-SDR for a frame, but it is one of whole tracks"]),
        ([HEAD, "one,vocals,SDR,1,"], ["row 2: gives SDR without its frame, but it has a value every 1 s"]),
        ([HEAD, "one,vocals,SDR,1,-1"], ["row 2: frame is '-1'; allowed are 0, 1, 2"]),
        ([HEAD.replace("frame", "seconds"), "one,vocals,SDR,1,0.5"], ["seconds is '0.5'; allowed are multiples of 1"]),
        ([HEAD, "two,vocals,SI-SDR,1,"], ["lacks the track 'one' (1 of 1 are missing); it has two"]),
        (TABLE[:2], ["lacks the source 'drums' (1 of 2 are missing); it has vocals"]),
        (TABLE[:4], ["gives SDR but not of 'one', 'drums'; add it (empty where undefined), or leave the metric out"]),
    ],
)
def test_scores_that_do_not_fit_are_refused_before_any_job(tmp_path, lines, words):
    config = submitted(tmp_path)
    scores(tmp_path / "given", lines)
    refused(config, *words)


# Checked alone


def test_a_submission_can_be_checked_alone_and_what_is_not_used_is_told(tmp_path):
    config = submitted(tmp_path)
    put(tmp_path / "band/estimates/two/vocals.wav", tone(200))
    scores(tmp_path / "given", [*TABLE, "two,bass,SI-SDR,0,", "one,drums,SIR,1,0"])
    configuration = Plan(config, looks=False).configuration
    assert report("band", configuration) == ["comparisons.mine: band fits; passed over: two/vocals.wav."]
    assert report("given", configuration) == ["comparisons.mine: given fits; passed over: two/bass, SIR."]
    with pytest.raises(UserError, match="no submission 'bend'; did you mean 'band'"):
        report("bend", configuration)


def test_where_the_tracks_are_not_known_the_check_says_how_to_know_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = submitted(tmp_path, dataset="songs_4k", methods=["mixture", "band"])
    (line,) = report("band", Plan(config | {"run": ["mine"]}, looks=False).configuration)
    assert line.endswith("snakemake --cores all results/prepare/songs_4k.json")
