"""The engine as the front ends see it: users, status, plans, runs."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from acconsole.engine import plan as planning
from acconsole.engine import status
from acconsole.engine.apply import UserRun, World
from acconsole.engine.events import Event, Stop
from acconsole.engine.guard import Guard
from acconsole.engine.model import User
from acconsole.engine.plan import BlockedItem, Operation, Plan
from acconsole.engine.ports import Docs, Objects, Repos
from acconsole.engine.status import UserState
from acconsole.engine.tasks import finish
from acconsole.errors import AcError
from acconsole.media.base import MediaType

ALL = tuple(MediaType)


@dataclass(frozen=True, slots=True)
class Health:
    """Whether Mongo and the PDS answer: None for yes, else the reason in one sentence."""

    mongo: str | None
    pds: str | None


class Engine:
    """Reads and writes through its ports. One engine serves every screen and command of a process."""

    def __init__(
        self, docs: Docs, repos: Repos, objects: Objects, *, state_dir: Path, read_only: bool = False
    ) -> None:
        self._world = World(docs, repos, objects)
        self._state_dir = state_dir
        self.read_only = read_only

    @property
    def host(self) -> str:
        """The PDS's host."""
        return self._world.repos.host

    @property
    def pds_requests(self) -> int:
        """How many requests were sent to the PDS."""
        return self._world.repos.requests

    async def users(self) -> list[User]:
        """Every user and the guest account, sorted by handle. Raises `Unreachable`."""
        users = [user async for user in self._world.docs.users()]
        return sorted(users, key=lambda user: user.sort_key)

    async def accounts(self, users: Sequence[User]) -> dict[str, str]:
        """Each user's account by id: `ok`, `none` or `inactive`. Raises `Unreachable`."""
        heads = {head.did: head.active async for head in self._world.repos.heads()}
        names = {True: "ok", False: "inactive", None: "none"}
        return {user.id: names[heads.get(user.did) if user.did else None] for user in users}

    async def status(self, user: User, kinds: Sequence[MediaType] = ALL) -> UserState:
        """What is in sync and what is not. Raises `Unreachable`."""
        return await status.read(self._world.docs, self._world.repos, user, kinds)

    async def plan_restore(
        self,
        user: User,
        kinds: Sequence[MediaType] = ALL,
        *,
        codes: Collection[str] = (),
        prune: bool = False,
    ) -> Plan:
        """The plan that brings the PDS to what Mongo says. Raises `Unreachable`."""
        state = await self.status(user, kinds)
        return await asyncio.to_thread(restore_plan, state, self.host, kinds, codes=codes, prune=prune)

    async def plan_wipe(
        self, user: User, kinds: Sequence[MediaType] = ALL, *, codes: Collection[str] = ()
    ) -> Plan:
        """The plan that deletes the records and clears the stored rkeys. Raises `Unreachable`."""
        state = await self.status(user, kinds)
        return await asyncio.to_thread(wipe_plan, state, self.host, kinds, codes=codes)

    async def run(
        self,
        plan: Plan,
        *,
        live: bool,
        confirmed: str | None = None,
        typed: str | None = None,
        max_deletes: int | None = None,
        stop: Stop | None = None,
        wait: bool = True,
    ) -> AsyncGenerator[Event, None]:
        """Run a plan, live or dry; the last event is `Finished`.

        `confirmed` is what was typed to confirm a wipe, `typed` the handle as the command gave it. `wait`:
        wait for a spent budget rather than end. Closing the iterator waits for the batch on its way.
        Raises `Refused` before anything is written, and `Unreachable`.
        """
        guard = Guard.open(
            plan,
            live=live,
            read_only=self.read_only,
            max_deletes=max_deletes,
            confirmed=confirmed,
            typed=typed,
        )
        run = new_run_id()
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        work = UserRun(
            plan,
            self._world,
            guard,
            run=run,
            folder=self._state_dir / "runs" / run,
            emit=queue.put_nowait,
            stop=stop or Stop(),
            wait=wait,
        )
        task = asyncio.create_task(work.go())
        task.add_done_callback(lambda _: queue.put_nowait(None))
        try:
            while event := await queue.get():
                yield event
            await task
        finally:
            if not task.done():
                task.cancel()
                await finish(task, 60)

    async def health(self) -> Health:
        """Whether Mongo and the PDS answer now; never raises."""
        mongo, pds = await asyncio.gather(
            _trouble(self._world.docs.ping()), _trouble(self._world.repos.ping())
        )
        return Health(mongo, pds)


async def _trouble(ping: Awaitable[None]) -> str | None:
    try:
        await ping
    except AcError as error:
        return error.message
    return None


def new_run_id() -> str:
    """A run's id: 12 hexadecimal digits, of which the first eight are the time, so that ids sort by it."""
    return f"{int(time.time()):08x}{secrets.token_hex(2)}"


def restore_plan(
    state: UserState,
    host: str,
    kinds: Sequence[MediaType],
    *,
    codes: Collection[str] = (),
    prune: bool = False,
) -> Plan:
    """The plan of a restore from a user's state."""
    operations: list[Operation] = []
    blocked: list[BlockedItem] = []
    for kind, matched in state.types.items():
        records = state.snapshot.records.get(kind, ()) if state.snapshot else ()
        blobs = state.snapshot.blobs if state.snapshot else frozenset()
        found, left = planning.restore(matched, state.docs[kind], records, blobs, codes=codes, prune=prune)
        operations += found
        blocked += left
    return _plan("restore", state, host, kinds, operations, blocked=tuple(blocked), prune=prune)


def wipe_plan(
    state: UserState, host: str, kinds: Sequence[MediaType], *, codes: Collection[str] = ()
) -> Plan:
    """The plan of a wipe from a user's state."""
    operations: list[Operation] = []
    unlink: list[tuple[MediaType, str]] = []
    for kind, matched in state.types.items():
        found, linked = planning.wipe(matched, state.docs[kind], codes=codes)
        operations += found
        unlink += linked
    return _plan("wipe", state, host, kinds, operations, unlink=tuple(unlink))


def _plan(
    action: str,
    state: UserState,
    host: str,
    kinds: Sequence[MediaType],
    operations: Sequence[Operation],
    *,
    blocked: tuple[BlockedItem, ...] = (),
    unlink: tuple[tuple[MediaType, str], ...] = (),
    prune: bool = False,
) -> Plan:
    records = sum(len(found) for found in state.snapshot.records.values()) if state.snapshot else 0
    usable = state.account == "ok"
    return Plan(
        action=action,
        user=state.user,
        host=host,
        rev=state.rev,
        commit=state.commit,
        kinds=tuple(kinds),
        operations=tuple(operations) if usable else (),
        blocked=blocked if usable else (),
        unlink=unlink if usable else (),
        records=records,
        prune=prune,
        problem=None if usable else state.error,
    )
