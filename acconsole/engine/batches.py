"""Cutting operations into batches that the PDS takes: by count, by bytes, by points, and by CID.

One rule here saves records: no batch holds a CID both among what it removes and among what it adds. The
reference PDS would drop the block and lose the record that still wants it, while answering 200.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from acconsole.engine.cid import record_cid
from acconsole.engine.plan import Action, Operation
from acconsole.engine.ports import Write
from acconsole.media.base import Record

MAX_WRITES = 200
MAX_BYTES = 900_000
"""The PDS takes 1,000,000 bytes of JSON; the rest is for the envelope."""
_ENVELOPE = 120
"""Bytes of JSON around one write's record: its type, collection and rkey."""


@dataclass(frozen=True, slots=True)
class Ready:
    """An operation with the record that will be sent, blobs and all. `adds`, `removes`: CIDs in the repo."""

    operation: Operation
    record: Record | None
    adds: str | None
    removes: str | None
    size: int

    @classmethod
    def of(cls, operation: Operation, record: Record | None) -> Ready:
        adds = record_cid(record) if record is not None else None
        removes = operation.cid if operation.action in (Action.UPDATE, Action.DELETE) else None
        size = len(json.dumps(record)) if record is not None else 0
        return cls(operation, record, adds, removes, size + _ENVELOPE)

    def write(self) -> Write:
        operation = self.operation
        assert operation.action is not Action.RELINK
        return Write(operation.action.value, operation.kind.nsid, operation.rkey, self.record)


def cut(ready: Sequence[Ready], max_writes: int = MAX_WRITES, points: int | None = None) -> int:
    """How many of the first of `ready` make one batch; 0 when not even one fits into `points`."""
    size = spent = 0
    adds: set[str] = set()
    removes: set[str] = set()
    for count, each in enumerate(ready):
        size += each.size
        spent += each.operation.action.points
        full = count >= max_writes or (count > 0 and size > MAX_BYTES)
        if full or (points is not None and spent > points) or _clashes(each, adds, removes):
            return count
        if each.adds:
            adds.add(each.adds)
        if each.removes:
            removes.add(each.removes)
    return len(ready)


def _clashes(each: Ready, adds: set[str], removes: set[str]) -> bool:
    return each.adds in removes or each.removes in adds
