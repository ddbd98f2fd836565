"""Any error as a screen may show it."""

from __future__ import annotations

import traceback
from pathlib import Path

from acconsole.errors import AcError


def as_trouble(error: Exception) -> AcError:
    """The error as a screen may show it: ours as it is, any other by its kind and place alone.

    What another error says is never shown: it may hold a whole answer of a server, or a secret.
    """
    if isinstance(error, AcError):
        return error
    place = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" in {Path(place[0].filename).name}, line {place[0].lineno}" if place else ""
    return AcError(
        f"acconsole met something that it does not know how to handle: {type(error).__name__}{where}.",
        "Try again. If it stays, please report it.",
        retryable=True,
    )
