"""How a training shows where it is: a bar on a terminal, plain lines in a log."""

import time
from typing import Protocol, TextIO

from tqdm import tqdm

LINE_SECONDS = 60.0  # a log gets a line at least this often, so that a reader sees that the job lives


class Progress(Protocol):
    """Shows how far a training is."""

    def start(self, step: int, steps: int) -> None:
        """Begin after `step` of `steps`."""

    def advance(self, step: int, loss: float) -> None:
        """Show that `step` is done."""

    def note(self, message: str) -> None:
        """Show a line that stays."""

    def close(self) -> None:
        """End, where training ends or breaks off."""


def progress_on(stream: TextIO) -> Progress:
    """A bar where the stream is a terminal, lines where it is a file."""
    return Bar(stream) if stream.isatty() else Lines(stream)


class Bar:
    """A bar with the loss and the time left, lines above it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def start(self, step: int, steps: int) -> None:
        self._bar = tqdm(total=steps, initial=step, file=self._stream, unit="step", dynamic_ncols=True)

    def advance(self, step: int, loss: float) -> None:
        self._bar.set_postfix(loss=f"{loss:.4g}", refresh=False)
        self._bar.update(step - self._bar.n)

    def note(self, message: str) -> None:
        tqdm.write(message, file=self._stream)

    def close(self) -> None:
        self._bar.close()


class Lines:
    """One line for each note, and one with the loss and the time left at most every `LINE_SECONDS`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def start(self, step: int, steps: int) -> None:
        self._first, self._steps, self._began = step, steps, time.monotonic()
        self._shown = self._began

    def advance(self, step: int, loss: float) -> None:
        now = time.monotonic()
        if now - self._shown >= LINE_SECONDS:
            left = (now - self._began) / (step - self._first) * (self._steps - step)
            self.note(f"step {step} of {self._steps}: loss {loss:.4g}, {tqdm.format_interval(left)} left")

    def note(self, message: str) -> None:
        self._stream.write(f"{message}\n")
        self._stream.flush()
        self._shown = time.monotonic()

    def close(self) -> None:
        self._stream.flush()
