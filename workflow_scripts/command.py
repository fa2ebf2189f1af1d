"""Turns a script's one function into a command: its annotations are the options, bad input ends in one sentence."""

import sys
from collections.abc import Callable
from pathlib import Path

import tyro

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.files import refusal
from workflow_scripts.lib.core.stopping import end_on_signals, end_with_leader


def run(script: Callable[..., None]) -> None:
    """Call `script` with the options of the command line; a UserError is printed and ends with exit code 1.

    So do a full disk, a file or folder that may not be used, a signal, and the end of the snakemake that started this.
    """
    end_on_signals()
    end_with_leader()
    try:
        tyro.cli(script)
    except UserError as error:
        sys.exit(str(error))
    except OSError as error:
        said = refusal(error, Path(error.filename or ""))
        if said is None:
            raise
        sys.exit(said)
