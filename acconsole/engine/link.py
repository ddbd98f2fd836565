"""Linking: what Mongo is told after a commit, while the next is on its way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from acconsole.engine import events
from acconsole.engine.plan import Action, Operation, Tally
from acconsole.engine.ports import Link
from acconsole.engine.tasks import finish
from acconsole.media.base import MediaType

if TYPE_CHECKING:
    from acconsole.engine.apply import UserRun

RELINK_CHUNK = 100
"""Relinks between two looks at whether the run is to stop."""


class Linker:
    """A run's one writer to Mongo."""

    def __init__(self, run: UserRun) -> None:
        self._run = run
        self._linking: asyncio.Task[None] | None = None

    async def relink(self) -> None:
        """The plan's relinks, which need no write to the PDS."""
        pending = self._run.pending.values()
        chosen = [op for op in pending if op.action is Action.RELINK and op.back is None]
        for start in range(0, len(chosen), RELINK_CHUNK):
            await self._run.stop.while_paused()
            if self._run.stop.requested:
                return
            some = await self._run.preparer.still_wanted(chosen[start : start + RELINK_CHUNK])
            if self._run.guard.permits():
                await self._run.scribe.relinking(some)
                await self._link(some)
            else:
                self._run.withhold(some)

    async def follow(self, operations: Sequence[Operation]) -> None:
        """Begin to tell Mongo of a commit, once it has been told of the one before."""
        await self.join()
        self._linking = asyncio.create_task(self._after(operations))

    async def join(self) -> None:
        """Wait until Mongo holds what the last commit gave; cancelled meanwhile, `settle` sees to it."""
        if linking := self._linking:
            try:
                await asyncio.shield(linking)
            finally:
                if linking.done() and self._linking is linking:
                    self._linking = None

    async def settle(self) -> None:
        """See to its end what Mongo is being told, whatever becomes of the run."""
        if self._linking:
            await finish(self._linking, 30)

    async def _after(self, operations: Sequence[Operation]) -> None:
        """What Mongo is told after a commit: the rkeys of what is there, none for what a wipe took."""
        await self._link([op for op in operations if op.link])
        await self._run.putbacks.after(operations)
        gone = {(op.kind, op.ref) for op in operations if op.action is Action.DELETE}
        await self.clear([each for each in self._run.reconciler.uncleared if each in gone])

    async def _link(self, operations: Sequence[Operation]) -> None:
        for kind in MediaType:
            chosen = [op for op in operations if op.kind is kind and op.ref]
            if not chosen:
                continue
            links = [Link(op.ref or "", op.rkey, self._uri(op)) for op in chosen]
            await self._run.lease.check()
            count = await self._run.patience.of(self._run.world.docs.link, kind, links)
            self._run.scribe.linked(kind, links)
            self._run.reconciler.linked(kind, links)
            relinks = [op for op in chosen if op.action is Action.RELINK]
            for op in relinks:
                self._run.pending.pop(op.key, None)
            counted = sum(op.key not in self._run.quiet for op in relinks)
            self._run.reconciler.wrote(relinks)
            self._run.emit(events.Linked(kind, count, counted))

    def _uri(self, op: Operation) -> str:
        return f"at://{self._run.reconciler.did}/{op.kind.nsid}/{op.rkey}"

    async def clear(self, cleared: Sequence[tuple[MediaType, str]]) -> None:
        """Take the stored rkeys out of these docs: the end of a wipe."""
        for kind in MediaType:
            refs = [ref for each, ref in cleared if each is kind]
            if not refs:
                continue
            if self._run.guard.permits():
                await self._run.lease.check()
                await self._run.patience.of(self._run.world.docs.unlink, kind, refs)
                self._run.scribe.cleared(kind, refs)
                self._run.emit(events.Linked(kind, len(refs), len(refs)))
            else:
                self._run.emit(events.Withheld(kind, Tally(relink=len(refs))))
            self._run.reconciler.uncleared = [
                each for each in self._run.reconciler.uncleared if each not in set(cleared)
            ]
