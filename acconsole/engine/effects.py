"""What a run came to, read of its record: each repo record and each doc as it was before, and as it was left.

A run may touch one thing several times; from the first to the last is what counts. What may have been done or
not gives several ways in which a thing may have been left, of which a look tells the right one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from acconsole.engine.history import OperationRecord, Outcome, RunRecord
from acconsole.engine.kept import Kept
from acconsole.engine.model import Place
from acconsole.engine.plan import Action
from acconsole.engine.stored import NOTHING, after_link
from acconsole.media.base import MediaType


@dataclass(frozen=True, slots=True)
class RecordEffect:
    """A repo record: its CID before the run, and those that the run may have left; None for no record."""

    kind: MediaType
    rkey: str
    ref: str | None
    before: str | None
    left: frozenset[str | None]


@dataclass(frozen=True, slots=True)
class DocEffect:
    """A doc's stored rkeys: before the run, and as the run may have left them; texts as in `stored`.

    `before` is None where that is known to the backup alone, and the backup is of no use.
    """

    kind: MediaType
    ref: str
    before: str | None
    left: tuple[str, ...]


def of_records(operations: Iterable[OperationRecord]) -> list[RecordEffect]:
    """What became of the repo's records, those left out that nothing was done to."""
    found: dict[Place, RecordEffect] = {}
    for op in operations:
        if op.action is Action.RELINK or op.outcome is Outcome.NOT_DONE:
            continue
        place = (op.kind, op.rkey)
        so_far = found.get(place) or RecordEffect(
            op.kind, op.rkey, op.ref, op.old_cid, frozenset([op.old_cid])
        )
        maybe = so_far.left if op.outcome is Outcome.UNKNOWN else frozenset[str | None]()
        found[place] = replace(so_far, left=maybe | {op.new_cid})
    return [each for each in found.values() if each.left != {each.before}]


def of_docs(operations: Iterable[OperationRecord], did: str | None) -> list[DocEffect]:
    """What became of the docs that the run told of an rkey, or of what they had stored before."""
    found: dict[Place, DocEffect] = {}
    for op in operations:
        if not op.link or op.ref is None or op.outcome is Outcome.NOT_DONE:
            continue
        before = op.stored or NOTHING
        uri = f"at://{did}/{op.kind.nsid}/{op.rkey}"
        left = (op.puts,) if op.puts is not None else after_link(before, op.rkey, uri)
        so_far = found.get((op.kind, op.ref)) or DocEffect(op.kind, op.ref, before, ())
        found[op.kind, op.ref] = replace(so_far, left=(*so_far.left, *left))
    return list(found.values())


def of_clearing(record: RunRecord, kept: Kept) -> list[DocEffect]:
    """What became of the docs whose stored rkeys a wipe took away, or was about to."""
    if record.summary.action != "wipe":
        return []
    known: Mapping[Place, str | None] = {**dict.fromkeys(record.cleared), **kept.stored}
    return [DocEffect(kind, ref, before, (NOTHING,)) for (kind, ref), before in known.items()]
