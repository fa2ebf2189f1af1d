"""The table of ratios that is kept: docs/benchmarks.md, and which ratio has moved since it was written."""

import re
from typing import NamedTuple

from workflow_scripts.lib.core.code_graph import ROOT
from workflow_scripts.lib.core.files import write_text

PATH = ROOT / "docs/benchmarks.md"
MOVED = 1.25  # a ratio that is so many times larger or smaller than before is named
HEAD = """# Benchmarks

CPU seconds, user and system, of Fewstems and of a named peer that does the same work, measured in turn in one run of
`make benchmark` on an {cpu}. The ratio says how many times less Fewstems takes; "before" is that of the table before.

| what | Fewstems | peer | | ratio | before |
|---|---|---|---|---|---|
"""


class Ratio(NamedTuple):
    """what: was done.  ours, theirs: CPU s.  peer: who took `theirs`."""

    what: str
    ours: float
    theirs: float
    peer: str

    @property
    def value(self) -> float:
        return self.theirs / self.ours


def kept(text: str) -> dict[str, float]:
    """The ratios of a table, by what was done."""
    return {
        what: float(ratio) for what, ratio in re.findall(r"(?m)^\| (.+?) \|(?: [^|]* \|){3} ([\d.]+) \|[^|]*\|$", text)
    }


def table(found: list[Ratio], before: dict[str, float], cpu: str) -> str:
    lines = [
        f"| {each.what} | {each.ours:.3g} | {each.theirs:.3g} | {each.peer} | {each.value:.2f} | "
        f"{before.get(each.what, '')} |\n"
        for each in found
    ]
    return HEAD.format(cpu=cpu) + "".join(lines)


def moved(found: list[Ratio], before: dict[str, float]) -> list[str]:
    """A sentence for each ratio that has moved by more than a quarter."""
    pairs = [(each, each.value / before[each.what]) for each in found if each.what in before]
    return [
        f"{each.what}: the ratio was {before[each.what]} and is {each.value:.2f}"
        for each, change in pairs
        if max(change, 1 / change) > MOVED
    ]


def write(found: list[Ratio], cpu: str) -> list[str]:
    """Write the table anew; what has moved since the one before."""
    before = kept(PATH.read_text(encoding="utf-8")) if PATH.exists() else {}
    write_text(PATH, table(found, before, cpu))
    return moved(found, before)
