"""Running a plan over one user: batch by batch, each commit linked in Mongo before the next is confirmed.

What keeps other people's work safe here:

- every batch carries `swapCommit`, chained from a snapshot, so nobody's write is written over unseen;
- a lost answer, an opaque failure and a moved repo mean the same: read again, match again, go on;
- just before a batch is sent its docs are read once more, and a deleted one is left out;
- creates and updates first, deletes last and in commits of their own, and none after a failure;
- what is deleted or overwritten is in a backup first;
- one run at a time holds the user, and looks that it still does before each write;
- every batch is in the journal before it is sent;
- stopping, even by force, waits for the batch that is on its way and links it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from acconsole.engine import events
from acconsole.engine.backup import Backup
from acconsole.engine.events import Event, Failure, RunResult, Stop
from acconsole.engine.guard import Guard
from acconsole.engine.history import Ending
from acconsole.engine.journal import Beginning, Subject
from acconsole.engine.lease import Lease
from acconsole.engine.link import Linker
from acconsole.engine.model import Place, Verdict
from acconsole.engine.plan import Action, BlockedItem, Operation, Plan, SkippedItem, Tally, tally
from acconsole.engine.ports import World
from acconsole.engine.prepare import Preparer
from acconsole.engine.putback import PutBacks
from acconsole.engine.reconcile import Reconciler
from acconsole.engine.recovery import Patience, Recovery
from acconsole.engine.scribe import Scribe
from acconsole.engine.send import Sender
from acconsole.engine.ways import way_of
from acconsole.engine.windows import Scope
from acconsole.errors import (
    AccountError,
    AcError,
    BudgetSpent,
    Failed,
    Opaque,
    Uncertain,
)
from acconsole.media.base import MediaType

ORDER = (MediaType.MOODS, MediaType.PIECES, MediaType.KIDLISP, MediaType.PAINTINGS, MediaType.TAPES)
"""Records without blobs first, so that a slow picture holds nobody's text up."""


