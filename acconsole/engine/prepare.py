"""From operations to what is sent: pictures made and stored, docs looked at once more, records checked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from acconsole.engine import blobs, events, kept, tapes
from acconsole.engine.batches import Ready
from acconsole.engine.blobs import Made, Want
from acconsole.engine.cid import blob_cid
from acconsole.engine.model import Verdict
from acconsole.engine.plan import Action, Operation
from acconsole.engine.ports import World
from acconsole.engine.returning import DEAD
from acconsole.engine.tasks import together, unless
from acconsole.engine.windows import Scope
from acconsole.errors import BlobError, BudgetSpent
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
from acconsole.media.conversion import Stage
from acconsole.media.tapes import VIDEO

if TYPE_CHECKING:
    from acconsole.engine.apply import UserRun

AT_ONCE = 8
"""Pictures fetched, made and stored at the same time."""

_MAKERS: dict[MediaType, Callable[[Want, World], Coroutine[Any, Any, Made | Blocked]]] = {
    MediaType.PAINTINGS: blobs.painting,
    MediaType.TAPES: tapes.tape,
}
"""The media types that want something of storage."""


class Preparer:
    """Makes a run's operations ready to be sent, and leaves out those that no longer are to be.

    `spent`: what keeps some from being made for now; they stay to be done.
    """

    def __init__(self, run: UserRun) -> None:
        self._run = run
        self._pictures_at_once = asyncio.Semaphore(AT_ONCE)
        self._storing: dict[str, asyncio.Lock] = {}
        self.spent: BudgetSpent | None = None

    def renew(self) -> None:
        """Begin anew: what was spent may be there again."""
        self.spent = None

    async def ready(self, operations: Sequence[Operation]) -> list[Ready]:
        """The operations with their whole records.

        One whose picture or video cannot be had fails here. When the run is to stop, those that are not
        made yet are left out, and stay to be done.
        """
        run = self._run
        if any(op.exact for op in operations):
            return await self._as_they_were(operations)
        wants_storage = [op for op in operations if op.record is not None and op.kind in _MAKERS]
        if not wants_storage or not run.guard.permits():
            return [Ready.of(op, op.record) for op in operations]
        await run.sender.login()
        docs = await self._docs(wants_storage)
        made = await together(*(self._made(op, docs.get(op.ref or "")) for op in operations))
        return [each for each in made if each]

    async def _as_they_were(self, operations: Sequence[Operation]) -> list[Ready]:
        """An undo's operations, once the repo holds the blobs that they name."""
        if not self._run.guard.permits():
            return [Ready.of(op, op.record) for op in operations]
        found = await together(*map(self._as_it_was, operations))
        return [each for each in found if each]

    async def _as_it_was(self, operation: Operation) -> Ready | None:
        run, record = self._run, operation.record or {}
        try:
            async with self._pictures_at_once:
                for name in operation.blobs:
                    await run.stop.while_paused()
                    if run.stop.requested:
                        return None
                    await self._from_backup(operation, name, record[name])
            return Ready.of(operation, operation.record)
        except BlobError as error:
            run.fail(operation, error.message, again=error.retryable)
        except BudgetSpent as spent:
            self.spent = spent  # the others are still to be sent
        return None

    async def _from_backup(self, operation: Operation, name: str, named: Record) -> None:
        """See that the repo holds a blob that it held before. Raises `BlobError`."""
        undoes = self._run.plan.undoes
        folders = undoes.folders if undoes else ()
        data = await asyncio.to_thread(kept.blob, folders, named["ref"]["$link"])
        mime = str(named.get("mimeType") or "application/octet-stream")
        await self._stored(operation, BlobWanted(name, mime, len(data)), data)

    async def _made(self, operation: Operation, doc: Doc | None) -> Ready | None:
        if operation.record is None:
            return Ready.of(operation, None)
        if doc is None or not self._is_live(operation, doc):
            self._run.drop(operation, "the doc was deleted meanwhile")
            return None
        built = record.build(operation.kind, doc)
        if isinstance(built, Blocked):
            self._run.block(operation, built.field, built.reason)
            return None
        video = operation.kind is MediaType.TAPES
        await self._run.stop.while_paused()
        try:
            async with self._run.world.tapes_at_once if video else self._pictures_at_once:
                return await self._whole(operation, operation.record, doc, built)
        except BlobError as error:
            self._run.fail(operation, error.message, again=error.retryable)
        except BudgetSpent as spent:
            self.spent = spent  # the others that are made are still to be sent
        return None

    async def _whole(self, operation: Operation, record: Record, doc: Doc, built: Built) -> Ready | None:
        """The operation with its record made whole and its blobs stored; None when it is not to be sent."""
        run = self._run
        want = await self._want(operation, record, doc)
        made = await unless(run.stop.wait, _MAKERS[operation.kind](want, run.world))
        if isinstance(made, Blocked):
            run.block(operation, made.field, made.reason)
        if made is None or isinstance(made, Blocked):
            return None
        wanted = {blob.field: blob for blob in built.blobs}
        whole = made.record
        for name, data in made.blobs.items():
            whole = {**whole, name: await self._stored(operation, wanted[name], data)}
        return Ready.of(operation, whole)

    async def _want(self, operation: Operation, record: Record, doc: Doc) -> Want:
        run = self._run
        patiently = run.patience.of
        limit = await patiently(run.world.repos.blob_limit) if VIDEO.field in operation.blobs else 0
        return Want(
            operation.blobs,
            record,
            doc,
            run.plan.user,
            limit,
            run.emit,
            lambda cid: patiently(run.world.repos.blob, run.reconciler.did, cid),
        )

    async def _stored(self, operation: Operation, wanted: BlobWanted, data: bytes) -> Record:
        """The blob as a record names it; sent only when the repo does not hold it already."""
        cid = blob_cid(data)
        # Two records that want the same blob at the same time send it once.
        async with self._storing.setdefault(cid, asyncio.Lock()):
            return await self._stored_once(operation, wanted, data, cid)

    async def _stored_once(self, operation: Operation, wanted: BlobWanted, data: bytes, cid: str) -> Record:
        run, ref = self._run, operation.ref or ""
        held = cid in run.reconciler.blobs
        blob: Record = {
            "$type": "blob",
            "ref": {"$link": cid},
            "mimeType": wanted.mime,
            "size": len(data),
        }
        if not held:
            self._uploading(wanted, ref, 0, len(data))
            blob = await run.patience.afford(self._upload, data, wanted)
            run.reconciler.blobs.add(cid)
            run.tell_budgets(Scope.UPLOADS)
            self._uploading(wanted, ref, len(data), len(data))
        run.emit(events.BlobStored(operation.kind, ref, len(data), not held))
        return blob

    async def _upload(self, data: bytes, wanted: BlobWanted) -> Record:
        session = await self._run.sender.login()
        await self._run.lease.check()
        return await session.upload_blob(data, wanted.mime)

    def _uploading(self, wanted: BlobWanted, ref: str, done: int, total: int) -> None:
        if wanted is VIDEO:
            self._run.emit(events.TapeMoved(ref, Stage.UPLOAD, done, total))

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
        if operation.exact and operation.verdict is Verdict.ORPHAN and (doc is None or not is_dead(doc)):
            return each  # it had no doc before either
        if doc is None or not self._is_live(operation, doc):
            dead = operation.exact and doc is not None and is_dead(doc)
            self._run.drop(operation, DEAD if dead else "the doc was deleted meanwhile")
            return None
        if operation.exact:
            return each
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
            self._run.fail(each.operation, "the doc changed while its picture was made", again=True)
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
        if guarded and self._run.way.guards and doc is not None and self._is_live(each.operation, doc):
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
            docs = await run.patience.of(run.world.docs.by_refs, kind, refs)
            run.scribe.saw(kind, docs)
            found |= docs
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
