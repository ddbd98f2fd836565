"""After a live undo: whether each thing is what it was before, by a fresh look at the repo and at Mongo."""

from __future__ import annotations

from collections.abc import Sequence

from acconsole.engine.cid import record_cid
from acconsole.engine.kept import Place
from acconsole.engine.model import User
from acconsole.engine.plan import Operation
from acconsole.engine.ports import World
from acconsole.engine.status import no_account
from acconsole.engine.stored import same, stored_in
from acconsole.engine.verify import Problem
from acconsole.media.base import Doc

CHUNK = 500


async def problems(world: World, user: User, operations: Sequence[Operation]) -> list[Problem]:
    """What is not as these operations were to leave it, one for each.

    Raises `Unreachable`, and `AccountError` when the repo cannot be read any more.
    """
    if user.did is None:
        raise no_account(user)
    snapshot = await world.repos.snapshot(user.did)
    standing = {(each.kind, each.rkey): each.cid for found in snapshot.records.values() for each in found}
    docs = await _docs(world, [op for op in operations if op.back])
    found = [(op, _wrong(op, standing.get((op.kind, op.rkey)), docs)) for op in operations]
    return [
        Problem(user, op.kind, op.ref, op.rkey or None, op.verdict, None, wrong)
        for op, wrong in found
        if wrong
    ]


async def _docs(world: World, operations: Sequence[Operation]) -> dict[Place, Doc]:
    docs: dict[Place, Doc] = {}
    for kind in dict.fromkeys(op.kind for op in operations):
        refs = [op.ref for op in operations if op.kind is kind and op.ref]
        for start in range(0, len(refs), CHUNK):
            found = await world.docs.by_refs(kind, refs[start : start + CHUNK])
            docs |= {(kind, ref): doc for ref, doc in found.items()}
    return docs


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
