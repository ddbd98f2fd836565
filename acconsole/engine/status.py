"""One user as things stand: every media type matched against one snapshot of the repo."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from acconsole.engine.match import Matched, match
from acconsole.engine.model import Counts, Place, Snapshot, SourceDoc, User
from acconsole.engine.ports import Repos, World
from acconsole.engine.tasks import together
from acconsole.errors import AccountError
from acconsole.media.base import Doc, MediaType, ref_of
from acconsole.media.tapes import NO_SOURCE, source_digest

_CHUNK = 500
"""So many refs are asked for at a time."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one user stands: the verdict counts alone, of which thousands may be kept; else as `UserState`."""

    user: User
    counts: Mapping[MediaType, Counts]
    rev: str | None
    commit: str | None
    error: str | None
    account: str
    read_at: float

    @property
    def to_do(self) -> int:
        """How many docs and records keep the user from being in sync."""
        return sum(counts.to_do for counts in self.counts.values())

    @property
    def in_sync(self) -> bool:
        return self.to_do == 0 and self.account in ("ok", "none")

    def as_json(self) -> dict[str, Any]:
        """The user's status as scripts read it."""
        state = {
            "handle": self.user.plain_handle,
            "id": self.user.id,
            "pds_handle": self.user.pds_handle,
            "did": self.user.did,
            "rev": self.rev,
            "in_sync": self.in_sync,
            "types": {kind.value: counts.as_json() for kind, counts in self.counts.items()},
        }
        return {**state, "error": self.error} if self.error else state


@dataclass(frozen=True, slots=True)
class UserState:
    """What one read of Mongo and one snapshot say of a user.

    `error` says why the repo cannot be read, else None; `account` is `ok`, `none`, `inactive` or
    `unreadable`. Without an account there are surely no records; with one they are not known then, and
    `types` is empty.
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
    def standing(self) -> Standing:
        """The counts, without the docs and records behind them."""
        counts = {kind: matched.counts for kind, matched in self.types.items()}
        return Standing(self.user, counts, self.rev, self.commit, self.error, self.account, self.read_at)

    @property
    def to_do(self) -> int:
        """How many docs and records keep the user from being in sync."""
        return self.standing.to_do

    @property
    def in_sync(self) -> bool:
        return self.standing.in_sync

    def as_json(self) -> dict[str, Any]:
        """The user's status as scripts read it."""
        return self.standing.as_json()


async def read(
    world: World, user: User, kinds: Sequence[MediaType], *, retry_blocked: bool = False
) -> UserState:
    """Read a user's docs and repo side by side, and match them. Raises `Unreachable`.

    `retry_blocked`: docs that were found without a source count as if that were not known.
    """
    (snapshot, refused), *read = await together(
        _snapshot(world.repos, user),
        *(read_docs(world, user, kind, retry_blocked=retry_blocked) for kind in kinds),
    )
    return await judged(user, dict(zip(kinds, read, strict=True)), snapshot, refused)


async def read_repo(repos: Repos, user: User, owned: Mapping[MediaType, Sequence[SourceDoc]]) -> UserState:
    """Read a user's repo, and match docs that were read already with it. Raises `Unreachable`."""
    return await judged(user, owned, *await _snapshot(repos, user))


async def judged(
    user: User,
    owned: Mapping[MediaType, Sequence[SourceDoc]],
    snapshot: Snapshot | None,
    refused: AccountError | None,
) -> UserState:
    """What docs and a snapshot come to; `refused` says why there is none."""
    # Thousands of pairs are worth a thread: the screen goes on painting meanwhile.
    return await asyncio.to_thread(judge, user, owned, snapshot, refused)


def judge(
    user: User,
    owned: Mapping[MediaType, Sequence[SourceDoc]],
    snapshot: Snapshot | None,
    refused: AccountError | None,
) -> UserState:
    """As `judged`, here and now."""
    if refused and refused.state != "none":
        return UserState(user, {}, owned, None, refused.message, refused.state)
    types = _match(owned, snapshot)
    error = refused.message if refused else None
    return UserState(user, types, owned, snapshot, error, "none" if refused else "ok")


def _match(
    owned: Mapping[MediaType, Sequence[SourceDoc]], snapshot: Snapshot | None
) -> dict[MediaType, Matched]:
    records = snapshot.records if snapshot else {}
    blobs = snapshot.blobs if snapshot else frozenset()
    return {kind: match(kind, docs, records.get(kind, ()), blobs) for kind, docs in owned.items()}


async def docs_by_place(world: World, places: Collection[Place]) -> dict[Place, Doc]:
    """The docs that still are at these places, whosever they are now. Raises `Unreachable`."""
    found: dict[Place, Doc] = {}
    for kind in MediaType:
        refs = [ref for each, ref in places if each is kind]
        for start in range(0, len(refs), _CHUNK):
            docs = await world.docs.by_refs(kind, refs[start : start + _CHUNK])
            found |= {(kind, ref): doc for ref, doc in docs.items()}
    return found


async def read_docs(
    world: World, user: User, kind: MediaType, *, retry_blocked: bool = False
) -> list[SourceDoc]:
    """The owner's docs of a media type, the deleted ones too."""
    docs = [doc async for doc in world.docs.docs(user.id, kind)]
    return await with_hindrances(world, kind, docs, retry_blocked=retry_blocked)


async def with_hindrances(
    world: World, kind: MediaType, docs: Sequence[Doc], *, retry_blocked: bool = False
) -> list[SourceDoc]:
    """Docs with what is remembered of them: a tape that had no source has none until its doc changes."""
    if kind is not MediaType.TAPES or retry_blocked or not docs:
        return [SourceDoc.of(kind, doc) for doc in docs]
    known = await world.sourceless.known(kind)
    return [
        SourceDoc.of(kind, doc, NO_SOURCE if known.get(ref_of(doc)) == source_digest(doc) else None)
        for doc in docs
    ]


async def _snapshot(repos: Repos, user: User) -> tuple[Snapshot | None, AccountError | None]:
    if user.did is None:
        return None, no_account(user)
    try:
        return await repos.snapshot(user.did), None
    except AccountError as error:
        return None, error


def no_account(user: User) -> AccountError:
    """Why there is no repo of a user who never had one."""
    return AccountError(f"{user.name} has no account on the PDS.", "Create one first.", state="none")
