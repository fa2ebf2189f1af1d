"""Tables as CSV without pandas, which takes a second to import: for what every job reads or writes."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any


def csv_text(rows: Iterable[Mapping[str, Any]], columns: Sequence[str] = ()) -> str:
    """Rows as CSV, with these columns or, where none are named, those that any row has, in the order of their coming.

    Nothing stands for None.
    """
    rows, text = list(rows), io.StringIO()
    columns = columns or list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file by the names of its columns, each cell as its text."""
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
