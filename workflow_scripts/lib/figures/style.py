"""How all figures look and are saved: readable in grey, without any global state, their files the same every time.

What tells things apart is place, line style, hatch or a printed number, never colour alone.
"""

import textwrap
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from workflow_scripts.lib.core.files import atomic

FORMATS = {
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
}
FONT = 9
LETTERS = 11  # of a heading to an inch
COLOURS = "cividis"  # uniform steps, lightness monotone, alike for colour-blind readers


def heading(title: str, *remarks: str) -> str:
    """The title, and beneath it the remarks that there are."""
    return "\n".join(filter(None, [title, ". ".join(filter(None, remarks))]))


def wrap_heading(text: str, inches: float) -> str:
    """The lines of a heading broken so that they fit a figure of this width."""
    return "\n".join(textwrap.fill(line, int(inches * LETTERS)) for line in text.split("\n"))


def save_figure(figure: Figure, stem: Path) -> None:
    """Write `<stem>.pdf`, `<stem>.svg` and `<stem>.png` (150 dots an inch), without dates: same figure, same bytes."""
    stem = Path(stem)
    with rc_context({"svg.hashsalt": "fewstems", "pdf.fonttype": 42}):
        for suffix, metadata in FORMATS.items():
            with atomic(stem.with_name(f"{stem.name}.{suffix}")) as temporary:
                figure.savefig(temporary, format=suffix, metadata=metadata, dpi=150)
