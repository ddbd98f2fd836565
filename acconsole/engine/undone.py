"""After a live undo: whether each thing is what it was before, by a fresh look at the repo and at Mongo."""

from __future__ import annotations

from collections.abc import Sequence

from acconsole.engine.cid import record_cid
from acconsole.engine.model import Place, User
from acconsole.engine.plan import Operation
from acconsole.engine.ports import World
from acconsole.engine.status import docs_by_place, no_account
from acconsole.engine.stored import same, stored_in
from acconsole.engine.verify import Problem
from acconsole.media.base import Doc


async def problems(world: World, user: User, operations: Sequence[Operation]) -> list[Problem]:
    """What is not as these operations were to leave it, one for each.

    Raises `Unreachable`, and `AccountError` when the repo cannot be read any more.
    """
    if user.did is None:
        raise no_account(user)
    snapshot = await world.repos.snapshot(user.did)
    standing = {(each.kind, each.rkey): each.cid for found in snapshot.records.values() for each in found}
    docs = await docs_by_place(world, {(op.kind, op.ref) for op in operations if op.back and op.ref})
    found = [(op, _wrong(op, standing.get((op.kind, op.rkey)), docs)) for op in operations]
    return [
        Problem(user, op.kind, op.ref, op.rkey or None, op.verdict, None, wrong)
        for op, wrong in found
        if wrong
    ]


def _wrong(op: Operation, cid: str | None, docs: dict[Place, Doc]) -> str | None:
    if op.back:
        doc = docs.get((op.kind, op.ref or ""))
        return (
            None if doc is None or same(stored_in(doc), op.back.then) else "stores another rkey than before"
        )
    if cid == (None if op.record is None else record_cid(op.record)):
        return None
    if op.record is None:
        return "the record still stands"
    return "the record did not return" if cid is None else "the record is not what it was"
