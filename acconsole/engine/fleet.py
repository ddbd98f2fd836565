"""The whole fleet: everybody's docs and everybody's repos, a few hundred users at a time.

Users come by id, and the docs of a few hundred by one query a media type, for they lie side by side. The
pages of `listRepos` tell which repos have moved; for the others the snapshot does that this machine keeps.
No more than two such groups are in memory, however many there are; of the rest only where each repo stands.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Coroutine, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from acconsole.engine import status
from acconsole.engine.asking import Asking, Waits
from acconsole.engine.model import RepoHead, Snapshot, SourceDoc, User
from acconsole.engine.ports import Repos, World
from acconsole.engine.status import Standing, UserState
from acconsole.engine.tasks import ahead, together
from acconsole.errors import AccountError, BudgetSpent, Failed
from acconsole.media.base import MediaType, owner_of

GROUP = 256
"""Users that are read together."""
AHEAD = 1
"""Groups that are read while the one before is taken."""

Look = tuple[Snapshot | None, AccountError | None]
_WHY = {"deactivated": "is deactivated", "takendown": "is taken down", "suspended": "is suspended"}


async def scan(
    world: World, kinds: Sequence[MediaType], waits: Waits | None = None
) -> AsyncGenerator[Standing, None]:
    """How everybody stands, in no order, as it becomes known. Only repos that have moved are read.

    A repo that cannot be read is told of in its user's standing. Raises `Unreachable` when Mongo or the PDS
    is, and `BudgetSpent` unless `waits` takes it; what was read until then is kept, and is not read again.
    """
    repos = KeptRepos(world, Asking(world.repos, waits), await Heads.of(world.repos))
    async with aclosing(states(world, kinds, repos)) as found:
        async for state in found:
            yield state.standing


async def states(
    world: World,
    kinds: Sequence[MediaType],
    repos: FreshRepos,
    chosen: AsyncGenerator[list[User], None] | None = None,
    retry_blocked: bool = False,
) -> AsyncGenerator[UserState, None]:
    """The state, docs and snapshot and all, of everybody or of `chosen` groups, in no order.

    `retry_blocked`: as with one user. Raises as `scan`.
    """

    async def readings() -> AsyncGenerator[Coroutine[Any, Any, list[UserState]], None]:
        async with aclosing(chosen or groups(world.docs.users(), GROUP)) as grouped:
            async for users in grouped:
                yield _read(world, users, kinds, repos, retry_blocked)

    async with aclosing(ahead(readings(), AHEAD)) as read:
        async for group in read:
            for state in group:
                yield state


async def groups(users: AsyncGenerator[User, None], size: int) -> AsyncGenerator[list[User], None]:
    """Users by so many. Each group's docs are read by their range: let its ids lie side by side."""
    group: list[User] = []
    async with aclosing(users):
        async for user in users:
            group.append(user)
            if len(group) == size:
                yield group
                group = []
    if group:
        yield group


async def _read(
    world: World,
    users: Sequence[User],
    kinds: Sequence[MediaType],
    repos: FreshRepos,
    retry_blocked: bool,
) -> list[UserState]:
    docs = (_docs(world, users, kind, retry_blocked) for kind in kinds)
    looks, *owned = await together(repos.read(users), *docs)
    return await asyncio.to_thread(_judged, users, dict(zip(kinds, owned, strict=True)), looks)


def _judged(
    users: Sequence[User],
    owned: Mapping[MediaType, Mapping[str, Sequence[SourceDoc]]],
    looks: Mapping[str, Look],
) -> list[UserState]:
    return [
        status.judge(user, {kind: docs.get(user.id, ()) for kind, docs in owned.items()}, *looks[user.id])
        for user in users
    ]


