"""Failures by cause, and whose they are. A failure that a later try mended is forgotten. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from acconsole.engine.events import Failure
from acconsole.engine.model import User
from acconsole.media.base import MediaType

Turn = tuple[MediaType, ...]
REFS = 3
"""So many of a user's items are named for each cause; the report has them all."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something failed. `kind` is None where the whole user did."""

    kind: MediaType | None
    reason: str

    @property
    def what(self) -> str:
        return self.kind.value if self.kind else "user"


@dataclass(slots=True)
class Hit:
    """One user's failures of one cause: how many, and some of the items."""

    user: User
    count: int = 0
    refs: list[str] = field(default_factory=list)


def cause_of(failure: Failure, user: User) -> Cause:
    """Why it failed, without what is the user's or the item's alone: the same is the same with everybody."""
    reason = failure.cause if failure.kind else nameless(failure.reason, user)
    return Cause(failure.kind, reason)


def nameless(reason: str, user: User) -> str:
    """A reason without the user's names in it."""
    names = {user.name, user.pds_handle, user.did, user.id}
    for name in sorted(filter(None, names), key=len, reverse=True):
        reason = re.sub(rf"( of )?(?<![\w@.:]){re.escape(name)}(?!\w)", "", reason)
    return " ".join(reason.split()).replace(" .", ".")


class Causes:
    """What has failed, as things stand now."""

    def __init__(self) -> None:
        self._hits: dict[Cause, dict[str, Hit]] = {}
        self._turns: dict[tuple[str, Turn], set[Cause]] = {}

    def add(self, user: User, turn: Turn, failure: Failure) -> None:
        """One failure more."""
        cause = cause_of(failure, user)
        hit = self._hits.setdefault(cause, {}).setdefault(user.id, Hit(user))
        hit.count += 1
        name = failure.ref or failure.rkey
        if name and len(hit.refs) < REFS:
            hit.refs.append(name)
        self._turns.setdefault((user.id, turn), set()).add(cause)

    def forget(self, user: User, turn: Turn) -> None:
        """The turn of a user is tried again: what failed in it before does not count any more."""
        for cause in self._turns.pop((user.id, turn), ()):
            hits = self._hits[cause]
            hits.pop(user.id, None)
            if not hits:
                del self._hits[cause]

    @property
    def users(self) -> set[str]:
        """The ids of all of whom something failed."""
        return {user for user, _ in self._turns}

    def has(self, user: str, turns: Iterable[Turn]) -> bool:
        """Whether something of a user failed, in one of these turns."""
        return any((user, turn) in self._turns for turn in turns)

    def ranked(self) -> list[tuple[Cause, int, int]]:
        """Each cause, how many failures, of how many users; what most users have comes first."""
        rows = [
            (cause, sum(hit.count for hit in hits.values()), len(hits)) for cause, hits in self._hits.items()
        ]
        return sorted(rows, key=lambda row: (row[0].kind is not None, -row[2], -row[1], row[0].reason))

    def hits(self, cause: Cause) -> list[Hit]:
        """Whose failures of a cause these are, by handle."""
        return sorted(self._hits.get(cause, {}).values(), key=lambda hit: hit.user.sort_key)
