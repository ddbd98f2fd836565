"""Rate limits in figures: what a PDS counts, by what, in which windows, and what its answers tell of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from acconsole.errors import BudgetSpent

HOUR, DAY = 3_600, 86_400
MARGIN = 1.0
"""Seconds for which a window counts longer than was told: its end comes in whole seconds, rounded down."""


class Scope(StrEnum):
    """What a limit counts: requests and uploads by our address, logins by account, points by repo."""

    REQUESTS = "requests"
    READS = "repo reads"
    POINTS = "points"
    LOGINS = "logins"
    UPLOADS = "uploads"


LIMITS = {
    Scope.REQUESTS: {300: 3_000},
    Scope.READS: {300: 6_000},
    Scope.POINTS: {HOUR: 5_000, DAY: 35_000},
    Scope.LOGINS: {300: 30, DAY: 300},
    Scope.UPLOADS: {DAY: 1_000},
}
"""How much of each in how many seconds, as the reference PDS has it; another PDS's headers are believed."""
_SPENT = {
    Scope.REQUESTS: "The PDS takes no more requests from here for now.",
    Scope.READS: "The PDS gives no more repos from here for now.",
    Scope.POINTS: "The PDS's budget for writes to this repo is spent.",
    Scope.LOGINS: "The PDS takes no more logins of this account for now.",
    Scope.UPLOADS: "The PDS's budget for uploads from here is spent.",
}


@dataclass(frozen=True, slots=True)
class Charge:
    """What a request takes of one scope. `key`: the DID, or empty for what is counted by our address."""

    scope: Scope
    key: str = ""
    amount: int = 1


@dataclass(frozen=True, slots=True)
class Window:
    """A window as it stands: `used` of `most` in `seconds`; `resets` is an epoch time, 0 before it opens."""

    scope: Scope
    key: str
    seconds: int
    most: int
    used: int
    resets: float

    @property
    def left(self) -> int:
        return max(0, self.most - self.used)


@dataclass(frozen=True, slots=True)
class Told:
    """What headers tell of a window: `left` of `most` in `seconds`, until an epoch time of our clock."""

    most: int
    seconds: int
    left: int
    resets: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer tells of limits. `good`: it is no error, so that it has headers where there are limits.

    `refused_until`: it is a refusal for want of budget, which ends at this epoch time.
    """

    told: Told | None = None
    good: bool = True
    refused_until: float | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """How much may be sent now; None for as much as one likes. `resets` is when more may, if never."""

    points: int | None
    resets: float = 0.0


def spent(scope: Scope, resume_at: float) -> BudgetSpent:
    """That a scope has no room, in words."""
    return BudgetSpent(
        _SPENT[scope], "Run it again when the window opens; what was done stays done.", resume_at=resume_at
    )
