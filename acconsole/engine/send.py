"""Sending: operations cut into batches, one on its way while the next is made ready."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from acconsole.engine import events
from acconsole.engine.batches import MAX_WRITES, Ready, cut
from acconsole.engine.model import Place
from acconsole.engine.plan import Action, Operation, tally
from acconsole.engine.ports import Commit, RepoSession, Write
from acconsole.engine.tasks import finish
from acconsole.engine.windows import Scope, spent
from acconsole.errors import BudgetSpent, Opaque, Swapped, WriteRefused
from acconsole.media.base import MediaType
from acconsole.media.tapes import VIDEO

if TYPE_CHECKING:
    from acconsole.engine.apply import UserRun

BLOB_CHUNK = 24
"""How many records with blobs are made ready together: enough to be quick, few enough to see it move."""
TAPE_CHUNK = 8
"""The same for records with videos, each of which takes a second or more."""
FIRST_BATCH = 20
"""Where there are rate limits the first batch is small: its answer tells what they leave."""


class Sender:
    """A run's one writer to the repo. `limit` is how many writes a batch may hold; failures halve it."""

    def __init__(self, run: UserRun) -> None:
        self._run = run
        self._session: RepoSession | None = None
        self._opening: asyncio.Task[RepoSession] | None = None
        self._flight: asyncio.Task[bool] | None = None
        self._deletes: set[Place] = set()
        self._batches = 0
        self._last_size = 0
        self.limit = MAX_WRITES

    async def write(self, kind: MediaType, actions: tuple[Action, ...]) -> None:
        """Send one media type's operations batch by batch; the next is made ready while one is on its way."""
        chosen = [op for op in self._run.pending.values() if op.kind is kind and op.action in actions]
        # Neighbours by rkey lie in the same nodes of the repo's tree: the PDS has fewer to write anew.
        queue = deque(sorted(chosen, key=lambda op: op.rkey))
        ready: list[Ready] = []
        self._run.preparer.renew()
        while (queue or ready) and not self._run.stop.requested:
            if self._run.account.failed and Action.DELETE in actions:
                self._run.keep_the_rest()
                return
            ready = ready or await self._next(queue)
            if not ready and self._run.preparer.spent:
                break
            if self._run.guard.live and ready:
                await self.login()  # its answer tells of the rate limits
            paused = await self._run.stop.while_paused()
            room, waited = await self._room()
            if paused or waited:
                ready = await self._run.preparer.recheck(ready)
            count = cut(ready, self._batch_limit(), room)
            batch, ready = ready[:count], ready[count:]
            if batch:
                ready = await self._send(batch, ready, queue)
        if self._run.preparer.spent and not self._run.stop.requested:
            raise self._run.preparer.spent

    async def _next(self, queue: deque[Operation]) -> list[Ready]:
        """The next operations of the queue, whole, and looked at once more in Mongo.

        None when a budget is spent, and that is not waited for.
        """
        if self._run.preparer.spent:
            return []
        size = self.limit
        if any(op.blobs for op in queue):
            size = TAPE_CHUNK if any(VIDEO.field in op.blobs for op in queue) else BLOB_CHUNK
        chunk = [queue.popleft() for _ in range(min(size, len(queue)))]
        return await self._run.preparer.recheck(await self._run.preparer.ready(chunk))

    async def _send(self, batch: Sequence[Ready], ready: list[Ready], queue: deque[Operation]) -> list[Ready]:
        """Send a batch, and make the next ready meanwhile; returns what is ready."""
        operations = [each.operation for each in batch]
        deletes = {
            op.key
            for op in operations
            if op.action is Action.DELETE and not self._run.reconciler.is_duplicate(op)
        }
        # What is sent once more, since another writer was first, counts once.
        new = deletes - self._deletes
        self._deletes |= deletes
        if not self._run.guard.permits(deletes=len(new)):
            self._run.withhold(operations)
            return ready
        self._launch(batch, await self.login())
        try:
            if queue and not ready:
                ready = await self._next(queue)
        finally:
            assert self._flight is not None
            refused = await asyncio.shield(self._flight)
        if refused:
            queue.extendleft(op for op in reversed(operations) if op.key in self._run.pending)
        return ready

    def _batch_limit(self) -> int:
        limited = self._session is None or self._session.limited
        first = self._run.guard.live and self._batches == 0 and limited
        return min(self.limit, FIRST_BATCH) if first else self.limit

    async def login(self) -> RepoSession:
        """The user's session, opened when the first write needs it. Raises `AccountError`."""
        session = await self.open()
        if self._session is None:
            self._session = session
            if self._run.world.repos.budgets.bypassed:
                self._run.emit(events.Bypassed())
        return self._session

    def open(self) -> asyncio.Task[RepoSession]:
        """Begin to log in, which the PDS takes its time for; what comes of it is told by `login`."""
        if self._opening is None:
            login = self._run.patience.afford(self._run.world.repos.login, self._run.plan.user)
            self._opening = asyncio.ensure_future(login)
        return self._opening

    async def _room(self) -> tuple[int | None, bool]:
        """The points that may be sent now, None for any number, and whether that was waited for.

        Raises `BudgetSpent` when nothing may be sent and the run is not to wait.
        """
        waited = False
        while self._session and not self._run.stop.requested:
            left = self._run.world.repos.budgets.room(Scope.POINTS, self._run.reconciler.did)
            if left.points is None or left.points >= Action.CREATE.points:
                return left.points, waited
            if not self._run.wait:
                raise spent(Scope.POINTS, left.resets)
            await self._run.patience.until(left.resets, "the budget for writes to this repo is spent")
            waited = True
        return None, waited

    def _launch(self, batch: Sequence[Ready], session: RepoSession) -> None:
        """Send a batch as a task of its own: a cancelled run leaves it to its end, and learns of it."""
        self._batches += 1
        self._last_size = len(batch)
        self._flight = asyncio.create_task(self._commit(batch, session))

    async def _commit(self, batch: Sequence[Ready], session: RepoSession) -> bool:
        """One batch to its end; True when the PDS would not have it and nothing was written."""
        began = time.monotonic()
        operations = [each.operation for each in batch]
        entry = await self._write_down(batch)
        self._run.account.points += sum(op.action.points for op in operations)
        try:
            commit = await self._apply(session, [each.write() for each in batch], operations)
        except WriteRefused as refused:
            self._run.scribe.refused(entry, refused.message)
            if len(batch) == 1:
                self._run.fail(operations[0], refused.message)
            self.limit = max(1, len(batch) // 2)
            return True
        except BudgetSpent as short:
            self._run.account.points -= sum(op.action.points for op in operations)
            self._run.scribe.refused(entry, short.message)
            if not self._run.wait:
                raise
            await self._run.patience.until(short.resume_at, short.message)
            return True
        except Swapped as swapped:
            self._run.scribe.refused(entry, swapped.message)
            raise
        except Opaque:
            if len(batch) == 1 and self._run.recovery.blames(operations[0].key):
                self._run.fail(operations[0], "the PDS fails to write it, and does not say why")
            raise
        self._run.scribe.committed(entry, commit, self._run.head or "")
        self._committed(operations, commit, time.monotonic() - began)
        await self._run.linker.follow(operations)
        return False

    async def _write_down(self, batch: Sequence[Ready]) -> int:
        """Be sure of the user, and have the batch in the journal, before it is sent."""
        run, kind = self._run, batch[0].operation.kind
        assert run.head is not None
        await run.lease.check()
        entry = await run.scribe.sending(kind, self._batches, run.head, batch)
        run.emit(events.BatchStarted(kind, self._batches, len(batch)))
        return entry

    async def _apply(
        self, session: RepoSession, writes: Sequence[Write], operations: Sequence[Operation]
    ) -> Commit:
        """Send the writes upon the head; where another writer was first without touching them, once more."""
        while True:
            assert self._run.head is not None
            try:
                return await session.apply_writes(writes, self._run.head)
            except Swapped:
                self._run.recovery.swapped()
                if not await self._run.reconciler.caught_up(operations):
                    raise

    def _committed(self, operations: Sequence[Operation], commit: Commit, seconds: float) -> None:
        self._run.head, self._run.rev = commit.cid, commit.rev
        self._run.recovery.progressed()
        self.limit = min(MAX_WRITES, self.limit * 2)
        self._run.reconciler.wrote(operations)
        for op in operations:
            self._run.pending.pop(op.key, None)
        done = tally(operations)
        kind = operations[0].kind
        self._run.emit(events.Committed(kind, self._batches, done, commit.cid, commit.rev, seconds))
        self._run.tell_budgets(Scope.POINTS, self._run.reconciler.did)

    def halve(self) -> None:
        """The batch that failed goes again in halves, until the bad record stands alone."""
        self.limit = max(1, self._last_size // 2)

    async def settle(self) -> None:
        """See the batch that is on its way to its end, whatever becomes of the run."""
        if self._opening:
            await finish(self._opening, 30)
        if self._flight:
            await finish(self._flight, 30)
