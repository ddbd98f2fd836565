"""The runs of this machine as they were last read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from acconsole.engine.history import RunSummary
    from acconsole.errors import AcError


@dataclass(slots=True)
class Past:
    """The newest first. `read_at`: an epoch time; None before the first look.

    `trouble`: why they are not known. `warning`: what is wrong with the journal, although it could be read.
    """

    runs: Sequence[RunSummary] = ()
    read_at: float | None = None
    reading: bool = False
    trouble: AcError | None = None
    warning: str | None = None
