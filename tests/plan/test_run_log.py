"""What a person sees of a run: a line a job, the time left, failures last."""

import io
import logging
import time

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from workflow_scripts.plan import run_log
from workflow_scripts.plan.costs import Cost
from workflow_scripts.plan.fetched import Fetched
from workflow_scripts.plan.run_log import RunLog, forecast, key_of, name_of, take_over

UNET = {"dataset": "songs_4k", "sources": "vocals+accompaniment", "method": "unet", "f0": "no-f0", "seed": "0"}
SECONDS = {key_of("train", UNET): 30.0, key_of("separate", UNET): 10.0}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def record(event: LogEvent | None, message: str = "", level: int = logging.INFO, **facts) -> logging.LogRecord:
    made = logging.LogRecord("snakemake", level, "", 0, message, (), None)
    vars(made).update(facts, **({"event": event} if event else {}))
    return made


def begun(number: int, rule: str, log: str = "") -> logging.LogRecord:
    return record(LogEvent.JOB_INFO, jobid=number, rule_name=rule, wildcards=UNET, log=[log] if log else [])


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def test_a_job_has_one_line_when_it_ends_and_other_lines_are_not_shown(stream):
    log = RunLog(stream, SECONDS)
    log.handle(begun(1, "train"))
    log.handle(record(None, "Select jobs to execute..."))
    assert stream.getvalue() == ""
    log.handle(record(LogEvent.JOB_FINISHED, job_id=1))
    assert stream.getvalue() == "1 of 2  train songs_4k unet  0 s\n"
    log.handle(record(None, "a warning", logging.WARNING))
    assert stream.getvalue().endswith("\na warning\n")


def test_a_target_that_makes_nothing_itself_is_no_job(stream):
    log = RunLog(stream, SECONDS)
    log.handle(record(LogEvent.JOB_INFO, jobid=3, rule_name="paper_table1", wildcards={}, log=[]))
    log.handle(record(LogEvent.JOB_FINISHED, job_id=3))
    assert stream.getvalue() == ""


def test_on_a_terminal_a_line_moves_that_has_the_share_of_the_time_that_is_over():
    terminal = Terminal()
    log = RunLog(terminal, SECONDS)
    log.handle(begun(1, "train"))
    log.handle(record(LogEvent.JOB_FINISHED, job_id=1))
    log.close_with()
    assert " 75 % |" in terminal.getvalue() and " left" in terminal.getvalue()


def test_the_sentence_of_a_failure_is_the_last_thing_that_is_printed(stream, tmp_path):
    file = tmp_path / "job.log"
    file.write_text("step 1 of 9\nmarks/a.txt: has no marks; write some.\n")
    log = RunLog(stream, SECONDS)
    log.handle(begun(1, "train", str(file)))
    log.handle(record(LogEvent.JOB_ERROR, level=logging.ERROR, jobid=1))
    log.close_with(log.failures())
    log.handle(record(None, "At least one job did not complete successfully.", logging.ERROR))
    lines = stream.getvalue().splitlines()
    assert lines[0] == "FAILED  train songs_4k unet: marks/a.txt: has no marks; write some."
    assert "1 of 2 jobs failed; 0 were done all the same, 1 not begun." in lines[-2]
    assert lines[-1] == f"train songs_4k unet: marks/a.txt: has no marks; write some. (log: {file})"


def test_a_run_that_a_person_ended_says_how_to_go_on(stream):
    log = RunLog(stream, SECONDS)
    log.close_with(log.failures())
    assert stream.getvalue() == "The run was ended before it was done; the same command goes on with it.\n"


def test_a_job_that_takes_long_tells_how_far_it_is(stream, tmp_path, monkeypatch):
    monkeypatch.setattr(run_log, "EVERY", 0.01)
    file = tmp_path / "job.log"
    file.write_text("step 4 of 9: loss 0.1, 00:10 left\n")
    log = RunLog(stream, SECONDS)
    log.handle(begun(1, "train", str(file)))
    end = time.monotonic() + 5
    while not stream.getvalue() and time.monotonic() < end:
        time.sleep(0.01)
    log.close_with()
    assert stream.getvalue().count("train songs_4k unet: step 4 of 9: loss 0.1, 00:10 left\n") == 1


def test_a_job_is_called_by_what_tells_it_from_others():
    said = {"dataset": "chorales", "sources": "a+b", "method": "nmf1", "f0": "exact", "seed": "1", "split": "test"}
    assert name_of("separate", said | {"shard": "1-of-1"}) == "separate chorales nmf1 exact 1"
    assert name_of("draw_gains", {"comparison": "guided"}) == "draw gains guided"


def test_the_cost_of_a_run_is_told_before_it():
    data = Fetched("Songs", "https://host/songs.zip", int(4.7e9), "no commerce", "https://host/terms")
    weights = Fetched("Weights", "https://host/w.th", 0, "MIT")
    cost = Cost({"train": 2, "report": 1}, 5400.0, 3000.0, 1442.0, 2.6e9, 1, 2, 7200.0, [data, weights])
    text = forecast(cost, ["mine", "yours"], 2)
    for said in ("mine, yours", "3 jobs (train 2, report 1)", "50.0 min on 2 cores", "1.5 h of CPU time", "1442 MiB"):
        assert said in text
    for said in (
        "2.6 GB on the disk",
        "4.7 GB and 1 file of a size that is not stated to download",
        "Not counted: 2 jobs",
    ):
        assert said in text
    assert "1 jobs ask for a GPU, with time limits of 2.0 h in all; no GPU was measured" in text
    assert "Songs: https://host/songs.zip; 4700 MB; no commerce; terms not accepted yet: https://host/terms." in text
    assert "Weights: https://host/w.th; size not stated; MIT." in text


def test_the_lines_of_another_logger_are_left_alone():
    logger = logging.Logger("alone")
    assert take_over(logger, {}) is None
    own = logging.StreamHandler(io.StringIO())
    own.name = "DefaultStreamHandler"
    logger.addHandler(own)
    log = take_over(logger, {})
    assert logger.handlers == [log]


def test_jobs_that_are_called_the_same_are_still_two():
    other = UNET | {"sources": "vocals+drums"}
    assert name_of("train", UNET) == name_of("train", other) and key_of("train", UNET) != key_of("train", other)
