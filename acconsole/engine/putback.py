"""Giving docs back what they stored before a run: an undo's writes to Mongo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from acconsole.engine import events
from acconsole.engine.plan import Operation
from acconsole.engine.returning import DEAD
from acconsole.media.base import MediaType

if TYPE_CHECKING:
    from acconsole.engine.apply import UserRun

CHUNK = 100
"""Docs between two looks at whether the run is to stop."""


class PutBacks:
    """A doc's turn comes when its records are done; where one of them was left as it is, so is the doc."""

    def __init__(self, run: UserRun) -> None:
        self._run = run

    async def all(self) -> None:
        """Every doc whose turn has come, unless the run is to stop."""
        going = self._going(self._due())
        for start in range(0, len(going), CHUNK):
            await self._run.stop.while_paused()
            if self._run.stop.requested:
                return
            await self._put_back(going[start : start + CHUNK])

    async def after(self, operations: Sequence[Operation]) -> None:
        """The docs whose records a commit was about."""
        places = {(op.kind, op.ref) for op in operations}
        going = self._going([op for op in self._due() if (op.kind, op.ref) in places])
        if going:
            await self._put_back(going)

    def _due(self) -> list[Operation]:
        pending = self._run.pending.values()
        backs = [op for op in pending if op.back is not None]
        waiting = {(op.kind, op.ref) for op in pending if op.back is None} if backs else set()
        return [op for op in backs if (op.kind, op.ref) not in waiting]

    def _going(self, operations: Sequence[Operation]) -> list[Operation]:
        staying = self._staying() if operations else set()
        for op in operations:
            if (op.kind, op.ref) in staying:
                self._run.drop(op, "its record stays as it is")
        return [op for op in operations if (op.kind, op.ref) not in staying]

    def _staying(self) -> set[tuple[MediaType | None, str | None]]:
        account = self._run.account
        failed = {(failure.kind, failure.ref) for failure in account.failed}
        return failed | {(item.kind, item.ref) for item in account.skipped if item.reason != DEAD}

    async def _put_back(self, operations: Sequence[Operation]) -> None:
        run = self._run
        if not run.guard.permits():
            run.withhold(operations)
            return
        await run.scribe.relinking(operations)
        for kind in dict.fromkeys(op.kind for op in operations):
            chosen = [op for op in operations if op.kind is kind]
            changes = {op.ref: op.back for op in chosen if op.ref and op.back}
            await run.lease.check()
            held = await run.patience.of(run.world.docs.put_back, kind, changes)
            done = [op for op in chosen if op.ref in held]
            run.scribe.put_back(done)
            for op in done:
                run.pending.pop(op.key, None)
            if done:
                run.emit(events.Linked(kind, len(done), len(done)))
            for op in chosen:
                if op.ref not in held:
                    run.drop(op, "its stored rkey has changed since")
