"""Running a plan over one user: batch by batch, each commit linked in Mongo before the next is confirmed.

What keeps other people's work safe here:

- every batch carries `swapCommit`, chained from a snapshot, so nobody's write is written over unseen;
- a lost answer, an opaque failure and a moved repo mean the same: read again, match again, go on;
- just before a batch is sent its docs are read once more, and a deleted one is left out;
- creates and updates first, deletes last and in commits of their own, and none after a failure;
- what is deleted or overwritten is in a backup first;
- stopping, even by force, waits for the batch that is on its way and links it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from acconsole.engine import events
from acconsole.engine.backup import Backup
from acconsole.engine.batches import MAX_WRITES, Ready, cut
from acconsole.engine.events import Event, Failure, RunResult, Stop
from acconsole.engine.guard import Guard
from acconsole.engine.pacing import room
from acconsole.engine.plan import Action, BlockedItem, Operation, Plan, Tally
from acconsole.engine.ports import Commit, Docs, Link, Objects, Repos, RepoSession, Write
from acconsole.engine.prepare import Preparer
from acconsole.engine.reconcile import Reconciler
from acconsole.engine.recovery import Patience, Recovery
from acconsole.engine.tasks import finish
from acconsole.errors import (
    AccountError,
    AcError,
    BudgetSpent,
    Failed,
    Opaque,
    Swapped,
    Uncertain,
    WriteRefused,
)
from acconsole.media.base import MediaType

ORDER = (MediaType.MOODS, MediaType.PIECES, MediaType.KIDLISP, MediaType.PAINTINGS, MediaType.TAPES)
"""Records without blobs first, so that a slow picture holds nobody's text up."""
BLOB_CHUNK = 24
"""How many records with blobs are made ready together: enough to be quick, few enough to see it move."""
FIRST_BATCH = 20
"""The first batch is small: its answer tells what the rate limit leaves before much is at stake."""

Key = tuple[MediaType, str]


@dataclass(frozen=True, slots=True)
class World:
    """The ports that a run works with."""

    docs: Docs
    repos: Repos
    objects: Objects


@dataclass(slots=True)
class Account:
    """The run's account while it is being made: what was confirmed, what failed."""

    done: Tally = field(default_factory=Tally)
    failed: list[Failure] = field(default_factory=list)
    blocked: list[BlockedItem] = field(default_factory=list)
    points: int = 0
    backup: str | None = None
    resume_at: float | None = None


