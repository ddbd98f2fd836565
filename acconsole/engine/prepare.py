"""From operations to what is sent: pictures made and stored, docs looked at once more, records checked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from acconsole.engine import blobs, events
from acconsole.engine.batches import Ready
from acconsole.engine.cid import blob_cid
from acconsole.engine.model import Verdict
from acconsole.engine.plan import Action, Operation
from acconsole.errors import BlobError
from acconsole.media import lexicon, record
from acconsole.media.base import (
    BlobWanted,
    Blocked,
    Built,
    Doc,
    MediaType,
    Record,
    is_dead,
    iso,
    owner_of,
    parse_when,
)

if TYPE_CHECKING:
    from acconsole.engine.apply import UserRun

AT_ONCE = 8
"""Pictures fetched, made and stored at the same time."""


class Preparer:
    """Makes a run's operations ready to be sent, and leaves out those that no longer are to be."""

    def __init__(self, run: UserRun) -> None:
        self._run = run
        self._limit = asyncio.Semaphore(AT_ONCE)

    async def ready(self, operations: Sequence[Operation]) -> list[Ready]:
        """The operations with their whole records; one whose picture cannot be had fails here."""
        run = self._run
        wants_storage = [op for op in operations if op.record is not None and _wants_storage(op)]
        if not wants_storage or not run.guard.permits():
            return [Ready.of(op, op.record) for op in operations]
        await run.sender.login()
        docs = await self._docs(wants_storage)
        made = await asyncio.gather(*(self._made(op, docs.get(op.ref or "")) for op in operations))
        return [each for each in made if each]

    async def _made(self, operation: Operation, doc: Doc | None) -> Ready | None:
        if operation.record is None:
            return Ready.of(operation, None)
        if doc is None or not self._is_live(operation, doc):
            self._run.drop(operation, "the doc was deleted meanwhile")
            return None
        try:
            async with self._limit:
                whole = await self._whole(operation, operation.record, doc)
        except BlobError as error:
            self._run.fail(operation, error.message)
            return None
        return Ready.of(operation, whole)

    async def _whole(self, operation: Operation, made: Record, doc: Doc) -> Record:
        run = self._run
        whole = await blobs.look_up(operation.kind, doc, made, run.world.objects)
        built = record.build(operation.kind, doc)
        wanted = {} if isinstance(built, Blocked) else {blob.field: blob for blob in built.blobs}
        for name in operation.blobs:
            data = await blobs.make(operation.kind, name, doc, run.plan.user, run.world.objects)
            whole = {**whole, name: await self._stored(operation, wanted[name], data)}
        return whole

    async def _stored(self, operation: Operation, wanted: BlobWanted, data: bytes) -> Record:
        """The blob as a record names it; sent only when the repo does not hold it already."""
        run, cid = self._run, blob_cid(data)
        held = cid in run.reconciler.blobs
        blob: Record = {
            "$type": "blob",
            "ref": {"$link": cid},
            "mimeType": wanted.mime,
            "size": len(data),
        }
        if not held:
            session = await run.sender.login()
            blob = await session.upload_blob(data, wanted.mime)
            run.reconciler.blobs.add(cid)
        run.emit(events.BlobStored(operation.kind, operation.ref or "", len(data), not held))
        return blob

    async def recheck(self, batch: Sequence[Ready]) -> list[Ready]:
        """The batch as its docs are now: deleted ones left out, changed ones as they have become."""
        named = [each.operation for each in batch if each.operation.ref]
        docs = await self._docs(named)
        looked_at = [self._now(each, docs.get(each.operation.ref or "")) for each in batch]
        return [_not_idle(each) for each in looked_at if each]

    def _now(self, each: Ready, doc: Doc | None) -> Ready | None:
        operation = each.operation
        if operation.action is Action.DELETE:
            return self._delete_now(each, doc)
        if doc is None or not self._is_live(operation, doc):
            self._run.drop(operation, "the doc was deleted meanwhile")
            return None
        built = record.compose(operation.kind, doc)
        if isinstance(built, Blocked):
            self._run.block(operation, built.field, built.reason)
            return None
        if each.record == built.record and not operation.blobs:
            return each  # the very record that was checked when it was planned
        now = self._changed(each, built)
        return self._checked(now) if now else None

    def _changed(self, each: Ready, built: Built) -> Ready | None:
        assert each.record is not None
        fresh = {name: value for name, value in built.record.items() if name not in built.undecided}
        if all(each.record.get(name) == value for name, value in fresh.items()):
            return each
        if each.operation.blobs:
            self._run.fail(each.operation, "the doc changed while its picture was made; run it again")
            return None
        return Ready.of(each.operation, each.record | fresh)

    def _checked(self, each: Ready) -> Ready | None:
        """Nothing is sent that breaks its lexicon."""
        assert each.record is not None
        problem = lexicon.problem(each.operation.kind, each.record)
        if problem:
            self._run.fail(each.operation, f"{problem.field} {problem.reason}")
            return None
        return each

    def _delete_now(self, each: Ready, doc: Doc | None) -> Ready | None:
        guarded = each.operation.verdict in (Verdict.TOMBSTONE, Verdict.ORPHAN)
        wiping = self._run.plan.action == "wipe"
        if guarded and not wiping and doc is not None and self._is_live(each.operation, doc):
            self._run.drop(each.operation, "its doc is there after all")
            return None
        return each

    async def still_wanted(self, operations: Sequence[Operation]) -> list[Operation]:
        """The relinks whose docs are still there and live."""
        docs = await self._docs(operations)
        wanted = []
        for op in operations:
            doc = docs.get(op.ref or "")
            if doc is not None and self._is_live(op, doc):
                wanted.append(op)
            else:
                self._run.drop(op, "the doc was deleted meanwhile")
        return wanted

    def _is_live(self, operation: Operation, doc: Doc) -> bool:
        return not is_dead(doc) and owner_of(doc) == self._run.plan.user.id

    async def _docs(self, operations: Sequence[Operation]) -> dict[str, Doc]:
        """The operations' docs as they are now; all are of one media type but for relinks."""
        run = self._run
        found: dict[str, Doc] = {}
        for kind in dict.fromkeys(op.kind for op in operations):
            refs = [op.ref for op in operations if op.kind is kind and op.ref]
            found |= await run.patience.of(run.world.docs.by_refs, kind, refs)
        return found


def _not_idle(each: Ready) -> Ready:
    """An update to the very value that stands in the tree is one of a record that the PDS has lost.

    The PDS would find nothing to do and leave the block away: a date one millisecond later gives it a new
    one, and agrees with the doc's all the same.
    """
    if each.adds is None or each.adds != each.removes or each.record is None:
        return each
    when = parse_when(each.record["when"])
    assert when is not None, "what was built has a date"
    return Ready.of(each.operation, {**each.record, "when": iso(when + timedelta(milliseconds=1))})


def _wants_storage(operation: Operation) -> bool:
    return bool(operation.blobs) or operation.kind is MediaType.PAINTINGS