@dataclass(slots=True)
class Account:
    """The run's account while it is being made: what was confirmed, what failed."""

    done: Tally = field(default_factory=Tally)
    failed: list[Failure] = field(default_factory=list)
    blocked: list[BlockedItem] = field(default_factory=list)
    skipped: list[SkippedItem] = field(default_factory=list)
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
        beginning: Beginning,
        folder: Path,
        lease_seconds: float,
        emit: Callable[[Event], None],
        stop: Stop,
        wait: bool,
        part: int | None = None,
        worker: str = "",
    ) -> None:
        self.plan = plan
        self.world = world
        self.guard = guard
        self.run = beginning.run
        self.stop = stop
        self.wait = wait
        self.way = way_of(plan)
        self.account = Account(blocked=list(plan.blocked), skipped=list(plan.skipped))
        self.pending: dict[Place, Operation] = {op.key: op for op in plan.operations}
        self.quiet: set[Place] = set()
        self.head, self.rev = plan.commit, plan.rev
        self.backup = Backup(folder, world.vault)
        self.patience = Patience(self.emit, stop, world.clock, wait=wait)
        self.recovery = Recovery()
        self.scribe = Scribe(world.journal, beginning, Subject.of(plan), part)
        self.lease = Lease(self, beginning, lease_seconds, worker)
        self.preparer = Preparer(self)
        self.sender = Sender(self)
        self.linker = Linker(self)
        self.putbacks = PutBacks(self)
        self.reconciler = Reconciler(self)
        self._emit = emit

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
        self.scribe.take(event)
        self._emit(event)

    def tell_budgets(self, scope: Scope, key: str = "") -> None:
        """Tell how the windows of a scope stand, where the PDS has its limits on."""
        budgets = self.world.repos.budgets
        for window in budgets.windows(scope, key) if budgets.on else ():
            if window.resets:
                about = (window.most, window.left, window.seconds, window.resets)
                self.emit(events.Budget(scope, *about))

    def fail(self, operation: Operation, reason: str, *, again: bool = False) -> None:
        """One operation has failed; the others go on. `again`: a later run may do better."""
        self.pending.pop(operation.key, None)
        about = (self.plan.user.name, operation.kind, operation.ref, operation.rkey)
        self.emit(events.ItemFailed(Failure(*about, reason, again)))

    def drop(self, operation: Operation, reason: str) -> None:
        """One operation has nothing left to do, which is no failure."""
        self.pending.pop(operation.key, None)
        self.left_out(operation, reason)
        self.emit(events.Dropped(operation.kind, 1, reason))

    def left_out(self, operation: Operation, reason: str) -> None:
        """One operation is left out, which an undo lists."""
        if self.way.lists:
            about = (operation.kind, operation.ref, operation.rkey)
            self.account.skipped.append(SkippedItem(*about, reason))

    def block(self, operation: Operation, name: str, reason: str) -> None:
        """One operation's doc turned out not to give a valid record.

        The further records of the doc stay too: one of them may hold what this one lacks.
        """
        self.pending.pop(operation.key, None)
        self.emit(events.ItemBlocked(BlockedItem(operation.kind, operation.ref or "", name, reason)))
        for op in [op for op in self.pending.values() if op.verdict is Verdict.DUPLICATE]:
            if (op.kind, op.ref) == (operation.kind, operation.ref):
                self.drop(op, "the record that is to stay could not be mended")

    # -- the run -------------------------------------------------------------------------------------

    async def go(self) -> None:
        """Run the plan; `Finished` is emitted whatever happens, also when it is cancelled.

        Raises `Unreachable` and `Refused`; a user's own trouble is in the account. Where the journal cannot
        be written or another run holds the user, nothing is emitted at all.
        """
        began, sent = time.monotonic(), self.world.repos.requests
        await self.scribe.begin()
        await self._hold(began, sent)
        self.emit(events.Started(self.run, self.plan, self.guard.live))
        trouble: AcError | None = None
        ending = Ending.FAILED
        try:
            await self._work()
            ending = Ending.STOPPED if self.stop.requested else Ending.FINISHED
        except AcError as error:
            if isinstance(error, BudgetSpent) and self.stop.requested:
                ending = Ending.STOPPED  # it was stopped while it waited
            else:
                trouble = error
        except asyncio.CancelledError:
            self.stop.request()
            ending = Ending.STOPPED
            raise
        finally:
            await self._settle()
            if trouble:
                self._fail_user(trouble)
            result = self._result(began, sent)
            await self.scribe.end(ending, result)
            self.emit(events.Finished(result))
        if trouble and not isinstance(trouble, Failed):
            raise trouble

    async def _hold(self, began: float, sent: int) -> None:
        """Hold the user, if anything is to be written. Raises `Held`, `Unreachable`, and ends the run."""
        if not self.guard.live or self.plan.problem or self.plan.is_empty:
            return
        ending = Ending.STOPPED
        try:
            await self.lease.take()
        except AcError as error:
            ending = Ending.FAILED
            self.account.failed.append(Failure.of_user(self.plan.user.name, error))
            raise
        finally:
            if not self.lease.is_held:
                await self.lease.let_go()
                await self.scribe.end(ending, self._result(began, sent))

    async def _settle(self) -> None:
        """See what is on its way to its end, and leave the user to others."""
        await self.sender.settle()
        await self.linker.settle()
        await self.lease.let_go()

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
            skipped=tuple((self.plan.user.name, item) for item in account.skipped),
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
        self.emit(events.ItemFailed(Failure.of_user(self.plan.user.name, error)))

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
        return not self.stop.requested and not self.account.failed and self.way.looks_twice

    async def _begin_live(self) -> None:
        if self.plan.points:
            self.sender.open()
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
            self.run, self.plan, self.reconciler.snapshot, self.pending.values(), links, self._blob
        )
        if written:
            self.account.backup = self.backup.place
            self.emit(events.BackupWritten(str(self.backup.place)))

    async def _blob(self, did: str, cid: str) -> bytes:
        return await self.patience.afford(self.world.repos.blob, did, cid)

    async def _until_done(self) -> None:
        while not self.stop.requested:
            try:
                await self._round()
                await self.linker.join()
                return
            except Uncertain as why:
                await self.linker.join()
                await self._again(why)

    async def _again(self, why: Uncertain) -> None:
        isolating = isinstance(why, Opaque) and self.sender.limit > 1
        await self.recovery.pause(why, isolating, self.world.clock)
        if isinstance(why, Opaque):
            self.sender.halve()
        await self.reconciler.read_again(why)

    async def _round(self) -> None:
        """One pass over what is to do. Raises `Uncertain` as soon as the repo's state is not known."""
        await self.linker.relink()
        await self.putbacks.all()
        for kind in ORDER:
            await self.sender.write(kind, (Action.CREATE, Action.UPDATE))
        await self.linker.join()
        if self.account.failed:
            self.keep_the_rest()
            await self.putbacks.all()
            return
        for kind in ORDER:
            await self.sender.write(kind, (Action.DELETE,))
        await self.linker.join()
        await self.putbacks.all()
        if not self.stop.requested and not self.account.failed:
            await self.linker.clear(self.reconciler.uncleared)

    def keep_the_rest(self) -> None:
        """Leave every delete that is still to do undone."""
        for op in [op for op in self.pending.values() if op.action is Action.DELETE]:
            self.drop(op, "nothing is deleted after a failure in the same run")

    def withhold(self, operations: Sequence[Operation]) -> None:
        """A dry run has come to the leaf with these operations."""
        for op in operations:
            self.pending.pop(op.key, None)
        for kind in MediaType:
            chosen = [op for op in operations if op.kind is kind]
            if chosen:
                held = replace(tally(chosen), blobs=sum(len(op.blobs) for op in chosen))
                self.emit(events.Withheld(kind, held))
