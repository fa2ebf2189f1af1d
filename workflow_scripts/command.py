"""Turns a script's one function into a command: its annotations are the options, bad input ends in one sentence."""

import sys
from collections.abc import Callable

import tyro

from workflow_scripts.lib.core.errors import UserError


def run(script: Callable[..., None]) -> None:
    """Call `script` with the options of the command line; a UserError is printed and ends with exit code 1."""
    try:
        tyro.cli(script)
    except UserError as error:
        sys.exit(str(error))
