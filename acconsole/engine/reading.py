"""What an engine tells without writing anything: users, how they stand, runs of before, tapes, health."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Collection, Iterable, Sequence
from dataclasses import dataclass

from acconsole.engine import fleet, shelf, status, verify
from acconsole.engine.asking import Waits
from acconsole.engine.events import RunResult
from acconsole.engine.history import RunRecord, RunSummary
from acconsole.engine.model import User
from acconsole.engine.outlook import Cost, Outlook, outlook
from acconsole.engine.plan import Plan
from acconsole.engine.ports import Moved, World
from acconsole.engine.shelf import TapeFacts, TapeRow
from acconsole.engine.status import Standing, UserState
from acconsole.engine.verify import Report, Told
from acconsole.engine.written import Verified, is_verifiable, verify_written
from acconsole.errors import AcError
from acconsole.media.base import Doc, MediaType
from acconsole.media.conversion import Conversion, Tell

ALL = tuple(MediaType)


@dataclass(frozen=True, slots=True)
class Health:
    """Whether Mongo and the PDS answer: None for yes, else the reason in one sentence."""

    mongo: str | None
    pds: str | None


class Reading:
    """Reads through its ports."""

    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def host(self) -> str:
        """The PDS's host."""
        return self._world.repos.host

    @property
    def pds_requests(self) -> int:
        """How many requests were sent to the PDS."""
        return self._world.repos.requests

    @property
    def trouble(self) -> str | None:
        """What is wrong with what this machine remembers, in one sentence; None while it is well."""
        world = self._world
        troubles = (world.sourceless.trouble, world.journal.trouble, world.snapshots.trouble)
        return " ".join(trouble for trouble in troubles if trouble) or None

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
        return await status.read(self._world, user, kinds)

    def scan(
        self, kinds: Sequence[MediaType] = ALL, waits: Waits | None = None
    ) -> AsyncGenerator[Standing, None]:
        """How everybody stands, in no order, as it becomes known; only repos that have moved are read.

        What was read stays on this machine, also when it ends early. `waits` is told of a spent budget, which
        is then waited for. Raises `Unreachable`, and `BudgetSpent` without `waits`.
        """
        return fleet.scan(self._world, kinds, waits)

    def verify(
        self,
        users: Sequence[User] | None,
        kinds: Sequence[MediaType] = ALL,
        *,
        codes: Collection[str] = (),
        blobs: bool = False,
        told: Told = lambda _: None,
        waits: Waits | None = None,
    ) -> AsyncGenerator[Report, None]:
        """Check every field of every record; of everybody in no order, where `users` is None.

        `blobs`: each blob is fetched too, and `told` how many were. Raises as `scan`.
        """
        return verify.verify(self._world, users, kinds, codes=codes, blobs=blobs, told=told, waits=waits)

    async def verify_written(self, plan: Plan, result: RunResult) -> Verified | None:
        """Whether what a live restore did is there, by a fresh look; None for a run that was cut short.

        Raises `Unreachable`, and `AccountError` when the repo cannot be read any more.
        """
        return await verify_written(self._world, plan, result) if is_verifiable(result) else None

    def outlook(self, what: Plan | Iterable[Cost]) -> Outlook:
        """What a plan, or what there is to do for many users, costs of the budgets, and when it is done."""
        costs = [Cost.of(what)] if isinstance(what, Plan) else what
        return outlook(costs, self._world.repos.budgets, self._world.clock.now())

    async def history(self, limit: int | None = None) -> list[RunSummary]:
        """The runs of this machine, the newest first. Raises `JournalError`."""
        return await self._world.journal.history(limit)

    async def run_record(self, run: str) -> RunRecord:
        """One run in full, by the beginning of its id. Raises `UnknownRun`, `UsageError`, `JournalError`."""
        return await self._world.journal.record(run)

    async def died(self) -> list[RunSummary]:
        """Live runs on this PDS that died, and whose users no later run has finished with; newest first.

        A new run on such a user goes on from what Mongo and the PDS hold. Raises `JournalError`.
        """
        return [run for run in await self._world.journal.died() if run.pds == self.host]

    def tapes(self) -> AsyncGenerator[TapeRow, None]:
        """Everybody's tapes: the guest account's first, then by handle; each owner's newest first.

        Raises `Unreachable` when Mongo is.
        """
        return shelf.tapes(self._world)

    async def tape_facts(self, doc: Doc) -> TapeFacts:
        """Whether a tape's ZIP is there, and what it holds; reads only a little of it, and never raises."""
        return await shelf.tape_facts(self._world, doc)

    async def tape_source(self, doc: Doc, moved: Moved | None = None) -> bytes:
        """The bytes of a tape's ZIP. Raises `NoObject` when it is in none of its places, else `BlobError`."""
        return await shelf.tape_source(self._world, doc, moved)

    async def convert_tape(self, user: User, doc: Doc, tell: Tell) -> Conversion:
        """The video that would be published, without publishing it. Raises `BlobError`, `Unreachable`."""
        return await shelf.convert_tape(self._world, doc, tell)

    async def painting_thumbnail(self, user: User, doc: Doc) -> bytes:
        """The thumbnail that would be published, a PNG. Raises `BlobError`."""
        return await shelf.painting_thumbnail(self._world, user, doc)

    async def blob(self, did: str, cid: str) -> bytes:
        """The bytes of a blob on the PDS. Raises `BlobError` when it is not there, `Unreachable`."""
        return await self._world.repos.blob(did, cid)

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
