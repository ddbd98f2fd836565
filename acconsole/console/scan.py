"""The look at everybody, as far as it has got."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from acconsole.console import figures

if TYPE_CHECKING:
    from acconsole.errors import AcError


@dataclass(eq=False, slots=True)
class Scan:
    """One scan. Times are epoch times.

    `ended_at` is None while it goes on. Of one that failed, `again_at` says when it is tried again by itself,
    None when it is not; of one that goes on, `waits_until` says when a spent budget opens again.
    """

    total: int = 0
    done: int = 0
    began_at: float = field(default_factory=figures.now)
    ended_at: float | None = None
    trouble: AcError | None = None
    again_at: float | None = None
    waits_until: float = 0.0

    @property
    def is_going(self) -> bool:
        return self.ended_at is None
