"""When a rollout is to stop by itself: too many users have failed, or a budget of everybody's is spent."""

from __future__ import annotations

from collections import Counter

FAILURES_SHARE = 50
FAILURES_FLOOR = 20
"""A fiftieth of the users may fail, and at least twenty."""
SPENT_USERS = 3
"""So many users whom a spent budget ends show that it is not one user's own."""


class Limits:
    """Counts the users that have failed as a whole and were not mended since, and those without budget.

    `most`: users that may fail; None for the usual share of those `looked` at.
    """

    def __init__(self, looked: int, most: int | None) -> None:
        self._most = max(FAILURES_FLOOR, looked // FAILURES_SHARE) if most is None else most
        self._failed: dict[str, str] = {}
        self._unreachable: set[str] = set()
        self._spent: dict[str, float] = {}

    def failed(self, user: str, reason: str, *, unreachable: bool) -> None:
        """A user has failed as a whole; `unreachable`: because Mongo or the PDS does not answer."""
        self._failed[user] = reason
        if unreachable:
            self._unreachable.add(user)

    def mended(self, user: str) -> None:
        """A later try went through."""
        self._failed.pop(user, None)
        self._unreachable.discard(user)

    def spent(self, user: str, resume_at: float) -> None:
        """A spent budget has ended a user, who is not waited for."""
        self._spent[user] = resume_at

    def has_failed(self, user: str) -> bool:
        return user in self._failed

    @property
    def resume_at(self) -> float | None:
        """When the first of the spent budgets opens again, if any was."""
        return min(self._spent.values(), default=None)

    @property
    def is_unreachable(self) -> bool:
        """Whether most users have failed because something does not answer."""
        return len(self._unreachable) * 2 > len(self._failed)

    @property
    def reason_to_stop(self) -> str | None:
        """Why the rollout is to stop, in a sentence; None while it may go on."""
        if len(self._failed) > self._most:
            ((common, _),) = Counter(self._failed.values()).most_common(1)
            return f"{len(self._failed):,} users have failed, and {self._most:,} may. Most often: {common}"
        if len(self._spent) >= SPENT_USERS:
            return "The PDS's rate limits leave no room for now."
        return None