async def _docs(
    world: World, users: Sequence[User], kind: MediaType, retry_blocked: bool
) -> dict[str, list[SourceDoc]]:
    """The users' docs of a media type, by owner."""
    ids = {user.id for user in users}
    between = world.docs.docs_between(min(ids), max(ids), kind)
    docs = [doc async for doc in between if owner_of(doc) in ids]
    owned: dict[str, list[SourceDoc]] = defaultdict(list)
    for each in await status.with_hindrances(world, kind, docs, retry_blocked=retry_blocked):
        owned[owner_of(each.doc)].append(each)
    return owned


class Heads:
    """Where every repo of the PDS stands, in a quarter of a kilobyte each."""

    def __init__(self) -> None:
        self._at: dict[str, bytes] = {}
        self._inactive: dict[str, str | None] = {}

    @classmethod
    async def of(cls, repos: Repos) -> Heads:
        """By the pages of `listRepos`. Raises `Unreachable`, `BudgetSpent`."""
        heads = cls()
        async for head in repos.heads():
            heads.add(head)
        return heads

    def add(self, head: RepoHead) -> None:
        """Take one in."""
        self._at[head.did] = f"{head.rev} {head.commit}".encode()
        if not head.active:
            self._inactive[head.did] = head.status

    def get(self, did: str) -> RepoHead | None:
        """One repo's head; None when the PDS has no such repo."""
        at = self._at.get(did)
        if at is None:
            return None
        rev, _, commit = at.decode().partition(" ")
        return RepoHead(did, rev, commit, did not in self._inactive, self._inactive.get(did))


class FreshRepos:
    """Reads every repo from the PDS."""

    def __init__(self, world: World, asking: Asking) -> None:
        self._repos = world.repos
        self._asking = asking

    async def read(self, users: Sequence[User]) -> dict[str, Look]:
        """Each user's repo, or why it cannot be read, by the user's id. Raises as `read_one`."""
        looks = await together(*(self.read_one(user) for user in users))
        return {user.id: look for user, look in zip(users, looks, strict=True)}

    async def read_one(self, user: User) -> Look:
        """One user's repo, or why it cannot be read. Raises `Unreachable`, `BudgetSpent`."""
        if user.did is None:
            return None, status.no_account(user)
        try:
            return await self._asking.for_one(self._repos.snapshot, user.did), None
        except AccountError as error:
            return None, error
        except BudgetSpent:
            raise
        except Failed as error:
            return None, AccountError(error.message, error.hint, state="unreadable")


class KeptRepos(FreshRepos):
    """Reads only what has moved since it was kept, and keeps it; asks for nothing that the heads tell."""

    def __init__(self, world: World, asking: Asking, heads: Heads) -> None:
        super().__init__(world, asking)
        self._kept = world.snapshots
        self._heads = heads

    async def read(self, users: Sequence[User]) -> dict[str, Look]:
        heads = {user.did: self._heads.get(user.did) for user in users if user.did}
        kept = await self._kept.get(self._repos.host, [head for head in heads.values() if head])
        looks: dict[str, Look] = {}
        moved = []
        for user in users:
            refused = _refused(user, heads.get(user.did) if user.did else None)
            if refused or user.did in kept:
                looks[user.id] = None if refused else kept[user.did or ""], refused
            else:
                moved.append(user)
        return looks | await self._read_moved(moved)

    async def _read_moved(self, users: Sequence[User]) -> dict[str, Look]:
        looks: dict[str, Look] = {}

        async def read(user: User) -> None:
            looks[user.id] = await self.read_one(user)

        try:
            await together(*map(read, users))
        finally:
            # Whatever ended it: what was read until then need not be read again.
            await self._kept.put(self._repos.host, [snapshot for snapshot, _ in looks.values() if snapshot])
        return looks


def _refused(user: User, head: RepoHead | None) -> AccountError | None:
    """Why a repo is not asked for: the pages of `listRepos` have told already."""
    if user.did is None:
        return status.no_account(user)
    if head is None:
        return AccountError(f"The PDS has no repo {user.did}.", "Create the account first.", state="none")
    if not head.active:
        why = _WHY.get(head.status or "", "is not active")
        return AccountError(f"The account {user.did} {why}.", state="inactive")
    return None