class UserRun:
    """One run of one plan. `go` is called once; every event goes through `emit`."""

    def __init__(
        self,
        plan: Plan,
        world: World,
        guard: Guard,
        *,
        run: str,
        folder: Path,
        emit: Callable[[Event], None],
        stop: Stop,
        wait: bool,
    ) -> None:
        self.plan = plan
        self.world = world
        self.guard = guard
        self.run = run
        self.stop = stop
        self.wait = wait
        self.account = Account(blocked=list(plan.blocked))
        self.pending: dict[Key, Operation] = {op.key: op for op in plan.operations}
        self.quiet: set[Key] = set()
        self.head, self.rev = plan.commit, plan.rev
        self.session: RepoSession | None = None
        self.batches = 0
        self.limit = MAX_WRITES
        self.backup = Backup(folder)
        self.patience = Patience(self.emit, stop)
        self.recovery = Recovery()
        self.preparer = Preparer(self)
        self.reconciler = Reconciler(self)
        self._emit = emit
        self._flight: asyncio.Task[bool] | None = None
        self._linking: asyncio.Task[None] | None = None

    # -- the account ---------------------------------------------------------------------------------

    def emit(self, event: Event) -> None:
        """Tell an event, and keep the account of it."""
        account = self.account
        match event:
            case events.Committed(done=done) | events.Found(done=done):
                account.done += done
            case events.Linked(relinked=relinked):
                account.done += Tally(relink=relinked)
            case events.BlobStored(uploaded=True):
                account.done += Tally(blobs=1)
            case events.ItemFailed(failure=failure):
                account.failed.append(failure)
            case events.ItemBlocked(item=item):
                account.blocked.append(item)
            case _:
                pass
        self._emit(event)

    def fail(self, operation: Operation, reason: str) -> None:
        """One operation has failed for good; the others go on."""
        self.pending.pop(operation.key, None)
        handle = self.plan.user.name
        self.emit(events.ItemFailed(Failure(handle, operation.kind, operation.ref, operation.rkey, reason)))

    def drop(self, operation: Operation, reason: str) -> None:
        """One operation has nothing left to do, which is no failure."""
        self.pending.pop(operation.key, None)
        self.emit(events.Dropped(operation.kind, 1, reason))

    def block(self, operation: Operation, name: str, reason: str) -> None:
        """One operation's doc turned out not to give a valid record."""
        self.pending.pop(operation.key, None)
        self.emit(events.ItemBlocked(BlockedItem(operation.kind, operation.ref or "", name, reason)))

    # -- the run -------------------------------------------------------------------------------------

    async def go(self) -> None:
        """Run the plan; `Finished` is emitted whatever happens but a cancellation.

        Raises `Unreachable` and `Refused`; a user's own trouble is in the account.
        """
        began, sent = time.monotonic(), self.world.repos.requests
        self.emit(events.Started(self.run, self.plan, self.guard.live))
        trouble: AcError | None = None
        try:
            await self._work()
        except AcError as error:
            trouble = error
        finally:
            await self._settle()
        if trouble:
            self._fail_user(trouble)
        self.emit(events.Finished(self._result(began, sent)))
        if trouble and not isinstance(trouble, Failed):
            raise trouble

    def _result(self, began: float, sent: int) -> RunResult:
        account, live = self.account, self.guard.live
        return RunResult(
            run=self.run,
            action=self.plan.action,
            live=live,
            planned=self.plan.tally(),
            done=account.done,
            failed=tuple(account.failed),
            blocked=tuple((self.plan.user.name, item) for item in account.blocked),
            pds_requests=self.world.repos.requests - sent,
            points=account.points if live else self.plan.points,
            seconds=time.monotonic() - began,
            backup=account.backup,
            stopped=self.stop.requested,
            resume_at=account.resume_at,
        )

    def _fail_user(self, error: AcError) -> None:
        if isinstance(error, BudgetSpent):
            self.account.resume_at = error.resume_at
        self.emit(events.ItemFailed(Failure(self.plan.user.name, None, None, None, error.message)))

    async def _work(self) -> None:
        if self.plan.problem:
            raise AccountError(self.plan.problem)
        if self.plan.is_empty:
            return
        if self.guard.live:
            await self._begin_live()
        await self._until_done()
        for _ in range(3):
            # Docs may have died on the way, and the site's own writers publish without looking.
            if not (self.guard.live and self._settled and await self.reconciler.second_look()):
                return
            await self._until_done()

    @property
    def _settled(self) -> bool:
        return not self.stop.requested and not self.account.failed and self.plan.action != "wipe"

    async def _begin_live(self) -> None:
        snapshot = await self.patience.of(self.world.repos.snapshot, self.reconciler.did)
        if snapshot.commit != self.plan.commit:
            await self.reconciler.read_docs()
            await self.reconciler.take(snapshot, "the repo has moved since the plan was made")
        self.reconciler.adopt(snapshot)
        await self.save()

    async def save(self) -> None:
        """Put aside what the pending operations will delete or overwrite, if it is not yet."""
        links = [] if self.backup.parts else await self.reconciler.links_to_clear()
        written = await self.backup.cover(
            self.run, self.plan, self.reconciler.snapshot, self.pending.values(), links, self.world.repos
        )
        if written:
            self.account.backup = str(self.backup.folder)
            self.emit(events.BackupWritten(str(self.backup.folder)))

    async def _until_done(self) -> None:
        while not self.stop.requested:
            try:
                await self._round()
                await self.join_links()
                return
            except Uncertain as why:
                await self.join_links()
                await self._again(why)

    async def _again(self, why: Uncertain) -> None:
        isolating = isinstance(why, Opaque) and self.limit > 1
        await self.recovery.pause(why, isolating)
        if isinstance(why, Opaque):
            self.limit = max(1, self.recovery.last_size // 2)
        await self.reconciler.read_again(why)

    async def _round(self) -> None:
        """One pass over what is to do. Raises `Uncertain` as soon as the repo's state is not known."""
        await self._relink()
        for kind in ORDER:
            await self._write(kind, (Action.CREATE, Action.UPDATE))
        await self.join_links()
        if self.account.failed:
            self._keep_the_rest()
            return
        for kind in ORDER:
            await self._write(kind, (Action.DELETE,))
        await self.join_links()
        if not self.stop.requested and not self.account.failed:
            await self._clear(self.reconciler.uncleared)

    def _keep_the_rest(self) -> None:
        for op in [op for op in self.pending.values() if op.action is Action.DELETE]:
            self.drop(op, "nothing is deleted after a failure in the same run")

    async def _relink(self) -> None:
        chosen = [op for op in self.pending.values() if op.action is Action.RELINK]
        for start in range(0, len(chosen), 100):
            if self.stop.requested:
                return
            some = await self.preparer.still_wanted(chosen[start : start + 100])
            if self.guard.permits():
                await self._link(some)
            else:
                self._withhold(some)

    async def _write(self, kind: MediaType, actions: tuple[Action, ...]) -> None:
        """Send one media type's operations batch by batch; the next is made ready while one is on its way."""
        queue = deque(op for op in self.pending.values() if op.kind is kind and op.action in actions)
        ready: list[Ready] = []
        while (queue or ready) and not self.stop.requested:
            if self.account.failed and Action.DELETE in actions:
                self._keep_the_rest()
                return
            ready = ready or await self._next(queue)
            room, waited = await self._room()
            if waited:
                ready = await self.preparer.recheck(ready)
            count = cut(ready, self._batch_limit(), room)
            batch, ready = ready[:count], ready[count:]
            if batch:
                ready = await self._send(batch, ready, queue)

    async def _next(self, queue: deque[Operation]) -> list[Ready]:
        """The next operations of the queue, whole, and looked at once more in Mongo."""
        size = BLOB_CHUNK if any(op.blobs for op in queue) else self.limit
        chunk = [queue.popleft() for _ in range(min(size, len(queue)))]
        return await self.preparer.recheck(await self.preparer.ready(chunk))

    async def _send(self, batch: Sequence[Ready], ready: list[Ready], queue: deque[Operation]) -> list[Ready]:
        """Send a batch, and make the next ready meanwhile; returns what is ready."""
        operations = [each.operation for each in batch]
        deletes = sum(
            op.action is Action.DELETE and not self.reconciler.is_duplicate(op) for op in operations
        )
        if not self.guard.permits(deletes=deletes):
            self._withhold(operations)
            return ready
        self._launch(batch, await self.login())
        try:
            if queue and not ready:
                ready = await self._next(queue)
        finally:
            assert self._flight is not None
            refused = await asyncio.shield(self._flight)
        if refused:
            queue.extendleft(op for op in reversed(operations) if op.key in self.pending)
        return ready

    def _batch_limit(self) -> int:
        first = self.guard.live and self.batches == 0
        return min(self.limit, FIRST_BATCH) if first else self.limit

    async def login(self) -> RepoSession:
        """The user's session, opened when the first write needs it. Raises `AccountError`."""
        if self.session is None:
            self.session = await self.world.repos.login(self.plan.user)
        return self.session

    async def _room(self) -> tuple[int | None, bool]:
        """The points that may be sent now, None for any number, and whether that was waited for.

        Raises `BudgetSpent` when nothing may be sent and the run is not to wait.
        """
        waited = False
        while self.session and not self.stop.requested:
            left = room(self.session.windows())
            if left.points is None or left.points >= Action.CREATE.points:
                return left.points, waited
            if not self.wait:
                raise BudgetSpent(
                    "The PDS's budget for writes to this repo is spent.",
                    "Run it again when the window opens; what was done stays done.",
                    resume_at=left.resets,
                )
            await self.patience.until(left.resets, "the budget for writes to this repo is spent")
            waited = True
        return None, waited

    def _launch(self, batch: Sequence[Ready], session: RepoSession) -> None:
        """Send a batch as a task of its own: a cancelled run leaves it to its end, and learns of it."""
        self.batches += 1
        self.emit(events.BatchStarted(batch[0].operation.kind, self.batches, len(batch)))
        self.recovery.last_size = len(batch)
        self._flight = asyncio.create_task(self._commit(batch, session))

    async def _commit(self, batch: Sequence[Ready], session: RepoSession) -> bool:
        """One batch to its end; True when the PDS would not have it and nothing was written."""
        began = time.monotonic()
        operations = [each.operation for each in batch]
        self.account.points += sum(op.action.points for op in operations)
        try:
            commit = await self._apply(session, [each.write() for each in batch], operations)
        except WriteRefused as refused:
            if len(batch) == 1:
                self.fail(operations[0], refused.message)
            self.limit = max(1, len(batch) // 2)
            return True
        except BudgetSpent as spent:
            if not self.wait:
                raise
            await self.patience.until(spent.resume_at, "the rate limit is spent")
            return True
        except Opaque:
            if len(batch) == 1 and self.recovery.blames(operations[0].key):
                self.fail(operations[0], "the PDS fails to write it, and does not say why")
            raise
        self._committed(operations, commit, time.monotonic() - began)
        await self.join_links()
        self._linking = asyncio.create_task(self._after(operations))
        return False

    async def _apply(
        self, session: RepoSession, writes: Sequence[Write], operations: Sequence[Operation]
    ) -> Commit:
        """Send the writes upon the head; where another writer was first without touching them, once more."""
        while True:
            assert self.head is not None
            try:
                return await session.apply_writes(writes, self.head)
            except Swapped:
                self.recovery.swapped()
                if not await self.reconciler.caught_up(operations):
                    raise

    def _committed(self, operations: Sequence[Operation], commit: Commit, seconds: float) -> None:
        self.head, self.rev = commit.cid, commit.rev
        self.recovery.progressed()
        self.limit = min(MAX_WRITES, self.limit * 2)
        self.reconciler.wrote(operations)
        for op in operations:
            self.pending.pop(op.key, None)
        done = tally(operations)
        kind = operations[0].kind
        self.emit(events.Committed(kind, self.batches, done, commit.cid, commit.rev, seconds))
        if self.session and (windows := self.session.windows()):
            tight = min(windows, key=lambda window: window.remaining)
            self.emit(events.Budget(tight.limit, tight.remaining, tight.seconds, tight.reset))

    async def _after(self, operations: Sequence[Operation]) -> None:
        """What Mongo is told after a commit: the rkeys of what is there, none for what a wipe took."""
        await self._link([op for op in operations if op.link])
        gone = {(op.kind, op.ref) for op in operations if op.action is Action.DELETE}
        await self._clear([each for each in self.reconciler.uncleared if each in gone])

    async def _link(self, operations: Sequence[Operation]) -> None:
        for kind in ORDER:
            chosen = [op for op in operations if op.kind is kind and op.ref]
            if not chosen:
                continue
            links = [Link(op.ref or "", op.rkey, self._uri(op)) for op in chosen]
            count = await self.patience.of(self.world.docs.link, kind, links)
            self.reconciler.linked(kind, links)
            relinks = [op for op in chosen if op.action is Action.RELINK]
            for op in relinks:
                self.pending.pop(op.key, None)
            counted = sum(op.key not in self.quiet for op in relinks)
            self.reconciler.wrote(relinks)
            self.emit(events.Linked(kind, count, counted))

    def _uri(self, op: Operation) -> str:
        return f"at://{self.reconciler.did}/{op.kind.nsid}/{op.rkey}"

    async def _clear(self, cleared: Sequence[Key]) -> None:
        """Take the stored rkeys out of these docs: the end of a wipe."""
        for kind in ORDER:
            refs = [ref for each, ref in cleared if each is kind]
            if not refs:
                continue
            if self.guard.permits():
                await self.patience.of(self.world.docs.unlink, kind, refs)
                self.emit(events.Linked(kind, len(refs), len(refs)))
            else:
                self.emit(events.Withheld(kind, Tally(relink=len(refs))))
            self.reconciler.uncleared = [
                each for each in self.reconciler.uncleared if each not in set(cleared)
            ]

    def _withhold(self, operations: Sequence[Operation]) -> None:
        for op in operations:
            self.pending.pop(op.key, None)
        if operations:
            held = replace(tally(operations), blobs=sum(len(op.blobs) for op in operations))
            self.emit(events.Withheld(operations[0].kind, held))

    async def join_links(self) -> None:
        """Wait until Mongo holds what the last commit gave."""
        if self._linking:
            linking, self._linking = self._linking, None
            await linking

    async def _settle(self) -> None:
        """See the batch that is on its way to its end, and link it, even when the run is being torn down."""
        if self._flight:
            await finish(self._flight, 30)
        if self._linking:
            await finish(self._linking, 30)


def tally(operations: Sequence[Operation]) -> Tally:
    """Operations by what they do; uploads are not counted here."""
    counts = {action.value: 0 for action in Action}
    for op in operations:
        counts[op.action.value] += 1
    return Tally(**counts)
