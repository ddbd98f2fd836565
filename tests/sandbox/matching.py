"""How the engine judges a holding, without any server in between."""

from __future__ import annotations

from functools import cache

from acconsole.engine.match import Matched, match
from acconsole.engine.model import RepoRecord, SourceDoc
from acconsole.media.base import MediaType
from acconsole.sandbox.holdings import Holding
from acconsole.sandbox.population import Population

USERS = 120


@cache
def holdings() -> tuple[Holding, ...]:
    """The first people's holdings, the guest account's first. Not to be changed."""
    return tuple(Population(USERS).holdings())


def holding_of(name: str) -> Holding:
    """The holding of a handle, or of `art`. Raises `StopIteration` for nobody."""
    return next(h for h in holdings() if (h.person.handle or (h.person.is_guest and "art")) == name)


def matched(holding: Holding) -> dict[MediaType, Matched]:
    """The holding's docs and records of each type, paired and judged."""
    # The PDS lists every blob that a record names, also one that was never stored.
    blobs = frozenset(
        value["ref"]["$link"]
        for entry in holding.entries
        for value in entry.value.values()
        if isinstance(value, dict)
    )
    return {
        kind: match(
            kind,
            [SourceDoc.of(kind, doc) for doc in holding.docs[kind]],
            [
                RepoRecord(kind, entry.rkey, "", entry.value)
                for entry in holding.entries
                if entry.kind is kind
            ],
            blobs,
        )
        for kind in MediaType
    }
