"""The table of the benchmarks: it is read as it was written, and says what has moved."""

from tests.benchmarks import table
from tests.benchmarks.table import Ratio

FOUND = [Ratio("a step, small", 0.5, 1.0, "torch"), Ratio("another", 3.0, 1.0, "a peer")]


def test_a_table_is_read_as_it_was_written():
    text = table.table(FOUND, {"another": 0.5}, "a processor")
    assert "| another | 3 | 1 | a peer | 0.33 | 0.5 |" in text and "a processor" in text
    assert table.kept(text) == {"a step, small": 2.0, "another": 0.33}


def test_a_ratio_that_moved_by_more_than_a_quarter_is_named():
    assert table.moved(FOUND, {"a step, small": 2.4, "another": 0.3}) == []
    assert table.moved(FOUND, {"a step, small": 2.6}) == ["a step, small: the ratio was 2.6 and is 2.00"]
    assert table.moved(FOUND, {"a step, small": 1.5, "gone": 1.0}) != []


def test_the_table_that_is_kept_has_ratios():
    assert len(table.kept(table.PATH.read_text(encoding="utf-8"))) >= 10
