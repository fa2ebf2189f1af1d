"""Turns a script's one function into a command: its annotations are the options, bad input ends in one sentence."""

import sys
from collections.abc import Callable

import tyro

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.stopping import end_on_signals, end_with_leader


def run(script: Callable[..., None]) -> None:
    """Call `script` with the options of the command line; a UserError is printed and ends with exit code 1.

    So does a signal, and the end of the snakemake that started the command.
    """
    end_on_signals()
    end_with_leader()
    try:
        tyro.cli(script)
    except UserError as error:
        sys.exit(str(error))
