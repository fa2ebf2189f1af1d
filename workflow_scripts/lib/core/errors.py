"""The one exception that a user is meant to read."""

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(Exception):
    """Bad input, in one sentence: which file or key, what was found, what is allowed, what to do."""


class Missing(UserError):
    """What a run needs of the user, and a plan does not: data, weights, consent to terms."""


def nearest(name: str, valid: Iterable[str]) -> str:
    """A hint for a misspelt name: the closest valid one, or all of them if none is close."""
    valid = sorted(map(str, valid))
    close = get_close_matches(str(name), valid, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"allowed: {', '.join(valid) or 'none'}"
