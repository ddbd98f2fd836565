"""One user as things stand: every media type matched against one snapshot of the repo."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from acconsole.engine.match import Matched, match
from acconsole.engine.model import Counts, Snapshot, SourceDoc, User
from acconsole.engine.ports import Docs, Repos
from acconsole.engine.tasks import together
from acconsole.errors import AccountError
from acconsole.media.base import MediaType


@dataclass(frozen=True, slots=True)
class UserState:
    """What one read of Mongo and one snapshot say of a user.

    `error` says why the repo cannot be read, else None; `account` is `ok`, `none` or `inactive`. Without an
    account there are surely no records; with an inactive one they are not known, and `types` is empty.
    """

    user: User
    types: Mapping[MediaType, Matched]
    docs: Mapping[MediaType, Sequence[SourceDoc]] = field(repr=False)
    snapshot: Snapshot | None = field(repr=False)
    error: str | None = None
    account: str = "ok"
    read_at: float = field(default_factory=time.time)

    @property
    def rev(self) -> str | None:
        return self.snapshot.rev if self.snapshot else None

    @property
    def commit(self) -> str | None:
        return self.snapshot.commit if self.snapshot else None

    def counts(self, kind: MediaType) -> Counts:
        """The verdict counts of a media type that was read."""
        return self.types[kind].counts

    @property
    def to_do(self) -> int:
        """How many docs and records keep the user from being in sync."""
        return sum(matched.counts.to_do for matched in self.types.values())

    @property
    def in_sync(self) -> bool:
        return self.to_do == 0 and self.account != "inactive"

    def as_json(self) -> dict[str, Any]:
        """The user's status as scripts read it."""
        state = {
            "handle": self.user.name.removeprefix("@") if self.user.handle or self.user.is_guest else None,
            "id": self.user.id,
            "pds_handle": self.user.pds_handle,
            "did": self.user.did,
            "rev": self.rev,
            "in_sync": self.in_sync,
            "types": {kind.value: matched.counts.as_json() for kind, matched in self.types.items()},
        }
        return {**state, "error": self.error} if self.error else state


async def read(docs: Docs, repos: Repos, user: User, kinds: Sequence[MediaType]) -> UserState:
    """Read a user's docs and repo side by side, and match them. Raises `Unreachable`."""
    (snapshot, refused), *read = await together(
        _snapshot(repos, user), *(read_docs(docs, user, kind) for kind in kinds)
    )
    owned = dict(zip(kinds, read, strict=True))
    if refused and refused.state == "inactive":
        return UserState(user, {}, owned, None, refused.message, "inactive")
    # Thousands of pairs are worth a thread: the screen goes on painting meanwhile.
    types = await asyncio.to_thread(_match, owned, snapshot)
    error = refused.message if refused else None
    return UserState(user, types, owned, snapshot, error, "none" if refused else "ok")


def _match(
    owned: Mapping[MediaType, Sequence[SourceDoc]], snapshot: Snapshot | None
) -> dict[MediaType, Matched]:
    records = snapshot.records if snapshot else {}
    blobs = snapshot.blobs if snapshot else frozenset()
    return {kind: match(kind, docs, records.get(kind, ()), blobs) for kind, docs in owned.items()}


async def read_docs(docs: Docs, user: User, kind: MediaType) -> list[SourceDoc]:
    """The owner's docs of a media type, the deleted ones too."""
    return [SourceDoc.of(kind, doc) async for doc in docs.docs(user.id, kind)]


async def _snapshot(repos: Repos, user: User) -> tuple[Snapshot | None, AccountError | None]:
    if user.did is None:
        return None, AccountError(
            f"{user.name} has no account on the PDS.", "Create one first.", state="none"
        )
    try:
        return await repos.snapshot(user.did), None
    except AccountError as error:
        return None, error
